package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
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
	missing  string // why it was not measured; the values are then empty
	results  results
	numbers  map[string]float64 // further ones for the file, by name
}

// Names of further numbers, which are heads and units of tables too.
const (
	peakMB        = "peak MB"
	requestsAPair = "requests a pair"
	bytesAFact    = "bytes a fact"
	headUnit      = "unit"
	aSecond       = "a second"
	busiestHour   = "a second, busiest hour"
	inHours       = "hours"
)

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
// order in which they were measured, and curves behind them.
type table struct {
	header []string
	rows   []row
	curves []curve
}

// print writes the table, the notes, the curves and the benchmark lines as Markdown.
func (t table) print(out io.Writer) {
	for _, line := range t.header {
		fmt.Fprintf(out, "* %s\n", line)
	}
	fmt.Fprintln(out)
	lines := [][]string{{"measured", "", "baseline", "", "ratio", "goal", ""}}
	for _, r := range t.rows {
		ratio := fmt.Sprintf("%.2f", r.ratio)
		if r.missing != "" {
			ratio = "not measured: " + r.missing
		}
		lines = append(lines, []string{r.what, r.measured, r.beside, r.baseline, ratio, r.goal.text, r.goal.verdict()})
	}
	printMarkdown(out, lines)
	fmt.Fprintln(out)
	for _, r := range t.rows {
		if r.note != "" {
			fmt.Fprintln(out, "* note:", r.note)
		}
	}
	printCurves(out, t.curves)
	fmt.Fprintln(out, "\n```")
	t.printBenchmarks(out)
	fmt.Fprintln(out, "```")
}

// printMarkdown writes a table whose first line is its head. Columns are aligned by runes,
// so that it can be read on a terminal too.
func printMarkdown(out io.Writer, lines [][]string) {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, text := range line {
			widths[i] = max(widths[i], 3, utf8.RuneCountInString(text))
		}
	}
	for i, line := range lines {
		printLine(out, line, widths, " ")
		if i == 0 {
			printLine(out, make([]string, len(line)), widths, "-")
		}
	}
}

// printLine writes one line of a table, each cell filled up to its width.
func printLine(out io.Writer, cells []string, widths []int, filler string) {
	for i, text := range cells {
		fmt.Fprint(out, "| ", text, strings.Repeat(filler, widths[i]-utf8.RuneCountInString(text)), " ")
	}
	fmt.Fprintln(out, "|")
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
