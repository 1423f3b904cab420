package command

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/profile"
)

const (
	// defaultRate is how many events happen a second where only their number is given.
	defaultRate = 10
	// maxRate bounds what a ticker is asked for, in events per second.
	maxRate = 10_000
)

// streamFlags say which events happen in a simulation.
type streamFlags struct {
	rate  float64
	count int
}

func (f *streamFlags) add(cmd *cobra.Command) {
	cmd.Flags().Float64Var(&f.rate, "emit", 0, "Events per second, up to 10000 (default: none, with --count 10)")
	cmd.Flags().IntVar(&f.count, "count", 0, "Number of events after which no more happen (default: no end)")
}

// interval returns the time between two events, 0 where none are to happen.
func (f *streamFlags) interval() (time.Duration, error) {
	rate := f.rate
	switch {
	case f.count < 0:
		return 0, usageError("--count %d: want a number of events", f.count)
	case !(rate >= 0 && rate <= maxRate): // NaN is neither
		return 0, usageError("--emit %v: want up to %d events per second", rate, maxRate)
	case rate == 0 && f.count == 0:
		return 0, nil
	case rate == 0:
		rate = defaultRate
	}
	return time.Duration(float64(time.Second) / rate), nil
}

// emit makes events happen until there were enough, or the context ends. It returns
// how many there were.
func (f *streamFlags) emit(ctx context.Context, server *profile.Server, every time.Duration) (number int, err error) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for f.count == 0 || number < f.count {
		select {
		case <-ctx.Done():
			return number, nil
		case <-ticker.C:
		}
		happened, err := emitOne(ctx, server, number)
		if err != nil && ctx.Err() == nil {
			return number, err
		}
		if happened {
			number++
		}
	}
	return number, nil
}

// emitOne makes the event with this number happen, if somebody wants one. Where the
// endpoints are so slow that there is no room for it, it does not.
func emitOne(ctx context.Context, server *profile.Server, number int) (happened bool, err error) {
	types, err := wantedTypes(ctx, server)
	if err != nil || len(types) == 0 {
		return false, err
	}
	eventType := types[number%len(types)]
	payload, err := samplePayload(server.Provider(), eventType, number)
	if err != nil {
		return false, err
	}
	_, err = server.Emit(ctx, eventType, payload)
	if errors.Is(err, sender.ErrFull) {
		return false, nil
	}
	return err == nil, err
}

// wantedTypes lists the types of events that somebody has subscribed to.
func wantedTypes(ctx context.Context, server *profile.Server) ([]string, error) {
	all, err := server.Subscriptions(ctx)
	if err != nil {
		return nil, err
	}
	var types []string
	for i := range all {
		if all[i].State == sender.Active {
			types = append(types, all[i].Types...)
		}
	}
	slices.Sort(types)
	return slices.Compact(types), nil
}

// samplePayload makes a payload. A type of somebody's own, as REST Hooks have, gets
// that of one of the examples.
func samplePayload(provider, eventType string, number int) ([]byte, error) {
	if known := profile.EventTypes(provider); !slices.Contains(known, eventType) {
		eventType = known[0]
	}
	return profile.Sample(provider, eventType, number)
}
