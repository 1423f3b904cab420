package e2e

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

// apiCredential is what the APIs of these tests ask for.
const apiCredential = "e2e-api-credential"

// saas plays a provider with a subscription API.
type saas struct {
	*dialect
	t      *testing.T
	server *httptest.Server

	mu      sync.Mutex
	subs    []*ordered
	made    int
	creates int
	asked   int
	during  func(target string) // called while a subscription is being made
	down    bool
	secret  string // in the place of the handshake's own, for one that is not the provider's
}

// ordered is one subscription.
type ordered struct{ id, event, target, secret string }

// dialect is how a provider's API speaks.
type dialect struct {
	name      string
	config    string // lines of the block
	list      string // the path of the collection
	header    string // that has the credential
	value     string
	handshake bool
	create    func(map[string]any) (event, target string)
	answer    func(http.ResponseWriter, *ordered)
	show      func(*ordered) any
	envelope  func([]any) any
	sign      func(*ordered, string) http.Header
	events    []string
	types     []string // of the events upstream
	body      func(event string, n int) string
}

func text1(m map[string]any, key string) string { s, _ := m[key].(string); return s }

func writeAs(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

var repliersAPI = &dialect{
	name: "repliers", list: "/webhooks", header: "Repliers-Api-Key", value: apiCredential, handshake: true,
	create: func(m map[string]any) (string, string) { return text1(m, "event"), text1(m, "target_url") },
	answer: func(w http.ResponseWriter, s *ordered) {
		writeAs(w, 200, map[string]any{"id": json.Number(s.id), "target_url": s.target, "event": s.event})
	},
	show: func(s *ordered) any {
		return map[string]any{"id": json.Number(s.id), "target_url": s.target, "event": s.event}
	},
	envelope: func(all []any) any { return all },
	sign:     func(s *ordered, _ string) http.Header { return http.Header{"X-Hook-Secret": {s.secret}} },
	events:   []string{"agent.created", "listing.updated"},
	types:    []string{"io.repliers.agent.created", "io.repliers.listing.updated"},
	body:     func(_ string, n int) string { return fmt.Sprintf(`[{"agentid":%d}]`, n) },
}

var rechatAPI = &dialect{
	name: "rechat", config: "account 8929cf8b", list: "/brands/8929cf8b/webhooks", header: "Authorization", value: "Bearer " + apiCredential,
	create: func(m map[string]any) (string, string) { return text1(m, "topic"), text1(m, "url") },
	answer: func(w http.ResponseWriter, s *ordered) {
		writeAs(w, 200, map[string]any{"code": "OK", "data": rechatWebhook(s)})
	},
	show: rechatWebhook,
	envelope: func(all []any) any {
		return map[string]any{"code": "OK", "data": all, "info": map[string]any{"count": len(all)}}
	},
	sign: func(s *ordered, body string) http.Header {
		key, _ := hex.DecodeString(s.secret)
		return http.Header{"X-Rechat-Signature": {hmacHex(string(key), body)}}
	},
	events: []string{"Deals", "Showings"},
	types:  []string{"com.rechat.deal.created", "com.rechat.showing.created"},
	body: func(event string, n int) string {
		name := map[string]string{"Deals": "Created", "Showings": "showing.created"}[event]
		return fmt.Sprintf(`{"topic":%q,"event":%q,"timestamp":%d,"payload":{}}`, event, name, 1774173334258+n)
	},
}

func rechatWebhook(s *ordered) any {
	return map[string]any{"id": s.id, "topic": s.event, "url": s.target, "key": s.secret}
}

var asanaAPI = &dialect{
	name: "asana", config: "account 1331\n\t\t\tresource 8675309", list: "/webhooks", header: "Authorization", value: "Bearer " + apiCredential, handshake: true,
	create: func(m map[string]any) (string, string) {
		data, _ := m["data"].(map[string]any)
		filters, _ := data["filters"].([]any)
		filter, _ := filters[0].(map[string]any)
		return text1(filter, "resource_type") + "." + text1(filter, "action"), text1(data, "target")
	},
	answer: func(w http.ResponseWriter, s *ordered) {
		writeAs(w, 201, map[string]any{"data": asanaWebhook(s), "X-Hook-Secret": s.secret})
	},
	show:     asanaWebhook,
	envelope: func(all []any) any { return map[string]any{"data": all} },
	sign: func(s *ordered, body string) http.Header {
		return http.Header{"X-Hook-Signature": {hmacHex(s.secret, body)}}
	},
	events: []string{"task.added", "task.changed"},
	types:  []string{"com.asana.task.added", "com.asana.task.updated"},
	body: func(event string, n int) string {
		kind, action, _ := strings.Cut(event, ".")
		return fmt.Sprintf(`{"events":[{"action":%q,"resource":{"gid":"%d","resource_type":%q}}]}`, action, n, kind)
	},
}

func asanaWebhook(s *ordered) any {
	kind, action, _ := strings.Cut(s.event, ".")
	return map[string]any{
		"gid": s.id, "target": s.target, "active": true, "resource": map[string]any{"gid": "8675309"},
		"filters": []any{map[string]any{"resource_type": kind, "action": action}},
	}
}

var everrealAPI = &dialect{
	name: "everreal", list: "/api/external-integrations/webhooks", header: "Authorization", value: "Bearer " + apiCredential,
	create: func(m map[string]any) (string, string) { return text1(m, "type"), text1(m, "url") },
	answer: func(w http.ResponseWriter, s *ordered) { w.Header().Set("Location", s.id) },
	show: func(s *ordered) any {
		return map[string]any{"id": s.id, "type": s.event, "url": s.target}
	},
	envelope: func(all []any) any { return all },
	sign:     func(*ordered, string) http.Header { return http.Header{} },
	events:   []string{"LISTING_CREATED", "UNIT_DELETED"},
	types:    []string{"co.everreal.listing.created", "co.everreal.unit.deleted"},
	body: func(event string, n int) string {
		return fmt.Sprintf(`{"uuid":"%d","operation":%q,"data":{}}`, n, event)
	},
}

// newSaaS starts a provider.
func newSaaS(t *testing.T, d *dialect) *saas {
	t.Helper()
	s := &saas{dialect: d, t: t}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

// ServeHTTP implements [http.Handler].
func (s *saas) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked++
	down := s.down
	s.mu.Unlock()
	id, one := strings.CutPrefix(r.URL.Path, s.list+"/")
	switch {
	case down:
		w.WriteHeader(http.StatusBadGateway)
	case r.Header.Get(s.header) != s.value:
		writeAs(w, http.StatusUnauthorized, map[string]string{"message": "who are you"})
	case r.Method == http.MethodPost && r.URL.Path == s.list:
		s.order(w, r)
	case r.Method == http.MethodGet && r.URL.Path == s.list:
		all := []any{}
		for _, sub := range s.all() {
			all = append(all, s.show(sub))
		}
		writeAs(w, http.StatusOK, s.envelope(all))
	case r.Method == http.MethodDelete && one && s.cancel(id):
		writeAs(w, http.StatusOK, map[string]string{})
	default:
		writeAs(w, http.StatusNotFound, map[string]string{"message": "no such thing"})
	}
}

// order makes a subscription, and the handshake before it answers.
func (s *saas) order(w http.ResponseWriter, r *http.Request) {
	var m map[string]any
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		s.t.Errorf("the request is no JSON: %v", err)
	}
	sub := &ordered{}
	sub.event, sub.target = s.create(m)
	s.mu.Lock()
	s.creates++
	s.made++
	sub.id = fmt.Sprint(s.made)
	during, secret := s.during, s.secret
	s.mu.Unlock()
	sub.secret = hmacHex("key-of-"+s.name, sub.id) // 64 hex digits
	if secret == "" {
		secret = sub.secret
	}
	if s.handshake && !s.shake(sub.target, secret) {
		writeAs(w, http.StatusBadRequest, map[string]string{"message": "the handshake failed"})
		return
	}
	s.mu.Lock()
	s.subs = append(s.subs, sub)
	s.mu.Unlock()
	if during != nil {
		during(sub.target)
	}
	s.answer(w, sub)
}

// shake makes a handshake and reports whether it was answered well.
func (s *saas) shake(target, secret string) bool {
	status, header := post(s.t, target, "", http.Header{"X-Hook-Secret": {secret}})
	return status == http.StatusOK && header.Get("X-Hook-Secret") == secret
}

// post sends a request without a client's help, for it comes from another party.
func post(t *testing.T, target, body string, header http.Header) (int, http.Header) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0, nil
	}
	req.Header = header.Clone()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, resp.Header
}

func (s *saas) all() []*ordered {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.subs)
}

func (s *saas) cancel(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.subs)
	s.subs = slices.DeleteFunc(s.subs, func(sub *ordered) bool { return sub.id == id })
	return len(s.subs) < before
}

// change changes how the provider behaves.
func (s *saas) change(do func(*saas)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do(s)
}

// count returns how often the provider was asked, and how often for a subscription.
func (s *saas) count() (asked, creates int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked, s.creates
}

// deliver sends an event of a subscription and returns the status of the answer.
func (s *saas) deliver(sub *ordered, n int) (int, http.Header) {
	body := s.body(sub.event, n)
	header := s.sign(sub, body)
	header.Set("Content-Type", "application/json")
	return post(s.t, sub.target, body, header)
}

// endpoint is a route whose endpoint subscribes to these events.
func (s *saas) endpoint(up *harness.Upstream, events []string, lines ...string) string {
	return s.endpointAt("http://127.0.0.1:8080", up, events, lines...)
}

func (s *saas) endpointAt(origin string, up *harness.Upstream, events []string, lines ...string) string {
	segment, token := "/{slot}", ""
	if s.name == "everreal" {
		segment, token = "", "token query key e2e-url-token"
	}
	api := s.server.URL
	block := []string{"api " + api, "credential {env.API_CREDENTIAL}", "events " + strings.Join(events, " "), s.config}
	return handle("/in/*", fmt.Sprintf(`hookward %s {
		path /in/hook%s
		public_url %s/in/hook%s
		%s
		subscribe {
			%s
		}
	}`, s.name, segment, origin, segment, token, strings.Join(append(block, lines...), "\n\t\t\t")), "reverse_proxy "+up.Address)
}

// pathOf is the path and query of a URL.
func pathOf(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return target
	}
	return u.RequestURI()
}
