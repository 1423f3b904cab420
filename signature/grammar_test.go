package signature_test

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/url"
	"testing"

	"github.com/hookward/hookward/signature"
)

// What providers sign who publish no vector, or none of this shape: the content,
// the key and the hash are spelled out here and computed without the package.
func TestGrammar(t *testing.T) {
	t.Parallel()
	const (
		body   = `{"a": "ü", "at":1700000000123}`
		stamp  = "1700000000"
		millis = "1700000000000"
	)
	bodySHA256 := sha256.Sum256([]byte(body))
	bodyMD5 := md5.Sum([]byte(body))
	keySHA256 := sha256.Sum256([]byte("secret"))
	header := func(unit signature.Unit) *signature.Timestamp {
		return &signature.Timestamp{From: field("header:X-Time"), Unit: unit}
	}
	tests := []struct {
		name    string
		content string
		change  func(*signature.Scheme)
		signed  string
		key     string           // "secret" where it is not given
		hash    func() hash.Hash // SHA-256 where it is not given
	}{
		{name: "github form", content: "{body}", signed: body},
		{name: "gitea form", content: "{form:payload}", signed: `{"p":1}`},
		{name: "gitea query", content: "{query:payload}", signed: `{"q":2}`},
		{
			name: "recurly", content: "{timestamp}.{body}", signed: millis + "." + body,
			change: func(s *signature.Scheme) {
				s.Separator, s.Timestamp = ",", &signature.Timestamp{Item: "0", Unit: signature.Milliseconds}
			},
		},
		{
			name: "coinbase v0", content: "{timestamp}.{body}", signed: stamp + "." + body,
			change: func(s *signature.Scheme) {
				s.Separator, s.Assign, s.Item = ",", "=", signature.Strings{"v0"}
				s.Timestamp = &signature.Timestamp{Item: "t"}
			},
		},
		{
			name: "bird", content: "{timestamp}\n{url}\n{body|sha256}",
			signed: stamp + "\nhttps://hooks.example.com/in?x=1\n" + string(bodySHA256[:]),
			change: func(s *signature.Scheme) { s.Timestamp = header("") },
		},
		{
			name: "messagebird, legacy", content: "{timestamp}\n{query:sorted:=&%}\n{body|sha256}",
			signed: stamp + "\na+b=1%2B1&a+b=2&payload=%7B%22q%22%3A2%7D\n" + string(bodySHA256[:]),
			change: func(s *signature.Scheme) { s.Timestamp = header("") },
		},
		{name: "plivo v3, GET", content: "{url}?{query:sorted:=&}.{header:X-Nonce}", signed: "https://hooks.example.com/in?x=1?a b=1+1&a b=2&payload={\"q\":2}.n1"},
		{name: "plivo v3, POST without a query", content: "{url}?{form:sorted}.{header:X-Nonce}", signed: "https://hooks.example.com/in?x=1?payload{\"p\":1}z1z2.n1"},
		{name: "twilio, a value twice", content: "{form:sorted}", signed: `payload{"p":1}z1z2`},
		{name: "vonage, JSON", content: "&{json:sorted:=&_}", signed: "&a=ü&at=1700000000123"},
		{name: "vonage, replaced", content: "&{form:sorted::&_}", signed: `&payload:{"p"_1}&z:1&z:2`},
		{
			name: "vonage, MD5", content: "&{form:sorted:=&_}", signed: `&payload={"p":1}&z=1&z=2`,
			change: func(s *signature.Scheme) { s.Hash = signature.MD5 }, hash: md5.New,
		},
		{name: "pandadoc", content: "{body}", signed: body, change: func(s *signature.Scheme) { s.Header, s.Query = nil, signature.Strings{"signature"} }},
		{name: "grafana", content: "{timestamp}:{body}", signed: stamp + ":" + body, change: func(s *signature.Scheme) { s.Timestamp = header("") }},
		{name: "vercel", content: "{body}", signed: body, hash: sha1.New, change: func(s *signature.Scheme) { s.Hash = signature.SHA1 }},

		{name: "trello", content: "{body}{url}", signed: body + "https://hooks.example.com/in?x=1"},
		{
			name: "hubspot v3", content: "{method}{url}{body}{timestamp}", signed: "POSThttps://hooks.example.com/in?x=1" + body + millis,
			change: func(s *signature.Scheme) { s.Timestamp = header(signature.Milliseconds) },
		},
		{name: "close", content: "{timestamp}{body}", signed: stamp + body, change: func(s *signature.Scheme) { s.Timestamp = header("") }},
		{
			name: "twitch", content: "{id}{timestamp}{body}", signed: "id-1" + "2023-11-14T22:13:20Z" + body,
			change: func(s *signature.Scheme) {
				s.ID, s.Timestamp = field("header:X-Id"), header(signature.RFC3339)
			},
		},
		{
			name: "ghost", content: "{body}{timestamp}", signed: body + millis,
			change: func(s *signature.Scheme) {
				s.Separator, s.Assign, s.Item = ",", "=", signature.Strings{"sha256"}
				s.Timestamp = &signature.Timestamp{Item: "t", Unit: signature.Milliseconds}
			},
		},
		{name: "crisp", content: "[{timestamp};{body}]", signed: "[" + millis + ";" + body + "]", change: func(s *signature.Scheme) { s.Timestamp = header(signature.Milliseconds) }},
		{name: "linkedin", content: "hmacsha256={body}", signed: "hmacsha256=" + body},
		{name: "follow up boss", content: "{body|base64}", signed: base64.StdEncoding.EncodeToString([]byte(body))},
		{name: "framer", content: "{body}{header:X-Nonce}", signed: body + "n1"},
		{name: "fal", content: "{header:X-Id}\n{header:X-Nonce}\n{body|sha256|hex}", signed: "id-1\nn1\n" + hex.EncodeToString(bodySHA256[:])},
		{name: "sinch", content: "{method}\n{body?|md5|base64}\n{path}", signed: "POST\n" + base64.StdEncoding.EncodeToString(bodyMD5[:]) + "\n/in%2F"},
		{name: "teamtailor v1", content: "{json:a}", signed: "ü", change: func(s *signature.Scheme) { s.Encoding = signature.Base64Hex }},
		{
			name: "linear", content: "{body}", signed: body,
			change: func(s *signature.Scheme) {
				s.Timestamp = &signature.Timestamp{From: field("json:at"), Unit: signature.Milliseconds}
			},
		},
		{name: "optional header", content: "{body}.{header:X-Absent?}.{header:X-Nonce?}", signed: body + "..n1"},
		{name: "lower case", content: "{method|lower} {header:X-Mixed|lower}", signed: "post mixed"},
		{name: "raw query", content: "{path}?{query}", signed: "/in%2F?payload=%7B%7D&b"},
		{name: "connectwise", content: "{body}", signed: body, key: string(keySHA256[:]), change: func(s *signature.Scheme) { s.KeyHash = signature.SHA256 }},
		{name: "fitbit", content: "{body}", signed: body, key: "secret&", change: func(s *signature.Scheme) { s.KeyFormat = "{secret}&" }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			scheme := bare()
			scheme.Content = content(test.content)
			if test.change != nil {
				test.change(&scheme)
			}
			r := &request{
				method: "POST", path: "/in%2F", url: "https://hooks.example.com/in?x=1", rawQuery: "payload=%7B%7D&b",
				header: headers("X-Id", "id-1", "X-Nonce", "n1", "X-Mixed", "MiXeD"),
				query:  url.Values{"payload": {`{"q":2}`}, "a b": {"2", "1+1"}},
				form:   url.Values{"payload": {`{"p":1}`}, "z": {"2", "1", "2"}},
				body:   body,
			}
			if test.key == "" {
				test.key = "secret"
			}
			if test.hash == nil {
				test.hash = sha256.New
			}
			h := hmac.New(test.hash, []byte(test.key))
			h.Write([]byte(test.signed))
			want := hex.EncodeToString(h.Sum(nil))
			if scheme.Encoding == signature.Base64Hex {
				want = base64.StdEncoding.EncodeToString([]byte(want))
			}
			if len(scheme.Item) > 0 {
				want = scheme.Item[0] + scheme.Assign + want
			}
			if scheme.Timestamp != nil && scheme.Timestamp.Item != "" {
				stamp := map[signature.Unit]string{"": stamp, signature.Milliseconds: millis}[scheme.Timestamp.Unit]
				if scheme.Assign != "" {
					stamp = scheme.Timestamp.Item + scheme.Assign + stamp
				}
				want = stamp + scheme.Separator + want
			}

			proofs, err := newSigner(t, schemes(scheme), keys("secret")).Sign(r, noon)
			if err != nil {
				t.Fatal(err)
			}
			if got := proofs[len(proofs)-1].Value; got != want {
				t.Errorf("signed as %s, want %s", got, want)
			}
			r.set(t, proofs)
			wantProved(t, newVerifier(t, schemes(scheme), keys("secret")), r, noon)
		})
	}
}

// Schemes that only verify, for a sender of ours would not choose the headers.
func TestListedHeaders(t *testing.T) {
	t.Parallel()
	scheme := with(stripe(), func(s *signature.Scheme) {
		s.Header, s.Content = signature.Strings{"X-Hook0-Signature"}, content("{timestamp}.{item:h}.{listed:h}.{body}")
	})
	v := newVerifier(t, schemes(scheme), keys("secret"))
	sig := hexMAC("secret", "1700000000.content-type x-event-id x-absent.application/json.evt_1..body")
	r := &request{
		header: headers(
			"X-Hook0-Signature", "t=1700000000,h=content-type x-event-id x-absent,v1="+sig,
			"Content-Type", "application/json", "X-Event-Id", "evt_1",
		),
		body: "body",
	}
	wantProved(t, v, r, noon)
	for name, change := range map[string]func(*request){
		"a listed header":  func(r *request) { r.header.Set("X-Event-Id", "evt_2") },
		"an absent header": func(r *request) { r.header.Set("X-Absent", "x") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := r.clone()
			change(changed)
			wantReason(t, v, changed, noon, signature.Mismatch)
		})
	}

	for name, test := range map[string]struct {
		list string
		want signature.Reason
	}{
		"none":           {"", signature.HeaderMalformed},
		"twice":          {"h=content-type,h=x-event-id,", signature.HeaderMalformed},
		"as many as may": {"h=" + repeatWord("a", 64) + ",", signature.Mismatch},
		"too many":       {"h=" + repeatWord("a", 65) + ",", signature.HeaderMalformed},
		"bad ones":       {"h=\x00 : x-none,", signature.Mismatch},
		"repeated lines": {"h=x-twice,", signature.HeaderRepeated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := r.clone()
			changed.header.Set("X-Hook0-Signature", "t=1700000000,"+test.list+"v1="+sig)
			changed.header["X-Twice"] = []string{"a", "b"}
			wantReason(t, v, changed, noon, test.want)
		})
	}
}

// A list in a header of its own, and names beside the values.
func TestNamedListedHeaders(t *testing.T) {
	t.Parallel()
	scheme := signature.Scheme{
		Type: signature.HMAC, Header: signature.Strings{"X-Contentful-Signature"},
		Content: content("{method}\n{path}\n{listed:header:X-Contentful-Signed-Headers::;}\n{body}"),
		Timestamp: &signature.Timestamp{
			From: field("header:X-Contentful-Timestamp"), Unit: signature.Milliseconds,
		},
	}
	v := newVerifier(t, schemes(scheme), keys("secret"))
	const list = "x-contentful-signed-headers,x-contentful-timestamp,x-contentful-topic"
	signed := "POST\n/in\nx-contentful-signed-headers:" + list +
		";x-contentful-timestamp:1700000000000;x-contentful-topic:ContentManagement.Entry.publish\n{}"
	r := &request{
		method: "POST", path: "/in", body: "{}",
		header: headers(
			"X-Contentful-Signature", hexMAC("secret", signed), "X-Contentful-Signed-Headers", list,
			"X-Contentful-Timestamp", "1700000000000", "X-Contentful-Topic", "ContentManagement.Entry.publish",
		),
	}
	wantProved(t, v, r, noon)
	for name, change := range map[string]struct {
		header, value string
		want          signature.Reason
	}{
		"another topic":    {"X-Contentful-Topic", "ContentManagement.Entry.delete", signature.Mismatch},
		"another time":     {"X-Contentful-Timestamp", "1700000000001", signature.Mismatch},
		"a shorter list":   {"X-Contentful-Signed-Headers", "x-contentful-signed-headers,x-contentful-timestamp", signature.Mismatch},
		"an empty list":    {"X-Contentful-Signed-Headers", "", signature.HeaderMissing},
		"too long a list":  {"X-Contentful-Signed-Headers", repeatWord("a", 65), signature.HeaderMalformed},
		"the topic in two": {"X-Contentful-Topic", "ContentManagement.Entry.publish;x:y", signature.Mismatch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := r.clone()
			changed.header.Set(change.header, change.value)
			wantReason(t, v, changed, noon, change.want)
		})
	}
}

func repeatWord(word string, n int) string {
	text := word
	for range n - 1 {
		text += " " + word
	}
	return text
}

// The signed text of a scheme whose certificate is fetched by another package.
func TestPayPalContent(t *testing.T) {
	t.Parallel()
	r := &request{
		header: headers("Paypal-Transmission-Id", "dfb3be50-fd74-11e4-8bf3-77339302725b", "Paypal-Transmission-Time", "2015-05-18T15:45:13Z"),
		body:   fixture("paypal.json"),
	}
	template := content("{header:PAYPAL-TRANSMISSION-ID}|{header:PAYPAL-TRANSMISSION-TIME}|4JH86294D6297924G|{body|crc32}")
	const want = "dfb3be50-fd74-11e4-8bf3-77339302725b|2015-05-18T15:45:13Z|4JH86294D6297924G|2771810304"
	if got, ok := template.Expand(r); !ok || got != want {
		t.Errorf("got %q, %t, want %q", got, ok, want)
	}
}
