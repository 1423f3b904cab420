package document

import (
	"errors"
	"testing"

	"github.com/caddyserver/certmagic"
)

var _ Storage = certmagic.Storage(nil)

type note struct {
	Version int    `json:"version"`
	Text    string `json:"text"`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		`{"version":2,"text":"a"}`:           nil,
		`{"version":2,"text":""}`:            ErrCorrupt, // not sound
		`{"version":2,"text":"a","more":1}`:  ErrCorrupt,
		`{"version":2,"text":"a"}{}`:         ErrCorrupt,
		`{"version":2,"text":1}`:             ErrCorrupt,
		`{"version":2`:                       ErrCorrupt,
		`{"version":1,"text":"a"}`:           ErrCorrupt,
		`{"version":-2,"text":"a"}`:          ErrCorrupt,
		`{"text":"a"}`:                       ErrCorrupt,
		`null`:                               ErrCorrupt,
		`[]`:                                 ErrCorrupt,
		``:                                   ErrCorrupt,
		`{"version":3,"another":["shape"]}`:  ErrNewer,
		`{"version":30,"text":"a","more":1}`: ErrNewer,
	} {
		n, err := Decode([]byte(text), 2, func(n *note) bool { return n.Text != "" })
		if !errors.Is(err, want) || (err == nil) != (n != nil) {
			t.Errorf("%s: %v, %v; want %v", text, n, err, want)
		}
	}
}
