package caddymodule

import (
	"encoding/json"

	"github.com/hookward/hookward/caddymodule/command"
	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/internal/gate"
)

func init() {
	command.Register(findEndpoints)
}

// configured is an endpoint as a configuration describes it, for the commands.
type configured struct{ handler *Handler }

// Config implements [command.Endpoint]. Only now is anything looked up that the
// configuration refers to: what another endpoint needs may not be there.
func (c configured) Config() (gate.Config, error) {
	var err error
	if c.handler.provider, err = c.handler.loadProvider(); err != nil {
		return gate.Config{}, err
	}
	return c.handler.gateConfig()
}

// Show implements [command.Endpoint].
func (c configured) Show(e *event.Event) event.Event { return c.handler.hiddenAttributes().Show(e) }

// findEndpoints finds every endpoint in a configuration, however deep its handler
// sits, by its name.
func findEndpoints(config []byte) (map[string]command.Endpoint, error) {
	var tree any
	if err := json.Unmarshal(config, &tree); err != nil {
		return nil, err
	}
	found := make(map[string]command.Endpoint)
	return found, collectEndpoints(tree, found)
}

func collectEndpoints(node any, found map[string]command.Endpoint) error {
	switch n := node.(type) {
	case []any:
		for _, child := range n {
			if err := collectEndpoints(child, found); err != nil {
				return err
			}
		}
	case map[string]any:
		if n["handler"] == "hookward" {
			return collectEndpoint(n, found)
		}
		for _, child := range n {
			if err := collectEndpoints(child, found); err != nil {
				return err
			}
		}
	}
	return nil
}

func collectEndpoint(node map[string]any, found map[string]command.Endpoint) error {
	data, err := json.Marshal(node)
	if err != nil {
		return err
	}
	var h Handler
	if err := json.Unmarshal(data, &h); err != nil {
		return err
	}
	if h.Name == "" {
		p, err := h.findProvider()
		if err != nil {
			return err
		}
		h.Name = p.Name
	}
	found[h.Name] = configured{&h}
	return nil
}
