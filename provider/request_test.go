package provider_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"

	"github.com/tidwall/gjson"

	"github.com/hookward/hookward/signature"
)

// request answers what conditions and templates ask, from texts.
type request struct {
	header http.Header
	body   string
	url    string
	route  string
}

func (r request) Body() []byte { return []byte(r.body) }

func (r request) Lookup(f signature.Field) (value string, count int) {
	all := r.All(f)
	if len(all) == 0 {
		return "", 0
	}
	return all[0], len(all)
}

func (r request) All(f signature.Field) []string {
	switch f.Source {
	case signature.Header:
		return r.header[f.Name]
	case signature.Query, signature.Form:
		return r.Values(f.Source)[f.Name]
	case signature.JSON:
		return r.members(f.Name)
	case signature.Route:
		return present(r.route)
	case signature.URL:
		return present(r.url)
	case signature.BodySHA256:
		sum := sha256.Sum256([]byte(r.body))
		return present(hex.EncodeToString(sum[:]))
	default:
		return nil
	}
}

func present(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

func (r request) members(path string) []string {
	result := gjson.Get(r.body, path)
	if !result.IsArray() {
		return present(result.String())
	}
	var all []string
	for _, member := range result.Array() {
		all = append(all, member.String())
	}
	return all
}

func (r request) Readable(s signature.Source) bool {
	switch s {
	case signature.Query, signature.Form:
		return r.Values(s) != nil
	case signature.JSON:
		return r.body == "" || gjson.Valid(r.body)
	default:
		return true
	}
}

func (r request) Values(s signature.Source) url.Values {
	text := r.body
	if s == signature.Query {
		u, _ := url.Parse(r.url)
		text = u.RawQuery
	}
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil
	}
	return values
}
