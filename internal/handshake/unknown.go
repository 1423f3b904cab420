package handshake

import (
	"context"
	"time"
)

// maxWaiting bounds the requests to unknown slots that wait for the record to be
// read. Those beyond it go by what is known.
const maxWaiting = 256

// unknown paces the reading of the record for the sake of slots that this node
// does not know. Who asks within a second of the last time waits for the next:
// otherwise a stranger who asks for slots that do not exist could keep a node from
// learning of one that another has just made, and the handshake would fail.
type unknown struct {
	slot    *slot         // stands for all of them
	waiting chan struct{} // holds a token for each request that waits
}

func newUnknown() *unknown {
	return &unknown{slot: &slot{view: view{set: noSecrets}}, waiting: make(chan struct{}, maxWaiting)}
}

// lookAgain reads the record after it is called, unless too many wait for that.
func (s *Slots) lookAgain(ctx context.Context) error {
	select {
	case s.unknown.waiting <- struct{}{}:
		defer func() { <-s.unknown.waiting }()
	default:
		return nil
	}
	timer := time.NewTimer(s.untilNextLook())
	defer timer.Stop()
	select {
	case <-timer.C:
		return s.reread(ctx, s.unknown.slot)
	case <-ctx.Done():
		return s.storeError("wait for a read", ctx.Err())
	}
}

// untilNextLook is how long reading for unknown slots has to wait.
func (s *Slots) untilNextLook() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	elapsed := s.now().Sub(s.unknown.slot.checked)
	if elapsed < 0 {
		return 0 // the clock was set back
	}
	return max(0, rereadInterval-elapsed)
}
