package event

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"unicode/utf8"
)

// StructuredContentType is the media type of the structured form.
const StructuredContentType = "application/cloudevents+json; charset=utf-8"

// attributes is the structured form without the data.
type attributes struct {
	SpecVersion     string `json:"specversion"`
	ID              string `json:"id"`
	Source          string `json:"source"`
	Type            string `json:"type"`
	Time            string `json:"time"`
	Subject         string `json:"subject,omitempty"`
	DataContentType string `json:"datacontenttype,omitempty"`
	ContentEncoding string `json:"contentencoding,omitempty"`
	Provider        string `json:"provider,omitempty"`
	Endpoint        string `json:"endpoint,omitempty"`
	RawType         string `json:"rawtype,omitempty"`
	Scheme          string `json:"scheme,omitempty"`
	Covers          string `json:"covers,omitempty"`
	KeyID           string `json:"keyid,omitempty"`
	DedupeKey       string `json:"dedupekey,omitempty"`
}

// Structured wraps the body into a JSON event. A JSON body is put in byte for
// byte, any other in base64, and so is one that is compressed: it stays so, and the
// extension contentencoding says how.
func (e *Event) Structured(body []byte) ([]byte, error) {
	contentType, isJSON := e.mediaType()
	head, err := json.Marshal(attributes{
		SpecVersion: SpecVersion, ID: e.ID, Source: e.Source, Type: e.Type,
		Time: e.formatTime(), Subject: e.Subject, DataContentType: contentType,
		ContentEncoding: text(e.ContentEncoding),
		Provider:        e.Provider, Endpoint: e.Endpoint, RawType: e.RawType,
		Scheme: e.Scheme, Covers: e.Covers, KeyID: e.KeyID, DedupeKey: e.DedupeKey,
	})
	if err != nil {
		return nil, fmt.Errorf("writing an event: %w", err) // the id may be for no log
	}
	var out bytes.Buffer
	out.Grow(len(head) + len(body) + 16)
	out.Write(head[:len(head)-1])
	switch {
	case len(body) == 0:
	case isJSON && e.ContentEncoding == "" && utf8.Valid(body) && validJSON(body, maxDepth-1): // it goes one deeper
		out.WriteString(`,"data":`)
		out.Write(body)
	default:
		out.WriteString(`,"data_base64":"`)
		out.WriteString(base64.StdEncoding.EncodeToString(body))
		out.WriteByte('"')
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// mediaType returns the content type, where it is one, and whether its data may be
// put in as JSON. By the specification that is so without a content type, and for
// types that end in +json too, but for these some receivers want a string.
func (e *Event) mediaType() (contentType string, isJSON bool) {
	media, _, err := mime.ParseMediaType(e.ContentType)
	if err != nil {
		return "", true
	}
	return e.ContentType, media == "application/json" || media == "text/json"
}
