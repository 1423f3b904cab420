package main

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/profile"
)

// actor is a provider that is played.
type actor struct {
	role
	*profile.Server
	wire  *wire
	api   *site  // nil: the provider has none
	token string // in the URL, where nothing is signed
}

func newActor(r role) (*actor, error) {
	a := &actor{role: r, wire: newWire(), token: rand.Text()}
	var err error
	a.Server, err = profile.New(r.name, profile.WithLoopback(), profile.WithSender(sender.WithTransport(a.wire.around)))
	if err != nil || !profile.HasAPI(r.name) {
		return a, err
	}
	a.api, err = serve(a.Server)
	return a, err
}

// environment is what the Caddyfile has to know of the provider.
func (a *actor) environment() map[string]string {
	prefix := strings.ToUpper(a.name)
	known := map[string]string{prefix + "_URL_TOKEN": a.token}
	if a.api != nil {
		known[prefix+"_API"] = a.api.url()
		known[prefix+"_ACCOUNT"] = a.Account()
		known[prefix+"_CREDENTIAL"] = a.Credential()
	}
	return known
}

// close lets deliveries that are under way end.
func (a *actor) close(ctx context.Context) error {
	var err error
	if a.Server != nil {
		err = a.Close(ctx)
	}
	return errors.Join(err, a.api.close())
}
