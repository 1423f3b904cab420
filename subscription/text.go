package subscription

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// hidden stands where a secret stood.
const hidden = "[hidden]"

// anyURL is a URL within a text.
var anyURL = regexp.MustCompile(`(?i)https?://[^\s"'<>]+`)

// plain makes one line of printable characters, at most limit bytes long:
// what providers and others wrote ends up in logs and on terminals.
func plain(text string, limit int) string {
	return shorten(oneLine(text), limit)
}

// discreet is plain with the secrets hidden.
func discreet(text string, limit int, secrets []string) string {
	return shorten(hide(oneLine(text), secrets), limit)
}

func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

func hide(text string, secrets []string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, hidden)
		}
	}
	return text
}

func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	end := limit - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// printable reports whether text is visible ASCII throughout, and not empty.
func printable(text string) bool {
	for i := range len(text) {
		if text[i] < '!' || text[i] > '~' {
			return false
		}
	}
	return text != ""
}
