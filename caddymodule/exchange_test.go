package caddymodule

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
)

// exchangeConfig is an endpoint of a provider that wants its client's id in each
// success answer, and checks the URL by the same.
const exchangeConfig = `{
	admin off
	storage file_system STORAGE
}
http://SITE {
	handle /agreements {
		hookward {
			name agreements
			path /agreements
			provider {
				require {
					field header:X-Client-Id
					equals client-1
				}
				challenge {
					name intent
					match {
						method GET
						where {
							field header:X-Client-Id
							equals client-1
						}
					}
					value header:X-Client-Id
					answer {
						json ` + "`" + `{"type":1,"client":"{value}"}` + "`" + `
					}
				}
				limits {
					success_header {
						X-Client-Id {header:X-Client-Id}
					}
				}
			}
			token query key in-the-url
		}
		respond "" {http.request.header.X-Answer}
	}
}
`

// TestExchangesThroughCaddy does not run in parallel: there can be only one Caddy in
// a process.
func TestExchangesThroughCaddy(t *testing.T) {
	site := freeAddress(t)
	text := strings.NewReplacer("SITE", site, "STORAGE", t.TempDir()).Replace(exchangeConfig)
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
	send := func(method, client, answer string) (status int, echo, body string) {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+site+"/agreements?key=in-the-url", strings.NewReader(`{"id":"1"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Client-Id", client)
		req.Header.Set("X-Answer", answer)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header.Get("X-Client-Id"), string(b)
	}
	for _, test := range []struct {
		name, method, client, answer string
		status                       int
		echo, body                   string
	}{
		{"the challenge", http.MethodGet, "client-1", "200", 200, "", `{"client":"client-1","type":1}`},
		{"another's challenge", http.MethodGet, "client-2", "200", 405, "", ""},
		{"a delivery that fails", http.MethodPost, "client-1", "500", 500, "", ""},
		{"a delivery", http.MethodPost, "client-1", "202", 202, "client-1", ""},
		{"a copy", http.MethodPost, "client-1", "500", 200, "client-1", ""},
		{"another's delivery", http.MethodPost, "client-2", "202", 401, "", ""},
	} {
		status, echo, body := send(test.method, test.client, test.answer)
		if status != test.status || echo != test.echo || body != test.body {
			t.Errorf("%s: %d, header %q, body %q", test.name, status, echo, body)
		}
	}
}
