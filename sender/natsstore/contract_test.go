package natsstore

import (
	"testing"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/outboxtest"
)

func TestOutbox(t *testing.T) {
	t.Parallel()
	outboxtest.TestOutbox(t, func(t *testing.T) sender.Outbox { return open(t, newJetStream(t)) })
}

func TestOutboxLease(t *testing.T) {
	t.Parallel()
	outboxtest.TestOutboxLease(t, func(t *testing.T) sender.Outbox {
		return open(t, newJetStream(t), shortLeases)
	})
}

func TestOutboxFull(t *testing.T) {
	t.Parallel()
	outboxtest.TestOutboxFull(t, func(t *testing.T) sender.Outbox {
		return open(t, newJetStream(t), WithMaxBytes(256<<10))
	})
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	outboxtest.TestRegistry(t, func(t *testing.T) sender.Registry { return open(t, newJetStream(t)) })
}

func TestHistory(t *testing.T) {
	t.Parallel()
	outboxtest.TestHistory(t, func(t *testing.T) sender.History { return open(t, newJetStream(t)).History() })
}
