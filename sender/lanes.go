package sender

import (
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// lanes holds the lanes that are in use.
type lanes struct {
	limits  *limits
	changed func(subscription string, change circuitbreaker.StateChangedEvent)

	mu  sync.Mutex
	all map[string]*lane
}

func newLanes(limits *limits, changed func(string, circuitbreaker.StateChangedEvent)) *lanes {
	return &lanes{limits: limits, changed: changed, all: make(map[string]*lane)}
}

func (ls *lanes) of(subscription string) *lane {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l := ls.all[subscription]
	if l == nil {
		l = &lane{subscription: subscription, limits: ls.limits}
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

// sweep forgets the lanes that are idle. The caller admits nothing meanwhile, so
// that no delivery is in a lane that was forgotten.
func (ls *lanes) sweep(now time.Time) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for subscription, l := range ls.all {
		if l.idle(now) {
			delete(ls.all, subscription)
		}
	}
}
