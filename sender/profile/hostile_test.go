package profile_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/profile"
)

// calls are a call of each API that lists, and what creates.
var calls = map[string]struct{ path, create string }{
	"everreal":   {"/api/external-integrations/webhooks", `{"type":"LISTING_CREATED","url":%q}`},
	"rechat":     {"/brands/8b2f9f1e-6a0f-4d7f-9e55-0e2f5c1d7a42/webhooks", `{"topic":"Deals","url":%q}`},
	"repliers":   {"/webhooks", `{"event":"listing.created","target_url":%q}`},
	"rest-hooks": {"/api/hooks", `{"event":"contact.created","target_url":%q}`},
}

// each runs a test for every provider with an API.
func each(t *testing.T, test func(t *testing.T, name string)) {
	t.Helper()
	for _, name := range profile.Providers() {
		if profile.HasAPI(name) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, name)
			})
		}
	}
}

func TestWrongCredentials(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, name string) {
		s := simulate(t, name)
		refused := http.StatusUnauthorized
		if name == "everreal" {
			refused = http.StatusForbidden
		}
		header, right := "Authorization", "Bearer "+credential
		if name == "repliers" {
			header, right = "Repliers-Api-Key", credential
		}
		for what, values := range map[string][]string{
			"none":              nil,
			"an empty one":      {""},
			"an empty token":    {"Bearer "},
			"the scheme alone":  {"Bearer"},
			"a part":            {right[:len(right)-1]},
			"more":              {right + "x"},
			"with a space":      {strings.Replace(right, credential, " "+credential, 1) + " x"},
			"other case":        {strings.Replace(right, credential, strings.ToUpper(credential), 1)},
			"Basic":             {"Basic " + credential},
			"twice":             {right, right},
			"wrong and right":   {"Bearer wrong", right},
			"right in the list": {"Bearer wrong, " + right},
		} {
			for _, path := range []string{calls[name].path, "/none"} {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path+"?access_token="+credential, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header[header] = values
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				if resp.StatusCode != refused {
					t.Errorf("%s: %s is answered with %d", what, path, resp.StatusCode)
				}
			}
		}
		if status, _, _ := s.call(t, http.MethodGet, calls[name].path, ""); status != http.StatusOK {
			t.Errorf("the right one is answered with %d", status)
		}
		if name != "repliers" {
			if status, _, _ := s.call(t, http.MethodGet, calls[name].path, "", header, "bearer "+credential); status != http.StatusOK {
				t.Errorf("the scheme in lower case is answered with %d", status)
			}
		}
	})
}

// endless is a body without an end. It counts what is read of it.
type endless struct{ read atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read.Add(int64(len(p)))
	return len(p), nil
}

func TestHugeBodies(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, name string) {
		s := simulate(t, name)
		create := fmt.Sprintf(calls[name].create, "https://example.com/")
		exact := create + strings.Repeat(" ", 64<<10-len(create))
		if name != "repliers" && name != "rest-hooks" { // they would make a handshake
			status, body, _ := s.call(t, http.MethodPost, calls[name].path, exact)
			if status != http.StatusOK {
				t.Errorf("64 KiB are answered with %d %s", status, body)
			}
		}
		status, body, header := s.call(t, http.MethodPost, calls[name].path, exact+" ")
		if status != http.StatusRequestEntityTooLarge || strings.Contains(body, "example.com") {
			t.Errorf("one byte more is answered with %d %s", status, body)
		}
		wantEqual(t, "Content-Type", header.Get("Content-Type"), "application/json; charset=utf-8")
		wantEqual(t, "X-Content-Type-Options", header.Get("X-Content-Type-Options"), "nosniff")

		// Within the process, to see what is read.
		body2 := &endless{}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, calls[name].path, body2)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+credential)
		req.Header.Set("Repliers-Api-Key", credential)
		s.ServeHTTP(discard{http.Header{}}, req)
		if read := body2.read.Load(); read > 256<<10 {
			t.Errorf("%d bytes were read", read)
		}
		unauthorized := &endless{}
		req, err = http.NewRequestWithContext(t.Context(), http.MethodPost, calls[name].path, unauthorized)
		if err != nil {
			t.Fatal(err)
		}
		s.ServeHTTP(discard{http.Header{}}, req)
		if read := unauthorized.read.Load(); read > 0 {
			t.Errorf("%d bytes of a stranger were read", read)
		}
	})
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header { return d.header }

func (d discard) Write(p []byte) (int, error) { return len(p), nil }

func (d discard) WriteHeader(int) {}

func TestDeepBodies(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, name string) {
		s := simulate(t, name)
		for _, levels := range []int{33, 10_000, 30_000} {
			deep := strings.Repeat("[", levels) + strings.Repeat("]", levels)
			for _, body := range []string{
				deep,
				deep[:levels],
				`{"configuration":{"filters":` + deep + `},"event":"listing.created","target_url":"https://example.com/"}`,
			} {
				if status, answer, _ := s.call(t, http.MethodPost, calls[name].path, body); status != http.StatusBadRequest {
					t.Errorf("%d levels are answered with %d %s", levels, status, answer)
				}
			}
		}
		if _, err := s.Emit(t.Context(), profile.EventTypes(name)[0], []byte(strings.Repeat("[", 33)+strings.Repeat("]", 33))); !errors.Is(err, sender.ErrInvalid) {
			t.Errorf("a deep payload: %v", err)
		}
	})
}
