package signature

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
)

// Encoding says how the bytes of a proof are written.
type Encoding string

// The encodings.
const (
	Hex       Encoding = "hex"        // either letter case
	Base64    Encoding = "base64"     // padded or not
	Base64URL Encoding = "base64url"  // padded or not
	Base64Hex Encoding = "base64_hex" // base64 of the hex text
	Text      Encoding = "text"       // as it is
)

func (e Encoding) validate() error {
	switch e {
	case Hex, Base64, Base64URL, Base64Hex, Text:
		return nil
	}
	return fmt.Errorf("unknown encoding %q (there are hex, base64, base64url, base64_hex, text)", e)
}

// appendDecode appends the bytes that text encodes.
func (e Encoding) appendDecode(dst, text []byte) ([]byte, error) {
	switch e {
	case Hex:
		return hex.AppendDecode(dst, text)
	case Base64:
		return base64.RawStdEncoding.AppendDecode(dst, bytes.TrimRight(text, "="))
	case Base64URL:
		return base64.RawURLEncoding.AppendDecode(dst, bytes.TrimRight(text, "="))
	case Base64Hex:
		inner, err := Base64.appendDecode(nil, text)
		if err != nil {
			return dst, err
		}
		return hex.AppendDecode(dst, inner)
	default:
		return append(dst, text...), nil
	}
}

// encode writes the bytes as senders do: hex in lower case, base64 padded.
func (e Encoding) encode(b []byte) string {
	switch e {
	case Hex:
		return hex.EncodeToString(b)
	case Base64:
		return base64.StdEncoding.EncodeToString(b)
	case Base64URL:
		return base64.URLEncoding.EncodeToString(b)
	case Base64Hex:
		return base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(b)))
	default:
		return string(b)
	}
}
