package sender

import (
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// maxLanes is how many lanes are kept. Beyond that, those that are not in use go at
// once. One takes some 4 KiB.
const maxLanes = 16 << 10

// lanes holds the lanes that are in use.
type lanes struct {
	limits  *limits
	signing *signing
	changed func(subscription string, change circuitbreaker.StateChangedEvent)

	mu   sync.Mutex
	all  map[string]*lane
	many int // beyond so many those that are not in use go
}

func newLanes(limits *limits, signing *signing, changed func(string, circuitbreaker.StateChangedEvent)) *lanes {
	return &lanes{limits: limits, signing: signing, changed: changed, all: make(map[string]*lane), many: maxLanes}
}

func (ls *lanes) of(subscription string) *lane {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l := ls.all[subscription]
	if l == nil {
		if len(ls.all) >= ls.many {
			ls.clear()
		}
		l = &lane{subscription: subscription, limits: ls.limits, signer: attemptSigner{signing: ls.signing}}
		l.circuit = ls.limits.newCircuit(func(change circuitbreaker.StateChangedEvent) {
			ls.changed(subscription, change)
		})
		ls.all[subscription] = l
	}
	return l
}

// forget starts anew with a subscription. What the lane has in hand goes its way.
func (ls *lanes) forget(subscription string) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	delete(ls.all, subscription)
}

// clear makes room for others, and for so many that it need not be done again soon.
func (ls *lanes) clear() {
	now := time.Now()
	for subscription, l := range ls.all {
		if l.idle(now, 0) {
			delete(ls.all, subscription)
		}
	}
	ls.many = max(maxLanes, 2*len(ls.all))
}

// sweep forgets the lanes that are idle. The caller admits nothing meanwhile, so
// that no delivery is in a lane that was forgotten.
func (ls *lanes) sweep(now time.Time) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for subscription, l := range ls.all {
		if l.idle(now, sweepInterval) {
			delete(ls.all, subscription)
		}
	}
}
