package sender

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"mime"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"golang.org/x/net/http/httpguts"
)

const (
	maxID   = 128
	maxType = 256

	defaultContentType = "application/json"
)

// Send accepts an event for all subscriptions of its tenant that want it, and
// returns it as it was accepted, with the fields that it left out. It is as durable
// as the outbox is once Send has returned; deliveries are made in the background,
// in no order that is promised.
//
// Errors are [ErrInvalid], [ErrDuplicate] where an event with this id was accepted
// before, [ErrFull], [ErrClosed], and what the outbox and the registry return. An
// event that was refused may be sent again; one whose Send has failed in another
// way may have been accepted, so send it again with the same id.
func (s *Sender) Send(ctx context.Context, event Event) (Event, error) {
	ctx, span := s.telemetry.startSend(ctx)
	defer span.End()
	if s.isClosing() {
		return Event{}, fmt.Errorf("send: %w", ErrClosed)
	}
	event = s.complete(event)
	if err := s.checkEvent(event); err != nil {
		return Event{}, fmt.Errorf("send: %w", err)
	}
	subscriptions, err := s.directory.interested(ctx, interest{event.Tenant, event.Type})
	if err == nil {
		err = s.accept(ctx, event, subscriptions)
	}
	if span.IsRecording() {
		span.SetAttributes(attribute.String("hookward.event", event.ID), attribute.Int("hookward.subscriptions", len(subscriptions)))
	}
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
		return Event{}, fmt.Errorf("send event %q: %w", event.ID, err)
	}
	s.telemetry.events.Add(ctx, 1)
	return event, nil
}

func (s *Sender) accept(ctx context.Context, event Event, subscriptions []string) error {
	err := s.outbox.Add(ctx, &event, subscriptions)
	if !errors.Is(err, ErrDuplicate) {
		return err
	}
	// Who is told of a duplicate takes the event for accepted, and this one was not.
	if stored, getErr := s.outbox.Event(ctx, event.ID); getErr == nil && stored.Tenant != event.Tenant {
		return fmt.Errorf("%w: the id is taken by another tenant's event", ErrInvalid)
	}
	return err
}

// Redeliver makes a new delivery of an event that was accepted before to one
// subscription, with all attempts of the schedule. It returns [ErrNotFound] where
// there is no such subscription, or no such event of its tenant is stored any longer,
// and [ErrInvalid] where the subscription is not active or paused.
func (s *Sender) Redeliver(ctx context.Context, event, subscription string) error {
	if s.isClosing() {
		return fmt.Errorf("redeliver: %w", ErrClosed)
	}
	to, err := s.Subscription(ctx, subscription)
	if err != nil {
		return fmt.Errorf("redeliver: %w", err)
	}
	if to.State != Active && to.State != Paused {
		return fmt.Errorf("redeliver: %w: subscription %q is %s", ErrInvalid, subscription, to.State)
	}
	stored, err := s.outbox.Event(ctx, event)
	if err == nil && stored.Tenant != to.Tenant {
		err = ErrNotFound // nor may anybody learn that there is one
	}
	if err != nil {
		return fmt.Errorf("redeliver event %q: %w", event, err)
	}
	if err := s.outbox.Redeliver(ctx, event, subscription); err != nil {
		return fmt.Errorf("redeliver event %q: %w", event, err)
	}
	return nil
}

// Attempts returns records of attempts, newest first.
func (s *Sender) Attempts(ctx context.Context, query AttemptQuery) ([]Attempt, error) {
	attempts, err := s.history.Attempts(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("attempts: %w", err)
	}
	return attempts, nil
}

// complete sets what an event leaves out.
func (s *Sender) complete(e Event) Event {
	if e.ID == "" {
		e.ID = newID("evt_")
	}
	if e.Time.IsZero() {
		e.Time = s.now()
	}
	if e.ContentType == "" {
		e.ContentType = defaultContentType
	}
	return e
}

func (s *Sender) checkEvent(e Event) error {
	switch {
	case !isID(e.ID):
		return fmt.Errorf("%w: the event's id is not up to %d visible ASCII characters without a dot", ErrInvalid, maxID)
	case !isType(e.Type):
		return fmt.Errorf("%w: the event's type is not up to %d visible ASCII characters without an asterisk", ErrInvalid, maxType)
	case !isMediaType(e.ContentType):
		return fmt.Errorf("%w: the event's content type is none", ErrInvalid)
	case len(e.Body) > s.maxBody:
		return fmt.Errorf("%w: the event's body has %d bytes, and %d are allowed", ErrInvalid, len(e.Body), s.maxBody)
	}
	return nil
}

// newID returns an id of 128 random bits.
func newID(prefix string) string { return prefix + rand.Text() }

// isID: Standard Webhooks sets dots between the fields that it signs, and a header
// takes no other characters.
func isID(text string) bool { return isVisible(text, maxID) && !strings.Contains(text, ".") }

func isVisible(text string, most int) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return text != "" && len(text) <= most
}

func isMediaType(text string) bool {
	if text == defaultContentType {
		return true // as most are
	}
	// It lets line breaks pass as space, which no header takes.
	_, _, err := mime.ParseMediaType(text)
	return err == nil && len(text) <= maxType && httpguts.ValidHeaderFieldValue(text)
}
