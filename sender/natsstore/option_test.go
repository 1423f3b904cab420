package natsstore

import (
	"errors"
	"testing"
	"time"

	"github.com/hookward/hookward/sender"
)

func TestOptionsThatAreRefused(t *testing.T) {
	t.Parallel()
	js := newJetStream(t)
	for name, option := range map[string]Option{
		"no name":             WithName(""),
		"name with a dot":     WithName("a.b"),
		"name with a blank":   WithName("a b"),
		"name of a wildcard":  WithName("*"),
		"no replicas":         WithReplicas(0),
		"too many replicas":   WithReplicas(6),
		"no retention":        WithRetention(0),
		"negative retention":  WithRetention(-time.Second),
		"no bytes":            WithMaxBytes(0),
		"no deliveries":       WithMaxDeliveries(0),
		"no lease":            WithLease(0),
		"too short a lease":   WithLease(time.Second - 1),
		"no age of attempts":  WithHistory(0, 1),
		"no room of attempts": WithHistory(time.Hour, 0),
		"no logger":           WithLogger(nil),
	} {
		if _, err := Open(t.Context(), js, option); !errors.Is(err, sender.ErrInvalid) {
			t.Errorf("%s: %v, want %v", name, err, sender.ErrInvalid)
		}
	}
	for stream := range js.StreamNames(t.Context()).Name() {
		t.Errorf("stream %s was made", stream)
	}
}
