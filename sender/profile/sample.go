package profile

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/hookward/hookward/internal/sample"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/sender"
)

// sampleFiles hold, for each provider, a payload of each resource.
//
//go:embed samples/*.json
var sampleFiles embed.FS

// borrowed are the resources whose payload is a part of the provider's sample body, as
// a path in it.
var borrowed = map[string]map[string]string{
	everRealName:  {"listing_candidate": "data"},
	rechatName:    {"deal": "payload"},
	repliersName:  {"listing": "{data,previous,searches,favorites}"},
	restHooksName: {"contact": "payload"},
}

// restHooksTypes are examples, for types of REST Hooks are anybody's own.
var restHooksTypes = []string{"contact.created", "contact.deleted", "contact.updated"}

// EventTypes lists the types of events that the provider has, in alphabetical order.
// Of REST Hooks, which have none of their own, it lists examples.
func EventTypes(provider string) []string {
	newDialect, found := dialects[provider]
	if !found {
		return nil
	}
	if d, err := newDialect(""); err == nil && len(d.types) > 0 {
		return d.types
	}
	return slices.Clone(restHooksTypes)
}

// Sample returns a payload for [Server.Emit], as it might be, for one of [EventTypes].
// With another number, from 0, it is about another thing. Errors are
// [sender.ErrInvalid].
func Sample(provider, eventType string, number int) ([]byte, error) {
	set, err := samplesOf(provider)
	if err != nil {
		return nil, fmt.Errorf("sample: %w: %w", sender.ErrInvalid, err)
	}
	payload, found := set[eventType]
	if !found {
		return nil, fmt.Errorf("sample: %w", unknownEvent(eventType))
	}
	return vary(payload, number), nil
}

// sampleSet holds a compact payload for each type of event.
type sampleSet map[string][]byte

// sampleSets remembers the set of each provider.
var sampleSets sync.Map

func samplesOf(name string) (sampleSet, error) {
	if set, found := sampleSets.Load(name); found {
		return set.(sampleSet), nil
	}
	p, err := lookup(name)
	if err != nil {
		return nil, err
	}
	set, err := readSamples(p)
	if err != nil {
		return nil, fmt.Errorf("%s has no samples: %w", name, err)
	}
	sampleSets.Store(name, set)
	return set, nil
}

func readSamples(p *provider.Provider) (sampleSet, error) {
	payloads, err := readPayloads(p)
	if err != nil {
		return nil, err
	}
	set := make(sampleSet)
	for eventType, canonical := range p.Event.Types {
		// The resource is the second to last part of the canonical type.
		parts := strings.Split(canonical, ".")
		if payload, found := payloads[parts[len(parts)-2]]; found {
			set[eventType] = payload
		}
	}
	if p.Name == restHooksName {
		for _, eventType := range restHooksTypes {
			set[eventType] = payloads["contact"]
		}
	}
	return set, nil
}

// readPayloads reads the payload of each resource.
func readPayloads(p *provider.Provider) (map[string][]byte, error) {
	payloads := make(map[string]json.RawMessage)
	file, err := sampleFiles.ReadFile("samples/" + p.Name + ".json")
	if err == nil {
		err = json.Unmarshal(file, &payloads)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // all may be borrowed
		return nil, err
	}
	if err := borrow(p, payloads); err != nil {
		return nil, err
	}
	compact := make(map[string][]byte)
	for resource, payload := range payloads {
		if compact[resource], err = encode(payload); err != nil {
			return nil, err
		}
	}
	return compact, nil
}

// borrow adds the payloads that are parts of the provider's sample body.
func borrow(p *provider.Provider, payloads map[string]json.RawMessage) error {
	if len(borrowed[p.Name]) == 0 {
		return nil
	}
	delivery, err := sample.New(sample.Options{Provider: p, URL: "https://hooks.example.com/" + p.Name})
	if err != nil {
		return err
	}
	for resource, path := range borrowed[p.Name] {
		payloads[resource] = json.RawMessage(gjson.Get(delivery.Body, path).Raw)
	}
	return nil
}
