package gate

import (
	"sync"

	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/signature"
)

// maxLearned bounds the slots whose verifiers are kept: those of a configuration,
// and as many that are made at run time as there can be. Of slots that come and go
// the verifiers are left behind, so beyond that number all are made anew.
const maxLearned = 11_000

// learnedVerifiers are the verifiers that know the learned secrets of a slot too,
// by slot, for as long as its set stays the same.
type learnedVerifiers struct {
	mu     sync.RWMutex
	bySlot map[string]learned
}

// learned is what was made of a set of secrets.
type learned struct {
	set       *handshake.Set
	verifiers []*signature.Verifier // one for each group
	unfit     error                 // why one of them is no key; nil: each is
}

// of returns what is kept for a slot with this set; nothing where that is not kept.
func (l *learnedVerifiers) of(slot string, set *handshake.Set) learned {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if kept := l.bySlot[slot]; kept.set == set {
		return kept
	}
	return learned{}
}

func (l *learnedVerifiers) keep(slot string, fresh learned) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bySlot == nil || len(l.bySlot) == maxLearned {
		l.bySlot = make(map[string]learned)
	}
	l.bySlot[slot] = fresh
}
