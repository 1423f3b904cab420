package caddymodule

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/filestorage"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/hookward/hookward/caddymodule/redaction"
	"github.com/hookward/hookward/internal/adminapi"
	"github.com/hookward/hookward/internal/dedupe"
	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/signature"
)

// Everything secret in the configuration of these tests.
const (
	adminSecret      = "first-very-secret"
	adminOtherSecret = "second-very-secret"
	adminToken       = "very-secret-token"
	adminResign      = "whsec_dmVyeSBzZWNyZXQgdG8gdXBzdHJlYW0="
	adminLearned     = "learned-very-secret"
	adminUserInfo    = "user:very-secret-password"
	adminConst       = "very-secret-override"
)

// adminConfig has an endpoint of every kind that the admin API tells apart.
const adminConfig = `
{
	admin ADMIN
	persist_config off
	auto_https off
	storage file_system STORAGE
	log {
		output discard
	}
	hookward {
		dedupe_entries 1000
	}
}

http://SITE {
	bind 127.0.0.1
	handle /github {
		hookward github {
			name github-prod
			path /github
			public_url https://` + adminUserInfo + `@hooks.example.com/github?key=` + adminToken + `&` + adminToken + `
			secret ` + adminSecret + ` main
			secret ` + adminOtherSecret + `
			token query key ` + adminToken + `
			resign ` + adminResign + `
			override event.source ` + adminConst + `
			redact data.password
			dedupe 1h {
				key header:X-GitHub-Delivery
			}
		}
		hookward_echo
	}
	handle /repliers/* {
		hookward repliers {
			path /repliers/{event}
			events agent.created listing.updated
		}
		hookward_echo
	}
	handle /asana {
		hookward asana {
			path /asana
		}
		hookward_echo
	}
	handle /fixed/* {
		hookward repliers {
			name fixed
			path /fixed/{event}
			events agent.created
			handshake off
			secret ` + adminSecret + `
		}
		hookward_echo
	}
}
`

// testCaddy is a Caddy that runs within the test.
type testCaddy struct {
	site  string // host:port
	admin string
	logs  *observer.ObservedLogs // what the admin API logged
	mux   *http.ServeMux         // its routes
}

// runCaddy loads adminConfig. There can be only one Caddy in a process, so such
// tests do not run in parallel.
func runCaddy(t *testing.T) *testCaddy {
	t.Helper()
	c := &testCaddy{site: freeAddress(t), admin: freeAddress(t)}
	text := strings.NewReplacer("ADMIN", c.admin, "SITE", c.site, "STORAGE", t.TempDir()).Replace(adminConfig)
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(config, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
	core, logs := observer.New(zap.InfoLevel)
	api := newAdminAPI()
	api.logger = func() *zap.Logger { return zap.New(core) }
	c.logs, c.mux = logs, adminMux(t, api)
	return c
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// adminMux serves the routes the way Caddy does.
func adminMux(t *testing.T, api *adminAPI) *http.ServeMux {
	mux := http.NewServeMux()
	for _, route := range api.Routes() {
		mux.HandleFunc(route.Pattern, func(w http.ResponseWriter, r *http.Request) {
			err := route.Handler.ServeHTTP(w, r)
			if err == nil {
				return
			}
			failed, ok := err.(caddy.APIError) //nolint:errorlint // just as Caddy does
			if !ok {
				t.Errorf("%s %s: error %v is no caddy.APIError", r.Method, r.URL, err)
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(failed.HTTPStatus)
			_ = json.NewEncoder(w).Encode(map[string]string{"error": failed.Err.Error()})
		})
	}
	return mux
}

// call makes one request to the admin API. No answer may hold a secret.
func (c *testCaddy) call(t *testing.T, method, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	rec := httptest.NewRecorder()
	c.mux.ServeHTTP(rec, req)
	checkNoSecret(t, rec.Body.String())
	return rec
}

func checkNoSecret(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{
		adminSecret, adminOtherSecret, adminToken, adminResign, adminLearned, adminUserInfo, adminConst, "very-secret",
	} {
		if strings.Contains(text, secret) {
			t.Errorf("a secret (%s) is in %s", secret, text)
		}
	}
}

// deliver sends a request to the site and returns the status.
func (c *testCaddy) deliver(t *testing.T, path, body string, header ...string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+c.site+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// deliverGitHub sends a well-signed delivery with this id.
func (c *testCaddy) deliverGitHub(t *testing.T, id string) int {
	t.Helper()
	const body = `{"zen":"Keep it logically awesome."}`
	signer, err := signature.NewSigner([]signature.Scheme{
		{Type: signature.HMAC, Header: signature.Strings{"X-Hub-Signature-256"}, Prefix: "sha256="},
	}, []signature.Key{{ID: "main", Secret: adminSecret}})
	if err != nil {
		t.Fatal(err)
	}
	proofs, err := signer.Sign(outgoing{body: []byte(body)}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c.deliver(t, "/github?key="+adminToken, body,
		"X-GitHub-Event", "ping", "X-GitHub-Delivery", id, proofs[0].Field.Name, proofs[0].Value)
}

func decode[T any](t *testing.T, rec *httptest.ResponseRecorder) T {
	t.Helper()
	if got := rec.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("content type is %q", got)
	}
	var value T
	decoder := json.NewDecoder(rec.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestAdminList(t *testing.T) {
	c := runCaddy(t)
	if status := c.deliver(t, "/asana", `{"events":[]}`); status != http.StatusUnauthorized {
		t.Fatalf("status %d", status)
	}
	rec := c.call(t, http.MethodGet, "/hookward/endpoints", "")
	if rec.Code != http.StatusOK {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	want := []adminapi.Summary{
		{Name: "asana", Provider: "asana", Path: "/asana", Handshake: "armed", Deliver: "sync", Counts: map[string]int64{"reject": 1}},
		{Name: "fixed", Provider: "repliers", Path: "/fixed/{event}", Handshake: "off", Deliver: "sync", Counts: map[string]int64{}},
		{
			Name: "github-prod", Provider: "github", Path: "/github", Handshake: "none", Deliver: "sync", Counts: map[string]int64{},
			PublicURL: "https://hooks.example.com/github?key=...&...",
		},
		{Name: "repliers", Provider: "repliers", Path: "/repliers/{event}", Handshake: "armed", Deliver: "sync", Counts: map[string]int64{}},
	}
	if diff := cmp.Diff(want, decode[[]adminapi.Summary](t, rec)); diff != "" {
		t.Error(diff)
	}
}

func TestAdminShow(t *testing.T) {
	c := runCaddy(t)
	if status := c.deliverGitHub(t, "1"); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	if status := c.deliver(t, "/github?key="+adminToken, "{}", "X-Hub-Signature-256", "sha256="+strings.Repeat("0", 64)); status != http.StatusUnauthorized {
		t.Fatalf("status %d", status)
	}
	rec := c.call(t, http.MethodGet, "/hookward/endpoints/github-prod", "")
	if rec.Code != http.StatusOK {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	got := decode[adminapi.Endpoint](t, rec)
	if diff := cmp.Diff([]adminapi.Key{
		{ID: "main", Fingerprint: signature.Fingerprint(adminSecret)},
		{ID: signature.Fingerprint(adminOtherSecret), Fingerprint: signature.Fingerprint(adminOtherSecret)},
	}, got.Keys); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]adminapi.Token{{Place: "query", Name: "key", Fingerprint: signature.Fingerprint(adminToken)}}, got.Tokens); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(adminapi.Dedupe{Window: signature.Duration(time.Hour), Key: []string{"header:X-GitHub-Delivery"}}, got.Dedupe); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int64{"accept": 1, "reject": 1}, got.Counts); diff != "" {
		t.Error(diff)
	}
	if len(got.Refusals) != 1 || got.Refusals[0].Reason != "mismatch" || got.Refusals[0].Client != "127.0.0.1" {
		t.Errorf("refusals are %+v", got.Refusals)
	}
	if !got.Resign || got.Emit != "binary" || len(got.Redact) != 1 || len(got.Override) != 1 || got.Slots != nil {
		t.Errorf("endpoint is %+v", got)
	}
}

func TestAdminArm(t *testing.T) {
	c := runCaddy(t)
	handshakeTo := func(path string) int { return c.deliver(t, path, "", "X-Hook-Secret", adminLearned) }
	if status := handshakeTo("/asana"); status != http.StatusUnauthorized {
		t.Fatalf("a slot that is not armed answers %d", status)
	}

	before := time.Now()
	rec := c.call(t, http.MethodPost, "/hookward/endpoints/asana/arm", "")
	if rec.Code != http.StatusOK {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	armed := decode[adminapi.ArmAnswer](t, rec)
	if armed.Slot != "default" || armed.ArmedUntil.Before(before.Add(adminapi.DefaultArm)) || armed.ArmedUntil.After(time.Now().Add(adminapi.DefaultArm)) {
		t.Errorf("answer is %+v", armed)
	}
	entry := c.logs.TakeAll()
	if len(entry) != 1 || entry[0].Level != zap.InfoLevel || entry[0].ContextMap()["client"] != "192.0.2.1:1234" ||
		entry[0].ContextMap()["endpoint"] != "asana" || entry[0].ContextMap()["slot"] != "default" {
		t.Errorf("log is %+v", entry)
	}
	if status := handshakeTo("/asana"); status != http.StatusOK {
		t.Errorf("an armed slot answers %d", status)
	}
	if status := handshakeTo("/repliers/agent.created"); status != http.StatusUnauthorized {
		t.Errorf("another endpoint's slot answers %d", status)
	}

	rec = c.call(t, http.MethodPost, "/hookward/endpoints/repliers/arm", `{"slot":"listing.updated","for":"1h"}`)
	if rec.Code != http.StatusOK {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	if got := decode[adminapi.ArmAnswer](t, rec); time.Until(got.ArmedUntil) < 59*time.Minute {
		t.Errorf("answer is %+v", got)
	}
	slots := decode[adminapi.Endpoint](t, c.call(t, http.MethodGet, "/hookward/endpoints/repliers", "")).Slots
	if len(slots) != 2 || slots[0].State != handshake.StateUnarmed || slots[1].State != handshake.StateArmed {
		t.Errorf("slots are %+v", slots)
	}
}

func TestAdminDisarm(t *testing.T) {
	c := runCaddy(t)
	const path = "/hookward/endpoints/repliers/arm"
	c.call(t, http.MethodPost, path, `{"slot":"listing.updated","for":"1h"}`)
	c.call(t, http.MethodPost, path, `{"slot":"agent.created","for":"1h"}`)
	c.logs.TakeAll()
	for range 2 { // a slot that is not armed stays so
		rec := c.call(t, http.MethodDelete, path+"?slot=listing.updated", "")
		if diff := cmp.Diff(adminapi.DisarmAnswer{Slot: "listing.updated"}, decode[adminapi.DisarmAnswer](t, rec)); rec.Code != http.StatusOK || diff != "" {
			t.Errorf("status %d, %s", rec.Code, diff)
		}
		if entry := c.logs.TakeAll(); len(entry) != 1 || entry[0].Message != "slot disarmed" || entry[0].ContextMap()["slot"] != "listing.updated" {
			t.Errorf("log is %+v", entry)
		}
	}
	if status := c.deliver(t, "/repliers/listing.updated", "", "X-Hook-Secret", adminLearned); status != http.StatusUnauthorized {
		t.Errorf("the disarmed slot answers a handshake with %d", status)
	}
	if status := c.deliver(t, "/repliers/agent.created", "", "X-Hook-Secret", adminLearned); status != http.StatusOK {
		t.Errorf("the other slot answers a handshake with %d", status)
	}
	// Where there is only one slot, it need not be named.
	c.call(t, http.MethodPost, "/hookward/endpoints/asana/arm", "")
	if rec := c.call(t, http.MethodDelete, "/hookward/endpoints/asana/arm", ""); decode[adminapi.DisarmAnswer](t, rec).Slot != onlySlot {
		t.Errorf("status %d", rec.Code)
	}
	if status := c.deliver(t, "/asana", "", "X-Hook-Secret", adminLearned); status != http.StatusUnauthorized {
		t.Errorf("the only slot answers a handshake with %d", status)
	}
}

// The slots of an endpoint are shown where there are no handshakes, too.
func TestAdminShowsSlots(t *testing.T) {
	c := runCaddy(t)
	for name, want := range map[string][]handshake.SlotStatus{
		"fixed":       {{Slot: "agent.created"}},
		"repliers":    {{Slot: "agent.created", State: handshake.StateUnarmed}, {Slot: "listing.updated", State: handshake.StateUnarmed}},
		"asana":       {{Slot: onlySlot, State: handshake.StateUnarmed}},
		"github-prod": nil,
	} {
		got := decode[adminapi.Endpoint](t, c.call(t, http.MethodGet, "/hookward/endpoints/"+name, "")).Slots
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAdminRemoveSecret(t *testing.T) {
	c := runCaddy(t)
	c.call(t, http.MethodPost, "/hookward/endpoints/asana/arm", "")
	c.deliver(t, "/asana", "", "X-Hook-Secret", adminLearned)
	c.logs.TakeAll()
	slots := decode[adminapi.Endpoint](t, c.call(t, http.MethodGet, "/hookward/endpoints/asana", "")).Slots
	fingerprint := signature.Fingerprint(adminLearned)
	if len(slots) != 1 || len(slots[0].Secrets) != 1 || slots[0].Secrets[0].Fingerprint != fingerprint {
		t.Fatalf("slots are %+v", slots)
	}

	below := "/hookward/endpoints/asana/slots/default/secrets/"
	for _, path := range []string{below + "00000000", below + adminLearned, "/hookward/endpoints/asana/slots/x/secrets/" + fingerprint} {
		if rec := c.call(t, http.MethodDelete, path, ""); rec.Code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, rec.Code)
		}
	}
	if n := c.logs.Len(); n != 0 {
		t.Errorf("%d lines are logged of what did not happen", n)
	}
	if rec := c.call(t, http.MethodDelete, below+fingerprint, ""); rec.Code != http.StatusNoContent || rec.Body.Len() != 0 {
		t.Errorf("status %d: %s", rec.Code, rec.Body)
	}
	if entry := c.logs.TakeAll(); len(entry) != 1 || entry[0].ContextMap()["fingerprint"] != fingerprint {
		t.Errorf("log is %+v", entry)
	}
	slots = decode[adminapi.Endpoint](t, c.call(t, http.MethodGet, "/hookward/endpoints/asana", "")).Slots
	if len(slots[0].Secrets) != 0 || slots[0].State != handshake.StateUnarmed {
		t.Errorf("slots are %+v", slots)
	}
}

func TestAdminForgetByID(t *testing.T) {
	c := runCaddy(t)
	c.deliverGitHub(t, "delivery-1")
	c.deliverGitHub(t, "delivery-1")
	counts := func() map[string]int64 {
		return decode[adminapi.Endpoint](t, c.call(t, http.MethodGet, "/hookward/endpoints/github-prod", "")).Counts
	}
	if diff := cmp.Diff(map[string]int64{"accept": 1, "duplicate": 1}, counts()); diff != "" {
		t.Fatal(diff)
	}
	rec := c.call(t, http.MethodPost, "/hookward/endpoints/github-prod/forget", `{"key":"delivery-1"}`)
	if diff := cmp.Diff(adminapi.ForgetAnswer{Forgotten: []adminapi.Forgotten{{Slot: "default", By: "id"}}}, decode[adminapi.ForgetAnswer](t, rec)); diff != "" {
		t.Error(diff)
	}
	if entry := c.logs.TakeAll(); len(entry) != 1 || entry[0].ContextMap()["key"] != "delivery-1" {
		t.Errorf("log is %+v", entry)
	}
	c.deliverGitHub(t, "delivery-1")
	if diff := cmp.Diff(map[string]int64{"accept": 2, "duplicate": 1}, counts()); diff != "" {
		t.Error(diff)
	}
}

func TestAdminForgetByBody(t *testing.T) {
	c := runCaddy(t)
	const body = `[{"agentid":909}]`
	c.deliver(t, "/fixed/agent.created", body, "X-Hook-Secret", adminSecret)
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte(body)))
	rec := c.call(t, http.MethodPost, "/hookward/endpoints/fixed/forget", `{"key":"`+hash+`"}`)
	if diff := cmp.Diff(adminapi.ForgetAnswer{Forgotten: []adminapi.Forgotten{{Slot: "agent.created", By: "body"}}}, decode[adminapi.ForgetAnswer](t, rec)); diff != "" {
		t.Error(diff)
	}
	if rec := c.call(t, http.MethodPost, "/hookward/endpoints/fixed/forget", `{"key":"`+hash+`","slot":"agent.created"}`); rec.Code != http.StatusNotFound {
		t.Errorf("a second time: status %d", rec.Code)
	}
}

// An id that the user wants hidden from logs is hidden from this one, too.
func TestAdminHidesForgottenID(t *testing.T) {
	c := runCaddy(t)
	app, err := runningApp()
	if err != nil {
		t.Fatal(err)
	}
	app.endpoints["github-prod"].handler.hidden.Key = true
	c.deliverGitHub(t, "private")
	if rec := c.call(t, http.MethodPost, "/hookward/endpoints/github-prod/forget", `{"key":"private"}`); rec.Code != http.StatusOK {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	if entry := c.logs.TakeAll(); len(entry) != 1 || entry[0].ContextMap()["key"] != redaction.Hidden {
		t.Errorf("log is %+v", entry)
	}
}

// brokenStorage is a storage that cannot be reached. No more of it is called.
type brokenStorage struct{ handshake.Storage }

func (brokenStorage) Lock(context.Context, string) error { return errors.New("unreachable") }
func (brokenStorage) Load(context.Context, string) ([]byte, error) {
	return nil, errors.New("unreachable")
}

func TestAdminWithoutStorage(t *testing.T) {
	c := runCaddy(t)
	app, err := runningApp()
	if err != nil {
		t.Fatal(err)
	}
	app.endpoints["asana"].slots, err = handshake.New(handshake.Options{
		Endpoint: "asana", Slots: []string{onlySlot}, Storage: brokenStorage{},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range [][2]string{
		{http.MethodGet, "/hookward/endpoints/asana"},
		{http.MethodPost, "/hookward/endpoints/asana/arm"},
		{http.MethodDelete, "/hookward/endpoints/asana/slots/default/secrets/00000000"},
	} {
		if rec := c.call(t, request[0], request[1], ""); rec.Code != http.StatusServiceUnavailable {
			t.Errorf("%v: status %d: %s", request, rec.Code, rec.Body)
		}
	}
	if n := c.logs.Len(); n != 0 {
		t.Errorf("%d lines are logged of what did not happen", n)
	}
}

// A delivery that is still being forwarded is not forgotten: its copies would go
// upstream beside it.
func TestAdminForgetsNothingInFlight(t *testing.T) {
	c := runCaddy(t)
	app, err := runningApp()
	if err != nil {
		t.Fatal(err)
	}
	key := dedupe.KeyOf("github-prod", onlySlot, dedupe.ByID, []byte("busy"))
	result, err := app.shared.Load().dedupe.Claim(key, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Claim.Release(nil)
	if rec := c.call(t, http.MethodPost, "/hookward/endpoints/github-prod/forget", `{"key":"busy"}`); rec.Code != http.StatusNotFound {
		t.Errorf("status %d", rec.Code)
	}
}

func TestAdminErrors(t *testing.T) {
	c := runCaddy(t)
	large := `{"slot":"` + strings.Repeat("x", maxAdminBody) + `"}`
	tests := []struct {
		method, path, body string
		status             int
		message            string
	}{
		{"GET", "/hookward/nothing", "", 404, "nothing at"},
		{"GET", "/hookward/endpoints/nobody", "", 404, `no endpoint "nobody"`},
		{"GET", "/hookward/endpoints/a%2Fb", "", 404, `no endpoint "a/b"`},
		{"GET", "/hookward/endpoints/" + strings.Repeat("x", 500), "", 404, "no endpoint"},
		{"POST", "/hookward/endpoints", "", 405, "only GET"},
		{"DELETE", "/hookward/endpoints/asana", "", 405, "only GET"},
		{"GET", "/hookward/endpoints/asana/arm", "", 405, "only DELETE, POST"},
		{"GET", "/hookward/endpoints/asana/forget", "", 405, "only POST"},
		{"POST", "/hookward/endpoints/asana/slots/default/secrets/00000000", "", 405, "only DELETE"},
		{"POST", "/hookward/endpoints/repliers/arm", "", 400, "2 slots"},
		{"POST", "/hookward/endpoints/repliers/arm", `{"slot":"listing.deleted"}`, 404, "unknown slot"},
		{"POST", "/hookward/endpoints/asana/arm", `{"for":"25h"}`, 400, "24h"},
		{"POST", "/hookward/endpoints/asana/arm", `{"for":"1ms"}`, 400, "want 1s"},
		{"POST", "/hookward/endpoints/asana/arm", `{"for":"off"}`, 400, "want 1s"},
		{"POST", "/hookward/endpoints/asana/arm", `{"for":"-5m"}`, 400, "more than 0"},
		{"POST", "/hookward/endpoints/asana/arm", `{"for":600}`, 400, "reading the body"},
		{"POST", "/hookward/endpoints/asana/arm", `{"four":"1h"}`, 400, "unknown field"},
		{"POST", "/hookward/endpoints/asana/arm", `{} {}`, 400, "follows the object"},
		{"POST", "/hookward/endpoints/asana/arm", `[]`, 400, "reading the body"},
		{"POST", "/hookward/endpoints/asana/arm", large, 413, "larger than"},
		{"POST", "/hookward/endpoints/github-prod/arm", "", 409, "nothing to arm"},
		{"POST", "/hookward/endpoints/fixed/arm", "", 409, "nothing to arm"},
		{"DELETE", "/hookward/endpoints/github-prod/arm", "", 409, "nothing to arm"},
		{"DELETE", "/hookward/endpoints/repliers/arm", "", 400, "2 slots"},
		{"DELETE", "/hookward/endpoints/repliers/arm?slot=listing.deleted", "", 404, "unknown slot"},
		{"DELETE", "/hookward/endpoints/github-prod/slots/default/secrets/00000000", "", 404, "no slots"},
		{"POST", "/hookward/endpoints/asana/forget", "", 400, "key is missing"},
		{"POST", "/hookward/endpoints/asana/forget", `{"key":"x"}`, 404, "no such delivery"},
		{"POST", "/hookward/endpoints/repliers/forget", `{"key":"x","slot":"y"}`, 404, `no slot "y"`},
	}
	for _, test := range tests {
		rec := c.call(t, test.method, test.path, test.body)
		if rec.Code != test.status || !strings.Contains(rec.Body.String(), strings.ReplaceAll(test.message, `"`, `\"`)) {
			t.Errorf("%s %.80s %.80s: %d %s, want %d and %q", test.method, test.path, test.body, rec.Code, rec.Body, test.status, test.message)
		}
		if allow := rec.Header().Get("Allow"); (allow != "") != (test.status == 405) || allow != "" && !strings.HasSuffix(test.message, allow) {
			t.Errorf("%s %s: Allow is %q", test.method, test.path, allow)
		}
		if len(rec.Body.String()) > 1000 {
			t.Errorf("%s %.80s: the answer has %d bytes", test.method, test.path, rec.Body.Len())
		}
	}
	if n := c.logs.Len(); n != 0 {
		t.Errorf("%d lines are logged of what did not happen", n)
	}
}

// A page in a browser can post a form, or text, to any address without asking.
func TestAdminTakesJSONAlone(t *testing.T) {
	c := runCaddy(t)
	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
		req := httptest.NewRequest(http.MethodPost, "/hookward/endpoints/asana/arm", strings.NewReader(`{"for":"1h"}`))
		req.Header.Set("Content-Type", contentType)
		rec := httptest.NewRecorder()
		c.mux.ServeHTTP(rec, req)
		if rec.Code != http.StatusUnsupportedMediaType {
			t.Errorf("content type %q: status %d", contentType, rec.Code)
		}
	}
}

func TestAdminWithoutApp(t *testing.T) {
	t.Parallel()
	api := newAdminAPI()
	for _, status := range []int{http.StatusNotFound, http.StatusServiceUnavailable} {
		api.running = func() (*App, error) { return nil, adminError(status, errors.New("not there")) }
		mux := adminMux(t, api)
		for _, path := range []string{"/hookward/endpoints", "/hookward/endpoints/x"} {
			rec := httptest.NewRecorder()
			mux.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
			if rec.Code != status {
				t.Errorf("%s: status %d, want %d", path, rec.Code, status)
			}
		}
	}
}

// A configuration that does not load leaves its admin API behind. It must tell of
// the endpoints that run.
func TestAdminAfterFailedLoad(t *testing.T) {
	c := runCaddy(t)
	broken := fmt.Sprintf(`{
		"admin": {"listen": %q, "config": {"persist": false}},
		"logging": {"logs": {"default": {"writer": {"output": "discard"}}}},
		"apps": {"http": {"servers": {"s": {"listen": ["127.0.0.1:0"], "routes": [{"handle": [
			{"handler": "hookward", "provider": "github", "name": "new", "path": "/x", "secrets": [{"value": "{env.NOT_SET_ANYWHERE}"}]}
		]}]}}}}
	}`, c.admin)
	if err := caddy.Load([]byte(broken), true); err == nil {
		t.Fatal("the broken configuration has loaded")
	}
	resp, err := http.Get("http://" + c.admin + "/hookward/endpoints")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(body, []byte("github-prod")) || bytes.Contains(body, []byte(`"new"`)) {
		t.Errorf("answer is %s", body)
	}
}

func TestWithoutSecrets(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ address, want string }{
		{"", ""},
		{"https://hooks.example.com/x/{event}", "https://hooks.example.com/x/{event}"},
		{"https://hooks.example.com/@x", "https://hooks.example.com/@x"},
		{"https://a:b@hooks.example.com/x", "https://hooks.example.com/x"},
		{"https://a:b@c@hooks.example.com", "https://hooks.example.com"},
		{"https://hooks.example.com?key=t&x&y=", "https://hooks.example.com?key=...&...&y=..."},
		{"https://hooks.example.com/?t?key=t=u", "https://hooks.example.com/?t?key=..."},
	} {
		if got := withoutSecrets(test.address); got != test.want {
			t.Errorf("withoutSecrets(%q) = %q, want %q", test.address, got, test.want)
		}
	}
}
