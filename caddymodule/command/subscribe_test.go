package command_test

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookward/hookward/sender/profile"
	"github.com/hookward/hookward/signature"
)

// account is one with a provider that is played, and the flags that lead to it.
type account struct {
	*profile.Server
	flags []string
}

func newAccount(t *testing.T, provider string) account {
	t.Helper()
	server, err := profile.New(provider, profile.WithLoopback(), profile.WithCredential(verySecret))
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(server)
	t.Cleanup(func() {
		api.Close()
		_ = server.Close(t.Context()) // nothing is under way
	})
	a := account{server, []string{provider, "--credential-file", writeFile(t, verySecret+"\n")}}
	switch provider {
	case "rechat":
		a.flags = append(a.flags, "--api", api.URL, "--account", server.Account())
	case "rest-hooks":
		a.flags = append(a.flags, "--api", api.URL+"/api/hooks")
	default:
		a.flags = append(a.flags, "--api", api.URL)
	}
	return a
}

func (a account) run(t *testing.T, command string, more ...string) ran {
	t.Helper()
	return runCommand(t, "", append(append([]string{command}, a.flags...), more...)...)
}

// subscribed is a subscription as it is shown.
type subscribed struct {
	ID        string `json:"id"`
	URL       string `json:"url"`
	Event     string `json:"event"`
	CreatedAt string `json:"created_at"`
	Secret    string `json:"secret"`
}

// count fails the test if the provider does not have n subscriptions.
func (a account) count(t *testing.T, n int) {
	t.Helper()
	list, err := a.Subscriptions(t.Context())
	if err != nil || len(list) != n {
		t.Errorf("the provider has %d subscriptions, want %d: %v", len(list), n, err)
	}
}

// Whatever is made is listed, and ends.
func TestSubscribe(t *testing.T) {
	t.Parallel()
	for provider, events := range map[string][]string{
		"everreal":   {"LISTING_CREATED", "LISTING_CANDIDATE_SCHEDULE_TIMESLOT_BOOKED_ADMIN"},
		"rechat":     {"Contacts", "Deals"},
		"repliers":   {"listing.created", "search.match.created"},
		"rest-hooks": {"contact.created", "contact.deleted"},
	} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			a, app := newAccount(t, provider), newApplication(t)
			var made, listed []subscribed
			out := a.run(t, "subscribe", "--url", app.URL+"/{event}", "--event", events[0], "--event", events[1], "--json").succeeded(t)
			checkJSON(t, out, &made)
			checkJSON(t, a.run(t, "subscriptions", "--json").succeeded(t), &listed)
			if len(made) != 2 || len(listed) != 2 {
				t.Fatalf("made %+v, listed %+v", made, listed)
			}
			for i, event := range events {
				if made[i].Event != event || made[i].URL != app.URL+"/"+event || listed[i].ID != made[i].ID || listed[i].URL != made[i].URL {
					t.Errorf("made %+v, listed %+v", made[i], listed[i])
				}
			}
			checkOutput(t, a.run(t, "unsubscribe", made[0].ID).succeeded(t), "subscription "+made[0].ID+" has ended\n")
			a.count(t, 1)
			a.run(t, "unsubscribe", made[0].ID).failed(t, "caddy hookward subscriptions")
		})
	}
}

func TestSubscriptionsArePrinted(t *testing.T) {
	t.Parallel()
	a := newAccount(t, "rechat")
	out := a.run(t, "subscribe", "--url", "http://localhost:1/x?key="+secretToken, "--event", "Deals").succeeded(t)
	list, err := a.Subscriptions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	token, key := "{"+signature.Fingerprint(secretToken)+"}", signature.Fingerprint(list[0].Secrets[0].Value)
	checkOutput(t, out, "subscribed to Deals at http://localhost:1/x?key="+token+"\n  id                    "+list[0].ID+"\n  secret's fingerprint  "+key+"\n")
	out = a.run(t, "subscriptions").succeeded(t)
	for _, want := range []string{"ID", "INACTIVE", list[0].ID, "Deals", "http://localhost:1/x?key=" + token, key} {
		if !strings.Contains(out, want) {
			t.Errorf("%s is not in\n%s", want, out)
		}
	}
	if strings.Contains(out, list[0].Secrets[0].Value) {
		t.Error("the key is shown")
	}
}

// The secret goes to a file that did not exist before, and nowhere else.
func TestSubscribeKeepsSecret(t *testing.T) {
	t.Parallel()
	a := newAccount(t, "rechat")
	file := filepath.Join(t.TempDir(), "key")
	subscribe := func(file string) ran {
		return a.run(t, "subscribe", "--url", "http://localhost:1/", "--event", "Deals", "--secret-file", file)
	}
	out := subscribe(file).succeeded(t)
	list, err := a.Subscriptions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key := list[0].Secrets[0].Value
	kept, err := os.ReadFile(file)
	if err != nil || string(kept) != key || strings.Contains(out, key) {
		t.Errorf("the file holds %d bytes (%v), the output is %s", len(kept), err, out)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("the file is %v: %v", info.Mode(), err)
	}

	subscribe(file).refused(t, "exist")
	subscribe(filepath.Join(t.TempDir(), "nowhere", "key")).refused(t, "--secret-file")
	a.count(t, 1)
	if again, _ := os.ReadFile(file); string(again) != key {
		t.Error("the file has changed")
	}
}

// A file for a secret is left behind only where there is one.
func TestSubscribeHasNoSecretToKeep(t *testing.T) {
	t.Parallel()
	a, app := newAccount(t, "repliers"), newApplication(t)
	for _, test := range []struct {
		url, want string
	}{
		{app.URL, "holds no secret"},
		{app.URL, "its own by {event}"}, // it is taken now
	} {
		file := filepath.Join(t.TempDir(), "key")
		a.run(t, "subscribe", "--url", test.url, "--event", "listing.created", "--secret-file", file).failed(t, test.want)
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("the file: %v, want %v", err, fs.ErrNotExist)
		}
	}
	a.count(t, 1)
}

// What was made before a failure is shown with it.
func TestSubscribeFailsHalfway(t *testing.T) {
	t.Parallel()
	a, app := newAccount(t, "repliers"), newApplication(t)
	r := a.run(t, "subscribe", "--url", app.URL+"/one", "--event", "listing.created", "--event", "listing.updated")
	r.failed(t, "url is taken")
	if !strings.HasPrefix(r.out, "subscribed to listing.created at ") || strings.Contains(r.out, "listing.updated at") {
		t.Errorf("output is %s", r.out)
	}
	a.count(t, 1)
}

// Each failure of a call says what to do.
func TestCallHints(t *testing.T) {
	t.Parallel()
	credential := writeFile(t, verySecret)
	for status, want := range map[int]struct{ create, list string }{
		http.StatusUnauthorized:    {"caddy hookward arm", "look at the credential"},
		http.StatusNotFound:        {"look at --api", "look at --api"},
		http.StatusConflict:        {"another subscription has this URL", "409"},
		http.StatusTooManyRequests: {"try again later", "try again later"},
		http.StatusBadRequest:      {"caddy hookward arm", "400"},
		http.StatusNotImplemented:  {"may have been made", "try again later"},
		http.StatusFound:           {"may have been made", "is --api the base URL"},
	} {
		api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			_, _ = io.Copy(w, r.Body) // with all that must not be repeated
		}))
		flags := []string{"everreal", "--api", api.URL, "--credential-file", credential}
		runCommand(t, "", append([]string{"subscribe", "--url", "http://localhost:1/" + secretToken, "--event", "UNIT_CREATED"}, flags...)...).failed(t, want.create)
		runCommand(t, "", append([]string{"subscriptions"}, flags...)...).failed(t, want.list)
		api.Close()
	}
}

func TestSubscribeMisuse(t *testing.T) {
	t.Parallel()
	a := newAccount(t, "repliers")
	credential := writeFile(t, verySecret)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"subscribe"}, "usage: hookward subscribe <provider>"},
		{[]string{"unsubscribe", "repliers"}, "usage: hookward unsubscribe <provider> <id>"},
		{[]string{"subscriptions", "repliers"}, "--credential-env or --credential-file"},
		{[]string{"subscriptions", "repliers", "--credential-env", "HOOKWARD_NO_SUCH", "--credential-file", credential}, "--credential-env or --credential-file"},
		{[]string{"subscriptions", "repliers", "--credential-env", "HOOKWARD_NO_SUCH"}, "HOOKWARD_NO_SUCH is not set"},
		{[]string{"subscriptions", "repliers", "--credential-file", writeFile(t, "\n")}, "is empty"},
		{[]string{"subscriptions", "github", "--credential-file", credential}, "there is one for"},
		{[]string{"subscriptions", "rechat", "--credential-file", credential}, "the account must be the id of a brand"},
		{[]string{"subscriptions", "repliers", "--credential-file", credential, "--api", "http://example.com"}, "not https"},
		{[]string{"subscribe", "repliers", "--credential-file", "-", "--settings", "-", "--url", "http://localhost/"}, "once only"},
		{append([]string{"subscribe"}, a.flags...), "--url"},
		{append([]string{"subscribe", "--url", "http://localhost:1/", "--event", "a", "--event", "b", "--secret-file", "x"}, a.flags...), "give one --event"},
		{append([]string{"subscribe", "--url", "http://localhost:1/", "--event", "listing.exploded"}, a.flags...), "none of the provider's events: agent.created, "},
		{append([]string{"subscribe", "--url", "http://localhost:1/"}, a.flags...), "an event is needed, one of agent.created, "},
		{append([]string{"subscribe", "--url", "http://example.com/" + secretToken, "--event", "listing.created"}, a.flags...), "not https"},
		{append([]string{"subscribe", "--url", "http://localhost:1/", "--event", "listing.created", "--settings", writeFile(t, "{")}, a.flags...), "invalid"},
	} {
		runCommand(t, verySecret, test.args...).refused(t, test.want)
	}
	a.count(t, 0)
}
