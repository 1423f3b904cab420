package handshake

import (
	"bytes"
	"encoding/json"
	"errors"
)

// recordVersion is the version of the stored document that this code writes.
// A reader refuses any other.
const recordVersion = 1

// Errors of decodeRecord do not wrap those of the JSON decoder, whose texts
// quote what they stumble over, which may be a secret.
var (
	errCorrupt = errors.New("record is corrupt")
	errNewer   = errors.New("record was written by a newer version")
)

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

// decodeRecord reads the record of the endpoint. It takes nothing that encode
// would not have written: what is half understood would be written back
// without the other half.
func decodeRecord(raw []byte, endpoint string) (*record, error) {
	var head struct {
		Version int `json:"version"`
	}
	if json.Unmarshal(raw, &head) != nil {
		return nil, errCorrupt
	}
	if head.Version > recordVersion {
		return nil, errNewer
	}

	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	rec := new(record)
	if decoder.Decode(rec) != nil || !rec.sound(endpoint) {
		return nil, errCorrupt
	}
	return rec, nil
}

func (r *record) sound(endpoint string) bool {
	if r.Version != recordVersion || r.Endpoint != endpoint || r.Slots == nil {
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
