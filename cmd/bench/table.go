package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
)

// row is one line of the table. Its values are texts with their units; results has the
// numbers behind them.
type row struct {
	name     string // of its spec
	what     string
	measured string
	beside   string // what the baseline is
	baseline string
	ratio    float64
	goal     goal
	note     string
	results  results
}

// goal is what a ratio, or a rate, should reach. A goal that is missed is printed and is
// no error: a developer's laptop need not reach it.
type goal struct {
	text string // empty: information only
	met  bool
}

// atLeast is the goal of a ratio of rates, where more is better.
func atLeast(ratio, limit float64) goal {
	return goal{text: fmt.Sprintf("≥ %.2f", limit), met: ratio >= limit}
}

// atMost is the goal of a ratio of times, where less is better.
func atMost(ratio, limit float64) goal {
	return goal{text: fmt.Sprintf("≤ %.2f", limit), met: ratio <= limit}
}

// verdict returns "met", "missed", or "" for a row that is information only.
func (g goal) verdict() string {
	switch {
	case g.text == "":
		return ""
	case g.met:
		return "met"
	default:
		return "missed"
	}
}

// table is the result of a run. header describes machine and settings; rows are in the
// order in which they were measured.
type table struct {
	header []string
	rows   []row
}

// print writes the table, the notes and the benchmark lines. Columns are aligned by
// runes.
func (t table) print(out io.Writer) {
	for _, line := range t.header {
		fmt.Fprintln(out, line)
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "measured\t\tbaseline\t\tratio\tgoal\t")
	fmt.Fprintln(w, "--------\t\t--------\t\t-----\t----\t")
	for _, r := range t.rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.2f\t%s\t%s\n", r.what, r.measured, r.beside, r.baseline, r.ratio, r.goal.text, r.goal.verdict())
	}
	_ = w.Flush() // a terminal that is gone needs no table
	fmt.Fprintln(out)
	for _, r := range t.rows {
		if r.note != "" {
			fmt.Fprintln(out, "note:", r.note)
		}
	}
	fmt.Fprintln(out)
	t.printBenchmarks(out)
}

// rate formats operations a second, rounded, such as "12,345/s".
func rate(perSecond float64) string { return thousands(int(perSecond+0.5)) + "/s" }

// thousands formats a non-negative number with commas.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// median returns the middle value, for an even count the mean of the two in the middle:
// the upper one alone would flatter. It returns 0 for no values.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// quantile returns the value below which the share q of the values lies, 0 for no
// values. It does not interpolate, so the result is one of the values.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
