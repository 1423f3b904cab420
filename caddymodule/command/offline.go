package command

import (
	"context"
	"io/fs"

	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/internal/handshake"
)

// judgeOffline judges a delivery as a server would in which no slot is armed, no
// subscription was made, and nothing was delivered before.
func judgeOffline(ctx context.Context, cfg gate.Config, d *gate.Delivery) (gate.Verdict, error) {
	cfg.ReportOnly = false
	own, err := cfg.Provider.Resolve(nil)
	if err != nil {
		return gate.Verdict{}, err
	}
	cfg.Provider = own // an endpoint changes its provider
	endpoint, err := gate.New(cfg)
	if err != nil {
		return gate.Verdict{}, err
	}
	if names := endpoint.HandshakeSlots(); len(names) > 0 || cfg.MadeSlots {
		slots, err := handshake.New(handshake.Options{Endpoint: cfg.Name, Slots: names, Made: cfg.MadeSlots, Storage: emptyStorage{}})
		if err != nil {
			return gate.Verdict{}, err
		}
		endpoint.Use(gate.Stores{Slots: slots})
	}
	return endpoint.Judge(ctx, d), nil
}

// emptyStorage is a storage that holds nothing and keeps nothing.
type emptyStorage struct{}

var _ handshake.Storage = emptyStorage{}

func (emptyStorage) Lock(context.Context, string) error           { return nil }
func (emptyStorage) Unlock(context.Context, string) error         { return nil }
func (emptyStorage) Store(context.Context, string, []byte) error  { return nil }
func (emptyStorage) Load(context.Context, string) ([]byte, error) { return nil, fs.ErrNotExist }
