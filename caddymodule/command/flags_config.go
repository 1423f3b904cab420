package command

import (
	"maps"
	"slices"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/hookward/hookward/internal/gate"
)

// configFlags name an endpoint in a configuration file.
type configFlags struct {
	file     string
	adapter  string
	endpoint string
}

func (f *configFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.file, "config", "c", "", "Configuration file with the endpoint")
	cmd.Flags().StringVarP(&f.adapter, "adapter", "a", "", "Name of the adapter for the configuration file")
	cmd.Flags().StringVar(&f.endpoint, "endpoint", "", "Name of the endpoint (may be left out where there is only one)")
}

func (f *configFlags) given() bool { return f.file != "" }

// load returns the endpoint that the flags name, and its settings.
func (f *configFlags) load(find FindEndpoints) (Endpoint, gate.Config, error) {
	data, _, _, err := caddycmd.LoadConfig(f.file, f.adapter)
	if err != nil {
		return nil, gate.Config{}, usageError("%w", err)
	}
	endpoints, err := find(data)
	if err != nil {
		return nil, gate.Config{}, usageError("%s: %w", f.file, err)
	}
	name, err := f.choose(endpoints)
	if err != nil {
		return nil, gate.Config{}, err
	}
	cfg, err := endpoints[name].Config()
	if err != nil {
		return nil, gate.Config{}, usageError("endpoint %q: %w", name, err)
	}
	return endpoints[name], cfg, nil
}

// choose returns the name of the endpoint that is meant.
func (f *configFlags) choose(endpoints map[string]Endpoint) (string, error) {
	names := slices.Sorted(maps.Keys(endpoints))
	list := strings.Join(names, ", ")
	switch {
	case len(names) == 0:
		return "", usageError("%s has no hookward endpoint", f.file)
	case f.endpoint == "" && len(names) == 1:
		return names[0], nil
	case f.endpoint == "":
		return "", usageError("%s has several endpoints, name one by --endpoint: %s", f.file, list)
	case endpoints[f.endpoint] == nil:
		return "", usageError("%s has no endpoint %q, there are: %s", f.file, f.endpoint, list)
	}
	return f.endpoint, nil
}
