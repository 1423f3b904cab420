package sender

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

const testOrigin = "sender.example"

// allow answers with these headers, given as name, value, name, value.
func allow(status int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
	}
}

func TestCloudEvents(t *testing.T) {
	t.Parallel()
	const origin, rate = headerAllowedOrigin, headerAllowedRate
	for name, c := range map[string]struct {
		asked    int
		endpoint http.HandlerFunc
		verified bool
		granted  int
	}{
		"as much as asked":        {120, allow(200, origin, testOrigin, rate, "120", "Allow", "POST"), true, 120},
		"less than asked":         {120, allow(200, origin, testOrigin, rate, "1"), true, 1},
		"more than asked":         {120, allow(200, origin, testOrigin, rate, "100000"), true, 100000},
		"any rate":                {120, allow(200, origin, testOrigin, rate, "*"), true, 0},
		"any origin":              {120, allow(204, origin, "*", rate, "120"), true, 120},
		"no rate asked or given":  {0, allow(200, origin, testOrigin), true, 0},
		"no rate asked but given": {0, allow(200, origin, testOrigin, rate, "60"), true, 60},
		"no rate asked but any":   {0, allow(200, origin, testOrigin, rate, "*"), true, 0},

		"a rate asked and none given": {120, allow(200, origin, testOrigin), false, 0},
		"no rate at all":              {120, allow(200, origin, testOrigin, rate, "0"), false, 0},
		"a negative rate":             {120, allow(200, origin, testOrigin, rate, "-1"), false, 0},
		"a rate with a sign":          {120, allow(200, origin, testOrigin, rate, "+1"), false, 0},
		"a fraction":                  {120, allow(200, origin, testOrigin, rate, "0.5"), false, 0},
		"a rate beyond all numbers":   {120, allow(200, origin, testOrigin, rate, "99999999999999999999"), false, 0},
		"no number":                   {120, allow(200, origin, testOrigin, rate, "many"), false, 0},
		"an empty rate":               {120, allow(200, origin, testOrigin, rate, ""), false, 0},
		"two rates":                   {120, allow(200, origin, testOrigin, rate, "1", rate, "120"), false, 0},
		"no rate asked, a bad given":  {0, allow(200, origin, testOrigin, rate, "many"), false, 0},

		"a bare 200":             {120, allow(200), false, 0},
		"what CORS says":         {120, allow(204, "Access-Control-Allow-Origin", "*", "Access-Control-Allow-Methods", "POST"), false, 0},
		"no origin":              {120, allow(200, rate, "120"), false, 0},
		"an empty origin":        {120, allow(200, origin, "", rate, "120"), false, 0},
		"another origin":         {120, allow(200, origin, "other.example", rate, "120"), false, 0},
		"the start of ours":      {120, allow(200, origin, "sender", rate, "120"), false, 0},
		"more than ours":         {120, allow(200, origin, testOrigin+".evil.example", rate, "120"), false, 0},
		"a pattern":              {120, allow(200, origin, "*.example", rate, "120"), false, 0},
		"a list of origins":      {120, allow(200, origin, testOrigin+", other.example", rate, "120"), false, 0},
		"two origins":            {120, allow(200, origin, testOrigin, origin, "*", rate, "120"), false, 0},
		"not supported":          {120, allow(405, "Allow", "POST"), false, 0},
		"a refusal with consent": {120, allow(403, origin, testOrigin, rate, "120"), false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			grant, err := verifyEndpoint(t, CloudEvents(testOrigin, c.asked), c.endpoint)
			if !c.verified {
				checkRefusal(t, err)
			}
			if c.verified != (err == nil) || grant.Rate != c.granted {
				t.Errorf("%+v, %v, want a rate of %d", grant, err, c.granted)
			}
		})
	}
}

func TestCloudEventsRequest(t *testing.T) {
	t.Parallel()
	for asked, want := range map[int]string{120: "120", 0: ""} {
		_, err := verifyEndpoint(t, CloudEvents(testOrigin, asked), func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodOptions || r.URL.Path != testToken || r.ContentLength > 0 {
				t.Errorf("%s %s with %d bytes", r.Method, r.URL, r.ContentLength)
			}
			if r.Header.Get("WebHook-Request-Origin") != testOrigin || r.Header.Get("WebHook-Request-Rate") != want {
				t.Errorf("header %v", r.Header)
			}
			if r.Header.Get(headerHookSecret) != "" || r.Header.Get("WebHook-Request-Callback") != "" {
				t.Errorf("header %v", r.Header)
			}
			allow(http.StatusOK, headerAllowedOrigin, "*", headerAllowedRate, "*")(w, r)
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestCloudEventsSettings(t *testing.T) {
	t.Parallel()
	for _, v := range []Verification{
		CloudEvents("", 120), CloudEvents("https://sender.example", 120), CloudEvents("sender.example\r\nX-Injected: 1", 120),
		CloudEvents("*", 120), CloudEvents(strings.Repeat("a", 254), 120), CloudEvents(testOrigin, -1),
	} {
		server, requests := newCounter(t)
		_, err := v.Verify(t.Context(), newVerificationClient(t, loopbackOnly), newSubscription(server.URL))
		if !errors.Is(err, ErrInvalid) || requests.Load() != 0 {
			t.Errorf("%+v: %v and %d requests, want invalid and none", v, err, requests.Load())
		}
	}
}

// The receiver is that of the CloudEvents SDK for Go.
func TestCloudEventsWithTheSDK(t *testing.T) {
	t.Parallel()
	rate := 60
	for name, c := range map[string]struct {
		config   *cehttp.WebhookConfig
		asked    int
		verified bool
		granted  int
	}{
		"our origin":             {&cehttp.WebhookConfig{AllowedOrigins: []string{testOrigin}, AllowedRate: &rate}, 120, true, 60},
		"any origin":             {&cehttp.WebhookConfig{AllowedOrigins: []string{"*"}, AllowedRate: &rate}, 120, true, 60},
		"the rate it has itself": {&cehttp.WebhookConfig{AllowedOrigins: []string{testOrigin}}, 120, true, cehttp.DefaultAllowedRate},
		"no rate asked":          {&cehttp.WebhookConfig{AllowedOrigins: []string{testOrigin}}, 0, true, 0},
		"one of several origins": {&cehttp.WebhookConfig{AllowedOrigins: []string{"other.example", testOrigin}}, 0, true, 0},

		"another origin": {&cehttp.WebhookConfig{AllowedOrigins: []string{"other.example"}, AllowedRate: &rate}, 120, false, 0},
		"no origin":      {&cehttp.WebhookConfig{AllowedRate: &rate}, 120, false, 0},
		"not configured": {nil, 120, false, 0},
		// It takes our origin for one that starts with "send", and allows that. Its
		// answer is no consent for us.
		"a prefix of our origin": {&cehttp.WebhookConfig{AllowedOrigins: []string{"send"}, AllowedRate: &rate}, 120, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			receiver, err := cehttp.New()
			if err != nil {
				t.Fatal(err)
			}
			receiver.WebhookConfig = c.config
			receiver.OptionsHandlerFn = receiver.OptionsHandler
			server := httptest.NewServer(receiver)
			t.Cleanup(server.Close)
			grant, err := CloudEvents(testOrigin, c.asked).Verify(t.Context(), newVerificationClient(t, loopbackOnly), newSubscription(server.URL))
			if !c.verified {
				checkRefusal(t, err)
			}
			if c.verified != (err == nil) || grant.Rate != c.granted {
				t.Errorf("%+v, %v, want a rate of %d", grant, err, c.granted)
			}
		})
	}
}
