package command

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/hookward/hookward/sender/profile"
)

// simulation is what is shown of a provider that is played, once it is ready.
type simulation struct {
	Provider   string `json:"provider"`
	API        string `json:"api,omitempty"` // as --api of the other commands takes it
	Account    string `json:"account,omitempty"`
	Credential string `json:"credential,omitempty"`
	Subscribe  string `json:"subscribe,omitempty"` // a command for a shell
}

func newSimulation(server *profile.Server, address string) simulation {
	s := simulation{Provider: server.Provider(), Account: server.Account(), Credential: server.Credential()}
	if call, has := signUps[s.Provider]; has {
		s.API = "http://" + address + call.base
		s.Subscribe = call.curl(&s)
	}
	return s
}

// print begins with the line by which others know that the provider is ready.
func (s simulation) print(w io.Writer) {
	if s.API == "" {
		_, _ = fmt.Fprintf(w, "simulating %s, which has no API\n", s.Provider)
		return
	}
	_, _ = fmt.Fprintf(w, "simulating %s at %s\n", s.Provider, s.API)
	factRow(w, "account", s.Account)
	factRow(w, "credential", s.Credential)
	_, _ = fmt.Fprintf(w, "subscribe with:\n%s\n", s.Subscribe)
}

// signUp is the call by which a subscription is made with a provider.
type signUp struct {
	base   string // of the API, as a path
	path   string // of the call, below the base
	header string // that holds the credential, up to it
	url    string // members of the body
	event  string
	wanted string // an event
	target string // a path of Caddyfile.example
}

var signUps = map[string]signUp{
	"everreal": {
		path: "/api/external-integrations/webhooks", header: "Authorization: Bearer ",
		url: "url", event: "type", wanted: "LISTING_CREATED", target: "everreal?key=demo-everreal-token",
	},
	"rechat": {
		path: "/brands/{account}/webhooks", header: "Authorization: Bearer ",
		url: "url", event: "topic", wanted: "Deals", target: "rechat",
	},
	"repliers": {
		path: "/webhooks", header: "REPLIERS-API-KEY: ",
		url: "target_url", event: "event", wanted: "listing.created", target: "repliers/listing.created",
	},
	"rest-hooks": {
		base: "/api/hooks", header: "Authorization: Bearer ",
		url: "target_url", event: "event", wanted: "contact.created", target: "rest-hooks",
	},
}

// curl writes the call as a command for a shell, with an endpoint such as those of
// Caddyfile.example.
func (c signUp) curl(s *simulation) string {
	body, _ := json.Marshal(map[string]string{ // texts never fail
		c.url: "http://localhost:8080/webhooks/" + c.target, c.event: c.wanted,
	})
	return strings.Join([]string{
		"curl " + shellQuote(s.API+strings.ReplaceAll(c.path, "{account}", s.Account)),
		"--header " + shellQuote(c.header+s.Credential),
		"--header " + shellQuote("Content-Type: application/json"),
		"--data-raw " + shellQuote(string(body)),
	}, " \\\n  ")
}
