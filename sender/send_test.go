package sender_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/sender"
)

func TestSendFillsIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusOK))
		s := newSender(t, ends.option())
		subscribe(t, s, sender.Subscription{})
		event, err := s.Send(t.Context(), sender.Event{Type: "listing.created", Body: []byte("{}")})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(event.ID, "evt_") || !event.Time.Equal(time.Now()) || event.ContentType != "application/json" {
			t.Errorf("accepted as %+v", event)
		}
		synctest.Wait()
		got := ends.got("")[0]
		if got.Method != http.MethodPost || got.Header.Get("Content-Type") != "application/json" || got.ContentLength != 2 {
			t.Errorf("%s with %v, %d bytes", got.Method, got.Header, got.ContentLength)
		}
		if got.Header.Get("User-Agent") == "" {
			t.Error("there is no User-Agent")
		}
	})
}

func TestSendRefuses(t *testing.T) {
	t.Parallel()
	s := newSender(t, answering(refuse).option(), sender.WithMaxBody(100))
	for name, event := range map[string]sender.Event{
		"no type":                         {},
		"a pattern for a type":            {Type: "listing.*"},
		"a type with a space":             {Type: "listing created"},
		"a type that is too long":         {Type: strings.Repeat("x", 257)},
		"an id with a dot":                {ID: "evt.1", Type: "a"},
		"an id with a line break":         {ID: "evt\r\nX: y", Type: "a"},
		"an id that is not ascii":         {ID: "evt_ü", Type: "a"},
		"an id that is too long":          {ID: strings.Repeat("x", 129), Type: "a"},
		"a content type that is none":     {Type: "a", ContentType: "json\r\nX: y"},
		"a content type that ends a line": {Type: "a", ContentType: "application/json\r\n"},
		"a content type of two lines":     {Type: "a", ContentType: "text/plain;\r\n charset=utf-8"},
		"a body that is too long":         {Type: "a", Body: make([]byte, 101)},
	} {
		if _, err := s.Send(t.Context(), event); !errors.Is(err, sender.ErrInvalid) {
			t.Errorf("%s: %v, want %v", name, err, sender.ErrInvalid)
		}
	}
	if _, err := s.Send(t.Context(), sender.Event{Type: "a", Body: make([]byte, 100)}); err != nil {
		t.Errorf("the longest body: %v", err)
	}
}

func TestSendDuplicate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusOK))
		s := newSender(t, ends.option())
		subscribe(t, s, sender.Subscription{})
		event := sender.Event{ID: "order-1", Type: "order.paid"}
		if _, err := s.Send(t.Context(), event); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Send(t.Context(), event); !errors.Is(err, sender.ErrDuplicate) {
			t.Errorf("send again: %v, want %v", err, sender.ErrDuplicate)
		}
		time.Sleep(time.Hour)
		if n := len(ends.got("")); n != 1 {
			t.Errorf("%d attempts, want 1", n)
		}
	})
}

// TestSendFull: what is refused for lack of room is accepted once there is room.
func TestSendFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusInternalServerError), status(http.StatusInternalServerError), status(http.StatusOK))
		s := newSender(t, ends.option(), sender.WithOutbox(sender.NewMemoryOutbox(sender.MemoryLimits{Events: 2})))
		subscribe(t, s, sender.Subscription{})
		send(t, s)
		send(t, s)
		third := sender.Event{ID: "third", Type: "a"}
		if _, err := s.Send(t.Context(), third); !errors.Is(err, sender.ErrFull) {
			t.Fatalf("send: %v, want %v", err, sender.ErrFull)
		}
		time.Sleep(time.Minute)
		if _, err := s.Send(t.Context(), third); err != nil {
			t.Fatalf("send once there is room: %v", err)
		}
	})
}

// TestWhoIsTold: types and tenants decide.
func TestWhoIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusOK))
		s := newSender(t, ends.option())
		for host, subscription := range map[string]sender.Subscription{
			"all":     {},
			"star":    {Types: []string{"*"}},
			"listing": {Types: []string{"listing.*"}},
			"exact":   {Types: []string{"listing.created", "deal.won"}},
			"acme":    {Tenant: "acme"},
		} {
			subscription.URL = "https://" + host
			subscribe(t, s, subscription)
		}
		for _, event := range []sender.Event{
			{Type: "listing.created"},
			{Type: "listing.updated"},
			{Type: "deal.won"},
			{Type: "listings"},
			{Type: "listing.created", Tenant: "acme"},
			{Type: "listing.created", Tenant: "other"},
		} {
			if _, err := s.Send(t.Context(), event); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		for host, want := range map[string]int{"all": 4, "star": 4, "listing": 2, "exact": 2, "acme": 1} {
			if got := len(ends.got(host)); got != want {
				t.Errorf("%s got %d events, want %d", host, got, want)
			}
		}
	})
}

// TestFanOut: one event goes to 10,000 subscriptions, and its body is never copied.
func TestFanOut(t *testing.T) {
	t.Parallel()
	const subscriptions = 10_000
	body := bytes.Repeat([]byte("x"), 64<<10)
	all := &sharing{body: body, left: subscriptions, done: make(chan struct{})}
	s := newSender(t, sender.WithTransport(func(http.RoundTripper) http.RoundTripper { return all }))
	for i := range subscriptions {
		subscribe(t, s, sender.Subscription{URL: fmt.Sprintf("https://%d.example.com", i)})
	}
	if _, err := s.Send(t.Context(), sender.Event{Type: "a", Body: body}); err != nil {
		t.Fatal(err)
	}
	<-all.done
	if all.copies > 0 {
		t.Errorf("%d attempts were made with a copy of the body", all.copies)
	}
}

// sharing looks whether requests share one body.
type sharing struct {
	body []byte

	mu           sync.Mutex
	left, copies int
	done         chan struct{}
}

// RoundTrip implements [http.RoundTripper].
func (s *sharing) RoundTrip(req *http.Request) (*http.Response, error) {
	// The reader of a byte slice writes that slice itself, in one piece.
	var seen firstWrite
	if _, err := io.Copy(&seen, req.Body); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(seen.bytes) != len(s.body) || &seen.bytes[0] != &s.body[0] {
		s.copies++
	}
	if s.left--; s.left == 0 {
		close(s.done)
	}
	return httptest.NewRecorder().Result(), nil
}

// firstWrite keeps what it is first written, which no other writer may do.
type firstWrite struct{ bytes []byte }

func (f *firstWrite) Write(p []byte) (int, error) {
	if f.bytes == nil {
		f.bytes = p
	}
	return len(p), nil
}

// TestIDOfAnotherTenant: no event is taken for accepted because another tenant's has its
// id.
func TestIDOfAnotherTenant(t *testing.T) {
	t.Parallel()
	s := newSender(t, answering(status(http.StatusOK)).option())
	for _, c := range []struct {
		tenant string
		want   error
	}{{"a", nil}, {"a", sender.ErrDuplicate}, {"b", sender.ErrInvalid}, {"", sender.ErrInvalid}} {
		_, err := s.Send(t.Context(), sender.Event{ID: "order-17-paid", Type: "paid", Tenant: c.tenant})
		if !errors.Is(err, c.want) || errors.Is(err, sender.ErrInvalid) && errors.Is(err, sender.ErrDuplicate) {
			t.Errorf("of tenant %q: %v, want %v", c.tenant, err, c.want)
		}
	}
}
