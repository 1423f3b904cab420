package signature

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// MaxKeys is how many keys a Verifier or Signer takes.
	MaxKeys = 32
	// maxCandidates bounds the signatures of one header, for each of them is
	// tried with each key.
	maxCandidates = 16
)

// Match says what proved a delivery.
type Match struct {
	// KeyID names the key.
	KeyID string
	// Scheme is the index of the scheme in the list given to [NewVerifier].
	Scheme int
	// Timestamp is the signed time of sending; zero where the scheme has none.
	Timestamp time.Time
}

// Verifier checks proofs by a list of schemes, any of which may prove a
// delivery. It is safe for concurrent use.
type Verifier struct {
	schemes []schemeVerifier
	keyed   bool // there is a key
}

// schemeVerifier is one scheme with the keys that it can use.
type schemeVerifier struct {
	*compiled
	index int
	keys  []verifyKey
}

type verifyKey struct {
	id string
	checker
}

// checker tries the candidates of a state with one key.
type checker interface {
	check(s *state) (proved bool, reason Reason)
}

// NewVerifier checks the schemes and keys and prepares them. Every key must be
// usable by at least one scheme. Without keys every delivery is refused with
// [NoKey]. Errors wrap [ErrInvalidScheme] or [ErrInvalidKey].
func NewVerifier(schemes []Scheme, keys []Key) (*Verifier, error) {
	all, err := compileAll(schemes)
	if err != nil {
		return nil, err
	}
	v := &Verifier{schemes: make([]schemeVerifier, len(all)), keyed: len(keys) > 0}
	for i, c := range all {
		v.schemes[i] = schemeVerifier{compiled: c, index: i}
	}
	err = assign(all, keys, func(i int, k Key) error {
		checker, err := all[i].newChecker(k)
		if err == nil {
			v.schemes[i].keys = append(v.schemes[i].keys, verifyKey{k.ID, checker})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

func compileAll(schemes []Scheme) ([]*compiled, error) {
	if len(schemes) == 0 {
		return nil, fmt.Errorf("%w: there is none", ErrInvalidScheme)
	}
	all := make([]*compiled, len(schemes))
	for i := range schemes {
		c, err := schemes[i].compile()
		if err != nil {
			return nil, err
		}
		all[i] = c
	}
	return all, nil
}

// assign gives every key to the schemes that can use it: those that name its
// prefix if there are any, else those that name no prefix, else all.
func assign(schemes []*compiled, keys []Key, use func(i int, k Key) error) error {
	if len(keys) > MaxKeys {
		return fmt.Errorf("%w: %d keys, at most %d are taken", ErrInvalidKey, len(keys), MaxKeys)
	}
	for _, k := range keys {
		chosen := schemesFor(k.Secret, schemes)
		if mixed(schemes, chosen) {
			return fmt.Errorf("%w %q: it may be a shared secret or a public key: %s", ErrInvalidKey, k.ID, howToTell(schemes))
		}
		var failures []error
		used := false
		for _, i := range chosen {
			if err := use(i, k); err != nil {
				failures = append(failures, err)
				continue
			}
			used = true
		}
		if !used {
			return errors.Join(failures...)
		}
	}
	return nil
}

func schemesFor(secret string, schemes []*compiled) []int {
	var prefixed, plain []int
	all := make([]int, len(schemes))
	for i, c := range schemes {
		all[i] = i
		if len(c.KeyPrefix) == 0 {
			plain = append(plain, i)
		} else if _, found := c.stripKeyPrefix(secret); found {
			prefixed = append(prefixed, i)
		}
	}
	switch {
	case len(prefixed) > 0:
		return prefixed
	case len(plain) > 0:
		return plain
	}
	return all
}

// mixed tells whether a key would be used both as a shared secret and as a public
// key. Whoever knows the public key could then sign with it as the secret.
func mixed(schemes []*compiled, chosen []int) bool {
	return slices.ContainsFunc(chosen, func(i int) bool {
		return schemes[i].isPublicKey() != schemes[chosen[0]].isPublicKey()
	})
}

// howToTell says what to do about a key that is mixed.
func howToTell(schemes []*compiled) string {
	var secret, public []string
	for _, c := range schemes {
		if c.isPublicKey() {
			public = append(public, c.KeyPrefix...)
		} else {
			secret = append(secret, c.KeyPrefix...)
		}
	}
	if len(secret) == 0 || len(public) == 0 {
		return "tell them apart by key_prefix"
	}
	return fmt.Sprintf("write it with its prefix, %s if it is a secret, %s if it is a key of a pair",
		strings.Join(secret, " or "), strings.Join(public, " or "))
}

// Covers tells what the scheme with this index binds: [CoversBody] or [CoversOrigin].
func (v *Verifier) Covers(scheme int) string { return v.schemes[scheme].Covers }

// Verify checks the request at a point in time. The error, where there is one,
// is a [Reason].
func (v *Verifier) Verify(req Request, now time.Time) (Match, error) {
	if !v.keyed {
		return Match{}, NoKey
	}
	var worst Reason
	for i := range v.schemes {
		m, reason := v.schemes[i].verify(req, now)
		if reason == "" {
			return m, nil
		}
		worst = furthest(worst, reason)
	}
	return Match{}, worst
}

// Precheck makes the checks that need neither body nor keys, so that a request
// that cannot pass is refused before its body is read. The error is a [Reason].
func (v *Verifier) Precheck(req Request, now time.Time) error {
	var worst Reason
	for i := range v.schemes {
		reason := v.schemes[i].precheck(req, now)
		if reason == "" {
			return nil
		}
		worst = furthest(worst, reason)
	}
	return worst
}

// state is the scratch space of one verification.
type state struct {
	*compiled
	content    content
	sink       sink
	candidates [maxCandidates][]byte
	count      int
	decoded    []byte
	text       []byte
	sum        []byte
}

var states = sync.Pool{New: func() any { return new(state) }}

func (c *compiled) begin(req Request) *state {
	s := states.Get().(*state)
	s.compiled = c
	s.content = content{req: req, proves: true, id: c.ID, syntax: &c.syntax}
	return s
}

// end forgets everything of the request before the state goes back to the pool.
func (s *state) end() {
	s.compiled = nil
	s.content = content{}
	s.sink.release()
	states.Put(s)
}

func (v *schemeVerifier) verify(req Request, now time.Time) (Match, Reason) {
	s := v.begin(req)
	defer s.end()
	var worst Reason
	for _, holder := range v.holders {
		m, reason := v.verifyHolder(s, holder, now)
		if reason == "" {
			return m, ""
		}
		worst = furthest(worst, reason)
	}
	return Match{}, worst
}

func (v *schemeVerifier) verifyHolder(s *state, holder Field, now time.Time) (Match, Reason) {
	if reason := s.gather(holder); reason != "" {
		return Match{}, reason
	}
	at, reason := s.checkTimestamp(now)
	if reason != "" {
		return Match{}, reason
	}
	if len(v.keys) == 0 {
		return Match{}, NoKey
	}
	var worst Reason
	for i := range v.keys {
		proved, reason := v.keys[i].check(s)
		if proved {
			return Match{KeyID: v.keys[i].id, Scheme: v.index, Timestamp: at}, ""
		}
		worst = furthest(worst, reason)
	}
	return Match{}, worst
}

func (v *schemeVerifier) precheck(req Request, now time.Time) Reason {
	s := v.begin(req)
	defer s.end()
	var worst Reason
	for _, holder := range v.holders {
		if holder.inBody() {
			return ""
		}
		reason := s.gather(holder)
		if reason == "" && !s.Timestamp.inBody() {
			_, reason = s.checkTimestamp(now)
		}
		if reason == "" {
			return ""
		}
		worst = furthest(worst, reason)
	}
	return worst
}

// gather reads one holder and decodes the signatures in it. Those that cannot be
// decoded are passed over where others can.
func (s *state) gather(holder Field) Reason {
	header, reason := s.proof(holder)
	if reason != "" {
		return reason
	}
	s.content.holder, s.content.header = holder, header
	if reason := s.content.missing(&s.Content); reason != "" {
		return reason
	}
	rest, found := s.compiled.syntax.strip(header)
	if !found {
		return HeaderMalformed
	}
	s.count, s.decoded = 0, s.decoded[:0]
	worst := HeaderMalformed
	for position := 0; rest != ""; {
		var name, value string
		name, value, rest = s.compiled.syntax.next(rest, &position)
		if !s.compiled.syntax.isSignature(name) || value == "" {
			continue
		}
		if s.count == maxCandidates {
			return HeaderMalformed
		}
		worst = furthest(worst, s.decode(value))
	}
	if s.count == 0 {
		return worst
	}
	return ""
}

// proof reads the value of a holder. A header that is a list separated by commas
// may come as several lines, see RFC 9110, section 5.3.
func (s *state) proof(holder Field) (string, Reason) {
	value, reason := s.content.lookup(holder, false)
	if reason == HeaderRepeated && holder.Source == Header && strings.Contains(s.Separator, ",") {
		value = strings.Join(s.content.req.Values(Header)[holder.Name], ",")
		if value != "" {
			reason = ""
		}
	}
	if len(value) > maxField {
		return "", HeaderTooLong
	}
	if reason != "" || s.Wrapping == "" {
		return value, reason
	}
	inner, err := s.Wrapping.appendDecode(nil, []byte(value))
	if err != nil {
		return "", Undecodable
	}
	return string(inner), ""
}

func (s *state) decode(value string) Reason {
	s.text = append(s.text[:0], value...)
	start := len(s.decoded)
	decoded, err := s.Encoding.appendDecode(s.decoded, s.text)
	if err != nil {
		return Undecodable
	}
	s.decoded = decoded
	candidate := decoded[start:]
	if s.size > 0 && len(candidate) != s.size {
		return WrongLength
	}
	s.candidates[s.count] = candidate
	s.count++
	return ""
}

// checkTimestamp finds the timestamp, keeps its text for the content and
// compares it with the clock.
func (s *state) checkTimestamp(now time.Time) (time.Time, Reason) {
	t := s.Timestamp
	if t == nil {
		return time.Time{}, ""
	}
	from := t.From
	if t.Item != "" {
		from = Field{Source: Item, Name: t.Item}
	}
	text, reason := s.content.lookup(from, true)
	if reason != "" {
		return time.Time{}, reason
	}
	s.content.timestamp = text
	return t.check(text, now)
}
