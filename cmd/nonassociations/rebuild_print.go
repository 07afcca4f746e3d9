package main

import (
	"fmt"
	"strings"
	"time"

	"nonassociations/projections/rebuild"
)

// expectedSentence says what a rebuild would take.
func expectedSentence(r rebuild.Report) string {
	e := *r.Expected
	return fmt.Sprintf("A rebuild reads %d facts and writes about %d rows, %d MB on the disk, in about %s. Reads and writes go on.",
		r.Facts, e.Rows, e.Bytes>>20+1, time.Duration(e.Seconds*float64(time.Second)).Round(time.Second/2))
}

// printRebuild prints a report as sentences, the last one with the next command.
func printRebuild(r rebuild.Report) {
	took := time.Duration(r.Seconds * float64(time.Second)).Round(time.Second / 10)
	switch r.Status {
	case rebuild.Would:
		fmt.Println(expectedSentence(r))
		fmt.Println("Nothing was done yet; to do it: nonassociations rebuild")
	case rebuild.Flipped:
		fmt.Printf("Generation %d answers now, built from %d facts up to position %d in %s.\n", *r.To, r.Facts, r.Position, took)
		if r.Total > 0 {
			fmt.Printf("It replaced %d rows that differed from the log.\n", r.Total)
			printDifferences(r.Differences)
		}
		if r.From != nil {
			fmt.Printf("Generation %d is kept; to return to it: nonassociations rebuild --back\n", *r.From)
		}
	case rebuild.BackDone:
		fmt.Printf("Generation %d answers again, up to position %d.\n", *r.To, r.Position)
		fmt.Printf("Generation %d is kept; to return to it: nonassociations rebuild --back\n", *r.From)
	case rebuild.Renewed:
		rows, changed := uint64(0), 0
		for _, t := range r.Tables {
			rows += t.Rows
			if t.Same != nil && !*t.Same {
				changed++
			}
		}
		fmt.Printf("%d rows were renewed from the log, up to position %d; %d tables had differed. To check all of them: nonassociations verify read-model\n",
			rows, r.Position, changed)
	case rebuild.Differs:
		printDifferences(r.Differences)
	}
}

// differSentence says that nothing was flipped.
func differSentence(r rebuild.Report) string {
	return fmt.Sprintf("The live tables differ from the log in %d rows; `rebuild --accept-differences` replaces them.", r.Total)
}

func printDifferences(all []rebuild.Difference) {
	for _, d := range all {
		fmt.Println(describeDifference(d))
	}
}

// describeDifference is one line: the row, the place in it, and both digests.
func describeDifference(d rebuild.Difference) string {
	b := []string{d.Kind, d.Table, d.Key}
	if d.Column != nil {
		b = append(b, *d.Column)
	}
	if d.Pointer != nil {
		b = append(b, *d.Pointer)
	}
	return strings.Join(b, " ") + ": read model " + orNone(d.ReadModel) + ", log " + orNone(d.Log)
}

func orNone(text *string) string {
	if text == nil {
		return "–"
	}
	return *text
}

// doneSentence is what the record of acts keeps of a rebuild.
func doneSentence(r rebuild.Report) string {
	if r.From == nil || r.To == nil {
		return ""
	}
	text := fmt.Sprintf("Generation %d answers in the place of %d.", *r.To, *r.From)
	if r.Total == 0 {
		return text
	}
	lines := []string{text + fmt.Sprintf(" %d rows differed:", r.Total)}
	for _, d := range r.Differences {
		lines = append(lines, describeDifference(d))
	}
	return strings.Join(lines, "\n")
}
