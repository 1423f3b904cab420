package signature

import (
	"bytes"
	"crypto/md5"  //nolint:gosec // some providers sign an MD5 of the body inside a MAC
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// filter changes the bytes of one template part.
type filter func([]byte) []byte

// parseFilters also tells whether one of them lets go of what it is given.
func parseFilters(text string) (filters []filter, cut bool, err error) {
	for name := range strings.SplitSeq(text, "|") {
		f, known := namedFilter(name)
		if mark, found := strings.CutPrefix(name, "before:"); found && mark != "" {
			f, known, cut = before(mark), true, true
		}
		if !known {
			return nil, false, fmt.Errorf("unknown filter %q (there are sha1, sha256, sha512, md5, crc32, hex, base64, lower, before:<mark>)", name)
		}
		filters = append(filters, f)
	}
	return filters, cut, nil
}

func namedFilter(name string) (filter, bool) {
	switch name {
	case "sha1":
		return func(b []byte) []byte { sum := sha1.Sum(b); return sum[:] }, true //nolint:gosec // see the import
	case "sha256":
		return func(b []byte) []byte { sum := sha256.Sum256(b); return sum[:] }, true
	case "sha512":
		return func(b []byte) []byte { sum := sha512.Sum512(b); return sum[:] }, true
	case "md5":
		return func(b []byte) []byte { sum := md5.Sum(b); return sum[:] }, true //nolint:gosec // see the import
	case "crc32": // decimal, the one form in use
		return func(b []byte) []byte { return strconv.AppendUint(nil, uint64(crc32.ChecksumIEEE(b)), 10) }, true
	case "hex":
		return func(b []byte) []byte { return hex.AppendEncode(nil, b) }, true
	case "base64":
		return func(b []byte) []byte { return base64.StdEncoding.AppendEncode(nil, b) }, true
	case "lower":
		return bytes.ToLower, true
	}
	return nil, false
}

// before keeps what stands before the first mark; all of it where there is none.
func before(mark string) filter {
	return func(b []byte) []byte {
		kept, _, _ := bytes.Cut(b, []byte(mark))
		return kept
	}
}
