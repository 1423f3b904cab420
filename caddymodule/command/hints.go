package command

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/signature"
)

// hints say in plain words what is usually behind a reason.
var hints = map[gate.Reason]string{
	signature.HeaderMissing: "A header or parameter that holds the proof, or is part of what is signed, is absent. " +
		"Is the secret set at the provider? Did a proxy, or the tool that saved the request, drop headers?",
	signature.HeaderRepeated:     "A header or parameter that must be there once came several times. A proxy may have added one.",
	signature.HeaderTooLong:      "A header or parameter is longer than 4 KiB. It was not made by the provider.",
	signature.HeaderMalformed:    "The header with the proof does not look as this provider writes it. Is it another provider, or an older version of its scheme?",
	signature.Undecodable:        "The signature is not in the encoding that this provider uses. Was it cut off, or encoded once more?",
	signature.WrongLength:        "The signature has the wrong length for its algorithm. Was it cut off, or made with another hash?",
	signature.TimestampMissing:   "This provider signs the time of sending, and there is none. Was its header saved with the request?",
	signature.TimestampMalformed: "The time of sending is not written as this provider writes it.",
	signature.TimestampTooOld: "The delivery was sent longer ago than the tolerance allows. For a saved request, give the time of its arrival by --at. " +
		"Otherwise compare the clocks, or raise `tolerance`.",
	signature.TimestampTooNew: "The delivery was sent in the future. Compare the clocks.",
	signature.NoKey:           "There is no key that this proof could be checked with. Is it the right kind of secret for this provider?",
	signature.Mismatch: "All is well formed, but no key gives this signature. Is it the secret of this very subscription? " +
		"Is the body, byte for byte, what the provider sent, or was it parsed and written anew? Is the key to be decoded, or taken as text?",

	gate.WrongMethod: "This provider does not send with this method.",
	gate.WrongPath: "The path is not exactly that of the endpoint: letter case, a slash at the end and escaped characters count. " +
		"Give the URL to which the delivery went by --url.",
	gate.UnknownEvent:    "The event in the path is not on the endpoint's list. Add it to `events`.",
	gate.UnknownSlot:     "The slot in the path is not on the endpoint's list. Add it to `slots`.",
	gate.TokenMissing:    "The endpoint's token is not in the request. Is it part of the URL that is registered with the provider? Give that URL by --url.",
	gate.TokenMismatch:   "The token is not the endpoint's.",
	gate.ContentMismatch: "The proof is good, but the content is not what this provider sends to this endpoint. Does `public_url`, or --url, agree with the URL that is registered?",
	gate.BodyNotJSON:     "The body is not JSON, in which this provider's events are.",

	gate.BodyTooLarge:     "The body is larger than `max_body`.",
	gate.BodyTooSlow:      "The body took longer than 10 s to arrive.",
	gate.BodyIncomplete:   "The connection ended before the body was complete.",
	gate.HandshakeUnarmed: "This is a handshake, and it is answered by a slot that is armed. Run `caddy hookward arm`, then let the provider make it again.",
	gate.HandshakeLocked:  "This is a handshake, and the slot holds another secret already. If the subscription was made anew, run `caddy hookward arm` first.",
	gate.HandshakeRefused: "The handshake's secret is not one value of 1 to 512 visible ASCII characters.",
	gate.ChallengeRefused: "The text that the challenge wants back is not there, or is no short text of printable ASCII characters; or a MAC is asked for of another text than letters, digits, hyphens and underscores.",

	gate.StoreUnavailable:  "The store could not be used. The server's log says why.",
	gate.SecretAwaited:     "The subscription is being made, and its secret is not known yet.",
	gate.TooManyChallenges: "More challenges came at once than are answered with a MAC.",
	gate.TooManyInFlight:   "Too many deliveries are being forwarded at once.",
	gate.TooManyWaiting:    "Too many copies are waiting for the first one's answer.",
	gate.WaitedTooLong:     "The first copy was not answered in time.",
	gate.FirstFailed:       "The first copy failed while this one waited for it.",
	gate.BudgetExceeded:    "The bodies of other deliveries take all the memory that `max_inflight` allows.",
	gate.UpstreamUnhandled: "No handler after `hookward` has answered.",
	gate.Panicked:          "Something has panicked, in Hookward or in a handler after it. The log says where.",
}

// hintFor tells what may be wrong with a delivery that was refused. Where the
// signature does not match, it looks for what would make it match.
func hintFor(ctx context.Context, cfg gate.Config, d *gate.Delivery, reason gate.Reason) string {
	if reason == signature.Mismatch {
		if found := findRemedy(ctx, cfg, d); found != "" {
			return found
		}
	}
	return hints[reason]
}

// remedy is a usual mistake, undone. Its change tells whether there was anything to undo.
type remedy struct {
	diagnosis string
	change    func(cfg *gate.Config, d *gate.Delivery) bool
}

var remedies = []remedy{
	{
		"The signature matches without the newline at the end of the body: the tool that saved the body has added it.",
		changeBody(func(body []byte) []byte { return bytes.TrimSuffix(bytes.TrimSuffix(body, []byte("\n")), []byte("\r")) }),
	},
	{
		"The signature matches with a newline at the end of the body: it was lost when the body was saved.",
		changeBody(func(body []byte) []byte { return append(slices.Clip(body), '\n') }),
	},
	{
		"The signature matches with line ends as LF: something has turned them into CR LF.",
		changeBody(func(body []byte) []byte { return bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")) }),
	},
	{
		"The signature matches with line ends as CR LF: something has turned them into LF.",
		changeBody(func(body []byte) []byte { return bytes.ReplaceAll(body, []byte("\n"), []byte("\r\n")) }),
	},
	{
		"The signature matches the same JSON without white space: the body was parsed and written anew on its way.",
		changeBody(compactJSON),
	},
	{
		"The signature matches without the white space around the secret: take it out of where the secret is kept.",
		changeKeys(strings.TrimSpace),
	},
	{
		"The signature matches if the key is the secret's text: use `override signature.key text`.",
		decodeKeyAs(signature.KeyText),
	},
	{
		"The signature matches if the key is decoded from hex: use `override signature.key hex`.",
		decodeKeyAs(signature.KeyHex),
	},
	{
		"The signature matches if the key is decoded from base64: use `override signature.key base64`.",
		decodeKeyAs(signature.KeyBase64),
	},
}

// findRemedy returns the diagnosis of the first remedy that makes the proof good.
func findRemedy(ctx context.Context, cfg gate.Config, d *gate.Delivery) string {
	for _, r := range remedies {
		changed, delivery := cfg, *d
		if !r.change(&changed, &delivery) {
			continue
		}
		// A remedy may make a key unusable; then it is none.
		v, err := judgeOffline(ctx, changed, &delivery)
		if err == nil && (v.Outcome != gate.Reject || v.Reason == gate.ContentMismatch) {
			return r.diagnosis
		}
	}
	return ""
}

func changeBody(change func([]byte) []byte) func(*gate.Config, *gate.Delivery) bool {
	return func(_ *gate.Config, d *gate.Delivery) bool {
		changed := change(d.Body)
		same := bytes.Equal(changed, d.Body)
		d.Body = changed
		return !same
	}
}

func compactJSON(body []byte) []byte {
	var compact bytes.Buffer
	if json.Compact(&compact, body) != nil {
		return body
	}
	return compact.Bytes()
}

func changeKeys(change func(string) string) func(*gate.Config, *gate.Delivery) bool {
	return func(cfg *gate.Config, _ *gate.Delivery) bool {
		cfg.Keys = slices.Clone(cfg.Keys)
		found := false
		for i := range cfg.Keys {
			changed := change(cfg.Keys[i].Secret)
			found = found || changed != cfg.Keys[i].Secret
			cfg.Keys[i].Secret = changed
		}
		return found
	}
}

func decodeKeyAs(encoding signature.KeyEncoding) func(*gate.Config, *gate.Delivery) bool {
	return func(cfg *gate.Config, _ *gate.Delivery) bool {
		own, err := cfg.Provider.Resolve(nil)
		if err != nil {
			return false
		}
		found := false
		for i := range own.Signature {
			if s := &own.Signature[i]; s.Type == signature.HMAC && s.Key != encoding {
				s.Key, found = encoding, true
			}
		}
		cfg.Provider = own
		return found
	}
}
