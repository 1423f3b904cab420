package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each of the founding providers, from the subscription to the application: what
// happens at the provider arrives once, and nothing else does.

func TestFullLoopRepliers(t *testing.T) {
	l := newLoop(t, "repliers")
	l.guard("/repliers/*", `hookward repliers {
	path /repliers/{event}
	handshake once
}`)
	// Each URL has one event, and learns a secret of its own while Create waits.
	types := []string{"listing.created", "listing.updated", "listing.deleted"}
	for _, event := range types {
		l.subscribe(event, "/repliers/"+event)
	}
	l.run(types, "data.mlsNumber",
		forgery{"no secret", "header_missing", func(_, forged request) request { return forged.with("X-Hook-Secret", "") }},
		forgery{"another secret", "mismatch", func(_, forged request) request { return forged.with("X-Hook-Secret", stranger) }},
		forgery{"a handshake of his own", "handshake_locked", func(_, forged request) request {
			return forged.with("X-Hook-Secret", stranger).saying("")
		}},
		forgery{"the path of another event", "mismatch", func(genuine, _ request) request {
			return genuine.at("/repliers/listing.updated")
		}},
		forgery{"the path of no event", "event", func(genuine, _ request) request { return genuine.at("/repliers/listing.exploded") }},
		forgery{"the path in capitals", "path", func(genuine, _ request) request { return genuine.at(strings.ToUpper(genuine.path)) }},
	)
}

func TestFullLoopRechat(t *testing.T) {
	l := newLoop(t, "rechat")
	// The key is in the answer that creates the subscription.
	key := l.subscribe("Deals", "/rechat").Secret
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(key.Reveal()), 0o600); err != nil {
		t.Fatal(err)
	}
	l.guard("/rechat*", `hookward rechat {
	path /rechat
	secret {file.`+file+`}
}`)
	const proof = "X-Rechat-Signature"
	l.run([]string{"Deals/Created", "Deals/Updated", "Deals/Deleted"}, "deal.id",
		forgery{"no signature", "header_missing", func(_, forged request) request { return forged.with(proof, "") }},
		forgery{"the signature of another body", "mismatch", func(_, forged request) request { return forged }},
		forgery{"another key", "mismatch", func(_, forged request) request { return forged.with(proof, hmacHex(stranger, forged.body)) }},
		forgery{"half a signature", "wrong_length", func(genuine, _ request) request {
			return genuine.with(proof, genuine.header.Get(proof)[:32])
		}},
		forgery{"another path", "path", func(genuine, _ request) request { return genuine.at("/rechat/") }},
	)
}

func TestFullLoopEverReal(t *testing.T) {
	const token = "everreal-token-0123456789"
	l := newLoop(t, "everreal", "EVERREAL_TOKEN="+token)
	l.guard("/everreal*", `hookward everreal {
	path /everreal
	token query key {env.EVERREAL_TOKEN}
}`)
	types := []string{"LISTING_CREATED", "LISTING_UPDATED"}
	for _, event := range types {
		l.subscribe(event, "/everreal?key="+token)
	}
	l.run(types, "id",
		forgery{"no token", "token_missing", func(_, forged request) request { return forged.at("/everreal") }},
		forgery{"another token", "token_mismatch", func(_, forged request) request { return forged.at("/everreal?key=" + stranger) }},
		forgery{"a genuine id without the token", "token_mismatch", func(genuine, _ request) request { return genuine.at("/everreal?key=x") }},
		forgery{"another path", "path", func(genuine, _ request) request { return genuine.at("/everreal/x?key=" + token) }},
	)
}

func TestFullLoopViasto(t *testing.T) {
	const token = "viasto-token-0123456789"
	l := newLoop(t, "viasto", "VIASTO_TOKEN="+token)
	l.guard("/viasto*", `hookward viasto {
	path /viasto/{token}
	token path {env.VIASTO_TOKEN}
	public_url http://127.0.0.1:8080/viasto/{token}
}`)
	// The helpdesk registers the URL.
	if _, err := l.provider.Subscribe(t.Context(), l.gateway.URL()+"/viasto/"+token, "project_changed"); err != nil {
		t.Fatal(err)
	}
	elsewhere := func(r request, token string) request {
		r.body = strings.Replace(r.body, "/viasto/viasto-token-0123456789", "/viasto/"+token, 1)
		return r.at("/viasto/" + token)
	}
	l.run([]string{"project_changed/created", "project_changed/modified"}, "project",
		forgery{"no token", "path", func(_, forged request) request { return elsewhere(forged, "") }},
		forgery{"another token", "token_mismatch", func(_, forged request) request { return elsewhere(forged, stranger) }},
		forgery{"the token in capitals", "token_mismatch", func(genuine, _ request) request {
			return elsewhere(genuine, strings.ToUpper(token))
		}},
		forgery{"another path", "path", func(genuine, _ request) request { return genuine.at(genuine.path + "/x") }},
	)
}
