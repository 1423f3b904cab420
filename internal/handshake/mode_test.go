package handshake

import (
	"encoding/json"
	"testing"
)

func TestModeText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Mode{"armed": Armed, "once": Once, "off": Off} {
		var mode Mode
		if err := mode.UnmarshalText([]byte(text)); err != nil || mode != want {
			t.Errorf("%s is read as %v, %v", text, mode, err)
		}
		if got, err := json.Marshal(want); err != nil || string(got) != `"`+text+`"` {
			t.Errorf("%v is written as %s, %v", want, got, err)
		}
	}
	for _, text := range []string{"", "Armed", "always", "0"} {
		mode := Off
		if err := mode.UnmarshalText([]byte(text)); err == nil || mode != Off {
			t.Errorf("%q is read as %v", text, mode)
		}
	}
	for _, mode := range []Mode{-1, 3} {
		if got, err := mode.MarshalText(); err == nil {
			t.Errorf("mode %d is written as %s", int(mode), got)
		}
	}
	var zero Mode
	if zero != Armed {
		t.Error("the default is not armed")
	}
}

func TestOnlyLearnedAndKnownAreEchoed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for outcome := Outcome(-1); outcome <= Disabled+1; outcome++ {
		if want := outcome == Learned || outcome == Known; outcome.Echo() != want {
			t.Errorf("%v: echo %v, want %v", outcome, outcome.Echo(), want)
		}
		if name := outcome.String(); name == "" || seen[name] {
			t.Errorf("outcome %d is called %q", int(outcome), name)
		}
		seen[outcome.String()] = true
	}
}
