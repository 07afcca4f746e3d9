package main

import (
	"fmt"
	"io"
)

// curve is one cost at several sizes of the log.
type curve struct {
	name   string // on the command line and in the file: of the kind of work and the unit
	what   string
	unit   string
	points []reportPoint
	// limit is how often the last value may be the first one and still be called flat, 0
	// for a curve without a goal.
	limit float64
}

// flat is the limit of costs that must not grow with the log. Tenfold facts give an index
// one more level at most; a busy machine gives the rest.
const flat = 1.3

// growth returns the last value divided by the first one, 1 for fewer than two points and
// for a first value of zero.
func (c curve) growth() float64 {
	if len(c.points) < 2 || c.points[0].Value == 0 {
		return 1
	}
	return c.points[len(c.points)-1].Value / c.points[0].Value
}

// goal is that the curve is flat. One point shows nothing.
func (c curve) goal() goal {
	if c.limit == 0 || len(c.points) < 2 {
		return goal{}
	}
	return atMost(c.growth(), c.limit)
}

// printCurves writes the table of growth, nothing without curves. All curves have the same
// sizes.
func printCurves(out io.Writer, curves []curve) {
	if len(curves) == 0 {
		return
	}
	head := []string{"as the log grows", headUnit}
	for _, p := range curves[0].points {
		head = append(head, thousands(p.Facts)+" facts")
	}
	lines := [][]string{append(head, "last ÷ first", "goal", "")}
	for _, c := range curves {
		line := []string{c.what, c.unit}
		for _, p := range c.points {
			line = append(line, short(p.Value))
		}
		lines = append(lines, append(line, fmt.Sprintf("%.2f", c.growth()), c.goal().text, c.goal().verdict()))
	}
	fmt.Fprintln(out)
	printMarkdown(out, lines)
}

// short formats a value with two or three digits: "0.0031", "0.12", "12.3", "1,234".
func short(v float64) string {
	switch {
	case v >= 100:
		return thousands(int(v + 0.5))
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v < 0.1:
		return fmt.Sprintf("%.2g", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}
