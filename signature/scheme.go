package signature

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrInvalidScheme is wrapped by every error about a [Scheme] that contradicts
// itself or names something unknown.
var ErrInvalidScheme = errors.New("invalid scheme")

// Type is the kind of proof.
type Type string

// The kinds of proof.
const (
	HMAC    Type = "hmac"    // keyed hash of the content, RFC 2104
	Digest  Type = "digest"  // plain hash of a text that holds the {secret}
	Secret  Type = "secret"  // the secret itself, compared
	Basic   Type = "basic"   // HTTP Basic; the key is "user:password"
	Ed25519 Type = "ed25519" // RFC 8032
	ECDSA   Type = "ecdsa"   // P-256 with SHA-256, ASN.1 DER
	RSA     Type = "rsa"     // SHA-256 with PKCS #1 v1.5 or PSS
)

// What a proof covers.
const (
	CoversBody   = "body"   // the body is bound to the proof
	CoversOrigin = "origin" // the sender is known, the body could be anyone's
)

// Scheme says how a provider proves that a delivery is its own.
type Scheme struct {
	// Type is the kind of proof: hmac, digest, secret, basic, ed25519, ecdsa or rsa.
	Type Type `json:"type"`
	// Hash is sha256 (the default), sha1, sha384, sha512 or md5. It counts for
	// hmac and digest; ecdsa and rsa always use sha256.
	Hash Hash `json:"hash,omitempty"`
	// Padding of rsa: pkcs1v15 (the default) or pss.
	Padding string `json:"padding,omitempty"`

	// Header lists the headers that may hold the proof; any of them may prove
	// the delivery.
	Header Strings `json:"header,omitempty"`
	// Query lists query parameters that may hold the proof.
	Query Strings `json:"query,omitempty"`
	// Form lists fields of a form body that may hold the proof.
	Form Strings `json:"form,omitempty"`
	// JSON lists paths in a JSON body that may hold the proof.
	JSON Strings `json:"json,omitempty"`

	// Wrapping is base64 or base64url where the value as a whole is encoded, with
	// prefix and items inside.
	Wrapping Encoding `json:"wrapping,omitempty"`
	// Prefix stands before the proof, such as "sha256=" or "Bearer ".
	Prefix string `json:"prefix,omitempty"`
	// Separator holds the characters that separate several items in one header.
	// Default: the whole value is the proof.
	Separator string `json:"separator,omitempty"`
	// Assign stands between an item's name and its value, as "=" in "v1=abc".
	// Default: items have no names and are known by their position, from 0.
	Assign string `json:"assign,omitempty"`
	// Item lists the names of the items that hold a proof. Default: all but the
	// timestamp's; a sender then names items by the id of their key.
	Item Strings `json:"item,omitempty"`
	// Encoding of the proof: hex, base64, base64url or text. Default: hex;
	// text for secret, base64 for basic. Base64 may be padded or not.
	Encoding Encoding `json:"encoding,omitempty"`

	// Key says how the configured secret becomes the key: text, hex, base64,
	// base64url or pem. Default: text; pem for public keys.
	Key KeyEncoding `json:"key,omitempty"`
	// KeyPrefix lists prefixes of secrets, such as "whsec_", that are removed
	// first. Secrets with such a prefix are used by this scheme alone.
	KeyPrefix Strings `json:"key_prefix,omitempty"`
	// KeyFormat composes the key's text around "{secret}".
	KeyFormat string `json:"key_format,omitempty"`
	// KeyHash hashes the decoded secret to make the key: sha1 or sha256.
	KeyHash Hash `json:"key_hash,omitempty"`

	// Content is the signed content. Default: "{body}".
	Content Template `json:"content,omitzero"`
	// ID is the field that "{id}" stands for in the content. Its value must not hold
	// the character that follows "{id}" there.
	ID Field `json:"id,omitzero"`
	// Timestamp says where the time of sending is and how old it may be.
	Timestamp *Timestamp `json:"timestamp,omitempty"`
	// Covers is body or origin. Default: body where the content holds the body.
	Covers string `json:"covers,omitempty"`
}

// compiled is a checked scheme with its defaults filled in.
type compiled struct {
	Scheme
	holders []Field
	syntax  syntax
	size    int // of a decoded signature in bytes, 0 where it varies
}

// Validate tells what is wrong with the scheme. Errors wrap [ErrInvalidScheme].
func (s *Scheme) Validate() error {
	_, err := s.compile()
	return err
}

func (s *Scheme) compile() (*compiled, error) {
	c := &compiled{Scheme: *s}
	c.setDefaults()
	for _, check := range []func() error{
		c.checkNames, c.findHolders, c.checkItems, c.checkContent, c.checkTimestamp,
	} {
		if err := check(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalidScheme, err)
		}
	}
	c.size = c.signatureSize()
	c.syntax = syntax{
		prefix:     c.Prefix,
		foldPrefix: c.Type == Basic,
		separators: c.Separator,
		assign:     c.Assign,
		signatures: c.Item,
	}
	if c.Timestamp != nil {
		c.syntax.timestamp = c.Timestamp.Item
	}
	return c, nil
}

func (c *compiled) setDefaults() {
	if c.Hash == "" {
		c.Hash = SHA256
	}
	if c.Key == "" {
		c.Key = KeyText
		if c.isPublicKey() {
			c.Key = KeyPEM
		}
	}
	switch c.Type {
	case Basic:
		if c.holderCount() == 0 {
			c.Header = Strings{"Authorization"}
		}
		if c.Prefix == "" {
			c.Prefix = "Basic "
		}
		setDefault(&c.Encoding, Base64)
	case Secret:
		setDefault(&c.Encoding, Text)
	default:
		setDefault(&c.Encoding, Hex)
		if c.Content.IsZero() {
			c.Content = Template{text: "{body}", parts: []part{{kind: bodyPart}}}
		}
	}
	if c.Type == RSA && c.Padding == "" {
		c.Padding = paddingPKCS1v15
	}
	if c.Covers == "" {
		c.Covers = CoversOrigin
		if c.Content.UsesBody() {
			c.Covers = CoversBody
		}
	}
}

func (c *compiled) isPublicKey() bool {
	return c.Type == Ed25519 || c.Type == ECDSA || c.Type == RSA
}

func setDefault(e *Encoding, to Encoding) {
	if *e == "" {
		*e = to
	}
}

func (c *compiled) holderCount() int {
	return len(c.Header) + len(c.Query) + len(c.Form) + len(c.JSON)
}

func (c *compiled) checkNames() error {
	switch c.Type {
	case HMAC, Digest, Secret, Basic, Ed25519, ECDSA, RSA:
	case "":
		return errors.New("type is missing")
	default:
		return fmt.Errorf("unknown type %q", c.Type)
	}
	if c.Padding != "" && (c.Type != RSA || c.Padding != paddingPKCS1v15 && c.Padding != paddingPSS) {
		return fmt.Errorf("padding %q: rsa takes pkcs1v15 or pss, others none", c.Padding)
	}
	if (c.Type == ECDSA || c.Type == RSA) && c.Hash != SHA256 {
		return fmt.Errorf("%s takes sha256 alone", c.Type)
	}
	if c.Covers != CoversBody && c.Covers != CoversOrigin {
		return fmt.Errorf("covers %q: want body or origin", c.Covers)
	}
	if c.KeyFormat != "" && !strings.Contains(c.KeyFormat, "{secret}") {
		return errors.New("key_format does not hold {secret}")
	}
	for _, check := range []error{c.Hash.validate(), c.Encoding.validate(), c.Key.validate()} {
		if check != nil {
			return check
		}
	}
	if c.Encoding == Text && c.Type != Secret {
		return fmt.Errorf("encoding text is for secret, not for %s", c.Type)
	}
	if c.Wrapping != "" && c.Wrapping != Base64 && c.Wrapping != Base64URL {
		return fmt.Errorf("wrapping %q: want base64 or base64url", c.Wrapping)
	}
	if c.Key == KeyPEM && !c.isPublicKey() {
		return fmt.Errorf("key pem is for public keys, not for %s", c.Type)
	}
	if c.KeyHash != "" {
		return c.KeyHash.validate()
	}
	return nil
}

func (c *compiled) findHolders() error {
	for _, place := range []struct {
		source Source
		names  Strings
	}{{Header, c.Header}, {Query, c.Query}, {Form, c.Form}, {JSON, c.JSON}} {
		for _, name := range place.names {
			f, err := ParseField(string(place.source) + ":" + name)
			if err != nil {
				return err
			}
			c.holders = append(c.holders, f)
		}
	}
	if len(c.holders) == 0 {
		return errors.New("no header, query, form or json holds the proof")
	}
	return nil
}

func (c *compiled) checkItems() error {
	if c.Separator == "" && c.Assign == "" && len(c.Item) > 0 {
		return errors.New("item needs separator or assign")
	}
	if strings.ContainsAny(c.Separator, c.Assign) {
		return errors.New("assign and separator share a character")
	}
	if !isASCII(c.Separator) {
		return errors.New("separator takes ASCII characters")
	}
	if c.Assign != "" {
		return nil
	}
	for _, name := range c.Item {
		if err := checkPosition(name); err != nil {
			return err
		}
	}
	if c.Timestamp == nil || c.Timestamp.Item == "" {
		return nil
	}
	return checkPosition(c.Timestamp.Item)
}

func checkPosition(name string) error {
	if len(name) != 1 || name[0] < '0' || name[0] > '9' {
		return fmt.Errorf("item %q: without assign, items are known by their positions, 0 to 9", name)
	}
	return nil
}

func (c *compiled) checkContent() error {
	usesSecret := c.Content.uses(func(p part) bool { return p.kind == secretPart })
	switch {
	case (c.Type == Secret || c.Type == Basic) && !c.Content.IsZero():
		return fmt.Errorf("%s signs no content", c.Type)
	case c.Type == Digest && !usesSecret:
		return errors.New("the content of a digest must hold {secret}")
	case c.Type != Digest && usesSecret:
		return fmt.Errorf("the content of %s must not hold {secret}", c.Type)
	case !c.Content.IsZero() && !c.Content.uses(part.varies):
		return errors.New("the content is the same for every request")
	case c.Content.uses(func(p part) bool { return p.kind == idPart }) && c.ID.IsZero():
		return errors.New("content holds {id} and id is not set")
	case c.Content.uses(func(p part) bool { return p.kind == timestampPart }) && c.Timestamp == nil:
		return errors.New("content holds {timestamp} and timestamp is not set")
	}
	return nil
}

func (c *compiled) checkTimestamp() error {
	if c.Timestamp == nil {
		return nil
	}
	if c.Timestamp.Item != "" && c.Separator == "" {
		return errors.New("timestamp.item needs separator")
	}
	if slices.Contains(c.Item, c.Timestamp.Item) && c.Timestamp.Item != "" {
		return errors.New("one item cannot hold both the timestamp and the proof")
	}
	t := *c.Timestamp // the defaults are filled into a copy
	if err := t.validate(); err != nil {
		return err
	}
	c.Timestamp = &t
	return nil
}

// UnsignedTimestamp tells whether the timestamp is checked but not part of the
// signed content, so that it stops accidents and no attacker.
func (s *Scheme) UnsignedTimestamp() bool {
	if s.Timestamp == nil || s.Content.uses(func(p part) bool { return p.kind == timestampPart }) {
		return false
	}
	return s.Timestamp.Item != "" || !s.CoversField(s.Timestamp.From)
}

// CoversAll tells whether a proof by this scheme binds all fields of a query or body,
// whatever their names.
func (s *Scheme) CoversAll(source Source) bool {
	c, err := s.compile()
	if err != nil {
		return false
	}
	all := Field{Source: source}
	return c.Content.uses(func(p part) bool {
		switch {
		case p.cut:
			return false
		case p.kind == bodyPart, p.kind == fieldPart && p.field.Source == BodySHA256:
			return all.inBody()
		default:
			return (p.kind == fieldPart || p.kind == sortedPart) && p.field == all
		}
	})
}

// CoversField tells whether a proof by this scheme binds the field.
func (s *Scheme) CoversField(f Field) bool {
	c, err := s.compile()
	if err != nil {
		return false
	}
	if f.Source == URL || f.Source == Const {
		return true // from the configuration
	}
	if f.inBody() && c.Covers == CoversBody {
		return true
	}
	return c.Content.uses(func(p part) bool {
		switch p.kind {
		case fieldPart:
			return p.field == f && !p.cut
		case idPart:
			return c.ID == f
		case timestampPart:
			return c.Timestamp.From == f
		case sortedPart:
			return p.field.Source == f.Source && !p.cut
		default:
			return false
		}
	})
}
