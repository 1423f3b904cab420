package command

import (
	"testing"

	"github.com/hookward/hookward/signature"
)

// A subscription's URL is shown without what may be a token.
func TestShownURL(t *testing.T) {
	t.Parallel()
	const token = "0123456789abcdef"
	shown := "{" + signature.Fingerprint(token) + "}"
	for given, want := range map[string]string{
		"https://example.com":                                   "https://example.com",
		"https://example.com:8443/hooks/":                       "https://example.com:8443/hooks/",
		"https://example.com/hooks/" + token:                    "https://example.com/hooks/" + shown,
		"https://example.com/search.match.made/" + token + "/x": "https://example.com/search.match.made/" + shown + "/x",
		"https://example.com/?a=" + token + "&b=c":              "https://example.com/?a=" + shown + "&b={" + signature.Fingerprint("c") + "}",
		"https://example.com/?" + token:                         "https://example.com/?" + shown,
		"https://" + token + "@example.com/":                    "https://" + shown + "@example.com/",
		"://" + token:                                           "{" + signature.Fingerprint("://"+token) + "}",
	} {
		if got := shownURL(given, []string{"search.match.made"}); got != want {
			t.Errorf("%s is shown as %s, want %s", given, got, want)
		}
	}
}
