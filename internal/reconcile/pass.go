package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/hookward/hookward/subscription"
)

// remembered is for how long a lost subscription is recognised.
const remembered = 24 * time.Hour

// pass is one run: what it has read and does, under the lock.
type pass struct {
	*Reconciler
	record   *record
	listed   []subscription.Subscription
	plan     *Plan // the newest; nil before the provider's list is known
	failures failures
}

// failure is what went wrong, with the event that it is about, if it is about one.
type failure struct {
	event string
	err   error
}

func (f failure) Error() string {
	if f.event == "" {
		return f.err.Error()
	}
	return fmt.Sprintf("%s: %v", f.event, f.err)
}

func (f failure) Unwrap() error { return f.err }

// failures are all that went wrong in a run, in one line.
type failures []failure

func (f failures) Error() string {
	texts := make([]string, len(f))
	for i := range f {
		texts[i] = f[i].Error()
	}
	return strings.Join(texts, "; ")
}

func (f failures) Unwrap() []error {
	all := make([]error, len(f))
	for i := range f {
		all[i] = f[i]
	}
	return all
}

// fail notes a failure, if there is one, and reports whether there is.
func (p *pass) fail(event string, err error) bool {
	if err != nil {
		p.failures = append(p.failures, failure{event, err})
	}
	return err != nil
}

// err returns all that went wrong.
func (p *pass) err() error {
	if len(p.failures) == 0 {
		return nil
	}
	return p.failures
}

// settle makes things as they are wanted. A plan is made anew after each kind of
// step, so that nothing old goes before the new is there.
func (p *pass) settle(ctx context.Context) {
	if !p.look(ctx) {
		return
	}
	if p.adopt(ctx) {
		p.create(ctx)
	}
	p.finish(ctx)
}

// look asks the provider what there is.
func (p *pass) look(ctx context.Context) bool {
	listed, err := p.Client.List(ctx)
	if p.fail("", err) {
		return false
	}
	p.listed = listed
	return p.replan(ctx)
}

func (p *pass) replan(ctx context.Context) bool {
	learned, err := p.learned(ctx)
	if p.fail("", err) {
		return false
	}
	p.plan = NewPlan(&p.Wanted, &Found{Listed: p.listed, Made: p.record.Made, Learned: learned, Now: p.Now()})
	return true
}

func (p *pass) learned(ctx context.Context) (map[string]string, error) {
	if p.Slots == nil {
		return nil, nil
	}
	return p.Slots.Learned(ctx)
}

// adopt takes over what was made without an answer, and notes what is not listed.
func (p *pass) adopt(ctx context.Context) bool {
	for _, e := range p.plan.Lose {
		e.State, e.EndsAt = Lost, p.Now().UTC().Add(remembered)
		p.say(ctx, "subscription is not listed", e)
	}
	for _, pair := range p.plan.Adopt {
		if p.fail(pair.Entry.Event, p.takeOver(ctx, pair)) {
			return false
		}
		p.say(ctx, "subscription adopted", pair.Entry)
	}
	if len(p.plan.Lose)+len(p.plan.Adopt) == 0 {
		return true
	}
	return p.save(ctx) && p.replan(ctx)
}

// takeOver makes an entry active that is listed. Its slot learns the secret that
// the list tells.
func (p *pass) takeOver(ctx context.Context, pair Pair) error {
	e := pair.Entry
	if e.Slot != "" {
		learned, err := p.learned(ctx)
		if err != nil {
			return err
		}
		if e.Fingerprint = learned[e.Slot]; !p.Wanted.Handshakes && !pair.Listed.Secret.IsZero() {
			err = p.teach(ctx, e, pair.Listed.Secret)
		} else {
			err = p.release(ctx, e)
		}
		if err != nil {
			return err
		}
	}
	e.ID, e.State, e.EndsAt = pair.Listed.ID, Active, time.Time{}
	return nil
}

// create makes what is missing. A failure that is about one event alone does not
// keep the others from being made.
func (p *pass) create(ctx context.Context) {
	for _, event := range p.plan.Create {
		if err := p.make(ctx, event); p.fail(event, err) && !aboutOne(err) {
			return
		}
	}
}

func aboutOne(err error) bool {
	return isAny(err, subscription.ErrRejected, subscription.ErrConflict, subscription.ErrInvalid)
}

func isAny(err error, targets ...error) bool {
	return slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) })
}

// finish deletes what is over, and plans once more to see what is left to do. It
// goes by the record, which must be the newest: by an old one it could delete what
// another node has decided to keep.
func (p *pass) finish(ctx context.Context) {
	if !p.replan(ctx) {
		return
	}
	if len(p.plan.Delete)+len(p.plan.Forget) > 0 && p.fail("", p.ledger.check(ctx, p.record)) {
		return
	}
	for _, e := range p.plan.Retire {
		p.retire(e, DefaultOverlap)
	}
	for _, pair := range p.plan.Delete {
		if p.fail(pair.Entry.Event, p.drop(ctx, pair.Entry, pair.Listed.ID)) {
			break
		}
	}
	for _, e := range p.plan.Forget {
		if p.fail(e.Event, p.forget(ctx, e)) {
			break
		}
	}
	if len(p.plan.Retire)+len(p.plan.Delete)+len(p.plan.Forget) > 0 {
		p.save(ctx)
	}
	p.replan(ctx)
}

// drop deletes a subscription and forgets it. Its slot goes first: the secret, which
// may have leaked, proves nothing any more, whether the provider can be reached or not.
func (p *pass) drop(ctx context.Context, e *Entry, id string) error {
	if err := p.endSlot(ctx, e); err != nil {
		return err
	}
	if err := p.Client.Delete(ctx, id); err != nil && !errors.Is(err, subscription.ErrNotFound) {
		return err
	}
	p.listed = slices.DeleteFunc(p.listed, func(s subscription.Subscription) bool { return s.ID == id })
	p.record.remove(e)
	p.say(ctx, "subscription deleted", e)
	return nil
}

// forget ends the slot of an entry and takes the entry out of the record. The
// slot goes first: the record knows of every slot there is.
func (p *pass) forget(ctx context.Context, e *Entry) error {
	if err := p.endSlot(ctx, e); err != nil {
		return err
	}
	p.record.remove(e)
	return nil
}

func (p *pass) endSlot(ctx context.Context, e *Entry) error {
	if e.Slot == "" {
		return nil
	}
	return p.Slots.Remove(ctx, e.Slot)
}

func (p *pass) retire(e *Entry, after time.Duration) {
	e.State, e.EndsAt = Retiring, p.Now().UTC().Add(after)
}

func (p *pass) save(ctx context.Context) bool {
	return !p.fail("", p.ledger.save(ctx, p.record))
}

// say logs what became of an entry. Its slot is not logged: while the provider is
// being asked, it is what nobody else may know.
func (p *pass) say(ctx context.Context, what string, e *Entry) {
	p.Logger.LogAttrs(ctx, slog.LevelInfo, what,
		slog.String("endpoint", p.Endpoint), slog.String("event", e.Event), slog.String("id", e.ID))
}
