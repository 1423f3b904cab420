package natsstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/hookward/hookward/sender"
)

// ErrServer means that the server is older than nats-server 2.12.
var ErrServer = errors.New("nats-server 2.12 or later is needed")

// apiLevel is the level of the JetStream API that has scheduled messages and atomic
// batches (ADR-44 of NATS; nats-server's jetstream_versioning.go).
const apiLevel = 2

// checkServer refuses a server that would silently ignore what it does not know.
func checkServer(ctx context.Context, js jetstream.JetStream) error {
	info, err := js.AccountInfo(ctx)
	if err != nil {
		return fmt.Errorf("ask the server for JetStream: %w", err)
	}
	if info.API.Level < apiLevel {
		return fmt.Errorf("%w: %s %s speaks level %d of the JetStream API, not %d",
			ErrServer, js.Conn().ConnectedServerName(), js.Conn().ConnectedServerVersion(), info.API.Level, apiLevel)
	}
	return nil
}

// Errors of a JetStream server that nats.go has no name for, by their numbers in
// nats-server's server/errors.json.
const (
	errAccountResources      jetstream.ErrorCode = 10002
	errInsufficientResources jetstream.ErrorCode = 10023
	errStorageResources      jetstream.ErrorCode = 10047
	errStoreFailed           jetstream.ErrorCode = 10077 // "maximum bytes exceeded" and the like
	errHeaderTooLarge        jetstream.ErrorCode = 10097
)

// outboxError gives a refused publish the meaning that it has for an outbox.
func outboxError(err error) error {
	if errors.Is(err, nats.ErrMaxPayload) {
		return fmt.Errorf("%w: %w", sender.ErrInvalid, err)
	}
	switch code(err) {
	case jetstream.JSErrCodeStreamWrongLastSequence:
		return sender.ErrDuplicate
	case errStoreFailed, errAccountResources, errInsufficientResources, errStorageResources:
		return fmt.Errorf("%w: %w", sender.ErrFull, err)
	case jetstream.JSErrCodeStreamMessageExceedsMaximum, errHeaderTooLarge:
		return fmt.Errorf("%w: %w", sender.ErrInvalid, err)
	default:
		return err
	}
}

// code returns the server's number of an error, or 0.
func code(err error) jetstream.ErrorCode {
	if api, ok := errors.AsType[*jetstream.APIError](err); ok {
		return api.ErrorCode
	}
	return 0
}

// isConflict tells whether another message came first. A replicated stream has a
// number of its own for one that is being stored at the same time.
func isConflict(err error) bool {
	c := code(err)
	return c == jetstream.JSErrCodeStreamWrongLastSequence || isUndecided(err)
}

func isUndecided(err error) bool {
	return code(err) == jetstream.JSErrCodeStreamWrongLastSequenceConstant
}
