package signature_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/hookward/hookward/signature"
)

// RFC 2202 (MD5 and SHA-1) and RFC 4231 (SHA-2), without the truncated case.
func TestRFCHMAC(t *testing.T) {
	t.Parallel()
	counting := make([]byte, 25)
	for i := range counting {
		counting[i] = byte(i + 1)
	}
	const longKey = "Test Using Larger Than Block-Size Key - Hash Key First"
	const longBoth = "This is a test using a larger than block-size key and a larger than block-size data. " +
		"The key needs to be hashed before being used by the HMAC algorithm."
	tests := []struct {
		name, key, data string
		macs            map[signature.Hash]string
	}{
		{"1", strings.Repeat("\x0b", 20), "Hi There", map[signature.Hash]string{
			signature.SHA1:   "b617318655057264e28bc0b6fb378c8ef146be00",
			signature.SHA256: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
			signature.SHA384: "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
			signature.SHA512: "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
		}},
		{"1, MD5", strings.Repeat("\x0b", 16), "Hi There", map[signature.Hash]string{
			signature.MD5: "9294727a3638bb1c13f48ef8158bfc9d",
		}},
		{"2", "Jefe", "what do ya want for nothing?", map[signature.Hash]string{
			signature.MD5:    "750c783e6ab0b503eaa86e310a5db738",
			signature.SHA1:   "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
			signature.SHA256: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
			signature.SHA384: "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
			signature.SHA512: "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
		}},
		{"3", strings.Repeat("\xaa", 20), strings.Repeat("\xdd", 50), map[signature.Hash]string{
			signature.SHA256: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
		}},
		{"4", string(counting), strings.Repeat("\xcd", 50), map[signature.Hash]string{
			signature.SHA256: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
		}},
		{"6", strings.Repeat("\xaa", 131), longKey, map[signature.Hash]string{
			signature.SHA256: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
		}},
		{"7", strings.Repeat("\xaa", 131), longBoth, map[signature.Hash]string{
			signature.SHA256: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
		}},
	}
	for _, test := range tests {
		for hash, mac := range test.macs {
			t.Run(test.name+" "+string(hash), func(t *testing.T) {
				t.Parallel()
				list := schemes(with(bare(), func(s *signature.Scheme) { s.Hash, s.Key = hash, signature.KeyHex }))
				key := keys(hex.EncodeToString([]byte(test.key)))
				r := &request{body: test.data, header: headers("X-Signature", mac)}
				wantProved(t, newVerifier(t, list, key), r, noon)
				if got := sign(t, newSigner(t, list, key), r, noon).header.Get("X-Signature"); got != mac {
					t.Errorf("signed as %s, want %s", got, mac)
				}
			})
		}
	}
}

// RFC 8032, section 7.1.
func TestRFCEd25519(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, seed, public, message, sig string }{
		{
			"1, the empty message", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
			"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
			"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
		},
		{
			"2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
			"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
			"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
		},
		{
			"3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
			"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
			"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
		},
	}
	list := schemes(signature.Scheme{Type: signature.Ed25519, Header: signature.Strings{"X-Signature"}, Key: signature.KeyHex})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			message, err := hex.DecodeString(test.message)
			if err != nil {
				t.Fatal(err)
			}
			r := &request{body: string(message), header: headers("X-Signature", test.sig)}
			v := newVerifier(t, list, keys(test.public))
			wantProved(t, v, r, noon)
			if got := sign(t, newSigner(t, list, keys(test.seed)), r, noon).header.Get("X-Signature"); got != test.sig {
				t.Errorf("signed as %s, want %s", got, test.sig)
			}
			r.body += "\x00"
			wantReason(t, v, r, noon, signature.Mismatch)
		})
	}
}
