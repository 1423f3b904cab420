package command

import (
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/internal/sample"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

func TestCurl(t *testing.T) {
	t.Parallel()
	p, err := provider.Lookup("github")
	if err != nil {
		t.Fatal(err)
	}
	s, err := sample.New(sample.Options{
		Provider: p, Event: "ping", Body: []byte(`{"it's":"quoted"}`), URL: "https://hooks.example.com/hooks/{event}", ID: "SAMPLEID",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Sign([]signature.Key{newKey("a secret")}); err != nil {
		t.Fatal(err)
	}
	command, err := new(sendFlags).curlCommand(s)
	if err != nil {
		t.Fatal(err)
	}
	want := `curl --request POST 'https://hooks.example.com/hooks/ping' \
  --header 'Content-Type: application/json' \
  --header 'X-Github-Delivery: SAMPLEID' \
  --header 'X-Github-Event: ping' \
  --header 'X-Hub-Signature-256: ` + s.Header.Get("X-Hub-Signature-256") + `' \
  --data-raw '{"it'\''s":"quoted"}'`
	if diff := cmp.Diff(want, command); diff != "" {
		t.Error(diff)
	}
	s.Body = "\xff"
	if _, err := new(sendFlags).curlCommand(s); err == nil {
		t.Error("bytes that are no text became a command")
	}
}

// A secret that is sent as it is stays where the shell reads it from.
func TestCurlBearer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		scheme signature.Scheme
		want   string
	}{
		{signature.Scheme{Type: signature.Basic}, `--user "$NAME"`},
		{signature.Scheme{Type: signature.Secret, Header: signature.Strings{"X-T"}, Prefix: "Bearer "}, `--header 'X-T: Bearer '"$NAME"`},
	} {
		f := sendFlags{secrets: secretFlags{variables: []string{"NAME"}}}
		got, err := f.curlBearer(headerProof("X-T", &test.scheme))
		if err != nil || got != test.want {
			t.Errorf("%s, %v; want %s", got, err, test.want)
		}
	}
	for _, scheme := range []signature.Scheme{
		{Type: signature.Secret, KeyPrefix: signature.Strings{"p_"}},
		{Type: signature.Secret, Key: signature.KeyHex},
	} {
		f := sendFlags{secrets: secretFlags{variables: []string{"NAME"}}}
		if got, err := f.curlBearer(headerProof("X-T", &scheme)); err == nil {
			t.Errorf("command is %s", got)
		}
	}
}

func headerProof(name string, scheme *signature.Scheme) sample.Proof {
	field := signature.Field{Source: signature.Header, Name: name}
	return sample.Proof{Proof: signature.Proof{Field: field}, Scheme: scheme}
}

// The shell reads a command the way it is meant.
func TestCurlInAShell(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell")
	}
	text := "it's \"$HOME\" `id` \\ \n!*"
	out, err := exec.CommandContext(t.Context(), shell, "-c", "printf %s "+shellQuote(text)).Output()
	if err != nil || string(out) != text {
		t.Errorf("the shell reads %q, %v; want %q", out, err, text)
	}
}
