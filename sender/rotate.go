package sender

import (
	"context"
	"fmt"
	"time"
)

// Rotate gives a subscription a new secret and returns it. The new one signs at once,
// beside those that it has, and these stop when the overlap has passed. Secrets that
// have stopped are removed.
//
// Where deliveries have room for fewer signatures than there are secrets the oldest
// sign, so there the new one takes over when the overlap has passed.
func (s *Sender) Rotate(ctx context.Context, id string, overlap time.Duration) (Secret, error) {
	if overlap < 0 {
		return Secret{}, fmt.Errorf("rotate: %w: an overlap of %v", ErrInvalid, overlap)
	}
	var fresh Secret
	if err := s.completeSecret(&fresh); err != nil {
		return Secret{}, fmt.Errorf("rotate: %w", err)
	}
	_, err := s.change(ctx, id, func(n *Subscription) error {
		secrets := []Secret{fresh}
		ends := fresh.CreatedAt.Add(overlap)
		for _, old := range liveSecrets(n.Secrets, fresh.CreatedAt) {
			if old.ExpiresAt.IsZero() || old.ExpiresAt.After(ends) {
				old.ExpiresAt = ends
			}
			secrets = append(secrets, old)
		}
		n.Secrets = liveSecrets(secrets, fresh.CreatedAt)
		return s.checkSecrets(n.Secrets)
	})
	if err != nil {
		return Secret{}, fmt.Errorf("rotate: %w", err)
	}
	return fresh, nil
}

func (s *Sender) completeSecrets(secrets []Secret) error {
	for i := range secrets {
		if err := s.completeSecret(&secrets[i]); err != nil {
			return err
		}
	}
	return nil
}

// completeSecret sets what a secret leaves out.
func (s *Sender) completeSecret(secret *Secret) (err error) {
	if secret.ID == "" {
		secret.ID = newID("sec_")
	}
	if secret.CreatedAt.IsZero() {
		secret.CreatedAt = s.now()
	}
	if secret.Value != "" {
		return nil
	}
	if s.profile.NewSecret == nil {
		return fmt.Errorf("%w: profile %q makes no secrets", ErrInvalid, s.profile.Name)
	}
	defer s.recovered("new secret", &err)
	if secret.Value, err = s.profile.NewSecret(); err != nil {
		return fmt.Errorf("make a secret: %w", err)
	}
	return nil
}
