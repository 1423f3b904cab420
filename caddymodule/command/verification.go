package command

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/signature"
)

// verification is what verify found.
type verification struct {
	Outcome string            `json:"outcome"` // accept, answer or reject
	Kind    string            `json:"kind,omitempty"`
	Reason  string            `json:"reason,omitempty"`
	Status  int               `json:"status,omitempty"` // what the provider is answered, unless the upstream decides
	Hint    string            `json:"hint,omitempty"`
	Header  map[string]string `json:"header,omitempty"` // of the answer to a handshake or challenge
	Body    string            `json:"body,omitempty"`
	Event   map[string]string `json:"event,omitempty"` // CloudEvents attributes
}

func newVerification(v *gate.Verdict, keys []signature.Key, show showEvent) *verification {
	result := &verification{
		Outcome: string(v.Outcome), Kind: string(v.Kind), Reason: string(v.Reason), Status: v.Status,
		Header: make(map[string]string), Body: withoutKeys(string(v.Body), keys),
	}
	for name, values := range v.Header {
		result.Header[name] = withoutKeys(strings.Join(values, ", "), keys)
	}
	if v.Event != nil {
		result.Event = attributesOf(show(v.Event))
	}
	return result
}

// withoutKeys puts fingerprints in the place of secrets, which the answer to a
// handshake repeats.
func withoutKeys(text string, keys []signature.Key) string {
	for _, key := range keys {
		inJSON, _ := json.Marshal(key.Secret) // a text always has a JSON form
		for _, written := range []string{key.Secret, string(inJSON[1 : len(inJSON)-1])} {
			text = strings.ReplaceAll(text, written, "<secret "+signature.Fingerprint(key.Secret)+">")
		}
	}
	return text
}

func attributesOf(e event.Event) map[string]string {
	attributes := map[string]string{
		"id": e.ID, "source": e.Source, "type": e.Type, "time": e.Time.UTC().Format(time.RFC3339Nano), "subject": e.Subject,
		"datacontenttype": e.ContentType, "provider": e.Provider, "endpoint": e.Endpoint, "rawtype": e.RawType,
		"scheme": e.Scheme, "covers": e.Covers, "keyid": e.KeyID, "dedupekey": e.DedupeKey,
	}
	maps.DeleteFunc(attributes, func(_, value string) bool { return value == "" })
	return attributes
}

func (v *verification) print(w io.Writer) {
	switch outcome := gate.Outcome(v.Outcome); {
	case outcome == gate.Reject:
		_, _ = fmt.Fprintf(w, "refused: %s (status %d)\n%s\n", v.Reason, v.Status, v.Hint)
	case outcome == gate.Answer:
		_, _ = fmt.Fprintf(w, "accepted: it is a %s and is answered with status %d\n", v.Kind, v.Status)
		for _, name := range slices.Sorted(maps.Keys(v.Header)) {
			tableRow(w, "  "+name, v.Header[name])
		}
		factRow(w, "  body", v.Body)
	case v.Hint != "":
		_, _ = fmt.Fprintf(w, "accepted, and nothing proves it\n%s\n", v.Hint)
	default:
		_, _ = fmt.Fprintln(w, "accepted")
	}
	for _, name := range slices.Sorted(maps.Keys(v.Event)) {
		tableRow(w, "  "+name, v.Event[name])
	}
}
