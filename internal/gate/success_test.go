package gate

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/dedupe"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

func hexToBase64(text string) (string, error) {
	b, err := hex.DecodeString(text)
	return base64.StdEncoding.EncodeToString(b), err
}

func TestSuccessHeader(t *testing.T) {
	t.Parallel()
	cfg := config(t, acme+`limits:
  success_body: taken
  success_header:
    X-Client: "{header:X-Client}"
    Content-Type: text/xml
`)
	g := build(t, cfg)
	delivery := func(client string) Delivery {
		d := acmeDelivery(`{"id":"1"}`)
		if client != "" {
			d.Header.Set("X-Client", client)
		}
		return d
	}
	first := g.deliver(delivery("me"))
	wants(t, first, Accept, "")
	if h := first.SuccessHeader; h.Get("X-Client") != "me" || h.Get("Content-Type") != "text/xml" || len(h) != 2 {
		t.Errorf("header %v", h)
	}
	first.Claim.Commit(nil)
	copied := g.deliver(delivery("me"))
	wants(t, copied, Answer, "")
	if h := copied.Header; h.Get("X-Client") != "me" || h.Get("Content-Type") != "text/xml" || string(copied.Body) != "taken" {
		t.Errorf("a copy gets %v %q", h, copied.Body)
	}
	for name, client := range map[string]string{
		"none": "", "a line break": "a\r\nSet-Cookie: b", "beyond ASCII": "ä", "too long": strings.Repeat("a", maxEcho+1), "a space at the end": "a ",
	} {
		d := acmeDelivery(`{"id":"` + name + `"}`)
		if client != "" {
			d.Header["X-Client"] = []string{client}
		}
		v := g.deliver(d)
		wants(t, v, Accept, "")
		if _, found := v.SuccessHeader["X-Client"]; found {
			t.Errorf("%s: header %v", name, v.SuccessHeader)
		}
	}
	refused := delivery("me")
	refused.Body = []byte("{}")
	if v := g.deliver(refused); v.Outcome != Reject || len(v.SuccessHeader)+len(v.Header) > 0 {
		t.Errorf("%s with %v %v", v.Outcome, v.SuccessHeader, v.Header)
	}
}

// TestFailedFirst: an answer that is no success is not made to look like one.
func TestFailedFirst(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, acme+"limits: {success_header: {X-Client: me}}\n"))
	first := g.deliver(acmeDelivery(`{"id":"1"}`))
	wants(t, first, Accept, "")
	v := g.Resume(first, dedupe.Result{State: dedupe.Failed, Answer: &dedupe.Answer{Status: http.StatusBadGateway}})
	if v.Status != http.StatusBadGateway || v.Header.Get("X-Client") != "" {
		t.Errorf("%d %v", v.Status, v.Header)
	}
}

func TestProvidersOwnDedupe(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file   string
		config DedupeConfig
		off    bool
		id     time.Duration
	}{
		"neither says anything":      {"", DedupeConfig{}, false, windowByID},
		"the provider's window":      {"dedupe: 1m\n", DedupeConfig{}, false, time.Minute},
		"the endpoint's own window":  {"dedupe: 1m\n", DedupeConfig{Window: time.Hour}, false, time.Hour},
		"the endpoint's own key":     {"dedupe: 1m\n", DedupeConfig{Key: provider.Templates{constantTemplate(t)}}, false, time.Minute},
		"the endpoint is off":        {"dedupe: 1m\n", DedupeConfig{Off: true}, true, 0},
		"the provider is off":        {"dedupe: off\n", DedupeConfig{}, true, 0},
		"off, and a window besides":  {"dedupe: off\n", DedupeConfig{Window: time.Hour}, false, time.Hour},
		"off, and a key besides":     {"dedupe: off\n", DedupeConfig{Key: provider.Templates{constantTemplate(t)}}, false, windowByID},
		"off here, whatever it says": {"", DedupeConfig{Off: true}, true, 0},
		"off in both places":         {"dedupe: off\n", DedupeConfig{Off: true}, true, 0},
	} {
		cfg := config(t, acme+test.file)
		cfg.Dedupe = test.config
		e, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if e.Dedupe.Off != test.off || e.window.id != test.id {
			t.Errorf("%s: off %v, window %s", name, e.Dedupe.Off, e.window.id)
		}
	}
}

func constantTemplate(t *testing.T) signature.Template {
	t.Helper()
	parsed, err := signature.ParseTemplate("json:id")
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// TestSecretForm: a secret is used in the provider's form, however it was typed.
func TestSecretForm(t *testing.T) {
	t.Parallel()
	cfg := config(t, acme+"secret_form: nfkd\n")
	cfg.Keys = []signature.Key{{ID: "main", Secret: "s\u00e9cret"}}
	given := cfg.Keys[0].Secret
	g := build(t, cfg)
	body := `{"id":"1"}`
	g.accepts(Delivery{Header: header("X-Acme-Signature", hexMAC("se\u0301cret", body)), Body: []byte(body)})
	wants(t, g.deliver(Delivery{Header: header("X-Acme-Signature", hexMAC("s\u00e9cret", body)), Body: []byte(body)}), Reject, signature.Mismatch)
	if cfg.Keys[0].Secret != given {
		t.Error("the caller's keys were changed")
	}
}
