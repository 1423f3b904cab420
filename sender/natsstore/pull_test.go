package natsstore

import (
	"testing"
	"time"
)

// TestAvailableDoesNotWait asks for more than there is, where there is nothing yet, little,
// and nothing but what others have. The client would wait for a second if the server did
// not say that there is no more.
func TestAvailableDoesNotWait(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t))
	const asked = 60
	start := time.Now()
	ask := func(want int) {
		t.Helper()
		if msgs, err := s.due.available(10); err != nil || len(msgs) != want {
			t.Fatalf("%d messages, want %d: %v", len(msgs), want, err)
		}
	}
	for n := range asked / 3 {
		ask(0)
		add(t, s, numbered("evt_", asked)[n], "sub_1", "sub_2")
		eventually(t, "the deliveries are made", func() bool {
			info, err := s.due.consumer.Info(t.Context())
			return err == nil && info.NumPending == 2
		})
		ask(2)
		ask(0)
	}
	if took := time.Since(start); took > asked/2*time.Second {
		t.Errorf("it took %v to ask %d times", took, asked)
	}
}
