package gate

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/hookward/hookward/provider"
)

// answer fills an exchange's answer in. Texts are sent so that no browser takes
// them for anything else.
func answer(kind Kind, rule *provider.Answer, value, mac string) Verdict {
	filled := rule.Fill(value, mac)
	v := Verdict{Outcome: Answer, Kind: kind, Status: filled.Status, Header: http.Header{}}
	if v.Status == 0 {
		v.Status = http.StatusOK
	}
	switch {
	case len(filled.JSON) > 0:
		v.Body, _ = json.Marshal(filled.JSON) // it came from JSON or YAML and has a JSON form
		v.Header.Set("Content-Type", "application/json")
	case filled.Text != "":
		v.Body = []byte(filled.Text)
		v.Header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	for name, text := range filled.Header {
		v.Header.Set(name, text)
	}
	v.Header.Set("X-Content-Type-Options", "nosniff")
	return v
}

// maxEcho bounds the text that a challenge has repeated.
const maxEcho = 512

// mayRepeat tells whether the answer may hold a caller's text.
func mayRepeat(rule *provider.Challenge, text string) bool {
	return echoable(text) && (!rule.HoldsMAC() || provider.IsMACText(text))
}

// echoable tells whether a caller's text may be repeated: it is short and printable
// ASCII, with no space around it that a header would lose.
func echoable(text string) bool {
	return text != "" && len(text) <= maxEcho && strings.TrimSpace(text) == text &&
		strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

// successHeader is what the provider wants to see in the answer to a delivery that
// was taken.
func (e *Endpoint) successHeader(r *reading) http.Header {
	rules := e.provider.Limits.SuccessHeader
	if len(rules) == 0 {
		return nil
	}
	header := make(http.Header, len(rules))
	for name, rule := range rules {
		if text, found := rule.Expand(r); found && echoable(text) {
			header.Set(name, text)
		}
	}
	return header
}
