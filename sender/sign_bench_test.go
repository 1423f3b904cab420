package sender

import (
	"bytes"
	"net/http"
	"strconv"
	"testing"
	"time"
)

// BenchmarkSign signs attempts to one endpoint, and to as many as one event may be
// for, by turns.
func BenchmarkSign(b *testing.B) {
	for _, profile := range []Profile{StandardWebhooks(), StandardWebhooksAsymmetric(), HookSignature()} {
		for _, endpoints := range []int{1, 10_000} {
			b.Run(profile.Name+"/endpoints="+strconv.Itoa(endpoints), func(b *testing.B) {
				b.ReportAllocs()
				benchmarkSign(b, profile, endpoints)
			})
		}
	}
}

func benchmarkSign(b *testing.B, profile Profile, endpoints int) {
	secrets := make([][]Secret, endpoints)
	signers := make([]*attemptSigner, endpoints)
	for i := range secrets {
		signers[i] = newAttemptSigner(profile.Schemes)
		value, err := profile.NewSecret()
		if err != nil {
			b.Fatal(err)
		}
		secrets[i] = []Secret{{ID: "1", Value: value}}
	}
	req, err := http.NewRequest(http.MethodPost, "https://example.com/hook", nil)
	if err != nil {
		b.Fatal(err)
	}
	body := bytes.Repeat([]byte("a"), 1<<10)
	at := time.Unix(1614265330, 0)
	for i := 0; b.Loop(); i++ {
		if err := signers[i%endpoints].sign(req, body, "evt_1", secrets[i%endpoints], at); err != nil {
			b.Fatal(err)
		}
	}
}
