package command

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// tokenMark is what stands for the endpoint's token in URLs and headers.
const tokenMark = "{token}"

// tokenFlags say what a delivery carries beside what its provider sends to everybody:
// the token of the endpoint, which is no argument itself, and headers.
type tokenFlags struct {
	variable string
	file     string
	headers  []string

	value string // once it is read
}

func (f *tokenFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.variable, "token-env", "", "Environment variable that holds the endpoint's token, "+tokenMark+" in --url and --header")
	cmd.Flags().StringVar(&f.file, "token-file", "", "File that holds the token, or - for standard input")
	cmd.Flags().StringArrayVar(&f.headers, "header", nil, "Header to send, as 'Name: value' (repeatable)")
}

// read finds the token that stands in these URLs, or in a header.
func (f *tokenFlags) read(cmd *cobra.Command, urls ...string) error {
	given := f.variable != "" || f.file != ""
	wanted := slices.ContainsFunc(append(urls, f.headers...), func(text string) bool { return strings.Contains(text, tokenMark) })
	switch {
	case f.variable != "" && f.file != "":
		return usageError("give one token")
	case wanted && !given:
		return usageError("say what %s is: --token-env <variable> or --token-file <file>", tokenMark)
	case given && !wanted:
		return usageError("write %s where the token stands in --url or --header", tokenMark)
	}
	var err error
	switch {
	case f.variable != "":
		f.value, err = readVariable(f.variable)
	case f.file != "":
		f.value, err = readSecretFile(cmd, f.file)
	}
	return err
}

// inURL puts the token into a URL, escaped as its place asks for.
func (f *tokenFlags) inURL(address string) string {
	path, query, found := strings.Cut(address, "?")
	path = strings.ReplaceAll(path, tokenMark, url.PathEscape(f.value))
	if !found {
		return path
	}
	return path + "?" + strings.ReplaceAll(query, tokenMark, url.QueryEscape(f.value))
}

// setHeaders sets the headers that the flags name.
func (f *tokenFlags) setHeaders(h http.Header) error {
	for _, line := range f.headers {
		name, value, err := splitHeader(line)
		if err != nil {
			return err
		}
		h.Set(name, strings.ReplaceAll(value, tokenMark, f.value))
	}
	return nil
}
