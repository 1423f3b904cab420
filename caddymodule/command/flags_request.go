package command

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/internal/gate"
)

// requestFlags say what a delivery was.
type requestFlags struct {
	file string // a saved request

	method  string // or its parts
	headers []string
	body    string

	url string
	at  string
}

func (f *requestFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.file, "request", "", "File with the whole request, as it went over the wire in HTTP/1.1 (- for standard input)")
	cmd.Flags().StringVar(&f.method, "method", http.MethodPost, "Method of the request (without --request)")
	cmd.Flags().StringArrayVar(&f.headers, "header", nil, "Header of the request, as 'Name: value' (repeatable; without --request)")
	cmd.Flags().StringVar(&f.body, "body", "", "File with the body of the request (- for standard input; without --request)")
	cmd.Flags().StringVar(&f.url, "url", "", "URL of the endpoint as it is registered with the provider")
	cmd.Flags().StringVar(&f.at, "at", "", "Time of arrival, as 2006-01-02T15:04:05Z or in Unix seconds (default: now)")
}

// read makes the delivery that the flags describe. Where they name no URL, it went
// to the one that is known.
func (f *requestFlags) read(cmd *cobra.Command, known string) (*gate.Delivery, error) {
	if f.url != "" {
		known = f.url
	}
	received, err := f.received()
	if err != nil {
		return nil, err
	}
	address, err := url.Parse(known)
	if err != nil {
		return nil, usageError("--url: %w", errors.Unwrap(err)) // the whole error would quote it, with its token
	}
	var d *gate.Delivery
	if f.file != "" {
		d, err = f.readSaved(cmd)
	} else {
		d, err = f.readParts(cmd, address)
	}
	if err != nil {
		return nil, err
	}
	d.Received = received
	return d, nil
}

func (f *requestFlags) received() (time.Time, error) {
	if f.at == "" {
		return time.Now(), nil
	}
	if seconds, err := strconv.ParseInt(f.at, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	at, err := time.Parse(time.RFC3339, f.at)
	if err != nil {
		return time.Time{}, usageError("--at %q: want a time such as 2006-01-02T15:04:05Z, or Unix seconds", f.at)
	}
	return at, nil
}

func (f *requestFlags) readParts(cmd *cobra.Command, address *url.URL) (*gate.Delivery, error) {
	d := &gate.Delivery{
		Method: f.method, Path: address.EscapedPath(), RawQuery: address.RawQuery, Host: address.Host, Header: http.Header{},
	}
	for _, line := range f.headers {
		name, value, err := splitHeader(line)
		if err != nil {
			return nil, err
		}
		d.Header.Add(name, value)
	}
	if f.body == "" {
		return d, nil
	}
	var err error
	d.Body, err = readInput(cmd, f.body, maxDeliveryInput)
	return d, err
}

// splitHeader reads a header as --header takes it.
func splitHeader(line string) (name, value string, err error) {
	name, value, found := strings.Cut(line, ":")
	name = strings.TrimSpace(name)
	if !found || name == "" {
		return "", "", usageError("--header wants 'Name: value'") // what was given may be a secret
	}
	return name, textproto.TrimString(value), nil
}

func (f *requestFlags) readSaved(cmd *cobra.Command) (*gate.Delivery, error) {
	if len(f.headers) > 0 || f.body != "" {
		return nil, usageError("--request holds the whole request: leave --header and --body out")
	}
	raw, err := readInput(cmd, f.file, maxDeliveryInput)
	if err != nil {
		return nil, err
	}
	rest := bufio.NewReader(bytes.NewReader(raw))
	r, err := http.ReadRequest(rest)
	if err != nil {
		// What is wrong in detail would be said with a quotation, in which there may be a secret.
		return nil, usageError("%s is no HTTP/1.1 request: a line such as POST /path HTTP/1.1, headers, an empty line, the body", f.file)
	}
	body, err := io.ReadAll(r.Body)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, usageError("the body in %s is shorter than its headers say: it was not saved as it came", f.file)
	}
	if err != nil {
		return nil, usageError("the body in %s: %w", f.file, err)
	}
	if r.Header.Get("Content-Length") == "" && len(r.TransferEncoding) == 0 {
		body, _ = io.ReadAll(rest) // saved without its length; reading from memory does not fail
	}
	return &gate.Delivery{
		Method: r.Method, Path: r.URL.EscapedPath(), RawQuery: r.URL.RawQuery, Host: r.Host, Header: r.Header, Body: body,
	}, nil
}
