package caddymodule

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/provider"
)

// verifiedHeader tells the upstream whether a delivery was proved.
const verifiedHeader = "Hookward-Verified"

// forward hands a delivery to the next handler, as an event where it was proved.
func (h *Handler) forward(rec *recorder, r *http.Request, next caddyhttp.Handler, d *gate.Delivery, v *gate.Verdict) error {
	if v.Outcome == gate.Unproved {
		return h.forwardUnproved(rec, r, next, v)
	}
	return h.forwardEvent(rec, r, next, d, v)
}

// forwardEvent hands on an event and ends the claim by its outcome.
func (h *Handler) forwardEvent(rec *recorder, r *http.Request, next caddyhttp.Handler, d *gate.Delivery, v *gate.Verdict) (err error) {
	rec.success, rec.handedOn = v.SuccessHeader, true
	start := time.Now()
	defer func() { h.settle(r, v, rec, time.Since(start)) }()
	defer func() {
		if cause := recover(); cause != nil {
			err = h.panicked(rec, cause)
		}
	}()

	h.clean(r)
	if err := h.describe(r, d.Body, v.Event); err != nil {
		rec.Header().Set("Retry-After", retryAfter)
		return caddyhttp.Error(http.StatusServiceUnavailable, err)
	}
	return h.run(rec, r, next)
}

// forwardUnproved hands on what an endpoint that only reports could not prove. It
// carries no event and no signature of ours.
func (h *Handler) forwardUnproved(rec *recorder, r *http.Request, next caddyhttp.Handler, v *gate.Verdict) error {
	h.recordRefusal(rec, r, v)
	h.clean(r)
	r.Header.Set(verifiedHeader, "false")
	return h.run(rec, r, next)
}

// run calls the next handler. A chain that nobody ends would be answered 200 by
// Caddy, and the event would be lost.
func (h *Handler) run(rec *recorder, r *http.Request, next caddyhttp.Handler) error {
	err := next.ServeHTTP(rec, r)
	unhandled, _ := caddyhttp.GetVar(r.Context(), "unhandled").(bool)
	if err == nil && unhandled && rec.status == 0 {
		err = rec.fail(gate.UpstreamUnhandled, errUnhandled)
	}
	if r.Context().Err() == nil {
		rec.returned(err)
	}
	return err
}

// settle ends the claim: on success the delivery is done; a client that left takes
// no answer with it, so the next copy starts anew; all else is a failure. So is an
// answer that breaks off: the provider cannot take it for a success either.
func (h *Handler) settle(r *http.Request, v *gate.Verdict, rec *recorder, took time.Duration) {
	left := r.Context().Err() != nil
	succeeded := rec.succeeded() && (rec.whole || left)
	h.recordForwarded(v, rec, succeeded, took)
	if v.Claim == nil {
		return
	}
	switch {
	case succeeded:
		v.Claim.Commit(rec.answer)
	case left:
		v.Claim.Abandon()
	default:
		v.Claim.Release(rec.failure)
	}
}

// clean removes what the client may not say to the upstream in our name, and the
// provider's bearer secrets. The map stays the same one: where a handler before us
// has copied the request, Caddy's placeholders for headers read it through the
// request that was copied.
func (h *Handler) clean(r *http.Request) {
	for name := range r.Header {
		if h.strips(name) {
			delete(r.Header, name)
		}
	}
	r.URL.RawQuery = withoutParameters(r.URL.RawQuery, h.strip.queries)
	// FastCGI and the orig_uri placeholders take the URL from here.
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok {
		original.URL.RawQuery = withoutParameters(original.URL.RawQuery, h.strip.queries)
	}
}

// disarm makes a refused request harmless for an error route, which may well end in
// the application: it carries no event, no secret and no body.
func (h *Handler) disarm(r *http.Request) {
	h.clean(r)
	r.Header.Set(verifiedHeader, "false")
	r.Header.Del("Content-Length")
	r.Body, r.ContentLength, r.TransferEncoding, r.Trailer = http.NoBody, 0, nil, nil
}

func (h *Handler) strips(name string) bool {
	switch {
	case strings.HasPrefix(name, "Ce-"), strings.HasPrefix(name, "Hookward-"):
		return true
	case name == "Expect":
		return true // the body is here: nobody upstream is to be asked whether to send it
	case name == "Connection":
		return true // a proxy drops the headers that this one names, which could be ours
	case h.signer != nil && strings.HasPrefix(name, "Webhook-"):
		return true
	}
	return slices.Contains(h.strip.headers, name)
}

// strip is what never goes upstream.
type strip struct{ headers, queries []string }

func newStrip(p *provider.Provider, tokens []Token) strip {
	headers, queries := p.Bearer()
	for _, t := range tokens {
		switch t.Place {
		case gate.TokenInHeader:
			headers = append(headers, http.CanonicalHeaderKey(t.Name))
		case gate.TokenInQuery:
			queries = append(queries, t.Name)
		}
	}
	return strip{headers: headers, queries: queries}
}

// withoutParameters removes parameters and leaves the others as they came.
func withoutParameters(query string, names []string) string {
	if len(names) == 0 || query == "" {
		return query
	}
	kept := make([]string, 0, 4)
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil && slices.Contains(names, decoded) {
			continue
		}
		kept = append(kept, pair)
	}
	return strings.Join(kept, "&")
}

// describe writes the event in the endpoint's form and signs it.
func (h *Handler) describe(r *http.Request, body []byte, e *event.Event) error {
	r.Header.Set(verifiedHeader, strconv.FormatBool(e.Scheme != gate.SchemeNone))
	switch h.Emit {
	case EmitBinary:
		e.SetHeaders(r.Header)
	case EmitStructured:
		e.ContentEncoding = contentEncoding(r.Header)
		structured, err := e.Structured(body)
		if err != nil {
			return err
		}
		body = structured
		setBody(r, io.NopCloser(bytes.NewReader(body)), len(body))
		r.Header.Set("Content-Type", event.StructuredContentType)
		r.Header.Del("Content-Encoding")
	}
	if h.signer == nil {
		return nil
	}
	return resign(h.signer, r.Header, e.ID, body)
}

// contentEncoding says how a body is compressed.
func contentEncoding(h http.Header) string {
	encoding := strings.Join(h.Values("Content-Encoding"), ", ")
	if strings.EqualFold(encoding, "identity") {
		return ""
	}
	return encoding
}

// setBody gives the request a body, with a length that is true of it. What the
// client sent after the body nobody has checked.
func setBody(r *http.Request, body io.ReadCloser, length int) {
	r.Body = body
	r.Trailer, r.TransferEncoding = nil, nil
	announced := r.Header.Get("Content-Length") != ""
	if announced && r.ContentLength == int64(length) {
		return
	}
	r.ContentLength = int64(length)
	if announced || length > 0 {
		r.Header.Set("Content-Length", strconv.Itoa(length))
	}
}
