package natsstore

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/hookward/hookward/sender"
)

// lossy loses the first request, as the election of a leader does.
type lossy struct {
	request int  // which is lost
	nobody  bool // says that nobody is there
	made    bool // the answer is lost, not the request

	seen int
}

func (l *lossy) do(ctx context.Context, call func() error) error {
	if l.seen++; l.seen != l.request {
		return call()
	}
	if l.nobody {
		return nats.ErrNoResponders
	}
	if l.made {
		if err := call(); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

type lossyMsg struct {
	jetstream.Msg
	*lossy
	conn *nats.Conn
}

// DoubleAck makes a request of its own, for the message's would know that it was answered.
func (m lossyMsg) DoubleAck(ctx context.Context) error {
	return m.do(ctx, func() error {
		_, err := m.conn.RequestWithContext(ctx, m.Reply(), nil)
		return err
	})
}

type lossyServer struct {
	jetstream.JetStream
	*lossy
}

func (s lossyServer) PublishMsg(ctx context.Context, msg *nats.Msg, options ...jetstream.PublishOpt) (ack *jetstream.PubAck, err error) {
	err = s.do(ctx, func() (err error) {
		ack, err = s.JetStream.PublishMsg(ctx, msg, options...)
		return err
	})
	return ack, err
}

// TestSettleWhatIsLost loses a request of those that settle a delivery, or the answer to
// it. The delivery is settled once all the same.
func TestSettleWhatIsLost(t *testing.T) {
	t.Parallel()
	settle := map[string]struct {
		requests int
		call     func(context.Context, *Store, sender.Delivery) error
	}{
		"done": {1, func(ctx context.Context, s *Store, d sender.Delivery) error { return s.Done(ctx, d) }},
		"now":  {2, func(ctx context.Context, s *Store, d sender.Delivery) error { return s.Retry(ctx, d, time.Now()) }},
		"later": {2, func(ctx context.Context, s *Store, d sender.Delivery) error {
			return s.Retry(ctx, d, time.Now().Add(time.Second))
		}},
	}
	losses := map[string]lossy{"nobody is there": {nobody: true}, "request": {}, "answer": {made: true}}
	for name, c := range settle {
		for what, loss := range losses {
			for request := range c.requests {
				loss := loss
				loss.request = request + 1
				t.Run(fmt.Sprint(name, "/", what, "/", request), func(t *testing.T) {
					t.Parallel()
					settleWithLoss(t, &loss, c.call, c.requests-1)
				})
			}
		}
	}
}

func settleWithLoss(t *testing.T, loss *lossy, settle func(context.Context, *Store, sender.Delivery) error, again int) {
	s := open(t, newJetStream(t), func(c *config) error {
		c.answer = 200 * time.Millisecond
		return nil
	})
	add(t, s, "evt_1", "sub_1")
	d := receive(t, s, 1)[0]
	d.Attempts = 1
	l := d.Lease.(*lease)
	l.msg = lossyMsg{l.msg, loss, s.outbox.js.Conn()}
	working := s.outbox.js
	s.outbox.js = lossyServer{working, loss}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // as a sender gives
	defer cancel()
	if err := settle(ctx, s, d); err != nil {
		t.Fatal(err)
	}
	s.outbox.js = working
	for _, next := range receive(t, s, again) {
		if next.Event != d.Event || next.Attempts != 1 {
			t.Errorf("received %+v", next)
		}
		done(t, s, next)
	}
	nothingBut(t, s, "evt_2")
	eventually(t, "nothing is left", func() bool { return stored(t, s.deliveries) == 0 })
}

// TestInsistEnds has the server stay away, and refuse.
func TestInsistEnds(t *testing.T) {
	t.Parallel()
	refused := &jetstream.APIError{ErrorCode: errInsufficientResources}
	for _, c := range []struct {
		answer error
		takes  time.Duration
	}{
		{nats.ErrNoResponders, insistFor},
		{jetstream.ErrNoStreamResponse, insistFor},
		{&jetstream.APIError{ErrorCode: 10158}, insistFor}, // a copy is being stored, or its server has left
		{refused, 0},
		{nats.ErrConnectionClosed, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			o := &outbox{answer: answerWithin}
			err := o.insist(context.Background(), func(context.Context) error { return c.answer })
			if took := time.Since(start); !errors.Is(err, c.answer) || took != c.takes {
				t.Errorf("%v: %v after %v, want it after %v", c.answer, err, took, c.takes)
			}
		})
	}
}
