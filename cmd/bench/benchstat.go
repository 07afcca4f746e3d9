package main

import (
	"fmt"
	"io"
	"strings"
)

// result is one line of Go's benchmark format: operations, and seconds for each. Both
// are those of one round or, for a row of single operations, of one side.
type result struct {
	count int
	each  float64
	p99   float64 // seconds, 0 where only the rate of a round was measured
}

// results are the lines of one row: measured and baseline, one for each round. cost is the
// processor time of one operation of each side, zero where it was not measured.
type results struct {
	measured, baseline   []result
	cost, costOfBaseline cost
}

// results returns a line for each round of both sides, so that benchstat can tell a
// difference from noise.
func (d comparison) results() results {
	lines := func(rounds []measurement) (all []result) {
		for _, m := range rounds {
			all = append(all, result{count: m.count, each: m.seconds / float64(m.count)})
		}
		return all
	}
	return results{
		measured: lines(d.measured), baseline: lines(d.baseline),
		cost: costOf(d.measured), costOfBaseline: costOf(d.baseline),
	}
}

// latencies returns one line for each side: the median of the single operations, and
// their 99th percentile as a second value.
func latencies(measured, baseline []float64) results {
	line := func(seconds []float64) []result {
		return []result{{count: len(seconds), each: median(seconds), p99: quantile(seconds, 0.99)}}
	}
	return results{measured: line(measured), baseline: line(baseline)}
}

// printBenchmarks prints the rows in Go's benchmark format, which benchstat reads:
// `benchstat old.txt new.txt` compares two runs and ignores the table above.
func (t table) printBenchmarks(out io.Writer) {
	for _, r := range t.rows {
		name := strings.ToUpper(r.name[:1]) + r.name[1:]
		printResults(out, "Benchmark"+name+"/service", r.results.measured)
		printResults(out, "Benchmark"+name+"/baseline", r.results.baseline)
	}
}

// printResults writes one line a result. A name without the suffix -N is allowed by the
// format: benchstat then reports no GOMAXPROCS. A p99 of 0 was not measured and is left
// out, because benchstat would average it.
func printResults(out io.Writer, name string, all []result) {
	const nano = 1e9
	for _, one := range all {
		fmt.Fprintf(out, "%s %d %.0f ns/op", name, one.count, one.each*nano)
		if one.p99 > 0 {
			fmt.Fprintf(out, " %.0f p99-ns/op", one.p99*nano)
		}
		fmt.Fprintln(out)
	}
}
