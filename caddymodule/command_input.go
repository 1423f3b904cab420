package caddymodule

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// The most that is read of an input, in bytes.
const (
	maxSecretInput   = 64 << 10
	maxDeliveryInput = 64 << 20
)

// standardInput is the file name that stands for it.
const standardInput = "-"

// readInput reads a file, or standard input, of at most limit bytes.
func readInput(cmd *cobra.Command, path string, limit int64) ([]byte, error) {
	from := cmd.InOrStdin()
	if path != standardInput {
		file, err := os.Open(path)
		if err != nil {
			return nil, usageError("%w", err)
		}
		defer file.Close()
		from = file
	}
	data, err := io.ReadAll(io.LimitReader(from, limit+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if int64(len(data)) > limit {
		return nil, usageError("%s is larger than %d bytes", path, limit)
	}
	return data, nil
}

// readOnce refuses inputs that would all be read from standard input.
func readOnce(paths ...string) error {
	first := slices.Index(paths, standardInput)
	if first >= 0 && slices.Contains(paths[first+1:], standardInput) {
		return usageError("standard input (-) can be read once only")
	}
	return nil
}

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

// read returns the secrets as keys. A newline at the end of a file is not part of
// the secret.
func (s *secretFlags) read(cmd *cobra.Command) ([]signature.Key, error) {
	var keys []signature.Key
	for _, name := range s.variables {
		value := os.Getenv(name)
		if value == "" {
			return nil, usageError("the environment variable %s is not set or empty", name)
		}
		keys = append(keys, newKey(value))
	}
	for _, path := range s.files {
		data, err := readInput(cmd, path, maxSecretInput)
		if err != nil {
			return nil, err
		}
		value := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
		if value == "" {
			return nil, usageError("the secret in %s is empty", path)
		}
		keys = append(keys, newKey(value))
	}
	return keys, nil
}

func newKey(secret string) signature.Key {
	return signature.Key{ID: signature.Fingerprint(secret), Secret: secret}
}

// providerFlags say which provider a command is about.
type providerFlags struct {
	name string
	file string
}

func (p *providerFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.name, "provider", "", `Provider in the catalogue, see "caddy hookward providers"`)
	cmd.Flags().StringVar(&p.file, "provider-file", "", "YAML file that describes a provider")
}

func (p *providerFlags) given() bool { return p.name != "" || p.file != "" }

// load returns the command's own copy of the provider.
func (p *providerFlags) load() (*provider.Provider, error) {
	if (p.name == "") == (p.file == "") {
		return nil, usageError("say which provider it is: --provider <name> or --provider-file <file>")
	}
	h := Handler{Provider: p.name, ProviderFile: p.file}
	own, err := h.loadProvider()
	if err != nil {
		return nil, usageError("%w", err)
	}
	return own, nil
}
