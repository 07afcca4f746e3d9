package logcheck

import (
	"slices"

	"github.com/google/uuid"
)

// judgeAgainst says how the log compares with the checkpoint from outside, by the first of
// these that is there: its root, the archive, the kept leaves, the number of facts.
func (c *check) judgeAgainst(r *Result, kept differences) {
	a := c.against
	if a == nil {
		return
	}
	size := a.note.Size
	r.Against = &Against{Size: size, Prefix: a.rooted, Proven: true}
	agreed := c.tree.watched != nil && *c.tree.watched == a.note.Root
	switch {
	case a.rooted:
	case a.compared != nil:
		d := a.compared.resolve()
		r.Against.judge(d, size, c.facts)
		if c.compared == nil {
			r.Problems, r.ProblemsTotal = append(r.Problems, d.problems...), r.ProblemsTotal+d.total
			r.Unsigned = d.unsigned
		}
		nameStreams(r.Problems, d.missing)
	case agreed:
		r.Against.judge(kept, size, c.facts)
	case c.facts < size:
		// Nothing here says what the facts that are gone were, so that no root can be made.
		r.Against.Missing, r.Against.Proven = size-c.facts, false
	}
	if c.forked(agreed) {
		r.Against.Prefix = false
		p := Problem{Kind: Fork, Parts: []Part{}}
		if h := headOf(c.heads, size); h != nil {
			p.FirstHead = h.first()
		}
		r.add(p)
	}
}

// forked reports whether there is another root of the size of the checkpoint: of a kept head,
// of the kept leaves, or of the log itself where no kept leaves say that it was changed.
func (c *check) forked(agreed bool) bool {
	if h := headOf(c.heads, c.against.note.Size); h != nil && h.signed && h.Root != c.against.note.Root {
		return true
	}
	if c.tree.watched != nil {
		return !agreed
	}
	return c.facts >= c.against.note.Size && !c.against.rooted
}

// judge counts the facts of the first leaves that are gone. The log is a prefix when they are
// the last ones, and nothing else differs.
func (a *Against) judge(d differences, size, facts int64) {
	a.MissingEvents = []uuid.UUID{}
	for _, w := range d.missing {
		if w.index < size {
			a.MissingEvents = append(a.MissingEvents, w.leaf.EventID)
		}
	}
	a.Missing = int64(len(a.MissingEvents)) + d.missingTotal - int64(len(d.missing))
	a.Prefix = !d.changed && facts == size-a.Missing
	if len(d.missing) > 0 {
		a.Prefix = a.Prefix && d.missing[0].index >= facts
	}
}

// nameStreams names the streams of facts that are gone, as the archive has them.
func nameStreams(problems []Problem, archived []*waitingLeaf) {
	streams := make(map[int64]string, len(archived))
	for _, w := range archived {
		streams[w.index] = w.stream
	}
	for i, p := range problems {
		if p.Kind != Missing || p.Stream != nil {
			continue
		}
		if stream, is := streams[*p.Index]; is {
			problems[i].Stream = &stream
		}
	}
}

// sortByIndex brings the problems of leaves into their order, those without one behind them.
func sortByIndex(problems []Problem) {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		switch {
		case a.Index == nil && b.Index == nil:
			return 0
		case a.Index == nil:
			return 1
		case b.Index == nil:
			return -1
		}
		return int(*a.Index - *b.Index)
	})
}
