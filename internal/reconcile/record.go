package reconcile

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
)

// recordVersion is the version of the stored document that this code writes.
// A reader refuses any other.
const recordVersion = 1

// maxEntries bounds the subscriptions that are written down for one endpoint.
const maxEntries = 1000

var (
	errCorrupt = errors.New("record is corrupt")
	errNewer   = errors.New("record was written by a newer version")
)

// record is the stored document: the subscriptions that were made for one endpoint.
type record struct {
	Version  int    `json:"version"`
	Endpoint string `json:"endpoint"`

	// Revision counts the writes. A writer who finds another than it has read lost
	// the lock to somebody, and stops.
	Revision int64 `json:"revision"`

	Made []*Entry `json:"made"`
}

func newRecord(endpoint string) *record {
	return &record{Version: recordVersion, Endpoint: endpoint}
}

func (r *record) remove(e *Entry) {
	r.Made = slices.DeleteFunc(r.Made, func(other *Entry) bool { return other == e })
}

func (r *record) encode() ([]byte, error) { return json.Marshal(r) }

// decodeRecord reads the record of the endpoint. It takes nothing that encode
// would not have written: what is half understood would be written back without
// the other half, and its subscriptions would be made once more.
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
	r := new(record)
	if decoder.Decode(r) != nil || !r.sound(endpoint) {
		return nil, errCorrupt
	}
	return r, nil
}

func (r *record) sound(endpoint string) bool {
	if r.Version != recordVersion || r.Endpoint != endpoint || r.Revision < 1 || len(r.Made) > maxEntries {
		return false
	}
	slots := make(map[string]bool, len(r.Made))
	for _, e := range r.Made {
		if e == nil || !e.sound() || e.Slot != "" && slots[e.Slot] {
			return false
		}
		slots[e.Slot] = true
	}
	return true
}

func (e *Entry) sound() bool {
	if !slices.Contains(states, e.State) || len(e.URL) != len(digest("")) || e.CreatedAt.IsZero() {
		return false
	}
	ends := e.State == Retiring || e.State == Lost
	return e.EndsAt.IsZero() != ends && (e.ID != "" || e.State == Pending || e.State == Lost)
}
