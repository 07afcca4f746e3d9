package demo

import (
	"fmt"
	"slices"
	"time"

	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/web/client"
)

// outcomes are the outcomes of the summary in the order in which they are printed.
var outcomes = []domain.OutcomeKind{domain.Created, domain.Changed, domain.Unchanged, domain.WasIgnored}

// summary prints how many pairs were loaded, how fast, and how many records had each
// outcome.
func (l *loader) summary() {
	rate := float64(l.total.pairs) / max(l.took.Seconds(), 1e-3)
	fmt.Fprintf(l.Out, "%d pairs in %s, %.0f a second:", l.total.pairs, l.took.Round(10*time.Millisecond), rate)
	for _, outcome := range outcomes {
		if n := l.total.outcomes[outcome]; n > 0 {
			fmt.Fprintf(l.Out, " %d %s", n, outcome)
		}
	}
	fmt.Fprintln(l.Out)
}

// example is a prisoner whose list demonstrates something. what describes it.
type example struct {
	what   string
	number domain.PrisonerNumber
}

// lookAt prints commands that can be pasted into a shell: one for a token and one for
// each example.
func (l *loader) lookAt(e *estate.Estate) {
	fmt.Fprintln(l.Out, "\nworth a look:")
	fmt.Fprintf(l.Out, "  TOKEN=$(%sbin/nonassociations token --role READ_NON_ASSOCIATIONS --user DEMO)\n", l.Show)
	for _, s := range examples(e) {
		fmt.Fprintf(l.Out, "\n  # %s\n  curl -s -H \"Authorization: Bearer $TOKEN\" %s/non-associations/%s\n", s.what, l.BaseURL, s.number)
	}
	if l.NOMIS != "" {
		fmt.Fprintf(l.Out, "\n  # what differs from NOMIS, field by field\n  ADMIN=$(%sbin/nonassociations token --role NON_ASSOCIATIONS_ADMIN --user DEMO)\n", l.Show)
		fmt.Fprintf(l.Out, "  curl -s -H \"Authorization: Bearer $ADMIN\" '%s/nomis/differences?state=OPEN&bucket=differs'\n", l.BaseURL)
	}
}

// examples finds one prisoner of each kind; a small estate may lack some. The result
// depends on the estate alone, so a seed always shows the same prisoners.
func examples(e *estate.Estate) []example {
	list := []example{mostKeptApart(e)}
	longest := 0
	for _, pair := range e.Pairs {
		longest = max(longest, len(pair.Items))
	}
	for _, kind := range []struct {
		what string
		is   func(items []client.SyncItem) bool
	}{
		{"a long history with %s", func(items []client.SyncItem) bool { return len(items) == longest }},
		{"one with %s that is still to come", func(items []client.SyncItem) bool { return isPending(items[len(items)-1]) }},
		{"one with %s that will end by itself", func(items []client.SyncItem) bool { return willExpire(items[len(items)-1]) }},
		{"sent twice with %s: only the later one counts", sentTwice},
	} {
		i := slices.IndexFunc(e.Pairs, func(pair estate.Pair) bool { return kind.is(pair.Items) })
		if i >= 0 {
			pair := e.Pairs[i]
			list = append(list, example{fmt.Sprintf(kind.what, e.Prisoners[pair.Other].Number), e.Prisoners[pair.First].Number})
		}
	}
	return list
}

// mostKeptApart returns the prisoner with the most non-associations. The first of
// several wins.
func mostKeptApart(e *estate.Estate) example {
	degree, most := make([]int, len(e.Prisoners)), 0
	for _, pair := range e.Pairs {
		degree[pair.First]++
		degree[pair.Other]++
	}
	for i := range degree {
		if degree[i] > degree[most] {
			most = i
		}
	}
	return example{fmt.Sprintf("kept apart from %d others, more than any other", degree[most]), e.Prisoners[most].Number}
}

// isPending reports whether a record begins in the future. LocalDateTime sorts as text.
func isPending(item client.SyncItem) bool { return item.EffectiveDate >= estate.ToCome }

// willExpire reports whether an open record has an expiry date in the future.
func willExpire(item client.SyncItem) bool {
	return !isPending(item) && item.ExpiryDate != nil && *item.ExpiryDate >= estate.ToCome
}

// sentTwice reports whether NOMIS has two open records of the pair, a known fault of
// its data.
func sentTwice(items []client.SyncItem) bool {
	open := 0
	for _, item := range items {
		if item.ExpiryDate == nil {
			open++
		}
	}
	return open > 1
}
