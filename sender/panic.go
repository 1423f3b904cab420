package sender

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// errPanic is what a panic of code that the caller plugged in becomes.
var errPanic = errors.New("panic")

// recovered turns a panic into an error. What the caller plugs in must not end the
// sender.
func (s *Sender) recovered(doing string, err *error) {
	if value := recover(); value != nil {
		*err = panicked(s.logger, doing, value)
	}
}

// panicked logs a panic's value, which goes nowhere else.
func panicked(logger *slog.Logger, doing string, value any) error {
	logger.Error("panic", "in", doing, "value", value, "stack", string(debug.Stack()))
	return fmt.Errorf("%s: %w", doing, errPanic)
}
