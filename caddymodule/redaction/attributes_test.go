package redaction

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// acme is a provider with these rules for its events.
func acme(t *testing.T, rules string) *provider.Provider {
	t.Helper()
	p, err := provider.Parse([]byte("name: acme\n"+rules+"\n"), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What is hidden, by what a provider's rules read and what the user wants redacted.
func TestHiddenAttributes(t *testing.T) {
	t.Parallel()
	none := Attributes{}
	for _, test := range []struct {
		name, rules, path string
		want              Attributes
	}{
		{"nothing is redacted", "event: {id: json:id, subject: json:data}", "", none},
		{"the same place", "event: {subject: json:data.email}", "data.email", Attributes{Subject: true}},
		{"another place", "event: {subject: json:data.email}", "data.password", none},
		{"a part of what is read", "event: {subject: json:data}", "data.password", Attributes{Subject: true}},
		{"what is read is a part", "event: {subject: json:data.user.email}", "data.user", Attributes{Subject: true}},
		{"each member, one of which is read", "event: {subject: json:0.agentid}", "#.agentid", Attributes{Subject: true}},
		{"one member of those that are read", "event: {subject: json:users.#.id}", "users.0.id", Attributes{Subject: true}},
		{"a pattern", "event: {subject: json:data.password}", "data.pass*", Attributes{Subject: true}},
		{"all values", "event: {subject: json:data.password}", "data.@values", Attributes{Subject: true}},
		{"a pipe", "event: {subject: json:data.password}", "data|password", Attributes{Subject: true}},
		{"a query", "event: {subject: json:users.0.email}", `users.#(admin==true)#.email`, Attributes{Subject: true}},
		{"all of the body is read", "event: {subject: '{body}'}", "data.password", Attributes{Subject: true}},
		{"all of the JSON in a form is read", "payload: form:payload\nevent: {subject: form:payload}", "password", Attributes{Subject: true}},
		{"another field of the form is read", "payload: form:payload\nevent: {subject: form:user}", "password", none},
		{"all of a form is read", "event: {subject: '{form:sorted}'}", "password", Attributes{Subject: true}},
		{"the second of two places", `event: {subject: ["header:X-User", "json:user"]}`, "user", Attributes{Subject: true}},
		{"a part of the text", "event: {subject: 'user-{json:user}'}", "user", Attributes{Subject: true}},
		{"a header of that name", "event: {subject: header:User}", "User", none},
		{"the body's hash", "event: {subject: body-sha256}", "user", none},

		{"id", "event: {id: json:id}", "id", Attributes{ID: true, Key: true}},
		{"type", "event: {type: '{header:X-Event}.{json:action}'}", "action", Attributes{Type: true, Key: true}},
		{"time", "event: {time: json:at}", "at", Attributes{Time: true}},
		{"source", "event: {source: 'https://acme.example/{json:shop}'}", "shop", Attributes{Source: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var paths []string
			if test.path != "" {
				paths = []string{"other", test.path}
			}
			if diff := cmp.Diff(test.want, HiddenAttributes(acme(t, test.rules), "", nil, paths)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}

	p := acme(t, "event: {id: json:id, source: 'https://acme.example/{json:shop}'}")
	key := provider.Templates{parsed(t, "json:order.id")}
	got := HiddenAttributes(p, "https://acme.example", key, []string{"shop", "order"})
	if diff := cmp.Diff(Attributes{Key: true}, got); diff != "" {
		t.Errorf("with a source and a key of the endpoint's own (-want +got):\n%s", diff)
	}
}

func parsed(t *testing.T, text string) signature.Template {
	t.Helper()
	parsed, err := signature.ParseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// Each attribute is hidden in logs, and so is the header that brings it.
func TestShow(t *testing.T) {
	t.Parallel()
	e := event.Event{ID: "1", Source: "s", Type: "a.b", RawType: "b", Subject: "u", DedupeKey: "k", Time: time.Unix(1, 0), Provider: "acme"}
	for _, test := range []struct {
		hidden  Attributes
		want    event.Event
		headers []string
	}{
		{Attributes{}, e, nil},
		{
			Attributes{true, true, true, true, true, true},
			event.Event{
				ID: Hidden, Source: Hidden, Type: Hidden, RawType: Hidden, Subject: Hidden,
				DedupeKey: Hidden, Provider: "acme",
			},
			[]string{"Ce-Dedupekey", "Ce-Id", "Ce-Rawtype", "Ce-Source", "Ce-Subject", "Ce-Time", "Ce-Type", "Webhook-Id"},
		},
	} {
		if diff := cmp.Diff(test.want, test.hidden.Show(&e)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", test.hidden, diff)
		}
		if diff := cmp.Diff(test.headers, slices.Sorted(slices.Values(test.hidden.Headers()))); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", test.hidden, diff)
		}
	}
}

// However a hidden type gets into a text, it is not shown.
func TestHiddenTypeDoesNotPrint(t *testing.T) {
	t.Parallel()
	value := HiddenType{&event.Event{Type: "com.acme.secret.made"}}
	repl := caddy.NewReplacer()
	repl.Set("type", value)
	logged := zapcore.NewMapObjectEncoder()
	zap.Any("type", value).AddTo(logged)
	for _, text := range []string{
		repl.ReplaceAll("{type}", ""), fmt.Sprint(value), fmt.Sprintf("%v %+v %#v %s %q", value, value, value, value, value),
		fmt.Sprint([]any{value}), fmt.Sprint(logged.Fields),
	} {
		if strings.Contains(text, "secret") || !strings.Contains(text, "REDACTED") {
			t.Errorf("shown as %s", text)
		}
	}
}
