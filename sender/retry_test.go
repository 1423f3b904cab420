package sender_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/signature"
)

func TestStandardSchedule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusInternalServerError))
		s := newSender(t, ends.option())
		subscription := subscribe(t, s, sender.Subscription{})
		event := send(t, s)
		time.Sleep(100 * time.Hour)

		got := ends.got("")
		want := sender.StandardSchedule()
		if len(got) != len(want) {
			t.Fatalf("%d attempts, want %d", len(got), len(want))
		}
		for i := 1; i < len(got); i++ {
			within(t, fmt.Sprintf("attempt %d", i+1), got[i].at.Sub(got[i-1].at), want[i])
		}
		checkRecords(t, s, event, subscription, len(want))
		checkAttempts(t, got, event, subscription)
	})
}

// checkRecords looks at the records of a delivery that failed to its end.
func checkRecords(t *testing.T, s *sender.Sender, event sender.Event, subscription sender.Subscription, want int) {
	t.Helper()
	records := attempts(t, s, sender.AttemptQuery{Event: event.ID, Subscription: subscription.ID})
	if len(records) != want {
		t.Fatalf("%d records, want %d", len(records), want)
	}
	slices.Reverse(records)
	for i, r := range records {
		if r.Number != i+1 || r.Status != http.StatusInternalServerError || r.Excerpt != "answer" {
			t.Errorf("record %d: %+v", i+1, r)
		}
		last := i == len(records)-1
		if r.Next.IsZero() != last {
			t.Errorf("record %d: next attempt at %v", i+1, r.Next)
		}
		if !last && !r.Next.Equal(records[i+1].At) {
			t.Errorf("attempt %d was announced for %v and made at %v", i+2, r.Next, records[i+1].At)
		}
	}
}

// checkAttempts: the same id and body in all of them, and each with a signature of its
// own time.
func checkAttempts(t *testing.T, got []request, event sender.Event, subscription sender.Subscription) {
	t.Helper()
	profile := sender.StandardWebhooks()
	keys := []signature.Key{{ID: "1", Secret: subscription.Secrets[0].Value}}
	verifier, err := signature.NewVerifier(profile.Schemes, keys)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range got {
		if id := r.Header.Get("Webhook-Id"); id != event.ID {
			t.Errorf("attempt %d: id %q, want %q", i+1, id, event.ID)
		}
		if r.body != string(event.Body) {
			t.Errorf("attempt %d: body %q, want %q", i+1, r.body, event.Body)
		}
		if at := r.Header.Get("Webhook-Timestamp"); at != strconv.FormatInt(r.at.Unix(), 10) {
			t.Errorf("attempt %d: timestamp %s, made at %d", i+1, at, r.at.Unix())
		}
		if _, err := verifier.Verify(sent{r}, r.at); err != nil {
			t.Errorf("attempt %d: %v", i+1, err)
		}
	}
}

func TestOwnSchedule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(refuse, refuse, status(http.StatusOK))
		s := newSender(t, ends.option(), sender.WithSchedule(0, time.Minute, time.Hour, time.Hour))
		subscribe(t, s, sender.Subscription{})
		event := send(t, s)
		time.Sleep(24 * time.Hour)

		got := ends.got("")
		if len(got) != 3 {
			t.Fatalf("%d attempts, want 3", len(got))
		}
		within(t, "the second", got[1].at.Sub(got[0].at), time.Minute)
		within(t, "the third", got[2].at.Sub(got[1].at), time.Hour)
		records := attempts(t, s, sender.AttemptQuery{Event: event.ID})
		if records[0].Status != http.StatusOK || !records[0].Next.IsZero() {
			t.Errorf("the last record: %+v", records[0])
		}
		if records[1].Error == "" || records[1].Status != 0 {
			t.Errorf("the record before: %+v", records[1])
		}
	})
}

// TestJitter: what failed together is not tried together.
func TestJitter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusInternalServerError))
		s := newSender(t, ends.option(), sender.WithSchedule(0, time.Hour))
		for i := range 20 {
			subscribe(t, s, sender.Subscription{URL: fmt.Sprintf("https://%d.example.com", i)})
		}
		send(t, s)
		time.Sleep(2 * time.Hour)
		times := make(map[time.Time]bool)
		for _, r := range ends.got("")[20:] {
			times[r.at] = true
		}
		if len(times) < 15 {
			t.Errorf("20 retries were made at %d different times", len(times))
		}
	})
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{
		200: "done", 201: "done", 202: "done", 204: "done", 299: "done",
		301: "retry", 302: "retry", 304: "retry", 307: "retry", 308: "retry",
		400: "retry", 401: "retry", 403: "retry", 404: "retry", 408: "retry", 415: "retry", 429: "retry",
		410: "disabled",
		500: "retry", 501: "retry", 502: "retry", 503: "retry", 504: "retry", 599: "retry",
	} {
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ends := answering(status(code, "Location", "https://elsewhere.example.com"), status(http.StatusOK))
				s := newSender(t, ends.option())
				subscription := subscribe(t, s, sender.Subscription{})
				send(t, s)
				time.Sleep(time.Hour)

				state, made := get(t, s, subscription.ID).State, len(ends.got(""))
				got := map[bool]string{true: "done", false: "retry"}[made == 1]
				if state == sender.Disabled {
					got = "disabled"
				}
				if got != want || made > 2 {
					t.Errorf("%s after %d attempts, want %s", got, made, want)
				}
				if len(ends.got("elsewhere.example.com")) > 0 {
					t.Error("a redirect was followed")
				}
			})
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // of every synctest
	for name, c := range map[string]struct {
		status int
		value  string
		want   time.Duration // of the next attempt
	}{
		"seconds":                    {429, "120", 2 * time.Minute},
		"date":                       {503, start.Add(10 * time.Minute).Format(http.TimeFormat), 10 * time.Minute},
		"with any status":            {500, "600", 10 * time.Minute},
		"sooner than the schedule":   {429, "1", 5 * time.Second},
		"zero":                       {429, "0", 5 * time.Second},
		"a date that is past":        {429, "Sat, 01 Jan 1994 00:00:00 GMT", 5 * time.Second},
		"negative":                   {500, "-5", 5 * time.Second},
		"nonsense":                   {500, "soon", 5 * time.Second},
		"a year":                     {429, "31536000", 24 * time.Hour},
		"more than a number can say": {429, "99999999999999999999999999", 24 * time.Hour},
		"a date in a thousand years": {429, "Sat, 01 Jan 3000 00:00:00 GMT", 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ends := answering(status(c.status, "Retry-After", c.value), status(http.StatusOK))
				s := newSender(t, ends.option())
				subscribe(t, s, sender.Subscription{})
				send(t, s)
				time.Sleep(48 * time.Hour)
				got := ends.got("")
				if len(got) != 2 {
					t.Fatalf("%d attempts, want 2", len(got))
				}
				within(t, "the next attempt", got[1].at.Sub(got[0].at), c.want)
			})
		})
	}
}

// TestTimeout: an endpoint that says nothing is given 15 seconds.
func TestTimeout(t *testing.T) {
	t.Parallel()
	for _, timeout := range []time.Duration{100 * time.Millisecond, time.Second, 15 * time.Second, time.Minute} {
		t.Run(timeout.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				opts := []sender.Option{answering(hang).option()}
				if timeout != 15*time.Second { // which is the default
					opts = append(opts, sender.WithTimeout(timeout))
				}
				s := newSender(t, opts...)
				subscribe(t, s, sender.Subscription{})
				send(t, s)
				time.Sleep(timeout)
				synctest.Wait()
				record := attempts(t, s, sender.AttemptQuery{})[0]
				if record.Duration != timeout || !strings.Contains(record.Error, timeout.String()) || record.Status != 0 {
					t.Errorf("the record: %+v", record)
				}
			})
		})
	}
}

// TestEndlessAnswer: what has said 200 is believed, though the rest does not end.
func TestEndlessAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSender(t, through(func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Header: make(http.Header), Body: drip{req}}, nil
		}))
		subscribe(t, s, sender.Subscription{})
		send(t, s)
		time.Sleep(2 * time.Second)
		record := attempts(t, s, sender.AttemptQuery{})[0]
		if record.Status != http.StatusOK || !record.Next.IsZero() || !strings.HasPrefix(record.Excerpt, "...") {
			t.Errorf("the record: %+v", record)
		}
	})
}

// drip is a body that comes one byte at a time and does not end.
type drip struct{ *http.Request }

func (d drip) Read(p []byte) (int, error) {
	select {
	case <-time.After(100 * time.Millisecond):
		return copy(p, "."), nil
	case <-d.Context().Done():
		return 0, d.Context().Err()
	}
}

func (d drip) Close() error { return nil }
