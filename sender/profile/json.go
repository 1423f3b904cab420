package profile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// encode writes JSON as JavaScript's JSON.stringify does, without the escapes for HTML
// that Go adds.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// answer writes JSON, or nothing where the body is nil.
func answer(w http.ResponseWriter, status int, body any) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	if body == nil {
		w.WriteHeader(status)
		return
	}
	text, err := encode(body)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	header.Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = bytes.NewReader(text).WriteTo(w) // who has left needs no answer
}

// read takes the JSON object of a call. With strict, it has no other fields than into.
func read(r *http.Request, into any, strict bool) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	return decode(body, into, strict)
}

func decode(text []byte, into any, strict bool) error {
	if !json.Valid(text) || depth(text) > maxDepth {
		return malformed(fmt.Sprintf("want JSON of up to %d levels", maxDepth))
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if strict {
		decoder.DisallowUnknownFields()
	}
	if err := decoder.Decode(into); err != nil {
		return malformed("a field is unknown or of the wrong type")
	}
	return nil
}

func malformed(message string) error {
	return &failure{status: http.StatusBadRequest, message: message}
}

// depth is how many levels of arrays and objects the JSON has.
func depth(text []byte) int {
	level, deepest := 0, 0
	inText := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{', c == '[':
			level++
			deepest = max(deepest, level)
		case c == '}', c == ']':
			level--
		}
	}
	return deepest
}
