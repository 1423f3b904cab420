package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/harness"
	"github.com/hookward/hookward/sender"
)

// service is the program, as a customer sees it.
type service struct {
	*harness.Program
	address string
}

func start(t *testing.T) service {
	t.Helper()
	p := harness.StartProgram(t, "examples/sender", "--listen", "127.0.0.1:0", "--allow-loopback")
	return service{p, p.Await("ready address=")}
}

// call makes a call with Ada's key, and fails the test if it does not succeed.
func (s service) call(t *testing.T, method, path, body string, answer any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer demo-key-of-ada")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode > 299 {
		t.Fatalf("%s %s is answered %s: %s", method, path, resp.Status, text)
	}
	if answer == nil {
		return
	}
	if err := json.Unmarshal(text, answer); err != nil {
		t.Fatalf("%s %s: %v: %s", method, path, err, text)
	}
}

func (s service) subscribe(t *testing.T, r *receiver) sender.Subscription {
	t.Helper()
	var created sender.Subscription
	s.call(t, http.MethodPost, "/subscriptions", `{"url":"http://`+r.Address+`/hooks","types":["thing.*"]}`, &created)
	if created.State != sender.Active || len(created.Secrets) != 1 {
		t.Fatalf("the new subscription is %s and has %d secrets", created.State, len(created.Secrets))
	}
	return created
}

// makeThing returns the id of the event that is told.
func (s service) makeThing(t *testing.T, name string) string {
	t.Helper()
	var made struct{ Event string }
	s.call(t, http.MethodPost, "/things", `{"name":"`+name+`"}`, &made)
	return made.Event
}

// awaitRecord waits until an attempt is recorded, which is after its answer.
func (s service) awaitRecord(t *testing.T, subscription string) {
	t.Helper()
	for deadline := time.Now().Add(harness.Patience); time.Now().Before(deadline); {
		var attempts []sender.Attempt
		s.call(t, http.MethodGet, "/subscriptions/"+subscription+"/attempts", "", &attempts)
		if len(attempts) > 0 {
			return
		}
	}
	t.Fatal("no attempt is recorded")
}

// receiver is a customer's endpoint.
type receiver struct {
	*harness.Upstream
	arrived chan struct{} // a value for each delivery, once it was noted
}

// newReceiver returns an endpoint that does something before it answers.
func newReceiver(t *testing.T, before func(*http.Request)) *receiver {
	t.Helper()
	r := &receiver{arrived: make(chan struct{}, 100)}
	r.Upstream = harness.NewUpstream(t, func(_ http.ResponseWriter, req *http.Request) {
		r.arrived <- struct{}{}
		before(req)
	})
	return r
}

func atOnce(*http.Request) {}

// next waits for a delivery and returns it.
func (r *receiver) next(t *testing.T) harness.Arrival {
	t.Helper()
	select {
	case <-r.arrived:
	case <-time.After(harness.Patience):
		t.Fatal("no delivery arrives")
	}
	all := r.All()
	return all[len(all)-1]
}

// checkSignature recomputes the signature by each of the secrets, as Standard Webhooks
// says.
func checkSignature(t *testing.T, got harness.Arrival, secrets ...sender.Secret) {
	t.Helper()
	signatures := strings.Fields(got.Header.Get("Webhook-Signature"))
	if len(signatures) != len(secrets) {
		t.Fatalf("the delivery has %d signatures, want %d", len(signatures), len(secrets))
	}
	content := got.Header.Get("Webhook-Id") + "." + got.Header.Get("Webhook-Timestamp") + "." + got.Body
	for i, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret.Value, "whsec_"))
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(content))
		if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); signatures[i] != want {
			t.Errorf("signature %d is %s, want %s", i, signatures[i], want)
		}
	}
}

func TestService(t *testing.T) {
	t.Parallel()
	s := start(t)
	first, second := newReceiver(t, atOnce), newReceiver(t, atOnce)
	subscription := s.subscribe(t, first)

	event := s.makeThing(t, "lamp")
	got := first.next(t)
	checkSignature(t, got, subscription.Secrets[0])
	if id := got.Header.Get("Webhook-Id"); id != event {
		t.Errorf("the delivery's id is %q, want the event's, %q", id, event)
	}
	if !strings.Contains(got.Body, `"type":"thing.created"`) || !strings.Contains(got.Body, `"name":"lamp"`) {
		t.Errorf("the delivery says %s", got.Body)
	}

	var fresh sender.Secret
	s.call(t, http.MethodPost, "/subscriptions/"+subscription.ID+"/rotate", "", &fresh)
	s.awaitRecord(t, subscription.ID)
	s.call(t, http.MethodPost, "/subscriptions/"+subscription.ID+"/redeliver/"+event, "", nil)
	again := first.next(t)
	checkSignature(t, again, fresh, subscription.Secrets[0])
	if again.Body != got.Body || again.Header.Get("Webhook-Id") != event {
		t.Errorf("redelivered as %q: %s", again.Header.Get("Webhook-Id"), again.Body)
	}

	s.subscribe(t, second)
	s.call(t, http.MethodDelete, "/subscriptions/"+subscription.ID, "", nil)
	s.makeThing(t, "chair")
	if got := second.next(t); !strings.Contains(got.Body, "chair") {
		t.Errorf("the delivery says %s", got.Body)
	}
	first.Want(t, 2)

	s.Terminate()
	s.Wait()
}

// TestDrains tells the service to end while a delivery is on its way.
func TestDrains(t *testing.T) {
	t.Parallel()
	s := start(t)
	release, cutShort := make(chan struct{}), make(chan struct{})
	slow := newReceiver(t, func(r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
			close(cutShort)
		}
	})
	s.subscribe(t, slow)
	s.makeThing(t, "lamp")
	slow.next(t)

	s.Terminate()
	s.Await("draining")
	awaitRefusal(t, s.address)
	select {
	case <-cutShort:
		t.Error("the delivery was cut short")
	case <-time.After(time.Second): // nothing shows that it will not be
	}
	close(release)
	s.Wait()
}

// awaitRefusal waits until nothing listens at the address any longer.
func awaitRefusal(t *testing.T, address string) {
	t.Helper()
	deadline := time.Now().Add(harness.Patience)
	for time.Now().Before(deadline) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		_ = conn.Close()
	}
	t.Fatal("the service still listens")
}

// TestGuard starts the service as it is meant for production: it delivers to no
// address of its own network.
func TestGuard(t *testing.T) {
	t.Parallel()
	s, err := sender.New(options(false)...)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	for _, url := range []string{"http://example.com/hooks", "https://127.0.0.1/hooks", "https://[::1]/hooks", "https://169.254.169.254/"} {
		if _, err := s.Subscribe(t.Context(), sender.Subscription{URL: url}); err == nil {
			t.Errorf("%s is allowed", url)
		}
	}
}
