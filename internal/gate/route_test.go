package gate

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestPathVariants sends what a lenient router would take for the endpoint's path.
func TestPathVariants(t *testing.T) {
	t.Parallel()
	cfg := config(t, acme)
	cfg.Path = "/hooks/{event}/in"
	cfg.Events = []string{"widget.made", "widget"}
	g := build(t, cfg)
	for _, test := range []struct {
		path string
		want Reason
	}{
		{"/hooks/widget.made/in", ""},
		{"/hooks/widget/in", ""},
		{"/HOOKS/widget.made/in", WrongPath},
		{"/hooks/widget.made/IN", WrongPath},
		{"/hooks/Widget.made/in", UnknownEvent},
		{"/hooks/gadget/in", UnknownEvent},
		{"/hooks//in", UnknownEvent},
		{"//hooks/widget.made/in", WrongPath},
		{"/hooks//widget.made/in", WrongPath},
		{"/hooks/./widget.made/in", WrongPath},
		{"/hooks/../hooks/widget.made/in", WrongPath},
		{"/hooks/../in", UnknownEvent},
		{"/hooks/%2e%2e/in", UnknownEvent},
		{"/hooks%2Fwidget.made/in", WrongPath},
		{"/hooks/widget.made%2fin", WrongPath},
		{"/hooks/widget%2emade/in", UnknownEvent},
		{"/%68ooks/widget.made/in", WrongPath},
		{"/hooks/widget.made;x=1/in", UnknownEvent},
		{"/hooks/widget.made/in;x", WrongPath},
		{"/hooks/widget.made/in/", WrongPath},
		{"/hooks/widget.made/in/more", WrongPath},
		{"/hooks/widget.made", WrongPath},
		{"/hooks/widget.made/", WrongPath},
		{"/hooks/widget.made/in%3Fkey=1", WrongPath},
		{"/hooks/widget.made/in?key=1", WrongPath},
		{"/hooks/widget.made/in#", WrongPath},
		{"/hooks/widget.made/in%00", WrongPath},
		{"/hooks/widget.made\\in", WrongPath},
		{"hooks/widget.made/in", WrongPath},
		{"http://hooks.example.com/hooks/widget.made/in", WrongPath},
		{"*", WrongPath},
		{"", WrongPath},
		{"/", WrongPath},
	} {
		t.Run(test.path, func(t *testing.T) {
			t.Parallel()
			d := acmeDelivery(`{"id":"1","type":"t"}`)
			d.Path, d.Received, d.Method = test.path, noon, http.MethodPost
			v := g.Judge(t.Context(), &d)
			if test.want == "" {
				if v.Reason != "" {
					t.Errorf("refused: %s", v.Reason)
				}
				return
			}
			wants(t, v, Reject, test.want)
			if v.Status != http.StatusNotFound {
				t.Errorf("status is %d", v.Status)
			}
			if v.Slot != "" && v.Reason == WrongPath {
				t.Errorf("a wrong path has the slot %q", v.Slot)
			}
		})
	}
}

func TestEveryPathIsTakenWithoutAPath(t *testing.T) {
	t.Parallel()
	cfg := config(t, acme)
	cfg.Path = ""
	g := build(t, cfg)
	for _, path := range []string{"/", "/any/thing", "/%2F", "*"} {
		d := acmeDelivery(`{"id":"` + path + `","type":"t"}`)
		d.Path = path
		wants(t, g.deliver(d), Accept, "")
	}
}

func TestCaptures(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, path, request string
		events, slots       []string
		slot                string
		want                Reason
	}{
		{name: "none", path: "/hooks", request: "/hooks", slot: "default"},
		{name: "event", path: "/{event}", request: "/a", events: []string{"a"}, slot: "a"},
		{name: "slot", path: "/{slot}", request: "/b", slots: []string{"b"}, slot: "b"},
		{name: "slot and event", path: "/{slot}/{event}", request: "/b/a", events: []string{"a"}, slots: []string{"b"}, slot: "b+a"},
		{name: "in the other order", path: "/{event}/{slot}", request: "/a/b", events: []string{"a"}, slots: []string{"b"}, slot: "b+a"},
		{name: "swapped", path: "/{event}/{slot}", request: "/b/a", events: []string{"a"}, slots: []string{"b"}, slot: "a+b", want: UnknownEvent},
		{name: "unknown slot", path: "/{slot}", request: "/c", slots: []string{"b"}, slot: "c", want: UnknownSlot},
		{name: "empty slot", path: "/{slot}/x", request: "//x", slots: []string{"b"}, slot: "default", want: UnknownSlot},
		{name: "both unknown", path: "/{slot}/{event}", request: "/x/y", events: []string{"a"}, slots: []string{"b"}, slot: "x+y", want: UnknownEvent},
		{name: "empty token", path: "/{token}/x", request: "//x", slot: "default", want: WrongPath},
		{name: "token", path: "/{token}/x", request: "/t/x", slot: "default"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, err := newRoute(test.path, test.events, test.slots, false)
			if err != nil {
				t.Fatal(err)
			}
			got, reason := r.match(test.request)
			if reason != test.want {
				t.Errorf("reason is %q, want %q", reason, test.want)
			}
			if slot := r.slot(got); slot != test.slot {
				t.Errorf("slot is %q, want %q", slot, test.slot)
			}
		})
	}
}

// TestSlotsAreApart: whatever the names, two paths never share a slot.
func TestSlotsAreApart(t *testing.T) {
	t.Parallel()
	names := []string{"a", "a-a", "a.a", "a_a", "default"}
	r, err := newRoute("/{slot}/{event}", names, names, false)
	if err != nil {
		t.Fatal(err)
	}
	all := r.allSlots()
	slices.Sort(all)
	if len(slices.Compact(slices.Clone(all))) != len(names)*len(names) {
		t.Errorf("slots are not apart: %v", all)
	}
}

func TestTheTokenStaysInside(t *testing.T) {
	t.Parallel()
	c := captures{event: "e", slot: "s", token: "t"}
	for name, want := range map[string]string{"": "e", "event": "e", "slot": "s", "token": ""} {
		if got := c.named(name); got != want {
			t.Errorf("route:%s is %q, want %q", name, got, want)
		}
	}
}

// FuzzRoute compares the matcher with a regular expression.
func FuzzRoute(f *testing.F) {
	f.Add("/hooks/{event}/in", "/hooks/a/in")
	f.Add("/{slot}/{event}", "/b/a")
	f.Add("/{token}", "/t%2F")
	f.Add("/", "/")
	f.Add("//{event}/", "//a.b/")
	f.Add("/x.y/%41", "/x_y/A")
	events, slots := []string{"a", "a.b", "A"}, []string{"b", "b-c"}
	f.Fuzz(func(t *testing.T, template, path string) {
		listed := map[string][]string{}
		if strings.Contains(template, slotSegment) {
			listed["slots"] = slots
		}
		r, err := newRoute(template, events, listed["slots"], false)
		if err != nil || template == "" {
			return
		}
		expression := regexp.QuoteMeta(template)
		for capture, alternatives := range map[string]string{
			eventSegment: `(?:a|a\.b|A)`, slotSegment: `(?:b|b-c)`, tokenSegment: `[^/]+`,
		} {
			expression = strings.Replace(expression, regexp.QuoteMeta(capture), alternatives, 1)
		}
		want := regexp.MustCompile(`(?s)\A` + expression + `\z`).MatchString(path)
		got, reason := r.match(path)
		if (reason == "") != want {
			t.Errorf("%q against %q: %q", path, template, reason)
		}
		if reason == "" && strings.Contains(got.event+got.slot+got.token, "/") {
			t.Errorf("%q against %q captures a slash: %+v", path, template, got)
		}
		if reason == "" && !slices.Contains(r.allSlots(), r.slot(got)) {
			t.Errorf("%q leads to the slot %q, which is not on the list", path, r.slot(got))
		}
	})
}

// TestTokenWithPlusSign: senders put a registered token into the query as it is.
func TestTokenWithPlusSign(t *testing.T) {
	t.Parallel()
	token := Token{Place: TokenInQuery, Name: "key", Value: "a+b/c=="}
	for query, want := range map[string]Reason{
		"key=a+b/c==":         "",
		"key=a%2Bb%2Fc%3D%3D": "",
		"key=a%20b/c==":       "",
		"key=a-b/c==":         TokenMismatch,
		"key":                 TokenMismatch,
	} {
		r := &reading{Delivery: &Delivery{RawQuery: query}}
		found, reason := checkTokens([]Token{token}, r)
		if reason != want || (found != nil) != (want == "") {
			t.Errorf("%s: reason %q, want %q", query, reason, want)
		}
	}
}
