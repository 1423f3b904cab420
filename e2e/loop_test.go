package e2e

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/hookward/hookward/internal/harness"
	sending "github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/profile"
	"github.com/hookward/hookward/subscription"
)

// loopEvents is how many events happen; one in a hundred of the deliveries arrives
// twice, and one in a hundred is added by a stranger.
var loopEvents = map[bool]int{false: 10_000, true: 1_000}[harness.Race]

// stranger is the secret of somebody who is not the provider.
const stranger = "a-strangers-own-secret"

// loop is a provider, a gateway and an application, each with a socket of its own.
type loop struct {
	t           *testing.T
	provider    *profile.Server
	client      subscription.Client // nil: the provider has no API
	wire        *wire
	gateway     *gateway
	application *harness.Upstream
}

// newLoop starts all three. The gateway guards nothing yet.
func newLoop(t *testing.T, name string, env ...string) *loop {
	t.Helper()
	faults := profile.Faults{Seed: 1, Duplicates: 0.01}
	twice, err := faults.Transport(name)
	if err != nil {
		t.Fatal(err)
	}
	l := &loop{t: t, wire: new(wire), application: harness.NewUpstream(t, nil)}
	l.gateway = startWith(t, harness.Options{Config: site(), Env: env})
	// One attempt for each delivery: what the gateway does not take at once is missing.
	l.provider, err = profile.New(name, profile.WithLoopback(), profile.WithSender(
		sending.WithSchedule(0), sending.WithConcurrency(32), sending.WithLogger(slog.New(slog.DiscardHandler)),
		sending.WithTransport(func(base http.RoundTripper) http.RoundTripper {
			l.wire.base = base
			return twice(l.wire)
		}),
	))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.provider.Close(context.Background()) }) // it was drained, unless the test has failed
	if profile.HasAPI(name) {
		l.client = l.openClient()
	}
	return l
}

func (l *loop) openClient() subscription.Client {
	l.t.Helper()
	api := httptest.NewServer(l.provider)
	l.t.Cleanup(api.Close)
	config := subscription.Config{API: api.URL, Credential: subscription.StaticCredential(l.provider.Credential())}
	if l.provider.Provider() == "rechat" {
		config.Account = l.provider.Account()
	}
	client, err := subscription.Open(l.provider.Provider(), config)
	if err != nil {
		l.t.Fatal(err)
	}
	return client
}

// guard puts an endpoint in front of the application.
func (l *loop) guard(paths, endpoint string) {
	l.t.Helper()
	config := site("handle "+paths+" {", endpoint, "reverse_proxy "+l.application.Address, "}", "handle {\nerror 404\n}")
	wantStatus(l.t, l.gateway.load(config), http.StatusOK)
	l.gateway.settle(func(string) bool { return true }) // both answer alike
}

// subscribe signs an endpoint up through the provider's API.
func (l *loop) subscribe(event, path string) subscription.Subscription {
	l.t.Helper()
	made, err := l.client.Create(l.t.Context(), subscription.Request{URL: l.gateway.URL() + path, Event: event})
	if err != nil {
		l.t.Fatal(err)
	}
	return made
}

// run makes events of these types happen while a stranger forges deliveries, and
// checks what arrives. The path leads to an event's subject in its payload.
func (l *loop) run(types []string, subject string, forgeries ...forgery) {
	l.t.Helper()
	happened := l.emit(types, 0) // for the stranger to build on
	eventually(l.t, "the first event arrives", func() bool { return l.application.Count() > 0 })
	genuine := l.wire.firstDelivery()

	payloads := []string{happened}
	for number := 1; number < loopEvents; number++ {
		payloads = append(payloads, l.emit(types, number))
		if number%100 == 50 {
			invented := l.payload(types[0], loopEvents+number)
			forged := genuine.saying(strings.Replace(genuine.body, happened[1:], invented[1:], 1))
			forgeries[number/100%len(forgeries)].try(l.gateway, genuine, forged)
		}
	}
	eventually(l.t, "as many events arrive as happened", func() bool { return l.application.Count() >= loopEvents })
	if err := l.provider.Close(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	l.checkArrivals(payloads, subject)
	l.wire.check(l.t)
}

// emit makes the event with this number happen, and returns its payload.
func (l *loop) emit(types []string, number int) string {
	eventType := types[number%len(types)]
	payload := l.payload(eventType, number)
	if _, err := l.provider.Emit(l.t.Context(), eventType, []byte(payload)); err != nil {
		l.t.Error(err)
	}
	return payload
}

// payload is a compact object, about another thing for each number.
func (l *loop) payload(eventType string, number int) string {
	payload, err := profile.Sample(l.provider.Provider(), eventType, number)
	if err != nil {
		l.t.Error(err)
		return "{}"
	}
	return string(payload)
}

// checkArrivals fails the test unless each payload arrived exactly once, verified and
// as it was sent, and nothing else did.
func (l *loop) checkArrivals(payloads []string, subject string) {
	l.t.Helper()
	missing := make(map[string]string) // payloads by their subject
	for _, payload := range payloads {
		missing[gjson.Get(payload, subject).String()] = payload
	}
	if len(missing) != loopEvents {
		l.t.Fatalf("%d events have a subject of their own, want %d", len(missing), loopEvents)
	}
	for _, arrival := range l.application.All() {
		about := arrival.Header.Get("Ce-Subject")
		payload, awaited := missing[about]
		switch {
		case !awaited:
			l.t.Errorf("an event about %q arrived twice, or never happened", about)
		case !strings.Contains(arrival.Body, payload[1:]): // viasto puts the action before the rest
			l.t.Errorf("the event about %q arrived as %s", about, arrival.Body)
		case arrival.Header.Get("Hookward-Verified") != "true":
			l.t.Errorf("the event about %q is not called verified", about)
		}
		delete(missing, about)
	}
	if len(missing) > 0 {
		l.t.Errorf("%d events did not arrive", len(missing))
	}
}

// forgery is a delivery that a stranger makes of a genuine one: of the very one, or of
// one that tells of an event that never happened.
type forgery struct {
	what   string
	reason string // for which it is refused
	change func(genuine, forged request) request
}

// try fails the test unless the gateway refuses the delivery, for the right reason.
func (f forgery) try(g *gateway, genuine, forged request) {
	g.t.Helper()
	a := g.send(f.change(genuine, forged))
	got := a.header.Get("Hookward-Reason")
	if a.status != http.StatusUnauthorized && a.status != http.StatusNotFound || got != f.reason {
		g.t.Errorf("a delivery with %s is answered %d %q, want %q", f.what, a.status, got, f.reason)
	}
}
