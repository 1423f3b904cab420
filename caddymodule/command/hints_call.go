package command

import (
	"errors"
	"fmt"

	"github.com/hookward/hookward/subscription"
)

// callHint says what to do about the failure of a call to a provider's API.
type callHint struct {
	kind   error
	always string
	create string // instead, where a subscription was to be made
}

var callHints = []callHint{
	{
		subscription.ErrUnauthorized, "look at the credential and the account",
		"look at the credential and the account; where the provider makes a handshake, the endpoint may have refused it: " +
			"run `caddy hookward arm` first",
	},
	{
		subscription.ErrNotFound, "`caddy hookward subscriptions` lists those that there are; look at --api and --account, too",
		"look at --api and --account",
	},
	{
		subscription.ErrConflict, "",
		"another subscription has this URL: give each event its own by {event}, or end the other one",
	},
	{subscription.ErrRateLimited, "try again later", ""},
	{
		subscription.ErrRejected, "",
		"where the provider makes a handshake, can it reach the URL, and is the endpoint's slot ready for it? See `caddy hookward arm`",
	},
	{
		subscription.ErrUnavailable, "try again later",
		"the subscription may have been made even so: look with `caddy hookward subscriptions` before you try again",
	},
	{
		subscription.ErrUnexpected, "is --api the base URL of the API?",
		"is --api the base URL of the API? The subscription may have been made even so: look with `caddy hookward subscriptions`",
	},
}

// withCallHint says what to do about an error of a client. Nothing was sent where the
// request makes no sense.
func withCallHint(err error) error {
	if errors.Is(err, subscription.ErrInvalid) {
		return usageError("%w", err)
	}
	failed, isCall := errors.AsType[*subscription.Error](err)
	for _, hint := range callHints {
		if !errors.Is(err, hint.kind) {
			continue
		}
		text := hint.always
		if isCall && failed.Operation == "create" && hint.create != "" {
			text = hint.create
		}
		if text != "" {
			return fmt.Errorf("%w: %s", err, text)
		}
	}
	return err
}
