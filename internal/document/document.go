// Package document says how what must outlive a process is kept in storage that nodes
// share: as one JSON document for each endpoint and purpose.
package document

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
)

// The errors of [Decode]. They do not wrap those of the JSON decoder, whose texts quote
// what they stumble over, which may be a secret.
var (
	ErrCorrupt = errors.New("record is corrupt")
	ErrNewer   = errors.New("record was written by a newer version")
)

// Storage is the part of certmagic.Storage that is used. Load returns
// fs.ErrNotExist for a missing key. Implementations honour the deadlines of
// their contexts.
type Storage interface {
	Lock(ctx context.Context, name string) error
	Unlock(ctx context.Context, name string) error
	Store(ctx context.Context, key string, value []byte) error
	Load(ctx context.Context, key string) ([]byte, error)
}

// Key is where an endpoint's document for a purpose is stored. The endpoint's name is
// hashed: the key is then safe as a file name whatever the name holds, and two names
// that differ only in case stay two documents on any file system.
func Key(purpose, endpoint string) string {
	digest := sha256.Sum256([]byte(endpoint))
	return "hookward/" + purpose + "/" + hex.EncodeToString(digest[:]) + ".json"
}

// Decode reads a document of this version. It takes nothing that would not have been
// written, for what is half understood would be written back without the other half:
// a document of another version, one with a member that is not known, and one that is
// not sound are errors.
func Decode[D any](text []byte, version int, sound func(*D) bool) (*D, error) {
	var head struct {
		Version int `json:"version"`
	}
	if json.Unmarshal(text, &head) != nil { // the whole of it, with nothing after it
		return nil, ErrCorrupt
	}
	if head.Version > version {
		return nil, ErrNewer
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	document := new(D)
	if head.Version != version || decoder.Decode(document) != nil || !sound(document) {
		return nil, ErrCorrupt
	}
	return document, nil
}
