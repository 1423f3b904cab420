package command

import (
	"errors"
	"fmt"
	"os"

	"github.com/hookward/hookward/subscription"
)

// secretFile is a file that is to hold a secret that is about to be learned. It is
// made first: a secret that nobody can keep should not be asked for.
type secretFile struct{ file *os.File } // nil: none is wanted

// openSecretFile makes the file, which its owner alone can read. One that exists may
// hold a secret that is in use, so it is left as it is.
func openSecretFile(path string) (secretFile, error) {
	if path == "" {
		return secretFile{}, nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return secretFile{}, usageError("--secret-file: %w", err)
	}
	return secretFile{file}, nil
}

// keep writes the secret of the subscription that was made. Where none was, or it has
// no secret, the file is removed.
func (s secretFile) keep(made []subscription.Subscription) error {
	if s.file == nil {
		return nil
	}
	if len(made) == 0 || made[0].Secret.IsZero() {
		return errors.Join(s.remove(), noSecret(made))
	}
	_, err := s.file.WriteString(made[0].Secret.Reveal())
	if err = errors.Join(err, s.file.Sync(), s.file.Close()); err != nil {
		return fmt.Errorf("keeping the secret of subscription %s, which exists now: %w", made[0].ID, err)
	}
	return nil
}

func (s secretFile) remove() error {
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}

func noSecret(made []subscription.Subscription) error {
	if len(made) == 0 {
		return nil
	}
	return fmt.Errorf("subscription %s was made, and the provider's answer holds no secret to keep", made[0].ID)
}
