package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hookward/hookward/subscription"
)

const (
	// createTimeout bounds a call that makes a subscription, with the handshake in
	// it, and with that the time for which its slot is armed.
	createTimeout = time.Minute

	// cleanupTimeout bounds what is done even where the caller has gone: to disarm
	// a slot, and to take back what is of no use.
	cleanupTimeout = 10 * time.Second
)

// make makes a subscription for an event. It is written down before anybody else
// knows of it.
func (p *pass) make(ctx context.Context, event string) error {
	if err := p.makeRoom(ctx); err != nil {
		return err
	}
	e := &Entry{
		Event: event, Resource: p.Wanted.Resource, Account: p.Wanted.Account,
		State: Pending, CreatedAt: p.Now().UTC(),
	}
	if p.Wanted.Slots {
		e.Slot = p.Token()
	}
	url := p.Wanted.Target(event, e.Slot)
	e.URL = digest(url)
	p.record.Made = append(p.record.Made, e)
	if err := p.ledger.save(ctx, p.record); err != nil {
		return err
	}
	made, err := p.order(ctx, e, subscription.Request{URL: url, Event: event, Resource: e.Resource})
	e.ID, e.Fingerprint = made.ID, made.Secret.Fingerprint()
	if err == nil {
		err = p.prove(ctx, e, made.Secret)
	}
	if err != nil {
		return errors.Join(err, p.takeBack(ctx, e, err))
	}
	e.State = Active
	p.listed = append(p.listed, made)
	p.say(ctx, "subscription created", e)
	return p.ledger.save(ctx, p.record)
}

// makeRoom sees to it that one more can be written down. The first to be forgotten is
// what was lost longest ago: a provider that fails each time it is asked leaves one
// behind with every run, and they must not keep out what is made once it works again.
func (p *pass) makeRoom(ctx context.Context) error {
	if len(p.record.Made) < maxEntries {
		return nil
	}
	var oldest *Entry
	for _, e := range p.record.Made {
		if e.State == Lost && (oldest == nil || e.EndsAt.Before(oldest.EndsAt)) {
			oldest = e
		}
	}
	if oldest == nil {
		return ErrFull
	}
	return p.forget(ctx, oldest)
}

// errNotAsked is wrapped by failures before the provider was asked.
var errNotAsked = errors.New("the provider was not asked")

// order asks the provider. Where that makes a handshake, the slot is armed for
// the time of the call: whatever its end, afterwards it is not.
func (p *pass) order(ctx context.Context, e *Entry, request subscription.Request) (made subscription.Subscription, err error) {
	ctx, cancel := context.WithTimeout(ctx, createTimeout)
	defer cancel()
	if e.Slot != "" {
		if err := p.Slots.Add(ctx, e.Slot, e.Event, p.Wanted.Compare); err != nil {
			return made, fmt.Errorf("%w: %w", errNotAsked, err)
		}
	}
	if p.Wanted.Handshakes {
		defer func() { err = errors.Join(err, p.disarm(ctx, e)) }()
		if err := p.Slots.Arm(ctx, e.Slot, createTimeout); err != nil {
			return made, fmt.Errorf("%w: %w", errNotAsked, err)
		}
	}
	return p.Client.Create(ctx, request)
}

func (p *pass) disarm(ctx context.Context, e *Entry) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	return p.Slots.Disarm(ctx, e.Slot)
}

// prove sees to it that deliveries of a new subscription can be proved: by the
// secret that the provider told, or by that of the handshake, which must be the
// same where the provider told it too.
func (p *pass) prove(ctx context.Context, e *Entry, told subscription.Secret) error {
	switch {
	case e.Slot == "":
		return nil
	case !p.Wanted.Handshakes:
		return p.teach(ctx, e, told)
	}
	learned, err := p.learned(ctx)
	if err != nil {
		return err
	}
	if learned[e.Slot] == "" {
		return ErrNoHandshake
	}
	if !told.IsZero() {
		same, err := p.Slots.Holds(ctx, e.Slot, told.Reveal())
		if err != nil {
			return err
		}
		if !same {
			return ErrMismatch
		}
	}
	e.Fingerprint = learned[e.Slot]
	return p.release(ctx, e)
}

// release has deliveries be proved by the secret of a handshake, where that was withheld.
func (p *pass) release(ctx context.Context, e *Entry) error {
	if !p.Wanted.Compare {
		return nil
	}
	return p.Slots.Release(ctx, e.Slot)
}

// teach gives the slot of an entry the secret that the provider told.
func (p *pass) teach(ctx context.Context, e *Entry, told subscription.Secret) error {
	if told.IsZero() {
		return ErrNoSecret
	}
	learned, err := p.learned(ctx)
	if err != nil {
		return err
	}
	if _, added := learned[e.Slot]; !added {
		if err := p.Slots.Add(ctx, e.Slot, e.Event, false); err != nil {
			return err
		}
	}
	if learned[e.Slot] != told.Fingerprint() {
		if err := p.Slots.Teach(ctx, e.Slot, told.Reveal()); err != nil {
			return err
		}
	}
	e.Fingerprint = told.Fingerprint()
	return nil
}

// takeBack ends an attempt that failed. Where the provider certainly made
// nothing, or made something of no use, nothing is left of it. In all other cases it
// stays written down, for the next run to find out.
func (p *pass) takeBack(ctx context.Context, e *Entry, why error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	var err error
	switch {
	case e.ID == "" && certain(why):
		err = p.forget(ctx, e)
	case isAny(why, ErrNoHandshake, ErrMismatch, ErrNoSecret):
		err = p.drop(ctx, e, e.ID)
	}
	return errors.Join(err, p.ledger.save(ctx, p.record))
}

// certain reports whether after this failure there is certainly no subscription.
func certain(err error) bool {
	return isAny(err, errNotAsked,
		subscription.ErrInvalid, subscription.ErrUnauthorized, subscription.ErrNotFound,
		subscription.ErrRateLimited, subscription.ErrRejected)
}
