package sender_test

import (
	"testing"
	"time"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/outboxtest"
)

func TestMemoryOutbox(t *testing.T) {
	t.Parallel()
	outboxtest.TestOutbox(t, func(*testing.T) sender.Outbox {
		return sender.NewMemoryOutbox(sender.MemoryLimits{})
	})
}

func TestMemoryOutboxFull(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]sender.MemoryLimits{
		"of events": {Events: 5},
		"of bytes":  {Bytes: 64 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outboxtest.TestOutboxFull(t, func(*testing.T) sender.Outbox {
				return sender.NewMemoryOutbox(limits)
			})
		})
	}
}

func TestMemoryOutboxLease(t *testing.T) {
	t.Parallel()
	outboxtest.TestOutboxLease(t, func(*testing.T) sender.Outbox {
		outbox := sender.NewMemoryOutbox(sender.MemoryLimits{})
		outbox.SetLease(50 * time.Millisecond)
		return outbox
	})
}

func TestMemoryRegistry(t *testing.T) {
	t.Parallel()
	outboxtest.TestRegistry(t, func(*testing.T) sender.Registry { return sender.NewMemoryRegistry() })
}

func TestMemoryHistory(t *testing.T) {
	t.Parallel()
	outboxtest.TestHistory(t, func(*testing.T) sender.History { return sender.NewMemoryHistory(0) })
}
