package subscription

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// maxURL is the longest URL that is taken, in bytes.
const maxURL = 2048

// parseURL takes an absolute URL of a host that may be talked to. No error
// quotes the URL, which may hold a password or a token.
func parseURL(text string, plainHTTP bool) (*url.URL, error) {
	if len(text) > maxURL {
		return nil, errors.New("it is too long")
	}
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.Hostname() == "" || !printable(text) {
		return nil, errors.New("it is no absolute url")
	}
	if strings.Contains(text, "#") {
		return nil, errors.New("it has a fragment")
	}
	switch {
	case u.Scheme == "https":
		return u, nil
	case u.Scheme == "http" && (plainHTTP || isLoopback(u.Hostname())):
		return u, nil
	default:
		return nil, errors.New("it is not https")
	}
}

// parseBase takes the URL of an API. Credentials have a place of their own.
func parseBase(text string, plainHTTP bool) (*url.URL, error) {
	base, err := parseURL(text, plainHTTP)
	if err != nil {
		return nil, err
	}
	if base.User != nil || base.RawQuery != "" || base.ForceQuery {
		return nil, errors.New("it has a user or a query")
	}
	return base, nil
}

// minToken is the shortest part of a URL that may be a token, in bytes.
const minToken = 16

// secretsOf returns what must not be seen of the URL of a request: whoever
// knows it can post to the endpoint, and its path may hold a token that alone
// lets a handshake in.
func secretsOf(target string) []string {
	u, err := url.Parse(target)
	if target == "" || err != nil {
		return nil
	}
	secrets := []string{target}
	if password, set := u.User.Password(); set {
		secrets = append(secrets, password)
	}
	separates := func(r rune) bool { return strings.ContainsRune("/?&=;,:", r) }
	for _, part := range strings.FieldsFunc(u.RequestURI(), separates) {
		if len(part) >= minToken {
			secrets = append(secrets, part)
		}
	}
	return secrets
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// segment is what may stand in a path without escaping, so that nobody on the
// way can read it as another path: ids of all providers look like this.
var segment = regexp.MustCompile(`^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,199}$`)

// hostLabel is one part of a host name.
var hostLabel = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)
