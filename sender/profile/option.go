package profile

import (
	"crypto/rand"
	"fmt"
	"net/netip"
	"slices"

	"github.com/hookward/hookward/sender"
)

// maxCredential is the longest credential, in bytes.
const maxCredential = 512

// Option sets up a server.
type Option func(*config) error

type config struct {
	account    string
	credential string
	sender     []sender.Option
	faults     Faults
}

func newConfig(opts []Option) (*config, error) {
	c := &config{}
	for _, option := range opts {
		if err := option(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// WithAccount sets which part of the provider the server is: the subdomain of
// EverReal, which its events name, or the brand of Rechat, beside which its API knows
// no other. Other providers have none. Default: "example", and the brand of Rechat's
// samples.
func WithAccount(account string) Option {
	return func(c *config) error {
		if account == "" {
			return fmt.Errorf("%w: the account is empty", sender.ErrInvalid)
		}
		c.account = account
		return nil
	}
}

// WithCredential sets what the API asks for: the bearer token, or for Repliers the
// API key. It is up to 512 visible ASCII characters. Default: a random one, see
// [Server.Credential].
func WithCredential(credential string) Option {
	return func(c *config) error {
		if !isVisible(credential) || len(credential) > maxCredential {
			return fmt.Errorf("%w: the credential is not up to %d visible ASCII characters", sender.ErrInvalid, maxCredential)
		}
		c.credential = credential
		return nil
	}
}

// WithSender sets up the server's sender, as with an outbox, a clock or networks that
// are allowed. What makes the provider, its [sender.Profile], stays as it is.
func WithSender(opts ...sender.Option) Option {
	return func(c *config) error {
		c.sender = append(c.sender, opts...)
		return nil
	}
}

// WithLoopback allows endpoints on this machine, without TLS.
func WithLoopback() Option {
	return WithSender(
		sender.WithPlainHTTP(),
		sender.WithAllowedNetworks(netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")),
	)
}

// WithFaults makes deliveries go wrong. It takes the place of
// [sender.WithTransport]; who needs both calls [Faults.Transport].
func WithFaults(faults Faults) Option {
	return func(c *config) error {
		if err := faults.check(); err != nil {
			return err
		}
		c.faults = faults
		return nil
	}
}

// completeCredential sets the credential where there is none, and checks that there is
// something that asks for it.
func (c *config) completeCredential(d *dialect) error {
	switch {
	case d.routes == nil && c.credential != "":
		return fmt.Errorf("%w: there is no API that asks for a credential", sender.ErrInvalid)
	case d.routes != nil && c.credential == "":
		c.credential = rand.Text()
	}
	return nil
}

// senderOptions puts the caller's options between those that the caller may change and
// those that make the provider.
func (c *config) senderOptions(d *dialect) ([]sender.Option, error) {
	options := slices.Concat(d.options, c.sender, []sender.Option{sender.WithProfile(d.profile)})
	if c.faults.isZero() {
		return options, nil
	}
	transport, err := c.faults.Transport(d.name)
	if err != nil {
		return nil, err
	}
	return append(options, sender.WithTransport(transport)), nil
}

func isVisible(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return text != ""
}
