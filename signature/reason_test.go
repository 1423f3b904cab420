package signature_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/signature"
)

func TestReasons(t *testing.T) {
	t.Parallel()
	const body = `{"a":1}`
	good := hexMAC("secret", body)
	withID := with(bare(), func(s *signature.Scheme) {
		s.Content, s.ID = content("{id}.{body}"), field("header:X-Id")
	})
	withField := with(bare(), func(s *signature.Scheme) { s.Content = content("{header:X-Part}{body}") })
	timed := with(bare(), func(s *signature.Scheme) {
		s.Content, s.Timestamp = content("{timestamp}.{body}"), &signature.Timestamp{From: field("header:X-Time")}
	})
	inForm := with(bare(), func(s *signature.Scheme) { s.Header, s.Form = nil, signature.Strings{"sig"} })
	base64Of := with(bare(), func(s *signature.Scheme) { s.Encoding = signature.Base64 })
	prefixed := with(bare(), func(s *signature.Scheme) { s.Prefix = "sha256=" })
	long := strings.Repeat("a", 4097)
	timedSig := hexMAC("secret", "1700000000."+body)

	tests := []struct {
		name    string
		scheme  signature.Scheme
		request *request
		want    signature.Reason
	}{
		{"no header", bare(), &request{}, signature.HeaderMissing},
		{"empty header", bare(), &request{header: headers("X-Signature", "")}, signature.HeaderMissing},
		{"no id", withID, &request{header: headers("X-Signature", good)}, signature.HeaderMissing},
		{"no part", withField, &request{header: headers("X-Signature", good)}, signature.HeaderMissing},
		{"header twice", bare(), &request{header: headers("X-Signature", good, "X-Signature", good)}, signature.HeaderRepeated},
		{"id twice", withID, &request{header: headers("X-Signature", good, "X-Id", "a", "X-Id", "a")}, signature.HeaderRepeated},
		{"part twice", withField, &request{header: headers("X-Signature", good, "X-Part", "", "X-Part", "")}, signature.HeaderRepeated},
		{"timestamp twice", timed, &request{header: headers("X-Signature", good, "X-Time", "1700000000", "X-Time", "1700000000")}, signature.HeaderRepeated},
		{"long header", bare(), &request{header: headers("X-Signature", long)}, signature.HeaderTooLong},
		{"long id", withID, &request{header: headers("X-Signature", good, "X-Id", long)}, signature.HeaderTooLong},
		{"long timestamp", timed, &request{header: headers("X-Signature", good, "X-Time", long)}, signature.HeaderTooLong},
		{"long form field", inForm, &request{form: url.Values{"sig": {long}}}, signature.HeaderTooLong},
		{"malformed", prefixed, &request{header: headers("X-Signature", good)}, signature.HeaderMalformed},
		{"id with what ends it", withID, &request{header: headers("X-Signature", good, "X-Id", "a.b")}, signature.HeaderMalformed},
		{"not hex", bare(), &request{header: headers("X-Signature", "xyz")}, signature.Undecodable},
		{"not base64", base64Of, &request{header: headers("X-Signature", "???")}, signature.Undecodable},
		{"short", bare(), &request{header: headers("X-Signature", good[:62])}, signature.WrongLength},
		{"long", bare(), &request{header: headers("X-Signature", good+"00")}, signature.WrongLength},
		{"no timestamp", timed, &request{header: headers("X-Signature", timedSig)}, signature.TimestampMissing},
		{"empty timestamp", timed, &request{header: headers("X-Signature", timedSig, "X-Time", "")}, signature.TimestampMissing},
		{"bad timestamp", timed, &request{header: headers("X-Signature", timedSig, "X-Time", "now")}, signature.TimestampMalformed},
		{"old timestamp", timed, &request{header: headers("X-Signature", timedSig, "X-Time", "1699999699")}, signature.TimestampTooOld},
		{"new timestamp", timed, &request{header: headers("X-Signature", timedSig, "X-Time", "1700000301")}, signature.TimestampTooNew},
		{"mismatch", bare(), &request{header: headers("X-Signature", hexMAC("wrong", body))}, signature.Mismatch},
	}
	seen := map[signature.Reason]bool{signature.NoKey: true} // tested below
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.request.body = body
			wantReason(t, newVerifier(t, schemes(test.scheme), keys("secret")), test.request, noon, test.want)
		})
		seen[test.want] = true
	}
	for _, reason := range signature.Reasons() {
		if !seen[reason] {
			t.Errorf("%s is not tested", reason)
		}
	}
}

func TestReasonIsAnError(t *testing.T) {
	t.Parallel()
	_, err := newVerifier(t, schemes(bare()), keys("s")).Verify(&request{}, noon)
	if !errors.Is(err, signature.HeaderMissing) || err.Error() != "header_missing" {
		t.Errorf("got %v", err)
	}
	if reason, ok := errors.AsType[signature.Reason](err); !ok || reason != signature.HeaderMissing {
		t.Errorf("got %v", reason)
	}
}

func TestReasonsIsACopy(t *testing.T) {
	t.Parallel()
	list := signature.Reasons()
	list[0] = "changed"
	if signature.Reasons()[0] != signature.HeaderMissing {
		t.Error("the list of reasons can be changed from outside")
	}
}

// Without any key, nothing else is looked at; where only the schemes that the
// request speaks to have no key, that is the reason.
func TestNoKey(t *testing.T) {
	t.Parallel()
	both := schemes(standardV1, standardV1a)
	at := unix(1614265330)
	wantReason(t, newVerifier(t, both, nil), &request{}, at, signature.NoKey)
	wantReason(t, newVerifier(t, both, nil), standardRequest(standardV1Sig), at, signature.NoKey)

	shared := newVerifier(t, both, keys(standardSecret))
	wantReason(t, shared, standardRequest(standardV1aSig), at, signature.NoKey)
	wantReason(t, shared, &request{}, at, signature.HeaderMissing)
	withoutID := standardRequest(standardV1Sig)
	withoutID.header.Del("Webhook-Id")
	wantReason(t, shared, withoutID, at, signature.HeaderMissing)
	wantReason(t, shared, standardRequest("v1,AAAA"), at, signature.WrongLength)
	wantReason(t, shared, standardRequest(standardV1aSig), at.Add(time.Hour), signature.TimestampTooOld)
}

// Of several attempts the one that came furthest is reported.
func TestFurthestReason(t *testing.T) {
	t.Parallel()
	// One attempt for each reason that a header alone can bring about, in order.
	attempts := []struct {
		values []string
		reason signature.Reason
	}{
		{nil, signature.HeaderMissing},
		{[]string{"a", "b"}, signature.HeaderRepeated},
		{[]string{strings.Repeat("a", 4097)}, signature.HeaderTooLong},
		{[]string{"x"}, signature.HeaderMalformed},
		{[]string{"v0=xyz"}, signature.Undecodable},
		{[]string{"v0=00"}, signature.WrongLength},
		{[]string{"v0=" + hexMAC("wrong", "")}, signature.Mismatch},
	}
	for i, near := range attempts {
		for j, far := range attempts {
			want := attempts[max(i, j)].reason
			h := http.Header{"X-A": near.values, "X-B": far.values}

			oneScheme := with(bare(), func(s *signature.Scheme) {
				s.Prefix, s.Header = "v0=", signature.Strings{"X-A", "X-B"}
			})
			wantReason(t, newVerifier(t, schemes(oneScheme), keys("secret")), &request{header: h}, noon, want)

			a := with(oneScheme, func(s *signature.Scheme) { s.Header = signature.Strings{"X-A"} })
			b := with(oneScheme, func(s *signature.Scheme) { s.Header = signature.Strings{"X-B"} })
			wantReason(t, newVerifier(t, schemes(a, b), keys("secret")), &request{header: h}, noon, want)
		}
	}

	inOneHeader := newVerifier(t, schemes(with(bare(), func(s *signature.Scheme) { s.Separator = "," })), keys("secret"))
	wantReason(t, inOneHeader, &request{header: headers("X-Signature", "xyz,00")}, noon, signature.WrongLength)
	wantReason(t, inOneHeader, &request{header: headers("X-Signature", "00,xyz")}, noon, signature.WrongLength)
	wantReason(t, inOneHeader, &request{header: headers("X-Signature", "00,"+hexMAC("wrong", ""))}, noon, signature.Mismatch)
	severalKeys := newVerifier(t, schemes(bare()), keys("a", "b", "c"))
	wantReason(t, severalKeys, &request{header: headers("X-Signature", hexMAC("wrong", ""))}, noon, signature.Mismatch)
}

func TestTimestampWindow(t *testing.T) {
	t.Parallel()
	scheme := func(unit signature.Unit, tolerance signature.Duration, direction string) signature.Scheme {
		return with(bare(), func(s *signature.Scheme) {
			s.Content = content("{timestamp}.{body}")
			s.Timestamp = &signature.Timestamp{
				From: field("header:X-Time"), Unit: unit, Tolerance: tolerance, Direction: direction,
			}
		})
	}
	inSeconds, inMillis := scheme("", 0, ""), scheme(signature.Milliseconds, 0, "")
	inText := scheme(signature.RFC3339, 0, "")
	oneMinute := scheme("", signature.Duration(time.Minute), "")
	off := scheme("", signature.Off, "")
	past := scheme("", 0, signature.DirectionPast)

	tests := []struct {
		name   string
		scheme signature.Scheme
		text   string
		want   signature.Reason
	}{
		{"now", inSeconds, "1700000000", ""},
		{"at the old end", inSeconds, "1699999700", ""},
		{"beyond the old end", inSeconds, "1699999699", signature.TimestampTooOld},
		{"at the new end", inSeconds, "1700000300", ""},
		{"beyond the new end", inSeconds, "1700000301", signature.TimestampTooNew},
		{"milliseconds", inMillis, "1700000000000", ""},
		{"milliseconds at the old end", inMillis, "1699999700000", ""},
		{"milliseconds beyond the old end", inMillis, "1699999699999", signature.TimestampTooOld},
		{"milliseconds at the new end", inMillis, "1700000300000", ""},
		{"milliseconds beyond the new end", inMillis, "1700000300001", signature.TimestampTooNew},
		{"text", inText, "2023-11-14T22:13:20Z", ""},
		{"text with an offset", inText, "2023-11-14T23:13:20.000000+01:00", ""},
		{"text at the old end", inText, "2023-11-14T22:08:20Z", ""},
		{"text beyond the old end", inText, "2023-11-14T22:08:19.999999999Z", signature.TimestampTooOld},
		{"text at the new end", inText, "2023-11-14T22:18:20Z", ""},
		{"text beyond the new end", inText, "2023-11-14T22:18:20.000000001Z", signature.TimestampTooNew},
		{"text without a zone", inText, "2023-11-14T22:13:20", signature.TimestampMalformed},
		{"date alone", inText, "2023-11-14", signature.TimestampMalformed},
		{"seconds for text", inText, "1700000000", signature.TimestampMalformed},
		{"text for seconds", inSeconds, "2023-11-14T22:13:20Z", signature.TimestampMalformed},
		{"milliseconds for seconds", inSeconds, "1700000000000", signature.TimestampTooNew},
		{"seconds for milliseconds", inMillis, "1700000000", signature.TimestampTooOld},
		{"own tolerance", oneMinute, "1699999940", ""},
		{"beyond own tolerance", oneMinute, "1699999939", signature.TimestampTooOld},
		{"off, old", off, "1", ""},
		{"off, new", off, "999999999999999999", ""},
		{"off, malformed", off, "x", signature.TimestampMalformed},
		{"off, missing", off, "", signature.TimestampMissing},
		{"past, old", past, "1699999699", signature.TimestampTooOld},
		{"past, new", past, "1900000000", ""},
		{"past, very new", past, "999999999999999999", ""},

		{"zero", inSeconds, "0", signature.TimestampMalformed},
		{"one", inSeconds, "1", signature.TimestampTooOld},
		{"plus", inSeconds, "+1700000000", signature.TimestampMalformed},
		{"negative", inSeconds, "-1700000000", signature.TimestampMalformed},
		{"leading zero", inSeconds, "01700000000", signature.TimestampMalformed},
		{"underscore", inSeconds, "1_700_000_000", signature.TimestampMalformed},
		{"hexadecimal", inSeconds, "0x6553f100", signature.TimestampMalformed},
		{"fraction", inSeconds, "1700000000.5", signature.TimestampMalformed},
		{"exponent", inSeconds, "17e8", signature.TimestampMalformed},
		{"other digits", inSeconds, "١٧٠٠٠٠٠٠٠٠", signature.TimestampMalformed},
		{"spaces", inSeconds, " 1700000000", signature.TimestampMalformed},
		{"two", inSeconds, "1700000000,1", signature.TimestampMalformed},
		{"18 digits", inSeconds, "999999999999999999", signature.TimestampTooNew},
		{"19 digits", inSeconds, "1000000000000000000", signature.TimestampMalformed},
		{"the largest", inSeconds, "9223372036854775807", signature.TimestampMalformed},
		{"beyond the largest", inSeconds, "9223372036854775808", signature.TimestampMalformed},
		{"the smallest", inSeconds, "-9223372036854775808", signature.TimestampMalformed},
		{"far beyond", inSeconds, "99999999999999999999", signature.TimestampMalformed},
		{"18 digits of milliseconds", inMillis, "999999999999999999", signature.TimestampTooNew},
		{"4 KiB of digits", inSeconds, strings.Repeat("1", 4096), signature.TimestampMalformed},
		{"4 KiB of zeros", inSeconds, strings.Repeat("0", 4096), signature.TimestampMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newVerifier(t, schemes(test.scheme), keys("secret"))
			r := &request{
				header: headers("X-Signature", hexMAC("secret", test.text+".body"), "X-Time", test.text),
				body:   "body",
			}
			if test.want == "" {
				wantProved(t, v, r, noon)
				return
			}
			wantReason(t, v, r, noon, test.want)
			if err := v.Precheck(r, noon); err != test.want { //nolint:errorlint // a Reason is documented to be comparable
				t.Errorf("refused before the body as %v, want %s", err, test.want)
			}
		})
	}
}

func TestMatchTimestamp(t *testing.T) {
	t.Parallel()
	millis := with(stripe(), func(s *signature.Scheme) {
		s.Timestamp = &signature.Timestamp{Item: "t", Unit: signature.Milliseconds}
	})
	v := newVerifier(t, schemes(millis), keys("secret"))
	r := sign(t, newSigner(t, schemes(millis), keys("secret")), &request{}, noon.Add(7*time.Millisecond))
	if m := wantProved(t, v, r, noon); !m.Timestamp.Equal(noon.Add(7 * time.Millisecond)) {
		t.Errorf("timestamp %v", m.Timestamp)
	}
	none := newVerifier(t, schemes(bare()), keys("secret"))
	if m := wantProved(t, none, &request{header: headers("X-Signature", hexMAC("secret", ""))}, noon); !m.Timestamp.IsZero() {
		t.Errorf("timestamp %v of a scheme without one", m.Timestamp)
	}
}

// Precheck sees what Verify sees in the headers, and lets through what only the
// body can tell.
func TestPrecheck(t *testing.T) {
	t.Parallel()
	inBody := with(bare(), func(s *signature.Scheme) {
		s.Timestamp = &signature.Timestamp{From: field("json:at"), Unit: signature.Milliseconds}
	})
	inJSON := with(bare(), func(s *signature.Scheme) { s.Header, s.JSON = nil, signature.Strings{"sig"} })
	wrong := headers("X-Signature", hexMAC("wrong", ""), "Webhook-Id", "evt_1")
	withField := with(bare(), func(s *signature.Scheme) { s.Content = content("{header:X-Part}{form:a}{body}") })
	idInBody := with(bare(), func(s *signature.Scheme) { s.Content, s.ID = content("{id}.{body}"), field("json:id") })
	wrong.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(make([]byte, 32)))
	tests := []struct {
		name   string
		scheme signature.Scheme
		header http.Header
		want   signature.Reason
	}{
		{"missing", bare(), nil, signature.HeaderMissing},
		{"malformed", bare(), headers("X-Signature", "xyz"), signature.Undecodable},
		{"a wrong signature", bare(), wrong, ""},
		{"no id", standardV1, headers("Webhook-Signature", wrong.Get("Webhook-Signature")), signature.HeaderMissing},
		{"no timestamp", standardV1, wrong, signature.TimestampMissing},
		{"no part", withField, wrong, signature.HeaderMissing},
		{"id in the body", idInBody, wrong, ""},
		{"timestamp in the body", inBody, wrong, ""},
		{"signature in the body", inJSON, nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := newVerifier(t, schemes(test.scheme), nil).Precheck(&request{header: test.header}, noon)
			if test.want == "" && err != nil || test.want != "" && !errors.Is(err, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if err := newVerifier(t, schemes(bare(), inJSON), nil).Precheck(&request{}, noon); err != nil {
		t.Errorf("refused as %v, and the body could hold the proof", err)
	}
}
