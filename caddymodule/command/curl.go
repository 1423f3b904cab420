package command

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hookward/hookward/internal/sample"
	"github.com/hookward/hookward/signature"
)

// curlCommand writes the delivery as a command for a shell. Where the secret itself
// or the token is sent, stands what the shell reads it from.
func (f *sendFlags) curlCommand(s *sample.Delivery) (string, error) {
	if !utf8.ValidString(s.Body) || strings.Contains(s.Body, "\x00") {
		return "", usageError("the body is no text, and a shell takes nothing else")
	}
	token, err := f.curlToken()
	if err != nil {
		return "", err
	}
	options := []string{"curl --request " + s.Method + " " + token(s.URL.String())}
	for _, name := range slices.Sorted(maps.Keys(s.Header)) {
		options = append(options, "--header "+token(name+": "+s.Header.Get(name)))
	}
	for _, p := range s.Proofs {
		if !p.IsBearer() || f.forge {
			continue
		}
		option, err := f.curlBearer(p)
		if err != nil {
			return "", err
		}
		options[slices.Index(options, "--header "+token(p.Field.Name+": "+p.Value))] = option
	}
	options = append(options, "--data-raw "+shellQuote(s.Body))
	command := strings.Join(options, " \\\n  ")
	if f.duplicate {
		command += "\n" + command
	}
	return command, nil
}

// curlToken returns how texts that may hold the token are written.
func (f *sendFlags) curlToken() (quote func(string) string, err error) {
	value := f.token.value
	if value == "" {
		return shellQuote, nil
	}
	inURL := strings.Contains(f.url, tokenMark)
	if inURL && (url.PathEscape(value) != value || url.QueryEscape(value) != value) {
		return nil, usageError("the token must be escaped in a URL, and no shell does that")
	}
	var from string
	switch {
	case f.token.variable != "":
		from = `"$` + f.token.variable + `"`
	case f.token.file != standardInput:
		from = `"$(cat ` + shellQuote(f.token.file) + `)"`
	default:
		return nil, usageError("the delivery holds the token: for --curl it must come from --token-env or a file")
	}
	return func(text string) string {
		parts := strings.Split(text, value)
		for i := range parts {
			parts[i] = shellQuote(parts[i])
		}
		return strings.TrimSuffix(strings.Join(parts, from), "''")
	}, nil
}

// curlBearer writes the header of a secret that is sent as it is.
func (f *sendFlags) curlBearer(p sample.Proof) (string, error) {
	var secret string
	switch {
	case p.Field.Source != signature.Header || !sentAsKept(p.Scheme):
		return "", usageError("the delivery holds the secret in a form that no command can be made to read")
	case len(f.secrets.variables) == 1:
		secret = `"$` + f.secrets.variables[0] + `"`
	case f.secrets.files[0] != standardInput:
		secret = `"$(cat ` + shellQuote(f.secrets.files[0]) + `)"`
	default:
		return "", usageError("the delivery holds the secret: for --curl it must come from --secret-env or a file")
	}
	if p.Scheme.Type == signature.Basic {
		return "--user " + secret, nil
	}
	return "--header " + shellQuote(p.Field.Name+": "+p.BearerPrefix()) + secret, nil
}

// sentAsKept tells whether a bearer secret goes over the wire in the form in which
// it is kept.
func sentAsKept(scheme *signature.Scheme) bool {
	return (scheme.Key == "" || scheme.Key == signature.KeyText) && len(scheme.KeyPrefix) == 0 &&
		scheme.KeyFormat == "" && scheme.KeyHash == "" &&
		(scheme.Encoding == "" || scheme.Encoding == signature.Text || scheme.Type == signature.Basic)
}

// shellQuote writes a text as one word for a shell.
func shellQuote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
