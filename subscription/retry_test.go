package subscription

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// script answers the first request with its first step, and so on; the last
// step answers all that come later.
type script struct {
	steps []step
	at    []time.Time // of the requests
}

type step func(*http.Request) (*http.Response, error)

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	n := min(len(s.at), len(s.steps)-1)
	s.at = append(s.at, time.Now())
	return s.steps[n](r)
}

// waits are the times between the requests.
func (s *script) waits() []time.Duration {
	var waits []time.Duration
	for i := range len(s.at) - 1 {
		waits = append(waits, s.at[i+1].Sub(s.at[i]))
	}
	return waits
}

func status(code int, retryAfter string) step {
	return func(*http.Request) (*http.Response, error) {
		header := http.Header{}
		if retryAfter != "" {
			header.Set("Retry-After", retryAfter)
		}
		return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(strings.NewReader("[]"))}, nil
	}
}

func fails(err error) step {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hangs until the call is given up.
func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

var (
	errDial  = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	errReset = &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
)

// play returns the script and a client that is answered by it.
func play(tb testing.TB, provider string, steps []step, opts ...Option) (*script, Client) {
	tb.Helper()
	s := &script{steps: steps}
	opts = append([]Option{WithHTTPClient(&http.Client{Transport: s})}, opts...)
	return s, open(tb, provider, configFor(provider, "https://api.example.com"), opts...)
}

func TestAttempts(t *testing.T) {
	t.Parallel()
	const reads, changes = true, false
	for name, test := range map[string]struct {
		step step
		want error
		once map[bool]bool // whether reads, and changes, are tried once only
	}{
		"no connection":             {step: fails(errDial), want: ErrUnavailable},
		"429 with Retry-After":      {step: status(429, "1"), want: ErrRateLimited},
		"429 with Retry-After of 0": {step: status(429, "0"), want: ErrRateLimited},
		"503 with Retry-After":      {step: status(503, "1"), want: ErrUnavailable},
		"connection lost":           {step: fails(errReset), want: ErrUnavailable, once: map[bool]bool{changes: true}},
		"no answer in time":         {step: hangs, want: ErrUnavailable, once: map[bool]bool{changes: true}},
		"429":                       {step: status(429, ""), want: ErrRateLimited, once: map[bool]bool{changes: true}},
		"429, Retry-After no time":  {step: status(429, "soon"), want: ErrRateLimited, once: map[bool]bool{changes: true}},
		"503":                       {step: status(503, ""), want: ErrUnavailable, once: map[bool]bool{changes: true}},
		"500 with Retry-After":      {step: status(500, "1"), want: ErrUnavailable, once: map[bool]bool{changes: true}},
		"502":                       {step: status(502, ""), want: ErrUnavailable, once: map[bool]bool{changes: true}},
		"408":                       {step: status(408, ""), want: ErrUnavailable, once: map[bool]bool{changes: true}},
		"400":                       {step: status(400, ""), want: ErrRejected, once: map[bool]bool{reads: true, changes: true}},
		"401":                       {step: status(401, ""), want: ErrUnauthorized, once: map[bool]bool{reads: true, changes: true}},
		"403":                       {step: status(403, ""), want: ErrUnauthorized, once: map[bool]bool{reads: true, changes: true}},
		"404":                       {step: status(404, ""), want: ErrNotFound, once: map[bool]bool{reads: true, changes: true}},
		"409":                       {step: status(409, ""), want: ErrConflict, once: map[bool]bool{reads: true, changes: true}},
		"410":                       {step: status(410, ""), want: ErrNotFound, once: map[bool]bool{reads: true, changes: true}},
		"422":                       {step: status(422, ""), want: ErrRejected, once: map[bool]bool{reads: true, changes: true}},
		"304":                       {step: status(304, ""), want: ErrUnexpected, once: map[bool]bool{reads: true, changes: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for _, provider := range []string{restHooksName, asanaName, everrealName} {
					for _, operation := range []string{opCreate, opList, opUpdate, opDelete} {
						s, client := play(t, provider, []step{test.step}, WithRetry(Retry{Attempts: 4, MaxDelay: time.Minute}))
						do, ok := operations(t, provider, client)[operation]
						if !ok {
							continue
						}
						if err := do(); !errors.Is(err, test.want) {
							t.Errorf("%s: error %v, want %v", operation, err, test.want)
						}
						want := 4
						if test.once[operation == opList || operation == opDelete] {
							want = 1
						}
						if len(s.at) != want {
							t.Errorf("%s: %d attempts, want %d", operation, len(s.at), want)
						}
					}
				}
			})
		})
	}
}

// What the script calls a failure to connect is what the network says.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	dials := 0
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		dials++
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	config := configFor(repliersName, "http://"+listener.Addr().String())
	client := open(t, repliersName, config, quickly, WithHTTPClient(&http.Client{Transport: transport}))
	_, err = client.Create(t.Context(), requestFor(repliersName))
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "refused") || dials != 3 {
		t.Errorf("error %v after %d attempts", err, dials)
	}
}

func TestSuccessAfterFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, client := play(t, repliersName, []step{fails(errDial), status(503, "2"), status(200, "")})
		if _, err := client.List(t.Context()); err != nil || len(s.at) != 3 {
			t.Errorf("error %v after %d attempts", err, len(s.at))
		}
	})
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		different := map[time.Duration]bool{}
		for range 20 {
			s, client := play(t, repliersName, []step{status(500, "")},
				WithRetry(Retry{Attempts: 6, Delay: time.Second, MaxDelay: 5 * time.Second}))
			_, _ = client.List(t.Context())
			waits := s.waits()
			for i, longest := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second} {
				if waits[i] < longest/2 || waits[i] > longest {
					t.Errorf("wait %d is %v, want between half of %v and all of it", i+1, waits[i], longest)
				}
			}
			different[waits[0]] = true
		}
		if len(different) < 10 {
			t.Errorf("the first wait has %d lengths in 20 calls", len(different))
		}
	})
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	inDate := func() string { return time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat) }
	for want, value := range map[time.Duration]func() string{
		10 * time.Second: func() string { return "10" },
		3 * time.Second:  func() string { return " 3 " },
		20 * time.Second: inDate,
	} {
		synctest.Test(t, func(t *testing.T) {
			s, client := play(t, repliersName, []step{status(429, value()), status(200, "")})
			if _, err := client.List(t.Context()); err != nil {
				t.Error(err)
			}
			if got := s.waits()[0]; got != want {
				t.Errorf("waited %v, want %v", got, want)
			}
		})
	}
}

func TestRetryAfterIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for value, want := range map[string]time.Duration{
			"31": 31 * time.Second, "99999999999999999999": maxRetryAfter, "Fri, 31 Dec 9999 23:59:59 GMT": maxRetryAfter,
		} {
			s, client := play(t, repliersName, []step{status(429, value)})
			_, err := client.Create(t.Context(), requestFor(repliersName))
			var failure *Error
			if !errors.As(err, &failure) || failure.RetryAfter != want || len(s.at) != 1 {
				t.Errorf("Retry-After %q: %d attempts, error %#v", value, len(s.at), failure)
			}
		}
		for _, value := range []string{"-1", "1.5", "Mon, 01 Jan 1990 00:00:00 GMT"} {
			s, client := play(t, repliersName, []step{status(429, value), status(200, "")}, quickly)
			if _, err := client.List(t.Context()); err != nil || s.waits()[0] != 0 {
				t.Errorf("Retry-After %q: waited %v, error %v", value, s.waits(), err)
			}
		}
	})
}

func TestContextEndsWhileWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		s, client := play(t, repliersName, []step{status(429, "20")})
		start := time.Now()
		_, err := client.List(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrRateLimited) || len(s.at) != 1 {
			t.Errorf("error %v after %d attempts", err, len(s.at))
		}
		if got := time.Since(start); got != 5*time.Second {
			t.Errorf("the call took %v", got)
		}
	})
}

func TestTimeoutIsForEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, client := play(t, repliersName, []step{hangs}, quickly)
		_, err := client.List(t.Context())
		if !errors.Is(err, context.DeadlineExceeded) || fmt.Sprint(s.waits()) != "[15s 15s]" {
			t.Errorf("waits %v, error %v", s.waits(), err)
		}
	})
}

func TestDeleteThatWasDone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		steps []step
		want  error
	}{
		"answer lost":         {steps: []step{fails(errReset), status(404, "")}},
		"answer late":         {steps: []step{hangs, status(404, "")}},
		"gateway failed":      {steps: []step{status(502, ""), status(410, "")}},
		"never arrived":       {steps: []step{fails(errDial), status(404, "")}, want: ErrNotFound},
		"refused before":      {steps: []step{status(429, "1"), status(404, "")}, want: ErrNotFound},
		"refused for the now": {steps: []step{status(503, "1"), status(404, "")}, want: ErrNotFound},
		"never there":         {steps: []step{status(404, "")}, want: ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, client := play(t, repliersName, test.steps)
				if err := client.Delete(t.Context(), "1"); !errors.Is(err, test.want) {
					t.Errorf("error %v, want %v", err, test.want)
				}
			})
		})
	}
}
