// Package profile plays providers of webhooks: a [Server] has the API by which
// subscriptions are made with a provider, just as its documentation shows it, and
// sends deliveries just as the provider does. Staging systems and tests get a true
// counterpart by it. Where documentation says nothing, what stands here is what
// others have observed, or the least that works.
package profile

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/hookward/hookward/sender"
)

// Server is one account with a provider. It is safe for concurrent use.
type Server struct {
	dialect    dialect
	sender     *sender.Sender
	credential string
	handler    http.Handler
}

// New returns the server of the provider with this name, one of [Providers]. It
// works until it is closed. Errors wrap [sender.ErrInvalid].
func New(provider string, opts ...Option) (*Server, error) {
	s, err := newServer(provider, opts)
	if err != nil {
		return nil, fmt.Errorf("profile %s: %w", provider, err)
	}
	return s, nil
}

func newServer(provider string, opts []Option) (*Server, error) {
	newDialect, found := dialects[provider]
	if !found {
		return nil, fmt.Errorf("%w: there is a profile for %s", sender.ErrInvalid, strings.Join(Providers(), ", "))
	}
	c, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	d, err := newDialect(c.account)
	if err != nil {
		return nil, err
	}
	if err := c.completeCredential(&d); err != nil {
		return nil, err
	}
	options, err := c.senderOptions(&d)
	if err != nil {
		return nil, err
	}
	s := &Server{dialect: d, credential: c.credential}
	if s.sender, err = sender.New(options...); err != nil {
		return nil, err
	}
	s.handler = newAPI(s)
	return s, nil
}

// Provider returns the provider's name in the catalogue.
func (s *Server) Provider() string { return s.dialect.name }

// Account returns the part of the provider that this server is, see [WithAccount],
// or "" where the provider has no parts.
func (s *Server) Account() string { return s.dialect.account }

// Credential returns what the API asks for, or "" where the provider has no API.
func (s *Server) Credential() string { return s.credential }

// Sender returns what sends the deliveries, to look at attempts, to send again, and
// to pause.
func (s *Server) Sender() *sender.Sender { return s.sender }

// ServeHTTP is the provider's API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Emit makes an event happen: all subscriptions to it are told. The type is one of
// [EventTypes], in the provider's own words; the payload is JSON and says what it
// happened to, see [Sample]. What the provider writes around it is added. Errors are
// those of [sender.Sender.Send]; an unknown type and a payload of the wrong form are
// [sender.ErrInvalid].
func (s *Server) Emit(ctx context.Context, eventType string, payload []byte) (sender.Event, error) {
	if err := s.dialect.checkEvent(eventType, payload); err != nil {
		return sender.Event{}, fmt.Errorf("emit: %w", err)
	}
	var body bytes.Buffer
	if err := json.Compact(&body, payload); err != nil {
		return sender.Event{}, fmt.Errorf("emit: %w: the payload: %w", sender.ErrInvalid, err)
	}
	return s.sender.Send(ctx, sender.Event{ID: newUUID(), Type: eventType, Body: body.Bytes()})
}

// Close drains the server, see [sender.Sender.Close].
func (s *Server) Close(ctx context.Context) error { return s.sender.Close(ctx) }
