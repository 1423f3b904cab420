package sender

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// secretSize is the length of a new secret in bytes, before it is encoded. Standard
// Webhooks wants 24 to 64.
const secretSize = 32

// The prefixes of Standard Webhooks' secrets and keys.
const (
	sharedSecretPrefix = "whsec_"
	privateKeyPrefix   = "whsk_"
	publicKeyPrefix    = "whpk_"
)

// StandardWebhooks signs as https://www.standardwebhooks.com does with shared
// secrets (v1): the event's id, the time of the attempt and the body, by
// HMAC-SHA256. Each secret signs by its kind, so those who change over from
// [StandardWebhooksAsymmetric] or to it send both signatures while both secrets live.
func StandardWebhooks() Profile {
	return Profile{
		Name:      "standard-webhooks",
		Schemes:   catalogued("standard-webhooks"),
		NewSecret: newSharedSecret,
	}
}

// StandardWebhooksAsymmetric signs as Standard Webhooks does with key pairs (v1a),
// by Ed25519. The secrets are private keys and stay with the sender: endpoints get
// what [PublicKey] makes of them.
func StandardWebhooksAsymmetric() Profile {
	return Profile{
		Name:      "standard-webhooks-asymmetric",
		Schemes:   catalogued("standard-webhooks"),
		NewSecret: newPrivateKey,
	}
}

// HookSignature signs as REST Hooks do (https://resthooks.org/docs/security/): the
// body alone, by HMAC-SHA256, in hex as X-Hook-Signature. Endpoints learn the secret
// when they are verified, see [HookSecret]. As the header has room for one signature,
// the older of two live secrets makes it.
func HookSignature() Profile {
	return Profile{
		Name:         "hook-signature",
		Schemes:      catalogued("rest-hooks"),
		NewSecret:    newToken,
		Verification: HookSecret(),
	}
}

// SharedSecret sends the secret itself, in a header. It proves who sends to those
// alone who trust the connection, and nothing about the body. As the header has
// room for one secret, the older of two live ones is sent.
func SharedSecret(header string) Profile {
	return Profile{
		Name:      "shared-secret",
		Schemes:   []signature.Scheme{{Type: signature.Secret, Header: signature.Strings{header}}},
		NewSecret: newToken,
	}
}

// PublicKey returns what verifies the signatures of a private key of
// [StandardWebhooksAsymmetric]. It starts with "whpk_" and is no secret.
func PublicKey(secret string) (string, error) {
	encoded, found := strings.CutPrefix(secret, privateKeyPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !found || err != nil || len(key) != ed25519.SeedSize && len(key) != ed25519.PrivateKeySize {
		return "", fmt.Errorf("%w: it is not %s and a private key in base64", ErrInvalid, privateKeyPrefix)
	}
	public := ed25519.NewKeyFromSeed(key[:ed25519.SeedSize])[ed25519.SeedSize:]
	return publicKeyPrefix + base64.StdEncoding.EncodeToString(public), nil
}

// catalogued returns the schemes of a provider that the catalogue always holds, as a
// copy that the caller may change.
func catalogued(name string) []signature.Scheme {
	p, err := provider.Lookup(name)
	if err == nil {
		p, err = p.Resolve(nil)
	}
	if err != nil {
		panic(err) // the catalogue is embedded, and each of its files is tested
	}
	return p.Schemes()
}

func newSharedSecret() (string, error) {
	return sharedSecretPrefix + base64.StdEncoding.EncodeToString(randomBytes()), nil
}

func newPrivateKey() (string, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", err
	}
	return privateKeyPrefix + base64.StdEncoding.EncodeToString(key), nil
}

func newToken() (string, error) { return hex.EncodeToString(randomBytes()), nil }

func randomBytes() []byte {
	b := make([]byte, secretSize)
	_, _ = rand.Read(b) // it never fails
	return b
}
