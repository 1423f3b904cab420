package gate

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// TestCatalog sends every vector of every provider's file through the gate, as a
// whole delivery.
func TestCatalog(t *testing.T) {
	t.Parallel()
	for _, name := range provider.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := provider.Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			wanted := map[string]int{}
			for _, v := range p.Vectors {
				wanted[v.Want]++
				t.Run(v.Name, func(t *testing.T) {
					t.Parallel()
					runVector(t, p, &v)
				})
			}
			if wanted[provider.WantAccept] == 0 || wanted[provider.WantReject] == 0 {
				t.Errorf("the file has %v vectors; each needs one that is accepted and one that is refused", wanted)
			}
			if (p.Handshake != nil || len(p.Challenge) > 0) && wanted[provider.WantAnswer] == 0 {
				t.Error("the provider makes handshakes or challenges, and no vector is one")
			}
		})
	}
}

func runVector(t *testing.T, p *provider.Provider, v *provider.Vector) {
	t.Helper()
	g := vectorGateway(t, p, v)
	d := vectorDelivery(t, v)
	got := g.deliver(d)
	switch v.Want {
	case provider.WantAccept:
		wants(t, got, Accept, "")
		checkEvent(t, v, got)
		checkForgeries(t, p, v, got)
		checkCopy(t, g, d, got)
	case provider.WantAnswer:
		wants(t, got, Answer, "")
		checkAnswer(t, v.Answer, got)
		wants(t, g.deliver(d), Answer, "") // the first answer may have been lost
	case provider.WantReject:
		wants(t, got, Reject, Reason(v.Reason))
	default:
		t.Errorf("want %q is not accept, answer or reject", v.Want)
	}
}

// vectorGateway is the endpoint that a vector is meant for. Where an answer is
// wanted, its slots are armed.
func vectorGateway(tb testing.TB, p *provider.Provider, v *provider.Vector) gateway {
	tb.Helper()
	c := newClock()
	if !v.At.IsZero() {
		c.now = v.At
	}
	g := buildOn(tb, vectorConfig(tb, p, v), newMemory(), c)
	if v.Want == provider.WantAnswer {
		for _, slot := range g.HandshakeSlots() {
			g.arm(slot)
		}
	}
	return g
}

func vectorConfig(tb testing.TB, p *provider.Provider, v *provider.Vector) Config {
	tb.Helper()
	override := map[string][]string{}
	for name, value := range v.Const {
		override["const."+name] = []string{value}
	}
	own, err := p.Resolve(override)
	if err != nil {
		tb.Fatal(err)
	}
	cfg := Config{Name: p.Name, Provider: own, PublicURL: v.URL, AllowUnsigned: len(own.Signature) == 0}
	for i, secret := range v.Secret {
		cfg.Keys = append(cfg.Keys, signature.Key{ID: fmt.Sprintf("key%d", i+1), Secret: secret})
	}
	if v.Route != "" {
		d := vectorDelivery(tb, v)
		cfg.Path = strings.Replace(d.Path, "/"+v.Route, "/{event}", 1)
		if len(own.RawTypes()) == 0 {
			cfg.Events = []string{v.Route}
		}
	}
	return cfg
}

func vectorDelivery(tb testing.TB, v *provider.Vector) Delivery {
	tb.Helper()
	d := Delivery{
		Method: v.Method, Path: "/hooks", Host: "hooks.example.com",
		Header: http.Header{}, Body: vectorBody(tb, v),
	}
	if v.Route != "" {
		d.Path += "/" + v.Route
	}
	if v.URL != "" {
		u, err := url.Parse(v.URL)
		if err != nil {
			tb.Fatal(err)
		}
		d.Path, d.RawQuery, d.Host = u.EscapedPath(), u.RawQuery, u.Host
	}
	for name, values := range v.Header {
		for _, value := range values {
			d.Header.Add(name, value)
		}
	}
	return d
}

func vectorBody(tb testing.TB, v *provider.Vector) []byte {
	tb.Helper()
	if v.BodyBase64 == "" {
		return []byte(v.Body)
	}
	body, err := base64.StdEncoding.DecodeString(v.BodyBase64)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

func checkEvent(t *testing.T, v *provider.Vector, got Verdict) {
	t.Helper()
	e := got.Event
	for _, fact := range []struct{ name, got, want string }{
		{"type", e.Type, v.Type},
		{"id", e.ID, v.ID},
		{"subject", e.Subject, v.Subject},
	} {
		if fact.want != "" && fact.got != fact.want {
			t.Errorf("%s is %q, want %q", fact.name, fact.got, fact.want)
		}
	}
	if !v.Time.IsZero() && !e.Time.Equal(v.Time) {
		t.Errorf("time is %s, want %s", e.Time, v.Time)
	}
}

// checkForgeries changes a good delivery: without the key, no change of what is
// signed may pass.
func checkForgeries(t *testing.T, p *provider.Provider, v *provider.Vector, good Verdict) {
	t.Helper()
	headers, queries := p.SignatureHeaders()
	if len(p.Signature) == 0 || len(headers)+len(queries) == 0 {
		return
	}
	without := vectorDelivery(t, v)
	before := len(without.Header) + len(without.RawQuery)
	for _, name := range headers {
		without.Header.Del(name)
	}
	if len(queries) > 0 {
		without.RawQuery = ""
	}
	inBody := len(without.Header)+len(without.RawQuery) == before
	if got := vectorGateway(t, p, v).deliver(without); got.Outcome == Accept && !inBody {
		t.Error("without its proof the delivery is accepted")
	}
	if good.Event.Covers != signature.CoversBody {
		return
	}
	changed := vectorDelivery(t, v)
	changed.Body = append(slices.Clone(changed.Body), "&added=1"...)
	if got := vectorGateway(t, p, v).deliver(changed); got.Outcome == Accept {
		t.Error("with another body the delivery is accepted")
	}
}

// checkCopy sends a delivery again that was accepted.
func checkCopy(t *testing.T, g gateway, d Delivery, first Verdict) {
	t.Helper()
	if first.Claim == nil {
		wants(t, g.deliver(d), Accept, "") // the provider's file says that it is no copy
		return
	}
	first.Claim.Commit(nil)
	again := g.deliver(d)
	wants(t, again, Answer, "")
	if again.Kind != Duplicate || again.Status != g.Provider().SuccessStatus() {
		t.Errorf("a copy is answered with %d, as a %s", again.Status, again.Kind)
	}
}

// checkAnswer compares what the vector says about the answer.
func checkAnswer(t *testing.T, want *provider.Answer, got Verdict) {
	t.Helper()
	if want == nil {
		t.Error("the vector does not say the answer")
		return
	}
	status := want.Status
	if status == 0 {
		status = http.StatusOK
	}
	if got.Status != status {
		t.Errorf("status is %d, want %d", got.Status, status)
	}
	for name, value := range want.Header {
		if got.Header.Get(name) != value {
			t.Errorf("header %s is %q, want %q", name, got.Header.Get(name), value)
		}
	}
	if len(want.JSON) > 0 {
		var object provider.JSON
		if err := json.Unmarshal(got.Body, &object); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.JSON, object); diff != "" {
			t.Error(diff)
		}
		return
	}
	if string(got.Body) != want.Text {
		t.Errorf("body is %q, want %q", got.Body, want.Text)
	}
}
