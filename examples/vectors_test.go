package examples

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/internal/harness"
	"github.com/hookward/hookward/provider"
)

// TestAcmeVectors judges the vectors of the example's provider by the command that
// its users have.
func TestAcmeVectors(t *testing.T) {
	t.Parallel()
	const file = "own-provider/acme.yaml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := provider.Parse(text, file)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range p.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			want := verification{Outcome: v.Want, Reason: v.Reason}
			want.Event.Type, want.Event.ID, want.Event.Subject = v.Type, v.ID, v.Subject
			if diff := cmp.Diff(want, verify(t, file, v)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// verification is what `caddy hookward verify --json` prints.
type verification struct {
	Outcome, Reason string
	Event           struct{ Type, ID, Subject string }
}

func verify(t *testing.T, file string, v provider.Vector) verification {
	t.Helper()
	g := harness.New(t, harness.Options{Folder: ".", Env: []string{"SECRET=" + v.Secret[0]}})
	body := filepath.Join(g.Home, "body")
	if err := os.WriteFile(body, []byte(v.Body), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"hookward", "verify", "--json", "--provider-file", file, "--secret-env", "SECRET",
		"--at", v.At.Format(time.RFC3339), "--body", body,
	}
	for name, values := range v.Header {
		for _, value := range values {
			args = append(args, "--header", name+": "+value)
		}
	}
	out, _ := g.Caddy(args...).Output() // it fails where the delivery is refused
	var got verification
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return got
}
