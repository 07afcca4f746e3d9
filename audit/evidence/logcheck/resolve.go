package logcheck

import (
	"cmp"
	"slices"

	"github.com/google/uuid"

	"nonassociations/audit/evidence"
	"nonassociations/eventstore"
)

// differences is what a comparison found.
type differences struct {
	problems []Problem // without firstHead; those that were moved have an index alone
	total    int64
	unsigned int64
	moves    []run
	// missing are the leaves that are not in the log, in their order, as far as they are
	// listed.
	missing      []*waitingLeaf
	missingTotal int64
	changed      bool // a fact was changed, added or moved
}

// resolve says what the differences are, when both sides have ended.
func (c *comparer) resolve() differences {
	c.pairAgain()
	renamed := c.pairRenamed()
	runs := slices.Clone(c.runs)
	for _, p := range slices.Concat(c.pairs, renamed) {
		runs = append(runs, run{p.leaf.index, p.fact.ordinal, 1, p.fact.at})
	}
	d := differences{unsigned: c.tail}
	var last int64
	d.moves, last = moved(runs)
	for _, p := range c.pairs {
		d.add(p.problem(partsOf(p.leaf.leaf, p.fact.leaf)))
	}
	for _, p := range renamed {
		d.add(p.problem([]Part{PartEventID}))
	}
	for _, r := range d.moves {
		d.total += r.length
	}
	d.addMissing(c)
	slices.SortStableFunc(d.problems, func(a, b Problem) int { return cmp.Compare(*a.Index, *b.Index) })
	d.addAdded(c, last)
	d.changed = d.total > d.missingTotal
	return d
}

func (d *differences) add(p Problem) {
	if d.total++; len(d.problems) < MaxProblems {
		d.problems = append(d.problems, p)
	}
}

func (d *differences) addMissing(c *comparer) {
	d.missing = slices.Clone(c.leaves.lost)
	for _, e := range c.leaves.rest() {
		d.missing = append(d.missing, e.value)
	}
	d.missing = append(d.missing, c.broken...)
	d.missingTotal = int64(len(d.missing) + len(c.leaves.lostPlaces) - len(c.leaves.lost))
	slices.SortFunc(d.missing, func(a, b *waitingLeaf) int { return cmp.Compare(a.index, b.index) })
	for _, w := range d.missing {
		p := Problem{Kind: Missing, Index: &w.index, Parts: []Part{}}
		if !w.broken {
			p.EventID, p.Revision = &w.leaf.EventID, &w.leaf.Revision
		}
		if w.stream != "" {
			p.Stream = &w.stream
		}
		d.add(p)
	}
	d.total += d.missingTotal - int64(len(d.missing))
}

// addAdded adds the facts without a leaf before the last one in its place. Those behind it
// are not signed yet.
func (d *differences) addAdded(c *comparer, last int64) {
	listed := c.facts.lost
	for _, e := range c.facts.rest() {
		listed = append(listed, e.value)
	}
	for _, place := range c.facts.lostPlaces[len(c.facts.lost):] {
		if place < last {
			d.total++
		} else {
			d.unsigned++
		}
	}
	slices.SortFunc(listed, func(a, b *waitingFact) int { return cmp.Compare(a.ordinal, b.ordinal) })
	for _, f := range listed {
		if f.ordinal > last {
			d.unsigned++
			continue
		}
		d.add(Problem{Kind: Added, EventID: &f.leaf.EventID, Stream: &f.stream, Revision: &f.leaf.Revision, Parts: []Part{}})
	}
}

// pairAgain gives a leaf that was matched by id alone the fact that is the same, where the
// id stands twice.
func (c *comparer) pairAgain() {
	var pairs []pair
	for _, p := range c.pairs {
		id := p.leaf.leaf.EventID
		f := c.facts.takeSame(id, func(f *waitingFact) bool { return same(f.leaf, p.leaf.leaf) })
		if f != nil {
			c.extend(p.leaf.index, f.ordinal, f.at)
			c.facts.add(id, p.fact.ordinal, p.fact)
			continue
		}
		w := c.leaves.takeSame(id, func(w *waitingLeaf) bool { return same(w.leaf, p.fact.leaf) })
		if w != nil {
			c.extend(w.index, p.fact.ordinal, p.fact.at)
			c.leaves.add(id, p.leaf.index, p.leaf)
			continue
		}
		pairs = append(pairs, p)
	}
	c.pairs = pairs
}

// pairRenamed matches leaves and facts that differ in the id alone.
func (c *comparer) pairRenamed() []pair {
	if c.leaves.count == 0 || c.facts.count == 0 {
		return nil
	}
	byRest := map[evidence.Leaf][]entry[waitingLeaf]{}
	for _, e := range c.leaves.rest() {
		key := withoutID(e.value.leaf)
		byRest[key] = append(byRest[key], e)
	}
	var pairs []pair
	for _, e := range c.facts.rest() {
		key := withoutID(e.value.leaf)
		found := byRest[key]
		if len(found) == 0 {
			continue
		}
		byRest[key] = found[1:]
		c.leaves.remove(found[0].id, found[0].value)
		c.facts.remove(e.id, e.value)
		pairs = append(pairs, pair{found[0].value, e.value})
	}
	return pairs
}

// withoutID returns a leaf as a key of a map.
func withoutID(l evidence.Leaf) evidence.Leaf {
	l.EventID, l.RecordedAt = uuid.Nil, l.RecordedAt.UTC()
	return l
}

func (p pair) problem(parts []Part) Problem {
	return Problem{
		Kind: Changed, Index: &p.leaf.index, EventID: &p.leaf.leaf.EventID, Stream: &p.fact.stream,
		Revision: &p.leaf.leaf.Revision, Parts: parts,
	}
}

// partsOf lists the parts in which a fact differs from its leaf. The digests of data and
// stream are over the command id too, which lies in the metadata: when all three differ,
// metadata stands for them.
func partsOf(kept, now evidence.Leaf) []Part {
	data, metadata, stream := kept.Data != now.Data, kept.Metadata != now.Metadata, kept.Stream != now.Stream
	all := data && metadata && stream
	parts := []Part{}
	for _, part := range []struct {
		part    Part
		differs bool
	}{
		{PartData, data && !all},
		{PartMetadata, metadata},
		{PartStream, stream && !all},
		{PartType, kept.Type != now.Type},
		{PartRecordedAt, !kept.RecordedAt.Equal(now.RecordedAt)},
		{PartRevision, kept.Revision != now.Revision},
		{PartEventID, kept.EventID != now.EventID},
	} {
		if part.differs {
			parts = append(parts, part.part)
		}
	}
	return parts
}

// movedProblem is that of the leaf at an index, whose fact stands elsewhere.
func movedProblem(index int64, event *eventstore.RecordedEvent) Problem {
	return Problem{Kind: Moved, Index: &index, EventID: &event.ID, Stream: &event.Stream, Revision: &event.Revision, Parts: []Part{}}
}
