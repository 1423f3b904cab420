package sender_test

import (
	"errors"
	"math"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/signature"
)

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]sender.Option{
		"nil outbox":                     sender.WithOutbox(nil),
		"nil registry":                   sender.WithRegistry(nil),
		"nil history":                    sender.WithHistory(nil),
		"nil logger":                     sender.WithLogger(nil),
		"nil tracer provider":            sender.WithTracerProvider(nil),
		"nil meter provider":             sender.WithMeterProvider(nil),
		"nil callback":                   sender.OnDisabled(nil),
		"nil transport":                  sender.WithTransport(nil),
		"a transport that is nil":        sender.WithTransport(func(http.RoundTripper) http.RoundTripper { return nil }),
		"nil clock":                      sender.WithClock(nil),
		"empty schedule":                 sender.WithSchedule(),
		"schedule without first attempt": sender.WithSchedule(time.Second),
		"negative schedule":              sender.WithSchedule(0, -time.Second),
		"no timeout":                     sender.WithTimeout(0),
		"a timeout beyond the lease":     sender.WithTimeout(2 * time.Minute),
		"no concurrency":                 sender.WithConcurrency(0),
		"nothing in flight":              sender.WithMaxInFlight(0),
		"no body":                        sender.WithMaxBody(0),
		"no rate":                        sender.WithRate(0),
		"a circuit that never opens":     sender.WithCircuit(0, time.Second),
		"a circuit without delay":        sender.WithCircuit(1, 0),
		"disabled before it fails":       sender.WithDisableAfter(-1),
		"negative refresh":               sender.WithRefresh(-1),
		"more in flight than there is":   sender.WithMaxInFlight(math.MaxInt),
		"a circuit of endless memory":    sender.WithCircuit(math.MaxInt, time.Second),
		"a header of two lines":          sender.WithProfile(sender.Profile{Header: http.Header{"X-A": {"a\r\nb"}}}),
		"a header without a name":        sender.WithProfile(sender.Profile{Header: http.Header{"X A": {"a"}}}),
		"an id header without a name":    sender.WithProfile(sender.Profile{IDHeader: "X-Id:"}),
		"an invalid network":             sender.WithAllowedNetworks(netip.Prefix{}),
	} {
		if s, err := sender.New(option); !errors.Is(err, sender.ErrInvalid) {
			t.Errorf("%s: %v, want %v", name, err, sender.ErrInvalid)
			if err == nil {
				_ = s.Close(t.Context())
			}
		}
	}
	broken := sender.Profile{Name: "broken", Schemes: []signature.Scheme{{Type: "rot13"}}}
	if _, err := sender.New(sender.WithProfile(broken)); !errors.Is(err, signature.ErrInvalidScheme) {
		t.Errorf("a broken scheme: %v, want %v", err, signature.ErrInvalidScheme)
	}
}

// TestClock: the sender stamps and signs by the clock it was given.
func TestClock(t *testing.T) {
	t.Parallel()
	then := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	records := newRecorder()
	ends := answering(status(http.StatusOK))
	s := newSender(t, ends.option(), sender.WithHistory(records), sender.WithClock(func() time.Time { return then }))
	subscription := subscribe(t, s, sender.Subscription{})
	event := send(t, s)
	record := <-records.added
	if !subscription.CreatedAt.Equal(then) || !event.Time.Equal(then) || !record.At.Equal(then) {
		t.Errorf("subscription %v, event %v, record %v", subscription.CreatedAt, event.Time, record.At)
	}
	if at := ends.got("")[0].Header.Get("Webhook-Timestamp"); at != "1893553445" {
		t.Errorf("signed at %s", at)
	}
}

// TestProfile: its header and its rendering are in every delivery.
func TestProfile(t *testing.T) {
	t.Parallel()
	records := newRecorder()
	ends := answering(status(http.StatusOK))
	profile := sender.Profile{
		Name:     "own",
		Header:   http.Header{"user-agent": {"interview suite webhook"}, "content-type": {"application/vnd.own+json"}},
		IDHeader: "X-Event-Id",
		Render: func(event *sender.Event, s *sender.Subscription) ([]byte, error) {
			return []byte(event.Type + " for " + s.ID), nil
		},
	}
	s := newSender(t, ends.option(), sender.WithProfile(profile), sender.WithHistory(records))
	subscribe(t, s, sender.Subscription{ID: "a"})
	subscribe(t, s, sender.Subscription{ID: "b"})
	event := send(t, s)
	<-records.added
	<-records.added
	bodies := make(map[string]bool)
	for _, r := range ends.got("") {
		bodies[r.body] = true
		if r.Header.Get("User-Agent") != "interview suite webhook" || r.Header.Get("Content-Type") != "application/vnd.own+json" || r.Header.Get("X-Event-Id") != event.ID || len(r.Header) != 4 {
			t.Errorf("header %v", r.Header)
		}
		if r.ContentLength != int64(len(r.body)) {
			t.Errorf("%d bytes announced, %d sent", r.ContentLength, len(r.body))
		}
	}
	if !bodies["listing.created for a"] || !bodies["listing.created for b"] {
		t.Errorf("bodies %v", bodies)
	}
}

// TestRenderFails: the endpoint is not blamed for what was never sent to it.
func TestRenderFails(t *testing.T) {
	t.Parallel()
	records := newRecorder()
	ends := answering(status(http.StatusOK))
	s := newSender(t, ends.option(), sender.WithHistory(records), sender.WithSchedule(0), sender.WithProfile(sender.Profile{
		Render: func(*sender.Event, *sender.Subscription) ([]byte, error) { return nil, errors.New("no template") },
	}))
	subscription := subscribe(t, s, sender.Subscription{})
	send(t, s)
	record := <-records.added
	if record.Error != "render: no template" || record.Number != 1 {
		t.Errorf("the record: %+v", record)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(ends.got("")) > 0 || !get(t, s, subscription.ID).FailingSince.IsZero() {
		t.Error("the endpoint was asked, or blamed")
	}
}
