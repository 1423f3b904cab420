package reconcile

import (
	"encoding/json"
	"slices"

	"github.com/hookward/hookward/internal/document"
)

// recordVersion is the version of the stored document that this code writes.
// A reader refuses any other.
const recordVersion = 1

// maxEntries bounds the subscriptions that are written down for one endpoint.
const maxEntries = 1000

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

// decodeRecord reads the record of the endpoint. One that is half understood would make
// its subscriptions once more, so it is an error.
func decodeRecord(raw []byte, endpoint string) (*record, error) {
	return document.Decode(raw, recordVersion, func(r *record) bool { return r.sound(endpoint) })
}

func (r *record) sound(endpoint string) bool {
	if r.Endpoint != endpoint || r.Revision < 1 || len(r.Made) > maxEntries {
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
