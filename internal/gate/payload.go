package gate

import (
	"encoding/base64"
	"net/url"

	"github.com/tidwall/gjson"

	"github.com/hookward/hookward/signature"
)

// content is what the delivery says in JSON or XML: the body, or in a form the field
// that the provider names.
func (r *reading) content() []byte {
	if r.payload.Source != signature.Form || !r.isForm() {
		return r.Delivery.Body
	}
	text, count := r.Lookup(r.payload)
	if count > 1 {
		return nil // another reader may take the other one
	}
	if r.encoding != signature.Base64 {
		return []byte(text)
	}
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return decoded
}

// members are the members of a JSON object as parameters; nil where one of them is
// no text, number or word, for as a parameter that would be a text like any other.
func (r *reading) members() url.Values {
	doc, valid := r.JSON()
	if !valid {
		return nil
	}
	object := gjson.ParseBytes(doc)
	if !object.IsObject() {
		return nil
	}
	members := url.Values{}
	count := 0
	object.ForEach(func(name, value gjson.Result) bool {
		if count++; count > maxMembers || value.Type == gjson.JSON {
			members = nil
			return false
		}
		members.Add(name.String(), jsonText(value))
		return true
	})
	return members
}
