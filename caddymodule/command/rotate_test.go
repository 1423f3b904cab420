package command_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/harness"
	"github.com/hookward/hookward/internal/reconcile"
	"github.com/hookward/hookward/sender/profile"
)

// startSubscribed runs a gateway that has subscribed to a provider that is played.
func startSubscribed(t *testing.T) (server, *profile.Server) {
	t.Helper()
	rechat, err := profile.New("rechat", profile.WithLoopback(), profile.WithCredential(verySecret))
	if err != nil {
		t.Fatal(err)
	}
	made := make(chan struct{}, 100) // something for each call that creates
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rechat.ServeHTTP(w, r)
		if r.Method == http.MethodPost {
			made <- struct{}{}
		}
	}))
	t.Cleanup(api.Close)
	t.Cleanup(func() { _ = rechat.Close(t.Context()) }) // nothing is under way
	s := server{harness.Start(t, harness.Options{Env: []string{"CREDENTIAL=" + verySecret}, Config: fmt.Sprintf(`
{
	admin 127.0.0.1:2019
}
http://127.0.0.1:8080 {
	bind 127.0.0.1
	handle /rechat/* {
		hookward rechat {
			path /rechat/{slot}
			public_url http://127.0.0.1:8080/rechat/{slot}
			subscribe {
				api %s
				account %s
				credential {env.CREDENTIAL}
				events Deals
			}
		}
		hookward_echo
	}
	handle /everreal {
		hookward everreal {
			path /everreal
			allow_unsigned
		}
		hookward_echo
	}
}
`, api.URL, rechat.Account())})}
	<-made
	return s, rechat
}

func subscriptionsOf(t *testing.T, s *profile.Server) []string {
	t.Helper()
	list, err := s.Subscriptions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	return ids
}

func TestRotateCommand(t *testing.T) {
	t.Parallel()
	s, rechat := startSubscribed(t)
	out := s.run(t, "rotate", "rechat", "--overlap", "2h").succeeded(t)
	ids := subscriptionsOf(t, rechat)
	if len(ids) != 2 || !strings.HasPrefix(out, "subscriptions  1 of 1 active\n") || !strings.Contains(out, ids[0]) || !strings.Contains(out, ids[1]) {
		t.Errorf("there are %q, the output is\n%s", ids, out)
	}

	var status reconcile.Status
	checkJSON(t, s.run(t, "rotate", "rechat", "--overlap", "0s", "--json").succeeded(t), &status)
	if status.Active != 1 {
		t.Errorf("the status is %+v", status)
	}
	for _, n := range status.Subscriptions {
		if n.ID == ids[1] && time.Until(n.EndsAt) > time.Minute {
			t.Errorf("the second subscription stays until %s", n.EndsAt)
		}
	}

	s.run(t, "rotate", "everreal").failed(t, "subscribe")
	s.run(t, "rotate", "nobody").failed(t, "no endpoint")
	for _, overlap := range []string{"-1s", "25h", "soon"} {
		s.run(t, "rotate", "rechat", "--overlap="+overlap).refused(t, "--overlap")
	}
}

func TestReconcileCommand(t *testing.T) {
	t.Parallel()
	s, rechat := startSubscribed(t)
	s.run(t, "reconcile", "rechat").succeeded(t) // after the run that comes with the start
	before := subscriptionsOf(t, rechat)
	if err := rechat.Unsubscribe(t.Context(), before[0]); err != nil {
		t.Fatal(err)
	}
	var status reconcile.Status
	checkJSON(t, s.run(t, "reconcile", "rechat", "--json").succeeded(t), &status)
	after := subscriptionsOf(t, rechat)
	if len(after) != 1 || after[0] == before[0] || status.Active != 1 {
		t.Errorf("after %q there are %q, the status is %+v", before, after, status)
	}

	for _, args := range [][]string{{"reconcile", "rechat"}, {"endpoints", "rechat"}} {
		out := s.run(t, args...).succeeded(t)
		if !strings.Contains(out, "subscriptions  1 of 1 active\n") || !strings.Contains(out, "Deals  "+after[0]+"  active") {
			t.Errorf("%q prints\n%s", args, out)
		}
	}

	s.run(t, "reconcile", "everreal").failed(t, "subscribe")
	s.run(t, "reconcile", "nobody").failed(t, "no endpoint")
	s.run(t, "reconcile").refused(t, "arg")
}
