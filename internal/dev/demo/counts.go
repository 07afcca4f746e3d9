package demo

import (
	"fmt"

	"nonassociations/web/client"
)

// count is how many of what there are.
type count struct {
	what string
	n    int
}

// outcomes returns how many pairs a migration of all will have with each outcome, when so
// many of the arrivals are known.
func (v *view) outcomes(known int) []count {
	of := map[string]int{unchanged: v.pairs}
	add := func(outcome string, pairs int) {
		of[outcome] += pairs
		of[unchanged] -= pairs
	}
	for _, p := range v.planted {
		if p.outcome != unchanged {
			add(p.outcome, len(p.pairs))
		}
	}
	add(created, -known)
	return []count{{created, of[created]}, {amended, of[amended]}, {unchanged, of[unchanged]}, {ignored, of[ignored]}, {"failed", 0}, {"unreadable", 0}}
}

// outcomesOf returns how many pairs a migration has with each outcome.
func outcomesOf(run client.Migration) map[string]int {
	p := run.Pairs
	return map[string]int{
		created: p.Created, amended: p.Amended, unchanged: p.Unchanged, ignored: p.Ignored, "failed": p.Failed, "unreadable": p.Unreadable,
	}
}

// buckets returns how many non-associations a reconciliation will have in each bucket,
// when the arrivals are known. NOMIS has all but those that are only here.
func (v *view) buckets() []count {
	of := map[string]int{same: len(v.records)}
	for _, p := range v.planted {
		if p.bucket == same {
			continue
		}
		of[p.bucket] += len(p.pairs)
		if p.bucket != onlyHere {
			of[same] -= len(p.pairs)
		}
	}
	all := make([]count, 0, len(of))
	for _, bucket := range []string{same, differs, onlyHere, onlyThere, mirrorsDisagree, held, ignored, "accepted", "unchecked"} {
		all = append(all, count{bucket, of[bucket]})
	}
	return all
}

// bucketsOf returns how many non-associations a reconciliation has in each bucket.
func bucketsOf(run client.Reconciliation) map[string]int {
	b := run.Buckets
	return map[string]int{
		same: b.Same.Union, differs: b.Differs.Union, onlyHere: b.OnlyHere.Union, onlyThere: b.OnlyThere.Union,
		mirrorsDisagree: b.MirrorsDisagree.Union, held: b.Held.Union, ignored: b.Ignored.Union,
		"accepted": b.Accepted.Union, "unchecked": b.Unchecked.Union,
	}
}

// printCounts prints what was counted beside what was planted, and whether both agree.
// What is neither is left out.
func (l *loader) printCounts(unit string, planted []count, counted map[string]int) {
	fmt.Fprintf(l.Out, "  %7s %7s  %s\n", "planted", "counted", unit)
	agree := true
	for _, p := range planted {
		if p.n == 0 && counted[p.what] == 0 {
			continue
		}
		other := ""
		if p.n != counted[p.what] {
			agree, other = false, "  <- not as planted"
		}
		fmt.Fprintf(l.Out, "  %7d %7d  %s%s\n", p.n, counted[p.what], p.what, other)
	}
	if agree {
		fmt.Fprintln(l.Out, "  all as planted")
	} else {
		fmt.Fprintln(l.Out, "  not all as planted: what this run had besides, or what was changed since, counts too")
	}
}
