package signature_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hookward/hookward/signature"
)

// delivery is a signature.Request of a received request without query and form.
type delivery struct {
	header http.Header
	body   []byte
}

func (d *delivery) Body() []byte { return d.body }

func (d *delivery) Lookup(f signature.Field) (value string, count int) {
	if f.Source != signature.Header {
		return "", 0
	}
	values := d.header[f.Name]
	if len(values) == 0 {
		return "", 0
	}
	return values[0], len(values)
}

func (d *delivery) Values(s signature.Source) url.Values {
	if s != signature.Header {
		return nil
	}
	return url.Values(d.header)
}

func (d *delivery) Readable(s signature.Source) bool { return s == signature.Header }

func ExampleVerifier_Verify() {
	scheme := signature.Scheme{
		Type:   signature.HMAC,
		Header: signature.Strings{"X-Hub-Signature-256"},
		Prefix: "sha256=",
	}
	keys := []signature.Key{{ID: "2026", Secret: "It's a Secret to Everybody"}}
	verifier, err := signature.NewVerifier([]signature.Scheme{scheme}, keys)
	if err != nil {
		fmt.Println(err)
		return
	}

	received := &delivery{header: http.Header{}, body: []byte("Hello, World!")}
	received.header.Set("X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")
	match, err := verifier.Verify(received, time.Now())
	fmt.Println(match.KeyID, err)

	received.body = []byte("Hello, Mallory!")
	_, err = verifier.Verify(received, time.Now())
	fmt.Println(err, errors.Is(err, signature.Mismatch))
	// Output:
	// 2026 <nil>
	// mismatch true
}

func ExampleSigner_Sign() {
	template, err := signature.ParseTemplate("{timestamp}.{body}")
	if err != nil {
		fmt.Println(err)
		return
	}
	scheme := signature.Scheme{
		Type:      signature.HMAC,
		Header:    signature.Strings{"Acme-Signature"},
		Separator: ",",
		Assign:    "=",
		Item:      signature.Strings{"v1"},
		Content:   template,
		Timestamp: &signature.Timestamp{Item: "t"},
	}
	// While keys change, both sign.
	keys := []signature.Key{{ID: "new", Secret: "tomorrow"}, {ID: "old", Secret: "yesterday"}}
	signer, err := signature.NewSigner([]signature.Scheme{scheme}, keys)
	if err != nil {
		fmt.Println(err)
		return
	}

	at := time.Unix(1700000000, 0)
	sent := &delivery{header: http.Header{}, body: []byte(`{"event":"invoice.paid"}`)}
	proofs, err := signer.Sign(sent, at)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, proof := range proofs {
		sent.header.Set(proof.Field.Name, proof.Value)
		fmt.Println(proof.Field, "with", strings.Count(proof.Value, "v1="), "signatures")
	}

	verifier, err := signature.NewVerifier([]signature.Scheme{scheme}, keys[1:])
	if err != nil {
		fmt.Println(err)
		return
	}
	match, err := verifier.Verify(sent, at)
	fmt.Println(match.KeyID, err)
	// Output:
	// header:Acme-Signature with 2 signatures
	// old <nil>
}

func ExampleScheme() {
	var scheme signature.Scheme
	err := json.Unmarshal([]byte(`{
		"type": "hmac",
		"header": "Webhook-Signature",
		"separator": " ", "assign": ",", "item": "v1",
		"encoding": "base64",
		"key": "base64", "key_prefix": "whsec_",
		"content": "{id}.{timestamp}.{body}",
		"id": "header:Webhook-Id",
		"timestamp": {"from": "header:Webhook-Timestamp", "tolerance": "5m"}
	}`), &scheme)
	fmt.Println(err, scheme.Validate())
	fmt.Println(scheme.Content, scheme.ID, scheme.Header)

	scheme.Timestamp = nil
	fmt.Println(scheme.Validate())
	// Output:
	// <nil> <nil>
	// {id}.{timestamp}.{body} header:Webhook-Id [Webhook-Signature]
	// invalid scheme: content holds {timestamp} and timestamp is not set
}
