package command

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/signature"
)

// maxSecretInput is the most that is read of a secret, in bytes.
const maxSecretInput = 64 << 10

// secretFlags say where a command finds secrets. None is ever an argument itself:
// everybody on the machine sees those, and the shell remembers them.
type secretFlags struct {
	variables []string
	files     []string
}

func (s *secretFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&s.variables, "secret-env", nil,
		"Environment variable that holds a secret (repeatable)")
	cmd.Flags().StringArrayVar(&s.files, "secret-file", nil,
		"File that holds a secret, or - for standard input (repeatable)")
}

// read returns the secrets as keys.
func (s *secretFlags) read(cmd *cobra.Command) ([]signature.Key, error) {
	var keys []signature.Key
	for _, name := range s.variables {
		value, err := readVariable(name)
		if err != nil {
			return nil, err
		}
		keys = append(keys, newKey(value))
	}
	for _, path := range s.files {
		value, err := readSecretFile(cmd, path)
		if err != nil {
			return nil, err
		}
		keys = append(keys, newKey(value))
	}
	return keys, nil
}

// readVariable reads a secret from the environment.
func readVariable(name string) (string, error) {
	value := os.Getenv(name)
	if value == "" {
		return "", usageError("the environment variable %s is not set or empty", name)
	}
	return value, nil
}

// readSecretFile reads a file, or standard input. A newline at its end is not part of the
// secret.
func readSecretFile(cmd *cobra.Command, path string) (string, error) {
	data, err := readInput(cmd, path, maxSecretInput)
	if err != nil {
		return "", err
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if value == "" {
		return "", usageError("the secret in %s is empty", path)
	}
	return value, nil
}

func newKey(secret string) signature.Key {
	return signature.Key{ID: signature.Fingerprint(secret), Secret: secret}
}
