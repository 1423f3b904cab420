package caddymodule

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	"github.com/hookward/hookward/internal/gate"
)

// configFlags name an endpoint in a configuration file.
type configFlags struct {
	file     string
	adapter  string
	endpoint string
}

// load reads the endpoint's settings, with its secrets, and starts nothing.
func (f *configFlags) load() (gate.Config, hidden, error) {
	data, _, _, err := caddycmd.LoadConfig(f.file, f.adapter)
	if err != nil {
		return gate.Config{}, hidden{}, usageError("%w", err)
	}
	var tree any
	handlers := make(map[string]*Handler)
	err = json.Unmarshal(data, &tree)
	if err == nil {
		err = collectHandlers(tree, handlers)
	}
	if err != nil {
		return gate.Config{}, hidden{}, usageError("%s: %w", f.file, err)
	}
	h, err := f.choose(handlers)
	if err != nil {
		return gate.Config{}, hidden{}, err
	}
	cfg, err := h.gateConfig()
	if err != nil {
		return gate.Config{}, hidden{}, usageError("endpoint %q: %w", h.Name, err)
	}
	return cfg, newHidden(&h.provider.Event, h.Dedupe, h.Redact), nil
}

func (f *configFlags) choose(handlers map[string]*Handler) (*Handler, error) {
	names := slices.Sorted(maps.Keys(handlers))
	switch {
	case len(names) == 0:
		return nil, usageError("%s has no hookward endpoint", f.file)
	case f.endpoint == "" && len(names) == 1:
		return handlers[names[0]], nil
	case f.endpoint == "":
		return nil, usageError("%s has several endpoints, name one by --endpoint: %s", f.file, strings.Join(names, ", "))
	}
	h, found := handlers[f.endpoint]
	if !found {
		return nil, usageError("%s has no endpoint %q, there are: %s", f.file, f.endpoint, strings.Join(names, ", "))
	}
	return h, nil
}

// collectHandlers finds every endpoint in a configuration, however deep its
// handler sits, by its name.
func collectHandlers(node any, found map[string]*Handler) error {
	switch n := node.(type) {
	case []any:
		for _, child := range n {
			if err := collectHandlers(child, found); err != nil {
				return err
			}
		}
	case map[string]any:
		if n["handler"] == "hookward" {
			return collectHandler(n, found)
		}
		for _, child := range n {
			if err := collectHandlers(child, found); err != nil {
				return err
			}
		}
	}
	return nil
}

func collectHandler(node map[string]any, found map[string]*Handler) error {
	data, err := json.Marshal(node)
	if err != nil {
		return err
	}
	var h Handler
	if err := json.Unmarshal(data, &h); err != nil {
		return err
	}
	if h.provider, err = h.loadProvider(); err != nil {
		return err
	}
	if h.Name == "" {
		h.Name = h.provider.Name
	}
	found[h.Name] = &h
	return nil
}
