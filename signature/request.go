package signature

import "net/url"

// Request is what a scheme may read of a request. Implementations answer from
// memory: verification never reads from the network.
type Request interface {
	// Body returns the body bytes exactly as they came. They are not changed
	// and not kept.
	Body() []byte
	// Lookup returns the first value of a field and how many values there are.
	// A count of 0 means that the field is absent.
	Lookup(f Field) (value string, count int)
	// Values returns all headers, all parameters of the query or of a form body, or
	// all members of a JSON object; none of an empty query, body or object. It is nil
	// where they cannot be told, as of a body that is no form: what proves that there
	// are none proves nothing of parameters that another reader finds.
	Values(s Source) url.Values
	// Readable tells whether all fields of a source were found. They were not where
	// a query, form or document is broken, or the body is of another kind: another
	// reader may find there what is missing here. An empty body is readable.
	Readable(s Source) bool
}
