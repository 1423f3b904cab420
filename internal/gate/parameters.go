package gate

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"strings"
)

// parameters are those of a query or a form, parsed when they are first asked for.
// They are nil where not all of them can be told: what a scheme leaves out of the
// signed parameters could be anyone's, and another parser might see it.
type parameters struct {
	read   bool
	values url.Values
}

func (p *parameters) get(parse func() url.Values) url.Values {
	if !p.read {
		p.read, p.values = true, parse()
	}
	return p.values
}

func parseParameters(text string) url.Values {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil
	}
	return values
}

// parseForm finds no parameters in an empty body, whatever its type, and cannot tell
// those of a body that is no form.
func (r *reading) parseForm() url.Values {
	switch media := r.mediaType(); {
	case media == mediaForm, len(r.Delivery.Body) == 0:
		return parseParameters(string(r.Delivery.Body))
	case media == mediaMultipart:
		return r.parseMultipart()
	}
	return nil
}

// maxParts bounds the parts of a multipart body.
const maxParts = 256

// parseMultipart takes a file for a parameter like any other, for the same reason
// for which nothing is left out elsewhere.
func (r *reading) parseMultipart() url.Values {
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !endsWith(r.Delivery.Body, "--"+params["boundary"]+"--") {
		return nil
	}
	values := url.Values{}
	parts := multipart.NewReader(bytes.NewReader(r.Delivery.Body), params["boundary"])
	for range maxParts {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return values
		}
		if err != nil || part.FormName() == "" || !isPlainPart(part.Header) {
			break
		}
		text, err := io.ReadAll(part) // bounded by the body, which is in memory
		if err != nil {
			break
		}
		values.Add(part.FormName(), string(text))
	}
	return nil
}

// isPlainPart tells whether a part has one name, and its text is what stands there.
// Few senders encode it, and few readers decode it.
func isPlainPart(header textproto.MIMEHeader) bool {
	for _, encoding := range header["Content-Transfer-Encoding"] {
		switch strings.ToLower(encoding) {
		case "7bit", "8bit", "binary":
		default:
			return false
		}
	}
	return len(header["Content-Disposition"]) == 1
}

// endsWith tells whether a body holds the mark, and nothing but white space behind it.
func endsWith(body []byte, mark string) bool {
	_, behind, found := bytes.Cut(body, []byte(mark))
	return found && len(bytes.TrimSpace(behind)) == 0
}
