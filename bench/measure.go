package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// lab is where the scenarios run.
type lab struct {
	settings
	dir, binary, upstream string
}

// pair is one round of both sides.
type pair struct{ bare, guarded sample }

// measure runs a scenario: both sides are up all the time and loaded in turns, the
// one that goes first changing from round to round.
func (l *lab) measure(ctx context.Context, sc scenario) (*result, error) {
	bare, err := l.start(ctx, sc, false)
	if err != nil {
		return nil, err
	}
	defer bare.stop()
	guarded, err := l.start(ctx, sc, true)
	if err != nil {
		return nil, err
	}
	defer guarded.stop()

	load := newLoad(sc, l.connections)
	for _, s := range []*side{bare, guarded} {
		if _, err := load.run(ctx, s.address, l.warmup, 0); err != nil {
			return nil, err
		}
	}
	if err := l.fill(ctx, sc, load, bare, guarded); err != nil {
		return nil, err
	}
	r := &result{scenario: sc}
	for i := range l.rounds {
		p, err := l.onePair(ctx, load, bare, guarded, i%2 == 0)
		if err != nil {
			return nil, err
		}
		r.pairs = append(r.pairs, p)
		progress(sc.title, i+1, l.rounds)
	}
	if _, r.barePeak, err = bare.memory(); err != nil {
		return nil, err
	}
	_, r.guardedPeak, err = guarded.memory()
	return r, err
}

func (l *lab) onePair(ctx context.Context, load *load, bare, guarded *side, bareFirst bool) (pair, error) {
	var p pair
	order := []struct {
		side *side
		to   *sample
	}{{bare, &p.bare}, {guarded, &p.guarded}}
	if !bareFirst {
		order[0], order[1] = order[1], order[0]
	}
	for _, o := range order {
		before, err := o.side.processorTime()
		if err != nil {
			return p, err
		}
		s, err := load.run(ctx, o.side.address, l.settings.round, 0)
		if err != nil {
			return p, err
		}
		after, err := o.side.processorTime()
		if err != nil {
			return p, err
		}
		s.cpu = (after - before) / float64(s.sent)
		if s.rss, _, err = o.side.memory(); err != nil {
			return p, err
		}
		*o.to = s
	}
	return p, nil
}

// fillLimit bounds how long the filling of the dedupe memory may take.
const fillLimit = 10 * time.Minute

// fill makes the gateway remember as many deliveries as the scenario wants, before
// anything is measured, and sends the bare side as many.
func (l *lab) fill(ctx context.Context, sc scenario, load *load, sides ...*side) error {
	if sc.fill == 0 {
		return nil
	}
	for _, s := range sides {
		if _, err := load.run(ctx, s.address, fillLimit, sc.fill); err != nil {
			return err
		}
	}
	return nil
}

// progress draws a bar on standard error.
func progress(title string, done, total int) {
	const width = 30
	full := width * done / total
	fmt.Fprintf(os.Stderr, "\r%-40s [%s%s] %d/%d", title, strings.Repeat("#", full), strings.Repeat(".", width-full), done, total)
	if done == total {
		fmt.Fprintln(os.Stderr)
	}
}
