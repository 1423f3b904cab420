package signature

import (
	"crypto/md5"  //nolint:gosec // a few providers use nothing better, see Hash
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
)

// Hash names a hash function. SHA-1 and MD5 are there for the providers that use
// nothing better; inside of an HMAC they are not known to be broken.
type Hash string

// The hash functions.
const (
	SHA1   Hash = "sha1"
	SHA256 Hash = "sha256"
	SHA384 Hash = "sha384"
	SHA512 Hash = "sha512"
	MD5    Hash = "md5"
)

func (h Hash) validate() error {
	if h.new() == nil {
		return fmt.Errorf("unknown hash %q (there are sha1, sha256, sha384, sha512, md5)", h)
	}
	return nil
}

// new returns the hash's constructor, or nil for an unknown name.
func (h Hash) new() func() hash.Hash {
	switch h {
	case SHA1:
		return sha1.New
	case SHA256:
		return sha256.New
	case SHA384:
		return sha512.New384
	case SHA512:
		return sha512.New
	case MD5:
		return md5.New
	}
	return nil
}
