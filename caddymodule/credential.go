package caddymodule

import (
	"context"
	"sync"

	"github.com/hookward/hookward/caddymodule/redaction"
)

// credential is what the API of a provider asks for. It is resolved anew for each
// call: one in a file can be replaced while the server runs.
type credential struct {
	text string // as configured

	mu      sync.Mutex
	value   string // the newest
	release func() // takes it off the log encoder's list, where it was put there alone
}

// newCredential resolves the credential for the first time. What it is then has to
// be put on the log encoder's list by the caller, with the endpoint's other secrets.
func newCredential(text string) (*credential, error) {
	value, err := resolve(text)
	if err != nil {
		return nil, err
	}
	return &credential{text: text, value: value}, nil
}

// get returns the credential to use now. No log shows it from then on.
func (c *credential) get(context.Context) (string, error) {
	value, err := resolve(c.text)
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if value != c.value {
		release := redaction.Add([]redaction.Item{redaction.Value(value)})
		c.letGo()
		c.value, c.release = value, release
	}
	return value, nil
}

// forget takes the credential off the log encoder's list.
func (c *credential) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.letGo()
}

func (c *credential) letGo() {
	if c.release != nil {
		c.release()
		c.release = nil
	}
}
