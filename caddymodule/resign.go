package caddymodule

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// newResigner makes the signer for events towards the upstream: Standard Webhooks.
func newResigner(secret string) (*signature.Signer, error) {
	p, err := provider.Lookup("standard-webhooks")
	if err != nil {
		return nil, err
	}
	return signature.NewSigner(p.Schemes(), []signature.Key{{ID: "resign", Secret: secret}})
}

// resign sets the webhook-* headers for the body that goes upstream.
func resign(signer *signature.Signer, header http.Header, id string, body []byte) error {
	// A dot ends the id in what is signed.
	header.Set("Webhook-Id", strings.ReplaceAll(url.PathEscape(id), ".", "%2E"))
	proofs, err := signer.Sign(outgoing{header, body}, time.Now())
	if err != nil {
		return err
	}
	for _, p := range proofs {
		header.Set(p.Field.Name, p.Value)
	}
	return nil
}

// outgoing is a request to the upstream as a signature scheme reads it.
type outgoing struct {
	header http.Header
	body   []byte
}

func (o outgoing) Body() []byte { return o.body }

func (o outgoing) Lookup(f signature.Field) (string, int) {
	values := o.header[f.Name]
	if f.Source != signature.Header || len(values) == 0 {
		return "", 0
	}
	return values[0], len(values)
}

func (outgoing) Values(signature.Source) url.Values { return nil }

func (outgoing) Readable(signature.Source) bool { return true }
