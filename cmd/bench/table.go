package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
)

// row is one line of the table. Values are texts with their units.
type row struct {
	what     string
	measured string
	beside   string // what the baseline is
	baseline string
	ratio    float64
	goal     goal
	note     string
}

// goal is what a ratio, or where absolute is set a rate, should reach.
type goal struct {
	text string // empty: information only
	met  bool
}

func atLeast(ratio, limit float64) goal {
	return goal{text: fmt.Sprintf("≥ %.2f", limit), met: ratio >= limit}
}

func atMost(ratio, limit float64) goal {
	return goal{text: fmt.Sprintf("≤ %.2f", limit), met: ratio <= limit}
}

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

type table struct {
	header []string
	rows   []row
}

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
}

// rate is a text such as "12,345/s".
func rate(perSecond float64) string { return thousands(int(perSecond+0.5)) + "/s" }

func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// median of an even number of values lies between the two in the middle: the
// upper one alone would flatter.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// quantile of a few values; it does not interpolate, so it is always one of
// them.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
