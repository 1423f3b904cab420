package provider

import (
	"embed"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// ErrUnknown is wrapped by the error for a name that is not in the catalogue.
var ErrUnknown = errors.New("unknown provider")

//go:embed catalog/*.yaml
var catalog embed.FS

// loaded keeps the providers of the catalogue that were asked for, by name.
var loaded sync.Map

// Names lists the providers of the catalogue in alphabetical order.
func Names() []string {
	entries, _ := catalog.ReadDir("catalog") // embedded, it is always there
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".yaml")
	}
	return names
}

// Lookup returns a provider of the catalogue. It is shared and must not be
// changed; see [Provider.Resolve]. The error wraps [ErrUnknown].
func Lookup(name string) (*Provider, error) {
	if p, found := loaded.Load(name); found {
		return p.(*Provider), nil
	}
	file := name + ".yaml"
	data, err := catalog.ReadFile("catalog/" + file)
	if err != nil {
		return nil, fmt.Errorf("%w %q (there are %s)", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	p, err := Parse(data, file)
	if err != nil {
		return nil, err
	}
	kept, _ := loaded.LoadOrStore(name, p)
	return kept.(*Provider), nil
}
