package logcheck

import (
	"bytes"
	"fmt"
	"time"

	"nonassociations/audit/evidence"
	"nonassociations/eventstore"
)

// keptLeaf is a leaf that was kept, or that of an archived fact.
type keptLeaf struct {
	index int64
	text  []byte
	// stream is known of an archived fact alone.
	stream string
}

// comparer compares leaves with the facts of the log, both in their order, in one pass. What
// it holds grows with what differs, not with the log.
type comparer struct {
	next   func() (*keptLeaf, error) // nil at the end
	leaf   *keptLeaf                 // the next one
	begun  bool
	leaves *waiting[waitingLeaf]
	facts  *waiting[waitingFact]
	runs   []run
	pairs  []pair // matched by id alone: something differs
	broken []*waitingLeaf
	tail   int64 // facts behind the last leaf that nothing waits for
}

// waitingLeaf is a leaf that was not found in the log so far.
type waitingLeaf struct {
	index  int64
	stream string
	// broken is set of a text that is no leaf, and of leaf nothing then.
	broken bool
	leaf   evidence.Leaf
}

// waitingFact is a fact of the log without a leaf so far.
type waitingFact struct {
	ordinal int64
	stream  string
	at      eventstore.Position
	leaf    evidence.Leaf
}

// pair is a leaf and a fact that belong together and differ.
type pair struct {
	leaf *waitingLeaf
	fact *waitingFact
}

func newComparer(next func() (*keptLeaf, error)) *comparer {
	return &comparer{next: next, leaves: newWaiting[waitingLeaf](), facts: newWaiting[waitingFact]()}
}

// add compares the next fact of the log. Errors: those of next.
func (c *comparer) add(f *logFact) error {
	for {
		l, err := c.peek()
		switch {
		case err != nil:
			return err
		case l == nil:
			c.behind(f)
			return nil
		case bytes.Equal(l.text, f.text):
			c.extend(l.index, f.ordinal, f.event.Position)
			c.leaf = nil
			return nil
		}
		if done := c.step(l, f); done {
			return nil
		}
	}
}

// step is that of a leaf and a fact that differ. It reports whether the fact is done with.
func (c *comparer) step(l *keptLeaf, f *logFact) (done bool) {
	w := waitingOf(l)
	switch {
	case !w.broken && w.leaf.EventID == f.leaf.EventID:
		c.leaf = nil
		c.match(w, f.waiting())
		return true
	case !w.broken && c.takeFact(w):
		c.leaf = nil
		return false
	case c.takeLeaf(f):
		return true
	}
	c.leaf = nil
	c.wait(w)
	c.facts.add(f.leaf.EventID, f.ordinal, f.waiting())
	return true
}

// finish compares the leaves that are left when the log has ended. Errors: those of next.
func (c *comparer) finish() error {
	for {
		l, err := c.peek()
		if err != nil || l == nil {
			return err
		}
		c.leaf = nil
		if w := waitingOf(l); w.broken || !c.takeFact(w) {
			c.wait(w)
		}
	}
}

// peek returns the next leaf, nil at the end.
func (c *comparer) peek() (*keptLeaf, error) {
	if c.leaf != nil || (c.begun && c.next == nil) {
		return c.leaf, nil
	}
	c.begun = true
	l, err := c.next()
	if err != nil {
		return nil, err
	}
	if c.leaf = l; l == nil {
		c.next = nil
	}
	return l, nil
}

// behind is that of a fact behind the last leaf. It may be one that was moved there, or have
// lost its id.
func (c *comparer) behind(f *logFact) {
	switch {
	case c.leaves.count == 0 && len(c.pairs) == 0:
		c.tail++
	case !c.takeLeaf(f):
		c.facts.add(f.leaf.EventID, f.ordinal, f.waiting())
	}
}

// wait lets a leaf wait for its fact. That of a broken one cannot be found.
func (c *comparer) wait(w *waitingLeaf) {
	if w.broken {
		c.broken = append(c.broken, w)
		return
	}
	c.leaves.add(w.leaf.EventID, w.index, w)
}

// takeFact matches a leaf with a fact that waits, if there is one.
func (c *comparer) takeFact(w *waitingLeaf) bool {
	f := c.facts.take(w.leaf.EventID, func(f *waitingFact) bool { return same(f.leaf, w.leaf) })
	if f != nil {
		c.match(w, f)
	}
	return f != nil
}

// takeLeaf matches a fact with a leaf that waits, if there is one.
func (c *comparer) takeLeaf(f *logFact) bool {
	w := c.leaves.take(f.leaf.EventID, func(w *waitingLeaf) bool { return same(w.leaf, f.leaf) })
	if w != nil {
		c.match(w, f.waiting())
	}
	return w != nil
}

func (c *comparer) match(w *waitingLeaf, f *waitingFact) {
	if same(w.leaf, f.leaf) {
		c.extend(w.index, f.ordinal, f.at)
		return
	}
	c.pairs = append(c.pairs, pair{w, f})
}

// extend adds a leaf that stands unchanged in the log to the run that it continues.
func (c *comparer) extend(index, ordinal int64, at eventstore.Position) {
	if n := len(c.runs); n > 0 {
		last := &c.runs[n-1]
		if last.leaf+last.length == index && last.fact+last.length == ordinal {
			last.length++
			return
		}
	}
	c.runs = append(c.runs, run{index, ordinal, 1, at})
}

// same reports whether two leaves have the same text.
func same(a, b evidence.Leaf) bool {
	at, bt := a.RecordedAt, b.RecordedAt
	a.RecordedAt, b.RecordedAt = time.Time{}, time.Time{}
	return a == b && at.Equal(bt)
}

func waitingOf(l *keptLeaf) *waitingLeaf {
	leaf, err := evidence.ParseLeaf(l.text)
	return &waitingLeaf{index: l.index, stream: l.stream, broken: err != nil, leaf: leaf}
}

func (f *logFact) waiting() *waitingFact {
	return &waitingFact{f.ordinal, f.event.Stream, f.event.Position, f.leaf}
}

// String is for messages of tests.
func (r run) String() string { return fmt.Sprintf("%d@%d×%d", r.leaf, r.fact, r.length) }
