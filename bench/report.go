package main

import (
	"fmt"
	"io"
	"slices"
)

// result is what a scenario gave.
type result struct {
	scenario              scenario
	pairs                 []pair
	barePeak, guardedPeak float64 // MiB
}

// spread is a median with the quarter and three-quarter points around it.
type spread struct {
	Median float64 `json:"median"`
	Low    float64 `json:"p25"`
	High   float64 `json:"p75"`
}

// ratios compares the sides round by round.
func (r *result) ratios(of func(sample) float64) spread {
	return r.values(func(p pair) float64 { return of(p.guarded) / of(p.bare) })
}

func (r *result) values(of func(pair) float64) spread {
	all := make([]float64, 0, len(r.pairs))
	for _, p := range r.pairs {
		all = append(all, of(p))
	}
	return newSpread(all)
}

func newSpread(all []float64) spread {
	slices.Sort(all)
	at := func(q float64) float64 { return all[int(q*float64(len(all)-1)+0.5)] }
	return spread{Median: at(0.5), Low: at(0.25), High: at(0.75)}
}

func throughput(s sample) float64 { return s.perSecond }
func p50(s sample) float64        { return s.p50 }
func p99(s sample) float64        { return s.p99 }
func cpu(s sample) float64        { return s.cpu }
func rss(s sample) float64        { return s.rss }

func rssDelta(p pair) float64 { return p.guarded.rss - p.bare.rss }

// print writes the table for people.
func (r *result) print(w io.Writer) {
	bare := r.values(func(p pair) float64 { return p.bare.perSecond }).Median
	guarded := r.values(func(p pair) float64 { return p.guarded.perSecond }).Median
	bareCPU := r.values(func(p pair) float64 { return p.bare.cpu }).Median
	guardedCPU := r.values(func(p pair) float64 { return p.guarded.cpu }).Median
	fmt.Fprintf(w, "%s: %d paired rounds, medians: %.0f/s bare, %.0f/s with hookward; Caddy's CPU %.1f us a request bare, %.1f us with hookward\n",
		r.scenario.title, len(r.pairs), bare, guarded, bareCPU, guardedCPU)
	for _, row := range []struct {
		name string
		of   func(sample) float64
	}{{"throughput", throughput}, {"p50", p50}, {"p99", p99}, {"CPU", cpu}, {"RSS", rss}} {
		s := r.ratios(row.of)
		fmt.Fprintf(w, "  %-12s %.3f of bare  (p25 %.3f, p75 %.3f)\n", row.name, s.Median, s.Low, s.High)
	}
	delta := r.values(rssDelta)
	fmt.Fprintf(w, "  %-12s %+.1f MiB over bare  (p25 %+.1f, p75 %+.1f); peak %.1f MiB, bare %.1f MiB, ratio %.2f\n\n",
		"RSS", delta.Median, delta.Low, delta.High, r.guardedPeak, r.barePeak, r.guardedPeak/r.barePeak)
}

// addTo puts the result into the JSON object: the main scenario's medians at the
// top, every scenario under its name.
func (r *result) addTo(all map[string]any) {
	all[r.scenario.name] = map[string]any{
		"rounds":     len(r.pairs),
		"throughput": r.ratios(throughput), "p50": r.ratios(p50), "p99": r.ratios(p99), "cpu": r.ratios(cpu),
		"cpu_us":                   r.values(func(p pair) float64 { return p.guarded.cpu }),
		"bare_cpu_us":              r.values(func(p pair) float64 { return p.bare.cpu }),
		"requests_per_second":      r.values(func(p pair) float64 { return p.guarded.perSecond }),
		"bare_requests_per_second": r.values(func(p pair) float64 { return p.bare.perSecond }),
		"rss_mib":                  r.values(func(p pair) float64 { return p.guarded.rss }),
		"bare_rss_mib":             r.values(func(p pair) float64 { return p.bare.rss }),
		"rss":                      r.ratios(rss), "rss_delta_mib": r.values(rssDelta),
		"peak_rss_mib": r.guardedPeak, "bare_peak_rss_mib": r.barePeak,
		"peak_rss_ratio": r.guardedPeak / r.barePeak,
	}
	if !r.scenario.main {
		return
	}
	all["throughput_ratio"] = r.ratios(throughput).Median
	all["p50_ratio"] = r.ratios(p50).Median
	all["p99_ratio"] = r.ratios(p99).Median
	all["rss_delta_mib"] = r.values(rssDelta).Median
	all["peak_rss_delta_mib"] = r.guardedPeak - r.barePeak
	all["peak_rss_ratio"] = r.guardedPeak / r.barePeak
}
