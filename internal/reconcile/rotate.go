package reconcile

import (
	"context"
	"fmt"
	"time"
)

const (
	// DefaultOverlap is for how long a subscription stays beside the one that
	// replaces it.
	DefaultOverlap = time.Hour

	// MaxOverlap is the longest time that a rotation may ask for.
	MaxOverlap = 24 * time.Hour
)

// Rotate replaces the secrets of all subscriptions: for each event it makes a
// second subscription with a secret of its own. For the time of the overlap, 0 to
// [MaxOverlap], deliveries of both are proved; then a later run deletes the first.
// After one that fails on the way another call begins anew. Errors:
// [ErrNothingToRotate]; as Run.
func (r *Reconciler) Rotate(ctx context.Context, overlap time.Duration) error {
	if overlap < 0 || overlap > MaxOverlap {
		return fmt.Errorf("%w: overlap of %v, want 0 to %v", ErrOverlap, overlap, MaxOverlap)
	}
	if !r.Wanted.Slots {
		return ErrNothingToRotate
	}
	return r.act(ctx, func(p *pass, ctx context.Context) {
		if p.look(ctx) && p.adopt(ctx) {
			p.replace(ctx, overlap)
			p.finish(ctx)
		}
	})
}

// replace makes a second subscription for every event, and lets the first retire
// once that is there.
func (p *pass) replace(ctx context.Context, overlap time.Duration) {
	first := p.plan.Active
	p.create(ctx) // what is missing has no first one
	for _, pair := range first {
		if len(p.failures) > 0 {
			return
		}
		e := pair.Entry
		if p.fail(e.Event, p.make(ctx, e.Event)) {
			return
		}
		p.retire(e, overlap)
		if !p.save(ctx) {
			return
		}
	}
}
