package profile_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hookward/hookward/sender"
)

// TestForbiddenTargets registers addresses that are not public: nobody may use a provider
// to reach what is near to it.
func TestForbiddenTargets(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, name string) {
		s := simulateOutside(t, name)
		victim := watch(t)
		for _, target := range []string{
			"http://" + victim.address, "https://" + victim.address, "https://[::ffff:" + strings.Replace(victim.address, ":", "]:", 1),
			"https://[::1]/", "https://0.0.0.0/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/",
			"http://example.com/", "ftp://example.com/", "//example.com", "https://user@example.com/", "https:///", "file:///etc/passwd",
			"gopher://" + victim.address, "https://example.com/#x", "https://" + strings.Repeat("x", 3000), "\n", "",
		} {
			status, body, _ := s.call(t, http.MethodPost, calls[name].path, fmt.Sprintf(calls[name].create, target))
			if status != http.StatusBadRequest {
				t.Errorf("%q is answered with %d %s", target, status, body)
			}
		}

		// A name may lead anywhere, which is seen when it is dialled.
		_, port, err := net.SplitHostPort(victim.address)
		if err != nil {
			t.Fatal(err)
		}
		status, body, _ := s.call(t, http.MethodPost, calls[name].path, fmt.Sprintf(calls[name].create, "https://localhost:"+port+"/"))
		if name == "repliers" || name == "rest-hooks" {
			wantEqual(t, "the status, with "+body, status, http.StatusBadRequest)
			if !strings.Contains(body, `"the endpoint cannot be reached"`) {
				t.Errorf("the caller learns of the network: %s", body)
			}
		} else {
			s.isForbidden(t)
		}
		if got := victim.connections.Load(); got != 0 {
			t.Errorf("%d connections were made", got)
		}
	})
}

// isForbidden emits an event, whose only delivery the egress guard is to refuse.
func (s *simulator) isForbidden(tb testing.TB) {
	tb.Helper()
	event := s.emit(tb, s.only(tb).Types[0])
	for {
		attempts, err := s.Sender().Attempts(tb.Context(), sender.AttemptQuery{Event: event.ID})
		if err != nil {
			tb.Fatal(err)
		}
		if len(attempts) == 1 {
			if !strings.Contains(attempts[0].Error, sender.ErrForbidden.Error()) {
				tb.Errorf("the attempt ended in %q", attempts[0].Error)
			}
			return
		}
	}
}

// victim is a listener that counts who comes.
type victim struct {
	address     string
	connections atomic.Int64
}

func watch(tb testing.TB) *victim {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	v := &victim{address: listener.Addr().String()}
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			v.connections.Add(1)
			_ = connection.Close()
		}
	})
	tb.Cleanup(func() {
		_ = listener.Close()
		accepting.Wait()
	})
	return v
}
