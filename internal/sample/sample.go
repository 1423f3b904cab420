// Package sample makes up deliveries as a provider sends them, and signs them, for
// those who want to try an endpoint before the provider does.
package sample

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hookward/hookward/provider"
)

// Options describe a delivery.
type Options struct {
	Provider  *provider.Provider
	Event     string // raw type; empty: that of the sample body, else the first in the provider's table
	Body      []byte // nil: the provider's sample body, else one that is made by its rules
	URL       string // may hold {event}
	PublicURL string // as registered with the provider; empty: URL
	ID        string
	At        time.Time // when it is sent
}

// Delivery is a delivery that a provider could have sent.
type Delivery struct {
	Provider  *provider.Provider
	Event     string // raw type
	Route     string // the event, where the path alone names it
	URL       url.URL
	PublicURL string
	Method    string
	Header    http.Header
	Body      string
	Proofs    []Proof // by which it was signed last

	bodyFixed bool // the body is the user's own
	at        time.Time
}

// New makes a delivery that says what the provider's rules look for. It is not
// signed yet. No error quotes the URL, which may hold a token. Errors:
// ErrURL, ErrEvent, ErrNeedsBody.
func New(o Options) (*Delivery, error) {
	d := &Delivery{
		Provider: o.Provider, Event: o.Event, Method: http.MethodPost, at: o.At,
		Header: http.Header{"Content-Type": {"application/json"}},
	}
	if len(o.Provider.Method) > 0 {
		d.Method = o.Provider.Method[0]
	}
	d.chooseEvent()
	if err := d.setURL(o); err != nil {
		return nil, err
	}
	d.setBody(o.Body)
	return d, d.setFacts(o.ID)
}

func (d *Delivery) chooseEvent() {
	if d.Event == "" {
		d.Event = eventOf[d.Provider.Name]
	}
	if d.Event == "" && len(d.Provider.Event.Types) > 0 {
		d.Event = d.Provider.RawTypes()[0]
	}
	if d.Event == "" {
		d.Event = "sample.created"
	}
}

func (d *Delivery) setURL(o Options) error {
	const segment = "{event}"
	parsed, err := url.Parse(strings.ReplaceAll(o.URL, segment, url.PathEscape(d.Event)))
	if err != nil {
		return errors.Unwrap(err) // the whole error would quote the URL, with its token
	}
	if parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return ErrURL
	}
	d.URL, d.PublicURL = *parsed, o.PublicURL
	if d.PublicURL == "" {
		d.PublicURL = o.URL
	}
	d.PublicURL = strings.ReplaceAll(d.PublicURL, segment, d.Event)
	return nil
}

func (d *Delivery) setBody(own []byte) {
	switch {
	case own != nil:
		d.Body, d.bodyFixed = string(own), true
	case d.Event == eventOf[d.Provider.Name]:
		d.Body = bodyOf(d.Provider.Name)
	default:
		d.Body = "{}"
	}
}
