package subscription

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// once makes tests try a call a single time.
var once = WithRetry(Retry{Attempts: 1})

// eachCall runs the test for every call of every provider against the API.
func eachCall(t *testing.T, api string, opts []Option, test func(t *testing.T, name string, err error)) {
	t.Helper()
	for _, provider := range Providers() {
		client := open(t, provider, configFor(provider, api), opts...)
		for operation, do := range operations(t, provider, client) {
			test(t, provider+" "+operation, do())
		}
	}
}

func TestEachCallSendsWhatAllSend(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, http.StatusTeapot, `{}`) })
	eachCall(t, s.URL, []Option{once, WithUserAgent("test/1")}, func(t *testing.T, name string, err error) {
		if !errors.Is(err, ErrRejected) {
			t.Errorf("%s: %v", name, err)
		}
	})
	for _, request := range s.requests() {
		if got := request.Header.Get("User-Agent"); got != "test/1" {
			t.Errorf("user agent %q", got)
		}
		if got := request.Header.Get("Accept"); got != "application/json" {
			t.Errorf("accept %q", got)
		}
		if strings.Contains(request.Path+request.Query, credential) {
			t.Error("the credential is in the url")
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	other := serve(t, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, http.StatusOK, `[]`) })
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/?from="+r.Header.Get("Authorization"), status)
		})
		// A client that would follow is changed, not only the default one.
		eachCall(t, s.URL, []Option{WithHTTPClient(&http.Client{CheckRedirect: nil})}, func(t *testing.T, name string, err error) {
			var failure *Error
			if !errors.Is(err, ErrUnexpected) || !errors.As(err, &failure) || failure.Status != status {
				t.Errorf("%s, %d: %v", name, status, err)
			}
			showsNoSecret(t, name, err)
		})
	}
	if n := len(other.requests()); n != 0 {
		t.Errorf("%d requests came to the other host", n)
	}
}

func TestAnswerTooLarge(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "1")
		answerJSON(w, http.StatusOK, `[`+strings.Repeat(" ", 1<<20)+`]`)
	})
	eachCall(t, s.URL, nil, func(t *testing.T, name string, err error) {
		if !errors.Is(err, ErrUnexpected) || !strings.Contains(err.Error(), "too large") {
			t.Errorf("%s: %v", name, err)
		}
	})
}

func TestAnswerAsLargeAsAllowed(t *testing.T) {
	t.Parallel()
	const body = `[{"id":1,"target_url":"https://hooks.example.com/a"}]`
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, http.StatusOK, body) })
	for limit, want := range map[int64]error{int64(len(body)): nil, int64(len(body)) - 1: ErrUnexpected} {
		_, err := open(t, repliersName, s.config(repliersName), WithMaxAnswer(limit)).List(t.Context())
		if !errors.Is(err, want) {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

// The status of a refusal counts even where its body is of no use.
func TestRefusalTooLarge(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, http.StatusUnauthorized, strings.Repeat("x", 2<<20))
	})
	eachCall(t, s.URL, nil, func(t *testing.T, name string, err error) {
		if !errors.Is(err, ErrUnauthorized) || len(err.Error()) > 500 {
			t.Errorf("%s: %v", name, err)
		}
	})
}

func TestAnswerMakesNoSense(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, ` `, `null`, `7`, `"text"`, `[`, `{`, `[7]`, `[null]`, `[[]]`, `{"data":null}`, `{"data":7}`, `{"data":[{}]}`, `<html>`,
		`[{"id":1}]`, `{"a":[],"b":[]}`, `{"count":1}`,
		`[{"id":"..","gid":"..","url":"https://a","target":"https://a","target_url":"https://a"}]`,
		`{"data":[{"id":"a/b","gid":"a/b","url":"https://a","target":"https://a","target_url":"https://a"}]}`,
		`{"data":[{"id":"a%2fb","gid":"a%2fb","url":"https://a","target":"https://a","target_url":"https://a"}]}`,
		`{"data":[{"id":true,"gid":true,"url":"https://a","target":"https://a","target_url":"https://a"}]}`,
		`{"data":[{"id":1.5,"gid":-1,"url":"https://a","target":"https://a","target_url":"https://a"}]}`,
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, http.StatusOK, body) })
		for _, provider := range Providers() {
			if list, err := open(t, provider, s.config(provider)).List(t.Context()); !errors.Is(err, ErrUnexpected) || list != nil {
				t.Errorf("%s: list of %s: %v, error %v", provider, body, list, err)
			}
			if created, err := open(t, provider, s.config(provider)).Create(t.Context(), requestFor(provider)); !errors.Is(err, ErrUnexpected) {
				t.Errorf("%s: create answered by %s: %v, error %v", provider, body, created, err)
			}
		}
	}
}

func TestEmptyList(t *testing.T) {
	t.Parallel()
	for provider, bodies := range map[string][]string{
		everrealName:  {`[]`},
		rechatName:    {`{"code":"OK","data":[],"info":{"count":0,"total":0}}`},
		asanaName:     {`{"data":[],"next_page":null}`, `{"data":[]}`},
		repliersName:  {`[]`, `{}`, ` { "webhooks" : [] } `},
		restHooksName: {`[]`, `{}`, `{"objects":[],"meta":{}}`},
	} {
		for _, body := range bodies {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, http.StatusOK, body) })
			list, err := open(t, provider, s.config(provider)).List(t.Context())
			if err != nil || list == nil || len(list) != 0 {
				t.Errorf("%s, %s: %v, error %v", provider, body, list, err)
			}
		}
	}
}

// How further pages are asked for is not documented, and half a list is none.
func TestListHasPages(t *testing.T) {
	t.Parallel()
	const link = `<https://api.example.com/hooks?page=2>; rel="next"`
	for _, test := range []struct {
		body, link string
		providers  []string
	}{
		{`{"page":1,"numPages":2,"data":[]}`, "", []string{repliersName, restHooksName}},
		{`{"count":12,"next":"https://api.example.com/hooks?page=2","previous":null,"results":[]}`, "", []string{repliersName, restHooksName}},
		{`{"has_more":true,"data":[]}`, "", []string{repliersName, restHooksName}},
		{`{"hooks":[],"meta":{"nextCursor":"b"}}`, "", []string{repliersName, restHooksName}},
		{`{"hooks":[],"_links":{"self":{"href":"/hooks"},"next":{"href":"/hooks?page=2"}}}`, "", []string{repliersName, restHooksName}},
		{`[]`, link, []string{repliersName, restHooksName, everrealName}},
		{`[]`, `</hooks>; rel=self, </hooks?page=2>; REL=NEXT`, []string{repliersName, restHooksName, everrealName}},
		{`{"code":"OK","data":[` + rechatWebhook1 + `],"info":{"count":1,"total":2}}`, "", []string{rechatName}},
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", test.link)
			answerJSON(w, http.StatusOK, test.body)
		})
		for _, provider := range test.providers {
			if list, err := open(t, provider, s.config(provider)).List(t.Context()); !errors.Is(err, ErrUnexpected) || !strings.Contains(err.Error(), "more of the list") {
				t.Errorf("%s, %s: %v, error %v", provider, test.body, list, err)
			}
		}
	}
}

// The last of several pages, or the only one, is a whole list.
func TestListHasOnePage(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"count":1,"next":null,"previous":null,"results":[{"id":1,"target_url":"https://a"}]}`,
		`{"has_more":false,"next_cursor":"","data":[{"id":1,"target_url":"https://a"}]}`,
		`{"hooks":[{"id":1,"target_url":"https://a"}],"meta":{"next_page":0},"links":{"next":null},"_links":{"self":{"href":"/hooks"}}}`,
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Link", `</hooks?page=1>; rel="first", </hooks?page=1>; rel="last"`)
			answerJSON(w, http.StatusOK, body)
		})
		for _, provider := range []string{repliersName, restHooksName} {
			if list, err := open(t, provider, s.config(provider)).List(t.Context()); err != nil || len(list) != 1 {
				t.Errorf("%s, %s: %v, error %v", provider, body, list, err)
			}
		}
	}
}

// A credential goes to nobody whose certificate is not trusted.
func TestStrangerWithoutCertificate(t *testing.T) {
	t.Parallel()
	asked := false
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that fail
	s.StartTLS()
	defer s.Close()
	eachCall(t, s.URL, []Option{once}, func(t *testing.T, name string, err error) {
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "certificate") {
			t.Errorf("%s: %v", name, err)
		}
	})
	if asked {
		t.Error("a request was sent")
	}
}

func TestSlowBody(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "1")
		fmt.Fprint(w, `{"id":1,`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	eachCall(t, s.URL, []Option{once, WithTimeout(20 * time.Millisecond)}, func(t *testing.T, name string, err error) {
		if !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	})
}

func TestBodyCutOff(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		answerJSON(w, http.StatusOK, `[]`)
	})
	eachCall(t, s.URL, []Option{once}, func(t *testing.T, name string, err error) {
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	})
}

func TestCallIsCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	_, err := open(t, repliersName, s.config(repliersName), quickly).List(ctx)
	if !errors.Is(err, context.Canceled) || len(s.requests()) != 1 {
		t.Errorf("error %v after %d requests", err, len(s.requests()))
	}
}

func TestIDsThatLeadElsewhere(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, http.StatusOK, `{}`) })
	for _, id := range []string{
		"", ".", "..", "../admin", "a/b", "a\\b", "a%2fb", "%2e%2e", "a?b", "a#b", "a b", "a\nb", "ü", ".hidden", strings.Repeat("a", 201),
	} {
		for _, provider := range Providers() {
			client := open(t, provider, s.config(provider))
			if err := client.Delete(t.Context(), id); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: delete %q: %v", provider, id, err)
			}
			if updater, ok := client.(Updater); ok {
				change := requestFor(provider)
				if err := updater.Update(t.Context(), id, change); !errors.Is(err, ErrInvalid) {
					t.Errorf("%s: update %q: %v", provider, id, err)
				}
			}
		}
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}
