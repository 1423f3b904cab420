package provider_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// An id that is the same in every delivery makes copies of all but the first.
func TestSameIDInEveryDelivery(t *testing.T) {
	t.Parallel()
	const (
		hmac   = "signature: {type: hmac, header: X-Signature}"
		token  = "signature: {type: secret, header: [X-Token], query: token, form: pass, json: auth.key}"
		shake  = hmac + "\nhandshake: {secret: 'header:X-Hook-Secret', match: {body: ''}}"
		strip  = hmac + "\nstrip: {header: X-Account-Key, query: account}"
		consts = hmac + "\nconst: {brand: acme}"
	)
	for _, test := range []struct {
		signature, id string
		key           string // the one that is wrong; empty: none
	}{
		{hmac, "data.id", "event.id.0"}, // json: forgotten
		{hmac, "method", "event.id.0"},
		{hmac, "url", "event.id.0"},
		{hmac, "host", "event.id.0"},
		{hmac, "path", "event.id.0"},
		{hmac, "route", "event.id.0"},
		{hmac, "route:slot", "event.id.0"},
		{consts, "const:brand", "event.id.0"},
		{hmac, "'{method} {host}{path}'", "event.id.0"},
		{hmac, "'order-{json:id?}'", "event.id.0"},
		{hmac, "[json:id, none]", "event.id.1"},
		{hmac, "[json:id, header:X-Id, url]", "event.id.2"},
		{token, "header:x-token", "event.id.0"},
		{token, "query:token", "event.id.0"},
		{token, "form:pass", "event.id.0"},
		{token, "json:auth.key", "event.id.0"},
		{shake, "header:X-Hook-Secret", "event.id.0"},
		{strip, "header:X-Account-Key", "event.id.0"},
		{strip, "query:account", "event.id.0"},

		{hmac, "json:id", ""},
		{hmac, "[json:id, header:X-Id]", ""},
		{hmac, "'{route}-{json:id}'", ""},
		{hmac, "'{json:id?}'", ""},
		{hmac, "body-sha256", ""},
		{hmac, "header:X-Signature", ""},
		{token, "[json:auth.id, form:token, header:pass]", ""},
	} {
		yaml := "name: acme\n" + test.signature + "\nevent:\n  id: " + test.id + "\n"
		_, err := provider.Parse([]byte(yaml), "acme.yaml")
		if test.key == "" {
			if err != nil {
				t.Errorf("%s: %v", test.id, err)
			}
			continue
		}
		wrong, is := errors.AsType[*provider.KeyError](err)
		if !is || wrong.Key != test.key || !strings.Contains(err.Error(), "want a field such as json:data.id or header:X-Delivery-Id") {
			t.Errorf("%s: got %v, want an error about %s", test.id, err, test.key)
		}
	}
}

func TestCheckIDKnowsTokens(t *testing.T) {
	t.Parallel()
	p := parse(t, "name: acme\n")
	id := template(t, "{query:key}")
	if err := p.CheckID(id); err != nil {
		t.Errorf("without a token: %v", err)
	}
	if err := p.CheckID(id, signature.Field{Source: signature.Query, Name: "key"}); err == nil {
		t.Error("a token is taken for an id")
	}
}
