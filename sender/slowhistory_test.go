package sender_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/sender"
)

// silentHistory does not answer.
type silentHistory struct{ sender.History }

func (silentHistory) Add(ctx context.Context, _ sender.Attempt) error {
	<-ctx.Done()
	return ctx.Err()
}

// hastyOutbox does nothing for a caller who has no time left, like one behind a network.
type hastyOutbox struct{ sender.Outbox }

func (o hastyOutbox) Done(ctx context.Context, d sender.Delivery) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return o.Outbox.Done(ctx, d)
}

func (o hastyOutbox) Retry(ctx context.Context, d sender.Delivery, at time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return o.Outbox.Retry(ctx, d, at)
}

// TestHistoryAway: without its history a sender settles deliveries all the same. Else it
// would make the same attempt whenever a lease has run out.
func TestHistoryAway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer answer
		want   int
	}{
		"delivered": {status(http.StatusOK), 1},
		"failed":    {status(http.StatusInternalServerError), 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ends := answering(c.answer)
				s := newSender(t, ends.option(),
					sender.WithOutbox(hastyOutbox{sender.NewMemoryOutbox(sender.MemoryLimits{})}),
					sender.WithHistory(silentHistory{sender.NewMemoryHistory(0)}),
					sender.WithSchedule(0, time.Second))
				subscribe(t, s, sender.Subscription{})
				send(t, s)
				time.Sleep(time.Hour)
				if n := len(ends.got("")); n != c.want {
					t.Errorf("%d attempts, want %d", n, c.want)
				}
			})
		})
	}
}

// TestHistoryAwayFromDropped: what nobody wants any longer is dropped once.
func TestHistoryAwayFromDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		outbox := sender.NewMemoryOutbox(sender.MemoryLimits{})
		dropped := make(chan struct{}, 10)
		newSender(t, answering(status(http.StatusOK)).option(),
			sender.WithOutbox(countingOutbox{hastyOutbox{outbox}, dropped}),
			sender.WithHistory(silentHistory{sender.NewMemoryHistory(0)}))
		if err := outbox.Add(t.Context(), &sender.Event{ID: "evt_1", Type: "a"}, []string{"sub_gone"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if n := len(dropped); n != 1 {
			t.Errorf("it was settled %d times", n)
		}
	})
}

// countingOutbox tells of what is settled for good.
type countingOutbox struct {
	sender.Outbox
	settled chan struct{}
}

func (o countingOutbox) Done(ctx context.Context, d sender.Delivery) error {
	err := o.Outbox.Done(ctx, d)
	if err == nil {
		o.settled <- struct{}{}
	}
	return err
}
