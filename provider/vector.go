package provider

import (
	"errors"
	"fmt"
	"time"

	"github.com/hookward/hookward/signature"
)

// What a [Vector] wants.
const (
	WantAccept = "accept" // the delivery is proved and says what the vector says
	WantAnswer = "answer" // it is a handshake or challenge and gets the vector's answer
	WantReject = "reject" // it is refused for the vector's reason
)

// Where a [Vector] is from.
const (
	FromPublished = "published" // the provider or a library has published it
	FromComputed  = "computed"  // it was computed for the file
)

// Vector is a request with a known outcome, run by the tests.
type Vector struct {
	Name string `json:"name"`
	// From is published or computed: how much the vector says about the provider.
	From string `json:"from"`
	// Published is where the request and its signature were published, by the
	// provider or in a library.
	Published string `json:"published,omitempty"`
	// At is the time of arrival; zero where it does not matter.
	At time.Time `json:"at,omitzero"`
	// Secret lists the configured keys. A handshake comes to an armed slot.
	Secret signature.Strings `json:"secret,omitempty"`
	// Const sets the provider's constants.
	Const map[string]string `json:"const,omitempty"`
	// URL is the public URL as registered; its path and query are the request's.
	URL string `json:"url,omitempty"`
	// Route is the captured event segment.
	Route string `json:"route,omitempty"`
	// Method of the request. Default: POST.
	Method string `json:"method,omitempty"`
	// Header holds the request's header fields.
	Header map[string]signature.Strings `json:"header,omitempty"`
	// Body is the request's body.
	Body string `json:"body,omitempty"`
	// BodyBase64 is the body in base64, instead of Body.
	BodyBase64 string `json:"body_base64,omitempty"`
	// Want is accept, answer or reject.
	Want string `json:"want"`
	// Reason is why it is rejected.
	Reason string `json:"reason,omitempty"`
	// Answer is the expected answer to a handshake or challenge, with the value
	// filled in.
	Answer *Answer `json:"answer,omitempty"`
	// Type, ID, Time and Subject are what an accepted event says. What is left out
	// is not compared.
	Type    string    `json:"type,omitempty"`
	ID      string    `json:"id,omitempty"`
	Time    time.Time `json:"time,omitzero"`
	Subject string    `json:"subject,omitempty"`
}

func (v *Vector) check() error {
	switch {
	case v.From != FromPublished && v.From != FromComputed:
		return keyed("from", fmt.Errorf("%q: want published or computed", v.From))
	case v.From == FromPublished && v.Published == "":
		return keyed("published", errors.New("it is needed: where was the vector published?"))
	case v.From == FromComputed && v.Published != "":
		return keyed("published", errors.New("a vector that was computed was not published"))
	}
	return nil
}
