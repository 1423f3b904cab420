// Command bench measures what the gateway costs: it runs Caddy's own reverse
// proxy and the same with a hookward endpoint in front of it, in turns, on this
// machine, and prints the ratios.
//
//	go run ./bench [--json] [--rounds 15] [--round 2s]
//
// Progress and tables go to standard error; with --json one object goes to
// standard output.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

// settings are the command's flags.
type settings struct {
	json        bool
	rounds      int
	round       time.Duration
	warmup      time.Duration
	connections int
	only        string
}

func main() {
	var s settings
	flag.BoolVar(&s.json, "json", false, "print one JSON object on standard output")
	flag.IntVar(&s.rounds, "rounds", 15, "paired rounds of each scenario")
	flag.DurationVar(&s.round, "round", 2*time.Second, "length of a round of one side")
	flag.DurationVar(&s.warmup, "warmup", 2*time.Second, "load on each side before the first round")
	flag.IntVar(&s.connections, "connections", 32, "keep-alive connections")
	flag.StringVar(&s.only, "only", "", "the name of a single scenario to run")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	if s.rounds < 1 || s.connections < 1 || s.round <= 0 {
		return errors.New("rounds, connections and round must be positive")
	}
	dir, err := os.MkdirTemp("", "hookward-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := build(ctx, dir)
	if err != nil {
		return err
	}
	upstream, err := startUpstream()
	if err != nil {
		return err
	}
	defer upstream.Close()

	lab := &lab{settings: s, dir: dir, binary: binary, upstream: upstream.address()}
	results := make(map[string]any)
	ran := 0
	for _, sc := range scenarios() {
		if s.only != "" && s.only != sc.name {
			continue
		}
		ran++
		result, err := lab.measure(ctx, sc)
		if err != nil {
			return fmt.Errorf("scenario %s: %w", sc.name, err)
		}
		result.print(os.Stderr)
		result.addTo(results)
	}
	if ran == 0 {
		return fmt.Errorf("there is no scenario %q", s.only)
	}
	if s.json {
		return json.NewEncoder(os.Stdout).Encode(results)
	}
	return nil
}
