package handshake

import (
	"context"
	"time"
)

// maxWaiting bounds the requests of an endpoint that wait for the record to be read.
// Those beyond it go by what is known.
const maxWaiting = 256

// unknown stands for all slots that this node does not know, for whose sake the record
// is read. Who asks for one within a second of the last time waits for the next:
// otherwise a stranger who asks for slots that do not exist could keep a node from
// learning of one that another has just made, and the handshake would fail.
type unknown struct{ slot *slot }

func newUnknown() *unknown {
	return &unknown{slot: &slot{view: view{set: noSecrets}}}
}

// lookAgain reads the record for the sake of a slot once it is called, unless too many
// wait for that.
func (s *Slots) lookAgain(ctx context.Context, sl *slot) error {
	select {
	case s.waiting <- struct{}{}:
		defer func() { <-s.waiting }()
	default:
		return nil
	}
	if r := s.snapshot().reading; r != nil {
		// It may have begun before what is looked for was stored.
		if err := s.await(ctx, r); err != nil {
			return err
		}
	}
	timer := time.NewTimer(s.untilNextLook(sl))
	defer timer.Stop()
	select {
	case <-timer.C:
		return s.reread(ctx, sl)
	case <-ctx.Done():
		return s.storeError("wait for a read", ctx.Err())
	}
}

// untilNextLook is how long reading for the sake of a slot has to wait.
func (s *Slots) untilNextLook(sl *slot) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	elapsed := s.now().Sub(sl.checked)
	if elapsed < 0 {
		return 0 // the clock was set back
	}
	return max(0, rereadInterval-elapsed)
}
