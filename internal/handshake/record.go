package handshake

import (
	"encoding/json"

	"github.com/hookward/hookward/internal/document"
)

// recordVersion is the version of the stored document that this code writes.
// A reader refuses any other.
const recordVersion = 1

// record is the stored document: all slots of one endpoint, those included
// that are no longer configured, so that they are not fresh when they return.
type record struct {
	Version  int               `json:"version"`
	Endpoint string            `json:"endpoint"`
	Slots    map[string]*state `json:"slots"`
}

func newRecord(endpoint string) *record {
	return &record{Version: recordVersion, Endpoint: endpoint, Slots: map[string]*state{}}
}

// slot returns the state of a slot, to be changed in place.
func (r *record) slot(name string) *state {
	st := r.Slots[name]
	if st == nil {
		st = &state{}
		r.Slots[name] = st
	}
	return st
}

func (r *record) encode() ([]byte, error) { return json.Marshal(r) }

// decodeRecord reads the record of the endpoint.
func decodeRecord(raw []byte, endpoint string) (*record, error) {
	return document.Decode(raw, recordVersion, func(r *record) bool { return r.sound(endpoint) })
}

func (r *record) sound(endpoint string) bool {
	if r.Endpoint != endpoint || r.Slots == nil {
		return false
	}
	for name, st := range r.Slots {
		if st == nil || !st.sound() || st.Made != nil && !validName(name) {
			return false
		}
	}
	return true
}

// madeSlots returns how many slots were made at run time.
func (r *record) madeSlots() int {
	n := 0
	for _, st := range r.Slots {
		if st.Made != nil {
			n++
		}
	}
	return n
}

func (s *state) sound() bool {
	if len(s.Secrets) > maxSecrets || s.Made != nil && len(s.Made.Event) > maxEvent {
		return false
	}
	fingerprints := make(map[string]bool, len(s.Secrets))
	for _, l := range s.Secrets {
		if l.Secret.text == nil || fingerprints[l.fingerprint()] {
			return false
		}
		fingerprints[l.fingerprint()] = true
	}
	return true
}

// storedSecret is a Secret that marshals as itself: the record is the one place
// where a secret is written down.
type storedSecret Secret

// MarshalText returns the secret itself.
func (s storedSecret) MarshalText() ([]byte, error) { return []byte(*s.text), nil }

// UnmarshalText takes what parseSecret takes.
func (s *storedSecret) UnmarshalText(text []byte) error {
	secret, err := parseSecret(string(text))
	if err != nil {
		return err
	}
	*s = storedSecret(secret)
	return nil
}
