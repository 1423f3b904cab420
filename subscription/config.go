package subscription

import "context"

// Config says which account of which provider a client works for.
type Config struct {
	// API is the base URL of the provider's API. Default: the provider's own.
	// REST Hooks has none: there it is the URL of the collection of
	// subscriptions, such as https://api.example.com/hooks.
	API string
	// Account is the part of the provider that the subscriptions belong to: the
	// subdomain for EverReal (not used where API is set), the brand's id for
	// Rechat, the workspace's gid for Asana.
	Account string
	// Credential is what the API asks for: the bearer token, or for Repliers the
	// API key.
	Credential Credential
}

// Credential returns the credential to use now. It is called for each attempt
// of each call, with that call's context, so it may read an environment
// variable or a file, or fetch a token.
type Credential func(ctx context.Context) (string, error)

// StaticCredential returns a [Credential] that never changes.
func StaticCredential(credential string) Credential {
	return func(context.Context) (string, error) { return credential, nil }
}
