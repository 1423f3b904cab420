package gate

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// door is an endpoint that knows the secrets of one good vector. Who knocks knows the
// requests of the provider's vectors and none of their secrets that is not sent.
type door struct {
	gateway
	known   []Delivery // the provider's vectors
	secrets []string
	learned *handshake.Slots // hold the secrets; nil where they are configured
}

// doors are made for each vector that is accepted: one with its secrets configured, one
// that only reports, and where the provider makes handshakes one that has learned them.
func doors(f *testing.F) []*door {
	f.Helper()
	targets := []*provider.Provider{signedForm(f)}
	for _, name := range provider.Names() {
		p, err := provider.Lookup(name)
		if err != nil {
			f.Fatal(err)
		}
		targets = append(targets, p)
	}
	for _, p := range shapes(f) {
		if p.Name != "vonage" { // it signs parameters, which may be written in many ways
			targets = append(targets, p)
		}
	}
	var all []*door
	for _, p := range targets {
		first := len(all)
		var known []Delivery
		for i := range p.Vectors {
			known = append(known, vectorDelivery(f, &p.Vectors[i]))
		}
		for i := range p.Vectors {
			v := &p.Vectors[i]
			if v.Want != provider.WantAccept {
				continue
			}
			all = append(all, newDoor(f, p, v, false, false), newDoor(f, p, v, true, false))
			if p.Handshake != nil {
				all = append(all, newDoor(f, p, v, false, true))
			}
		}
		for _, d := range all[first:] {
			d.known = known
		}
	}
	return all
}

// signedForm is former with a vector: of a form whose parameters are signed and not
// its bytes.
func signedForm(f *testing.F) *provider.Provider {
	f.Helper()
	p := parse(f, former)
	d := formerDelivery()
	v := provider.Vector{
		Want: provider.WantAccept, URL: "https://hooks.example.com/hooks", Body: string(d.Body),
		Secret: []string{key}, Header: map[string]signature.Strings{},
	}
	for name, values := range d.Header {
		v.Header[name] = values
	}
	p.Vectors = []provider.Vector{v}
	return p
}

func newDoor(f *testing.F, p *provider.Provider, v *provider.Vector, reportOnly, learn bool) *door {
	f.Helper()
	cfg := vectorConfig(f, p, v)
	cfg.ReportOnly = reportOnly
	if learn {
		cfg.Keys = nil
	}
	c := newClock()
	if !v.At.IsZero() {
		c.now = v.At
	}
	d := &door{gateway: buildOn(f, cfg, newMemory(), c), secrets: v.Secret}
	good := vectorDelivery(f, v)
	if learn {
		d.learn(d.deliver(good).Slot)
	}
	d.accepts(good)
	return d
}

// learn teaches the slot the secrets, as handshakes would.
func (d *door) learn(slot string) {
	d.learned = d.slots
	for _, secret := range d.secrets {
		d.arm(slot)
		if outcome, err := d.learned.Offer(context.Background(), slot, secret); err != nil || !outcome.Echo() {
			d.t.Fatal(outcome, err)
		}
	}
}

// FuzzJudge sends deliveries of which only those that agree with a vector in all that
// is signed can be the provider's.
func FuzzJudge(f *testing.F) {
	doors := doors(f)
	for i, d := range doors {
		for _, k := range d.known {
			head := headerText(k.Header)
			for _, headers := range []string{head, head + head, head + "Content-Type: " + mediaForm + "\r\n"} {
				f.Add(uint16(i), k.Method, k.Path, k.RawQuery, headers, k.Body, int64(0))
			}
			for _, added := range []string{" ", "\n", "&x;y=1", "&%zz", "\x00"} {
				f.Add(uint16(i), k.Method, k.Path, k.RawQuery+added, head, []byte(string(k.Body)+added), int64(0))
			}
		}
	}
	f.Fuzz(func(t *testing.T, i uint16, method, path, query, headers string, body []byte, later int64) {
		d := doors[int(i)%len(doors)]
		if method == "" {
			method = http.MethodPost
		}
		delivery := Delivery{
			Method: method, Path: path, RawQuery: query, Host: d.known[0].Host, Header: parseHeaderText(headers),
			Body: body, Received: d.clock.Now().Add(time.Duration(later)),
		}
		early := delivery
		early.Body = nil
		refusal, refused := d.Precheck(context.Background(), &early)
		v := d.Judge(context.Background(), &delivery)
		if v.Claim != nil {
			defer v.Claim.Release(nil)
		}
		if refused && (v.Outcome != Reject || v.Status != refusal.Status) {
			t.Errorf("refused early with %s and judged as %s %s", refusal.Reason, v.Outcome, v.Reason)
		}
		d.check(t, &delivery, &v)
	})
}

func headerText(h http.Header) string {
	var b strings.Builder
	_ = h.Write(&b) // a builder never fails
	return b.String()
}

// parseHeaderText takes more than a server would, so that nothing rests on it.
func parseHeaderText(text string) http.Header {
	h := http.Header{}
	for line := range strings.SplitSeq(text, "\r\n") {
		if name, value, found := strings.Cut(line, ":"); found {
			h.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	return h
}

func (d *door) check(t *testing.T, delivery *Delivery, v *Verdict) {
	t.Helper()
	refused := v.Outcome == Reject || v.Outcome == Unproved
	switch {
	case v.Outcome == Accept:
		d.checkAccepted(t, delivery, v)
	case v.Outcome == Answer:
		d.checkAnswered(t, delivery, v)
	case !refused || v.Outcome == Unproved && !d.ReportOnly:
		t.Errorf("outcome is %s", v.Outcome)
	}
	if refused {
		if !slices.Contains([]int{400, 404, 405, 503, d.Provider().FailureStatus()}, v.Status) || len(v.Header)+len(v.Body) > 0 {
			t.Errorf("refused with %d %v %q", v.Status, v.Header, v.Body)
		}
		if v.Claim != nil || v.Event != nil {
			t.Error("what is refused has an event or a claim")
		}
	}
	if refused != slices.Contains(Reasons(), v.Reason) || !refused && v.Reason != "" {
		t.Errorf("%s for the reason %q", v.Outcome, v.Reason)
	}
	for _, secret := range d.secrets {
		if v.Err != nil && strings.Contains(v.Err.Error(), secret) {
			t.Errorf("the error holds a secret: %v", v.Err)
		}
	}
}

// checkAccepted: without the secret, nothing that is signed can differ from a delivery
// that is known.
func (d *door) checkAccepted(t *testing.T, delivery *Delivery, v *Verdict) {
	t.Helper()
	if v.Event == nil || v.Claim == nil && !d.Dedupe.Off || v.Event.ID == "" || v.Event.Type == "" || v.Event.Source == "" {
		t.Fatalf("incomplete: %+v", v)
	}
	if len(d.Provider().Signature) == 0 {
		return // anybody's, by the configuration
	}
	if !slices.ContainsFunc(d.known, func(k Delivery) bool { return d.agrees(delivery, v.Event, k) }) {
		t.Errorf("accepted: %q %q %v %q as %+v", delivery.Path, delivery.RawQuery, delivery.Header, delivery.Body, v.Event)
	}
}

// agrees tells whether an accepted delivery is a known one in all that is signed.
func (d *door) agrees(delivery *Delivery, got *event.Event, known Delivery) bool {
	if !d.sameProof(delivery, &known) || got.Covers == signature.CoversBody && !sameBody(delivery, &known) {
		return false
	}
	known.Method, known.Received = delivery.Method, delivery.Received
	v := d.Judge(context.Background(), &known)
	if v.Claim != nil {
		defer v.Claim.Release(nil)
	}
	rules := &d.Provider().Event
	return v.Event != nil &&
		d.sameFact(rules.ID, got.ID, v.Event.ID) &&
		d.sameFact(rules.Type, got.Type, v.Event.Type) &&
		d.sameFact(rules.Subject, got.Subject, v.Event.Subject)
}

// sameProof tells whether a delivery holds the proof of one that is known.
func (d *door) sameProof(delivery, known *Delivery) bool {
	everything := headerText(delivery.Header) + string(delivery.Body)
	for _, values := range parseParameters(delivery.RawQuery) {
		everything += "\n" + strings.Join(values, "\n")
	}
	headers, queries := d.Provider().SignatureHeaders()
	for _, name := range headers {
		for _, value := range known.Header.Values(name) {
			if holdsAny(everything, value) {
				return true
			}
		}
	}
	for _, name := range queries {
		for _, value := range parseParameters(known.RawQuery)[name] {
			if holdsAny(everything, value) {
				return true
			}
		}
	}
	return slices.ContainsFunc(d.Provider().Signature, func(s provider.Scheme) bool {
		return len(s.Form)+len(s.JSON) > 0 // it may be in the body
	})
}

// holdsAny tells whether a text holds one of the items of a header that holds proofs. Their
// padding and, of hex, the letter case may change.
func holdsAny(text, header string) bool {
	items := strings.FieldsFunc(header, func(r rune) bool { return strings.ContainsRune("=, ;", r) })
	return slices.ContainsFunc(items, func(item string) bool {
		return len(item) > 3 && strings.Contains(strings.ToLower(text), strings.ToLower(item))
	})
}

// sameBody compares bytes, or of forms the parameters. Schemes that sign parameters
// count equal ones once.
func sameBody(a, b *Delivery) bool {
	if bytes.Equal(a.Body, b.Body) {
		return true
	}
	x, errX := url.ParseQuery(string(a.Body))
	y, errY := url.ParseQuery(string(b.Body))
	return errX == nil && errY == nil && maps.EqualFunc(x, y, func(v, w []string) bool {
		return slices.Equal(slices.Compact(slices.Sorted(slices.Values(v))), slices.Compact(slices.Sorted(slices.Values(w))))
	})
}

// sameFact compares facts whose places are all signed. Which form a body has never is.
func (d *door) sameFact(rules provider.Templates, got, want string) bool {
	if got == want || len(rules) == 0 || !d.Provider().Payload.IsZero() {
		return true
	}
	for _, rule := range rules {
		for _, f := range rule.Fields() {
			for i := range d.Provider().Signature {
				if f.Source == signature.Form || !d.Provider().Signature[i].CoversField(f) {
					return true
				}
			}
		}
	}
	return false
}

func (d *door) checkAnswered(t *testing.T, delivery *Delivery, v *Verdict) {
	t.Helper()
	if (v.Status < 200 || v.Status > 299) && v.Status != http.StatusNotFound || v.Header.Get("X-Content-Type-Options") != "nosniff" || len(v.Body) > 8*maxEcho {
		t.Errorf("the answer is %d %v, %d bytes", v.Status, v.Header, len(v.Body))
	}
	if v.Kind == Challenge {
		return
	}
	secret, _ := (&reading{Delivery: delivery}).Lookup(d.Provider().Handshake.Secret)
	if v.Kind != Handshake || d.ReportOnly || !slices.Contains(d.secrets, secret) {
		t.Errorf("a stranger's secret %q is answered by a %s", secret, v.Kind)
	}
	if d.learned != nil {
		if set, err := d.learned.Secrets(context.Background(), v.Slot); err != nil || set.Len() != len(d.secrets) {
			t.Errorf("the slot holds %d secrets (%v)", set.Len(), err)
		}
	}
}
