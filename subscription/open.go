package subscription

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

type opener func(Config, ...Option) (Client, error)

// openers holds what makes the client of each provider, by the provider's name
// in the catalogue.
var openers = map[string]opener{
	asanaName:     as(NewAsana),
	everrealName:  as(NewEverReal),
	rechatName:    as(NewRechat),
	repliersName:  as(NewRepliers),
	restHooksName: as(NewRESTHooks),
}

// as keeps the nil that comes with an error from becoming a Client that is not nil.
func as[C Client](create func(Config, ...Option) (C, error)) opener {
	return func(config Config, opts ...Option) (Client, error) {
		client, err := create(config, opts...)
		if err != nil {
			return nil, err
		}
		return client, nil
	}
}

// Open returns the client of the provider with this name in the catalogue. It
// makes no call. The error wraps [ErrNoAPI] or [ErrInvalid].
func Open(provider string, config Config, opts ...Option) (Client, error) {
	open, found := openers[provider]
	if !found {
		return nil, fmt.Errorf("%s: %w (there is one for %s)", provider, ErrNoAPI, strings.Join(Providers(), ", "))
	}
	return open(config, opts...)
}

// Providers lists the names that [Open] knows, in alphabetical order.
func Providers() []string {
	return slices.Sorted(maps.Keys(openers))
}
