package profile

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/signature"
)

const (
	// maxRequest is the longest body of a call, in bytes.
	maxRequest = 64 << 10
	// maxSubscriptions bounds what the API lets anybody keep here.
	maxSubscriptions = 10_000
)

// api is what the APIs of all providers have in common. A call that cannot be
// authorized learns nothing, not even which calls there are.
type api struct {
	*Server
	mux *http.ServeMux
}

func newAPI(s *Server) http.Handler {
	if s.dialect.routes == nil {
		return http.NotFoundHandler()
	}
	a := &api{s, http.NewServeMux()}
	s.dialect.routes(a, a.mux)
	a.mux.HandleFunc("/", a.call(func(http.ResponseWriter, *http.Request) error {
		return &failure{status: http.StatusNotFound, message: "there is no such call"}
	}))
	return a
}

// ServeHTTP implements [http.Handler].
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !a.dialect.credential.holds(r.Header, a.credential) {
		a.refuse(w, &failure{status: http.StatusUnauthorized, message: "the credential is missing or wrong"})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	a.mux.ServeHTTP(w, r)
}

// credentialPlace is a header, and what stands before the credential in it.
type credentialPlace struct {
	header string
	scheme string
}

var bearer = credentialPlace{header: "Authorization", scheme: "Bearer"}

// holds compares in a time that does not depend on what was given.
func (p credentialPlace) holds(header http.Header, credential string) bool {
	values := header.Values(p.header)
	if len(values) != 1 {
		return false
	}
	given := values[0]
	if p.scheme != "" {
		scheme, rest, _ := strings.Cut(given, " ")
		if !strings.EqualFold(scheme, p.scheme) {
			return false
		}
		given = rest
	}
	return signature.Equal(given, credential)
}

// call is a handler whose error is the answer.
func (a *api) call(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			a.refuse(w, failureOf(err))
		}
	}
}

func (a *api) refuse(w http.ResponseWriter, f *failure) {
	status, body := a.dialect.refusal(f)
	answer(w, status, body)
}

// create subscribes, unless there are too many subscriptions.
func (a *api) create(r *http.Request, w wish) (sender.Subscription, error) {
	all, err := a.all(r.Context()) // one that has ended holds its URL no longer
	if err != nil {
		return sender.Subscription{}, err
	}
	if len(all) >= maxSubscriptions {
		return sender.Subscription{}, &failure{status: http.StatusForbidden, message: "there are too many subscriptions"}
	}
	return a.subscribe(r.Context(), w)
}

// failure is why a call is refused.
type failure struct {
	status  int
	param   string // what was wrong in the request, where that is known
	message string
}

func (f *failure) Error() string { return fmt.Sprintf("%d %s: %s", f.status, f.param, f.message) }

// failureOf says what an error means to the caller. What is not the caller's to know
// stays here.
func failureOf(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &failure{status: http.StatusRequestEntityTooLarge, message: fmt.Sprintf("the body is longer than %d bytes", maxRequest)}
	}
	switch {
	case errors.Is(err, errUnreachable):
		return &failure{status: http.StatusBadRequest, message: "the endpoint cannot be reached"}
	case errors.Is(err, sender.ErrNotFound):
		return &failure{status: http.StatusNotFound, message: "there is no such subscription"}
	case errors.Is(err, sender.ErrURLTaken):
		return &failure{status: http.StatusConflict, message: "another subscription has this url"}
	case errors.Is(err, sender.ErrInvalid), errors.Is(err, sender.ErrForbidden), errors.Is(err, sender.ErrUnverified):
		return &failure{status: http.StatusBadRequest, message: err.Error()}
	case errors.Is(err, sender.ErrClosed):
		return &failure{status: http.StatusServiceUnavailable, message: "the server is closing"}
	default:
		return &failure{status: http.StatusInternalServerError, message: "something is wrong on this side"}
	}
}
