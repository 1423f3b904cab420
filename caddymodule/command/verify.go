package command

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/signature"
)

func verifyCommand(find FindEndpoints) *cobra.Command {
	f := verifyFlags{find: find}
	cmd := newCommand(
		"verify", "Tells why a delivery is accepted or refused", `
It judges one delivery as the server would, offline, and without looking for
copies. Say which provider it is from,

    --provider <name>  or  --provider-file <file>

or take an endpoint of a configuration, with its secrets and tokens:

    --config <file> --endpoint <name>

Secrets that were learned in a handshake, or told to "subscribe", are not in a
configuration: give them by --secret-env or --secret-file. With "subscribe", say
by --event what the slot of the delivery was made for. The delivery is a saved
request (--request), or its --header and --body. For example:

    caddy hookward verify --provider github --secret-env GITHUB_SECRET \
        --header 'X-Hub-Signature-256: sha256=7571...' --body payload.json

It ends with code 0 if the delivery is accepted, 1 if it is refused, and 2 if
the command makes no sense.`,
		cobra.NoArgs,
		func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	)
	f.provider.add(cmd)
	f.config.add(cmd)
	f.secrets.add(cmd)
	f.request.add(cmd)
	cmd.Flags().StringVar(&f.event, "event", "", "The event that the URL stands for, with providers that send each event to its own URL, or the slot with \"subscribe\"")
	return cmd
}

type verifyFlags struct {
	find     FindEndpoints
	provider providerFlags
	config   configFlags
	secrets  secretFlags
	request  requestFlags
	event    string
}

func (f *verifyFlags) run(cmd *cobra.Command) error {
	inputs := append(slices.Clone(f.secrets.files), f.request.file, f.request.body, f.config.file)
	if err := readOnce(inputs...); err != nil {
		return err
	}
	cfg, show, err := f.endpoint(cmd)
	if err != nil {
		return err
	}
	d, err := f.request.read(cmd, knownURL(cfg))
	if err != nil {
		return err
	}
	if cfg.MadeSlots {
		listMadeSlot(&cfg, d, f.event)
	} else if f.event != "" {
		routeEvent(&cfg, d, f.event)
	}
	v, err := judgeOffline(cmd.Context(), cfg, d)
	if err != nil {
		return usageError("%w", err)
	}
	result := newVerification(&v, cfg.Keys, show)
	switch {
	case v.Outcome == gate.Reject:
		result.Hint = hintFor(cmd.Context(), cfg, d, v.Reason)
	case v.Event != nil && v.Event.Scheme == gate.SchemeNone:
		result.Hint = cfg.Provider.Name + " signs nothing, and no token was checked: anybody can send this. " +
			"With --config and --endpoint the endpoint's token is checked too."
	}
	if err := printResult(cmd, result, result.print); err != nil {
		return err
	}
	if v.Outcome == gate.Reject {
		return errNegative
	}
	return nil
}

// showEvent returns an event's attributes as they may be shown.
type showEvent func(*event.Event) event.Event

// endpoint describes the endpoint that is to judge, and how it shows events.
func (f *verifyFlags) endpoint(cmd *cobra.Command) (cfg gate.Config, show showEvent, err error) {
	switch {
	case f.config.given() && f.provider.given():
		err = usageError("give either --config or a provider")
	case !f.config.given() && !f.provider.given():
		err = usageError("say which provider it is: --provider <name> or --provider-file <file>, " +
			"or which endpoint: --config <file> --endpoint <name>")
	case f.config.given():
		cfg, show, err = f.ofConfig()
	default:
		cfg, show, err = f.ofProvider()
	}
	if err != nil {
		return cfg, show, err
	}
	keys, err := f.secrets.read(cmd)
	if err != nil {
		return cfg, show, err
	}
	cfg.Keys = append(cfg.Keys, keys...)
	if cfg.PublicURL == "" {
		cfg.PublicURL = f.request.url
	}
	switch {
	case len(cfg.Keys) == 0 && len(cfg.Provider.Signature) > 0:
		err = usageError("%s signs its deliveries: give its secret by --secret-env or --secret-file", cfg.Provider.Name)
	case cfg.PublicURL == "" && cfg.Provider.Reads(signature.URL):
		err = usageError("%s needs the URL that is registered with it: give it by --url", cfg.Provider.Name)
	}
	return cfg, show, err
}

func (f *verifyFlags) ofConfig() (gate.Config, showEvent, error) {
	endpoint, cfg, err := f.config.load(f.find)
	if err != nil {
		return gate.Config{}, nil, err
	}
	return cfg, endpoint.Show, nil
}

// ofProvider describes an endpoint that has no settings of its own. A provider that
// signs nothing can still be judged by the content of its deliveries.
func (f *verifyFlags) ofProvider() (gate.Config, showEvent, error) {
	p, err := f.provider.load()
	if err != nil {
		return gate.Config{}, nil, err
	}
	cfg := gate.Config{Name: p.Name, Provider: p, AllowUnsigned: len(p.Signature) == 0}
	return cfg, func(e *event.Event) event.Event { return *e }, nil
}

// knownURL is where deliveries arrive by the configuration, if that is one place.
func knownURL(cfg gate.Config) string {
	for _, address := range []string{cfg.PublicURL, cfg.Path} {
		if address != "" && !strings.Contains(address, "{") {
			return address
		}
	}
	return ""
}

// listMadeSlot takes the slot to which a delivery came for one that was made for the
// event: which there are, and what for, is known to the server alone. The event becomes
// a part of the path, as with slots of a list.
func listMadeSlot(cfg *gate.Config, d *gate.Delivery, event string) {
	slot, found := segmentAt(cfg.Path, "{slot}", d.Path)
	if !found || slot == "" {
		return // it leads to no slot, whichever there are
	}
	cfg.MadeSlots, cfg.Slots = false, append(slices.Clip(cfg.Slots), slot)
	if event != "" {
		cfg.Path, cfg.Events = cfg.Path+"/{event}", []string{event}
		d.Path += "/" + event
	}
}

// segmentAt returns the segment of a path that stands where a template has the given one.
func segmentAt(template, segment, path string) (text string, found bool) {
	templates, segments := strings.Split(template, "/"), strings.Split(path, "/")
	i := slices.Index(templates, segment)
	if i < 0 || i >= len(segments) {
		return "", false
	}
	return segments[i], true
}

// routeEvent puts the event where an endpoint captures it: it is the last segment
// of the path.
func routeEvent(cfg *gate.Config, d *gate.Delivery, event string) {
	if cfg.Path != "" {
		return // of a configuration, which knows its own events
	}
	above := strings.TrimSuffix(d.Path, "/"+event)
	above = strings.TrimSuffix(above, "/")
	cfg.Path, cfg.Events = above+"/{event}", []string{event}
	d.Path = above + "/" + event
}
