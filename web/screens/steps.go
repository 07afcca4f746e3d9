package screens

import (
	"slices"
	"strconv"
	"strings"

	"nonassociations/domain"
	"nonassociations/nomis/reconcile"
)

// planLines returns steps as lines of an act, with the values that each one writes. The
// user has to see them before Confirm, and two plans with other values differ in them.
func planLines(pair domain.Pair, steps []reconcile.Step) []string {
	if len(steps) == 0 {
		return stepLines(steps)
	}
	var lines []string
	for _, step := range steps {
		lines = append(lines, stepLines([]reconcile.Step{step})...)
		lines = append(lines, writtenLines(pair, step)...)
	}
	return lines
}

// writtenLines returns the values that a step writes, here or in NOMIS: a line for each
// record.
func writtenLines(pair domain.Pair, step reconcile.Step) []string {
	var lines []string
	for _, item := range step.Sync.Items {
		lines = append(lines, "Values"+ofSequence(item.TypeSequence)+": "+detailWords(pair, detailOf(item), nil)+".")
	}
	if step.Detail.TypeCode != "" {
		lines = append(lines, "Values"+ofSequence(step.TypeSequence)+": "+detailWords(pair, step.Detail, step.Held)+".")
	}
	return lines
}

// detailOf returns the values of an item as a pair's page has them.
func detailOf(item domain.Item) domain.Detail {
	detail := domain.Detail{
		AuthorisedBy: item.AuthorisedBy, Comment: item.Comment, TypeCode: item.TypeCode, ReasonCodes: item.ReasonCodes,
		EffectiveDate: dayOf(item.EffectiveDate),
	}
	if item.ExpiryDate != nil {
		detail.ExpiryDate = new(dayOf(*item.ExpiryDate))
	}
	return detail
}

// dayOf returns the day of a time of a record.
func dayOf(at domain.LocalDateTime) string {
	day, _, _ := strings.Cut(string(at), "T")
	return day
}

// detailWords returns values by the names of their fields. Those that NOMIS is left with
// are said so.
func detailWords(pair domain.Pair, detail domain.Detail, held []domain.DetailField) string {
	var all []string
	for _, field := range domain.DetailFields(pair) {
		value := fieldWords(field) + " "
		if slices.Contains(held, field) {
			value += "as it is there, "
		}
		all = append(all, value+quoted(detail.Get(field)))
	}
	return strings.Join(all, "; ")
}

// ofSequence names a record by its sequence in NOMIS, where it has one.
func ofSequence(n int) string {
	if n == 0 {
		return ""
	}
	return " of sequence " + strconv.Itoa(n)
}

// stepLines returns steps as lines of a plan.
func stepLines(steps []reconcile.Step) []string {
	if len(steps) == 0 {
		return []string{"No step is to be taken."}
	}
	lines := make([]string, len(steps))
	for i, step := range steps {
		lines[i] = stepWord(step) + ". " + step.Why
	}
	return lines
}

// stepWords are the steps in words.
var stepWords = map[string]string{
	"learn": "Record the sequence of NOMIS", "release": "Record that NOMIS has the sequence no longer", "delete": "Delete the record here",
	"revert": "Give the record its earlier form back", "take": "Take over what NOMIS holds", "remove": "Delete it in NOMIS",
	"put": "Write the values to NOMIS", "post": "Create it in NOMIS", "confirm": "Record that NOMIS holds it",
}

// stepWord returns a step in words.
func stepWord(step reconcile.Step) string {
	return orText(stepWords[string(step.Action)], string(step.Action))
}
