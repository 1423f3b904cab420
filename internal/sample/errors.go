package sample

import "errors"

// What a caller can mend.
var (
	// ErrURL: what is given is not the whole of a web address.
	ErrURL = errors.New("want an http or https URL")

	// ErrEvent: the provider has no such event, or the body says another.
	ErrEvent = errors.New("the provider cannot send it with this body")
)

// What a caller can mend, too. Each is said of a provider: its name comes before.
var (
	// ErrNeedsBody: the provider's conditions want more of the body than can be made
	// up. Options.Body can give it.
	ErrNeedsBody = errors.New("than can be made up")

	// ErrNoSecret: the provider signs its deliveries, and there is no key.
	ErrNoSecret = errors.New("signs its deliveries")

	// ErrSignsNothing: there is a key, and the provider signs nothing.
	ErrSignsNothing = errors.New("signs nothing")

	// ErrNothingToForge: the delivery has no proof that could be made wrong.
	ErrNothingToForge = errors.New("signs nothing that could be forged")
)
