package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	"github.com/caddyserver/certmagic"

	_ "github.com/hookward/hookward"
	"github.com/hookward/hookward/internal/reconcile"
)

// gateway is Caddy with Hookward, in this process.
type gateway struct {
	address string // host:port of the endpoints
	admin   string // host:port of the admin API
	state   string // the folder with all that it stores
}

func startGateway(config string, environment map[string]string) (*gateway, error) {
	state, err := os.MkdirTemp("", "hookward-full-loop-")
	if err != nil {
		return nil, err
	}
	g := &gateway{state: state}
	g.keepState()
	for name, value := range environment {
		if err := os.Setenv(name, value); err != nil {
			return g, err
		}
	}
	const tries = 5 // another process may take a port just before Caddy does
	for range tries {
		if err = g.load(config); err == nil || !strings.Contains(err.Error(), "address already in use") {
			break
		}
	}
	return g, err
}

// keepState makes Caddy store everything in the gateway's own folder, and nothing in
// the user's home.
func (g *gateway) keepState() {
	_ = os.Setenv("XDG_DATA_HOME", filepath.Join(g.state, "data")) // these names are valid
	_ = os.Setenv("XDG_CONFIG_HOME", filepath.Join(g.state, "config"))
	caddy.DefaultStorage = &certmagic.FileStorage{Path: caddy.AppDataDir()}
	caddy.ConfigAutosavePath = filepath.Join(caddy.AppConfigDir(), "autosave.json")
}

// load runs the configuration on free ports.
func (g *gateway) load(config string) error {
	for name, address := range map[string]*string{"GATEWAY": &g.address, "ADMIN": &g.admin} {
		var err error
		if *address, err = freeAddress(); err != nil {
			return err
		}
		if err := os.Setenv(name, *address); err != nil {
			return err
		}
	}
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(config), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return err
	}
	return caddy.Load(adapted, true)
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// reconcile asks the admin API to bring the endpoint's subscriptions to what is
// wanted, which the gateway also does by itself, and returns what came of it.
func (g *gateway) reconcile(ctx context.Context, endpoint string) (*reconcile.Status, error) {
	url := "http://" + g.admin + "/hookward/endpoints/" + endpoint + "/reconcile"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer struct {
		reconcile.Status
		Error string `json:"error"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("reconciling: %s", answer.Error)
	}
	return &answer.Status, nil
}

func (g *gateway) close() error {
	return errors.Join(caddy.Stop(), os.RemoveAll(g.state))
}
