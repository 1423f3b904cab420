package caddymodule

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A refusal names the slot wherever the path is a good one, also where the delivery
// was never judged to its end.
func TestRefusalsNameTheSlot(t *testing.T) {
	port, _ := freePorts(t)
	loadCaddy(t, caddyConfig(t, t.TempDir(), jsonObject{}, jsonObject{"servers": jsonObject{"main": jsonObject{
		"listen":          []string{fmt.Sprintf("127.0.0.1:%d", port)},
		"automatic_https": jsonObject{"disable": true},
		"routes": []jsonObject{endpointRoute("/in", jsonObject{
			"provider_definition": jsonObject{"name": "acme", "event": jsonObject{"type": "route"}, "limits": jsonObject{"ack": "1ms"}},
			"allow_unsigned":      true, "path": "/in/{event}", "events": []string{"made", "sold"}, "max_body": "1KiB",
		}, jsonObject{"handler": "hookward_waiter"})},
	}}}))
	send := func(event, body string) int {
		resp, err := http.Post(fmt.Sprintf("http://127.0.0.1:%d/in/%s", port, event), "text/plain", strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return 0
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}

	first := make(chan int)
	go func() { first <- send("made", "a body") }()
	<-waiterHas
	got := []int{send("made", "a body"), send("sold", strings.Repeat("x", 2<<10)), send("lost", "a body")}
	waiterMay <- struct{}{}
	if diff := cmp.Diff([]int{503, 413, 404, 202}, append(got, <-first)); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}

	app, err := runningApp()
	if err != nil {
		t.Fatal(err)
	}
	_, refusals := app.endpoints["test-in"].stats.snapshot()
	slots := make(map[string]string)
	for _, r := range refusals {
		slots[r.Reason] = r.Slot
	}
	if diff := cmp.Diff(map[string]string{"waited_too_long": "made", "body_too_large": "sold", "event": ""}, slots); diff != "" {
		t.Errorf("slots by reason (-want +got):\n%s", diff)
	}
}
