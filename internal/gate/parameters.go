package gate

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
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
	case len(r.Delivery.Body) == 0:
		return url.Values{}
	case !isASCII(r.Header.Get("Content-Type")):
		return nil
	case media == mediaForm:
		return parseParameters(string(r.Delivery.Body))
	case media == mediaMultipart:
		return r.parseMultipart()
	}
	return nil
}

// asciiCharsets begin the names of those in which ASCII letters are their own bytes.
var asciiCharsets = []string{
	"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-", "latin1", "windows-", "shift_jis", "euc-", "gb", "big5", "koi8-",
}

// isASCII tells whether a content type names no charset but such a one. In others, such
// as ibm037, servers that heed it read other names and values than we do.
func isASCII(contentType string) bool {
	_, name, given := strings.Cut(strings.ToLower(contentType), "charset")
	if !given {
		return true
	}
	name = strings.TrimLeft(name, " \t=\"'")
	return !strings.Contains(name, "charset") &&
		slices.ContainsFunc(asciiCharsets, func(begin string) bool { return strings.HasPrefix(name, begin) })
}

// maxParts bounds the parts of a multipart body.
const maxParts = 256

// parseMultipart takes a file for a parameter like any other, for the same reason
// for which nothing is left out elsewhere.
func (r *reading) parseMultipart() url.Values {
	contentType := r.Header.Get("Content-Type")
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || !isPlainBoundary(contentType) || !endsWith(r.Delivery.Body, "--"+params["boundary"]+"--") {
		return nil
	}
	values := url.Values{}
	parts := multipart.NewReader(bytes.NewReader(r.Delivery.Body), params["boundary"])
	for range maxParts {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return values
		}
		if err != nil || !isPlainPart(part.Header) || !isPlainName(part.Header.Get("Content-Disposition"), part.FormName()) {
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

// isPlainBoundary tells whether a content type speaks of one boundary, and not in the way
// of RFC 2231, which is not everyone's. PHP looks for the word, and no further.
func isPlainBoundary(contentType string) bool {
	return strings.Count(strings.ToLower(contentType), "boundary") == 1 && !strings.Contains(contentType, "*")
}

// oddName is a name in the way of RFC 2231, or one with a backslash in it.
var oddName = regexp.MustCompile(`(?i)[;\s]name\s*(\*|="?[^";]*\\)`)

// isPlainName tells whether a disposition has a name that is the same for every reader:
// some take single quotes for quotes, and a backslash for a part of the name.
func isPlainName(disposition, name string) bool {
	return name != "" && !strings.ContainsAny(name, `"'\`) && !oddName.MatchString(disposition)
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
