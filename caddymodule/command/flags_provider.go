package command

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/provider"
)

// providerFlags say which provider a command is about.
type providerFlags struct {
	name string
	file string
}

func (p *providerFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.name, "provider", "", `Provider in the catalogue, see "caddy hookward providers"`)
	cmd.Flags().StringVar(&p.file, "provider-file", "", "YAML file that describes a provider")
}

func (p *providerFlags) given() bool { return p.name != "" || p.file != "" }

// load returns the command's own copy of the provider.
func (p *providerFlags) load() (*provider.Provider, error) {
	if (p.name == "") == (p.file == "") {
		return nil, usageError("say which provider it is: --provider <name> or --provider-file <file>")
	}
	found, err := p.find()
	if err != nil {
		return nil, usageError("%w", err)
	}
	own, err := found.Resolve(nil)
	if err != nil {
		return nil, usageError("%w", err)
	}
	return own, nil
}

func (p *providerFlags) find() (*provider.Provider, error) {
	if p.name != "" {
		return provider.Lookup(p.name)
	}
	data, err := os.ReadFile(p.file)
	if err != nil {
		return nil, fmt.Errorf("reading a provider: %w", err)
	}
	return provider.Parse(data, p.file)
}
