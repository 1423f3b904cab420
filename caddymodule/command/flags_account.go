package command

import (
	"github.com/spf13/cobra"

	"github.com/hookward/hookward/subscription"
)

// accountFlags say with which account of a provider a command works.
type accountFlags struct {
	api      string
	account  string
	variable string
	file     string
	header   string
}

func (f *accountFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.api, "api", "", "Base URL of the provider's API (default: the provider's own; rest-hooks: where subscriptions are listed)")
	cmd.Flags().StringVar(&f.account, "account", "", "Part of the provider: EverReal's subdomain, Rechat's brand, Asana's workspace")
	cmd.Flags().StringVar(&f.variable, "credential-env", "", "Environment variable that holds the token or the API key")
	cmd.Flags().StringVar(&f.file, "credential-file", "", "File that holds the token or the API key (- for standard input)")
	cmd.Flags().StringVar(&f.header, "credential-header", "", "Header that takes the credential (default: as the provider documents)")
}

// open returns the client of the provider's API. It makes no call.
func (f *accountFlags) open(cmd *cobra.Command, provider string) (subscription.Client, error) {
	credential, err := f.credential(cmd)
	if err != nil {
		return nil, err
	}
	var options []subscription.Option
	if f.header != "" {
		options = append(options, subscription.WithCredentialHeader(f.header))
	}
	client, err := subscription.Open(provider, subscription.Config{
		API: f.api, Account: f.account, Credential: subscription.StaticCredential(credential),
	}, options...)
	if err != nil {
		return nil, usageError("%w", err)
	}
	return client, nil
}

func (f *accountFlags) credential(cmd *cobra.Command) (string, error) {
	switch {
	case (f.variable == "") == (f.file == ""):
		return "", usageError("say where the credential is: --credential-env or --credential-file")
	case f.variable != "":
		return readVariable(f.variable)
	default:
		return readSecretFile(cmd, f.file)
	}
}
