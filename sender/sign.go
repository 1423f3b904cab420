package sender

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/hookward/hookward/signature"
)

// maxSignatures is how many signatures one header holds. Those who verify bound
// their work, and refuse more.
const maxSignatures = 16

// signing is how attempts are proved by the schemes of a profile.
type signing struct {
	schemes   []signature.Scheme
	room      int
	idHeaders []string
}

func newSigning(schemes []signature.Scheme) *signing {
	return &signing{schemes: schemes, room: room(schemes), idHeaders: idHeaders(schemes)}
}

// attemptSigner proves attempts at one endpoint. It keeps the signer with the secrets
// that signed last, for to make one costs more than to sign. It is safe for concurrent
// use.
type attemptSigner struct {
	*signing

	mu      sync.Mutex
	secrets []Secret
	signer  *signature.Signer
}

// room is how many secrets can sign one attempt: as many as the tightest of the
// schemes can put into a request.
func room(schemes []signature.Scheme) int {
	least := maxSignatures
	for i := range schemes {
		s := &schemes[i]
		if s.Separator == "" {
			least = min(least, max(1, len(s.Header)+len(s.Query)+len(s.Form)+len(s.JSON)))
		}
	}
	return least
}

// idHeaders lists the headers in which the schemes sign the event's id.
func idHeaders(schemes []signature.Scheme) []string {
	var names []string
	for i := range schemes {
		if id := schemes[i].ID; id.Source == signature.Header && !slices.Contains(names, id.Name) {
			names = append(names, id.Name)
		}
	}
	return names
}

// sign sets what proves the attempt, by all secrets that have not expired. Where
// there is room for fewer signatures the oldest secrets make them, so that those
// who receive have until these expire to learn the new ones. With schemes and
// without a secret there is no unsigned attempt but an error, which wraps
// [signature.ErrCannotSign].
func (a *attemptSigner) sign(req *http.Request, body []byte, eventID string, secrets []Secret, at time.Time) error {
	if len(a.schemes) == 0 {
		return nil
	}
	signer, err := a.signerWith(oldestSecrets(liveSecrets(secrets, at), a.room))
	if err != nil {
		return err
	}
	for _, name := range a.idHeaders {
		req.Header.Set(name, eventID)
	}
	proofs, err := signer.Sign(&outgoing{req: req, body: body}, at)
	if err != nil {
		return err
	}
	return setProofs(req, proofs)
}

// liveSecrets returns the secrets that have not expired.
func liveSecrets(secrets []Secret, at time.Time) []Secret {
	expired := func(s Secret) bool { return !s.ExpiresAt.IsZero() && !at.Before(s.ExpiresAt) }
	if !slices.ContainsFunc(secrets, expired) {
		return secrets
	}
	return slices.DeleteFunc(slices.Clone(secrets), expired)
}

// oldestSecrets returns at most n of the secrets, those that were made first.
func oldestSecrets(secrets []Secret, n int) []Secret {
	if len(secrets) <= n {
		return secrets
	}
	byAge := slices.Clone(secrets)
	slices.SortStableFunc(byAge, func(a, b Secret) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return byAge[:n]
}

// signerWith returns a signer with these secrets.
func (a *attemptSigner) signerWith(secrets []Secret) (*signature.Signer, error) {
	if len(secrets) == 0 {
		return nil, fmt.Errorf("%w: the subscription has no live secret", signature.ErrCannotSign)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if slices.Equal(a.secrets, secrets) {
		return a.signer, nil
	}
	signer, err := a.newSigner(secrets)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", signature.ErrCannotSign, err)
	}
	a.secrets, a.signer = secrets, signer
	return signer, nil
}

func (a *signing) newSigner(secrets []Secret) (*signature.Signer, error) {
	keys := make([]signature.Key, len(secrets))
	for i, s := range secrets {
		keys[i] = signature.Key{ID: s.ID, Secret: s.Value}
	}
	return signature.NewSigner(a.schemes, keys)
}

// try tells whether attempts can be signed with these secrets, as far as that does not
// depend on the event.
func (a *signing) try(secrets []Secret, at time.Time) error {
	signer, err := a.newSigner(secrets)
	if err != nil {
		return err
	}
	req := &http.Request{Method: http.MethodPost, URL: &url.URL{Scheme: "https", Host: "example.com"}, Header: make(http.Header)}
	for _, name := range a.idHeaders {
		req.Header.Set(name, "evt_1")
	}
	proofs, err := signer.Sign(&outgoing{req: req, body: []byte("{}")}, at)
	if _, lacks := errors.AsType[signature.Reason](err); lacks {
		return nil // an event may have what this one has not
	}
	if err != nil {
		return err
	}
	if err := setProofs(req, proofs); err != nil {
		return err
	}
	for name, values := range req.Header {
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(values[0]) {
			return fmt.Errorf("%w: %w: %s", signature.ErrCannotSign, errNoHeader, name)
		}
	}
	return nil
}

var (
	errNoPlace  = errors.New("a proof within the body would change it")
	errNoHeader = errors.New("no header takes the proof")
)

func setProofs(req *http.Request, proofs []signature.Proof) error {
	for _, p := range proofs {
		switch p.Field.Source {
		case signature.Header:
			req.Header.Set(p.Field.Name, p.Value)
		case signature.Query:
			addQuery(req.URL, p.Field.Name, p.Value)
		default:
			return fmt.Errorf("%w: %s: %w", signature.ErrCannotSign, p.Field, errNoPlace)
		}
	}
	return nil
}

// addQuery leaves the parameters of the endpoint as they are, in their order.
func addQuery(u *url.URL, name, value string) {
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += url.QueryEscape(name) + "=" + url.QueryEscape(value)
}
