package plan_test

import (
	"slices"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/nomismodel"
	"nonassociations/nomis/plan"
)

// truth is what neither system knows: which occurrence in NOMIS is which record here,
// and what people ended. It only grows. Records and occurrences that were ever one are
// in one group, and a group is ended once a person closed or deleted any of it.
type truth struct {
	groups map[any]any // a uuid.UUID or an occurrence (int), to another of its group
	ended  map[any]bool
	posted map[int]bool // occurrences that turns created
}

func newTruth() truth {
	return truth{groups: map[any]any{}, ended: map[any]bool{}, posted: map[int]bool{}}
}

// group returns the one that stands for the group of a record or an occurrence.
func (t truth) group(of any) any {
	for next, is := t.groups[of]; is; next, is = t.groups[of] {
		of = next
	}
	return of
}

func (t truth) isEnded(of any) bool { return t.ended[t.group(of)] }

func (t truth) end(of any) { t.ended[t.group(of)] = true }

func (t truth) link(one, other any) {
	a, b := t.group(one), t.group(other)
	if a != b {
		t.groups[a] = b
		t.ended[b] = t.ended[a] || t.ended[b]
	}
}

// ours notes what a command of people ended here: all but those of turns.
func (t truth) ours(before, after domain.State, source domain.Source) {
	if source == domain.NOMIS || source == domain.Migration {
		return
	}
	for _, n := range after.Items {
		was, is := before.Item(n.ID)
		if is && (n.Deleted != was.Deleted || n.ExpiryDate != nil && was.ExpiryDate == nil) {
			t.end(n.ID)
		}
	}
}

// linked notes which occurrence a record is, after a fact that says so.
func (t truth) linked(w *world, s *stream, fact domain.Fact) {
	n, is := s.state.Item(fact.Event.About())
	if !is || n.Deleted || n.TypeSequence == 0 {
		return
	}
	switch fact.Event.(type) {
	case domain.Opened, domain.Imported, domain.Amended, domain.SequenceLearned, domain.Delivered:
		if occurrence := w.occurrence(s, n.TypeSequence); occurrence != 0 {
			t.link(n.ID, occurrence)
		}
	default:
	}
}

// created notes that a turn created the occurrence of a sequence.
func (t truth) created(w *world, s *stream, id uuid.UUID, sequence int) {
	occurrence := w.occurrence(s, sequence)
	t.posted[occurrence] = true
	t.link(id, occurrence)
}

// removes requires that a turn deletes nothing in NOMIS but what a turn created, and
// what people deleted here.
func (t truth) removes(by *turn, step plan.Step) {
	w, s := by.world, by.stream
	occurrence := w.occurrence(s, step.TypeSequence)
	switch {
	case by.dead:
		t.hit(occurrence, step.NonAssociationID)
		return
	case occurrence == 0 || t.posted[occurrence]:
		return
	}
	require.True(w.t, slices.ContainsFunc(s.state.Items, func(n domain.NonAssociation) bool {
		return n.Deleted && t.group(n.ID) == t.group(occurrence)
	}), "a turn deletes sequence %d, which nobody deleted here", step.TypeSequence)
}

// hit notes what a late write of a record met. Nothing prevents that it is another one,
// under the same sequence: what is left of that is what a turn wrote.
func (t truth) hit(occurrence int, id uuid.UUID) {
	if occurrence != 0 && t.group(occurrence) != t.group(id) {
		t.posted[occurrence] = true
		t.end(occurrence)
	}
}

// occurrence returns what NOMIS has under a sequence, or 0.
func (w *world) occurrence(s *stream, sequence int) int {
	forwards, backwards, _ := w.mirrors(s)
	for _, row := range append(forwards, backwards...) {
		if row.Sequence == sequence {
			return row.Occurrence
		}
	}
	return 0
}

// write makes a write of a turn to one sequence, 0 for a new one, and requires that NOMIS
// does nothing else: it closes no half of another, and has no second open one by it. Of a
// late write nobody can know what it meets.
func (t *turn) write(sequence int, write func() error) error {
	if t.dead {
		return write()
	}
	before, open := t.others(sequence)
	err := write()
	after, openNow := t.others(sequence)
	for occurrence, row := range before {
		require.Equal(t.t, row, after[occurrence], "NOMIS changed another one")
	}
	if openNow > open {
		require.LessOrEqual(t.t, openNow, 1, "open in NOMIS twice by a turn")
	}
	return err
}

// others are the rows of all sequences but one. open counts those without an expiry date,
// of all sequences.
func (t *turn) others(sequence int) (others map[int][]nomismodel.Row, open int) {
	others = map[int][]nomismodel.Row{}
	forwards, backwards, _ := t.mirrors(t.stream)
	counted := map[int]bool{}
	for _, row := range append(forwards, backwards...) {
		row.RecipReason = ""
		if row.Sequence != sequence {
			others[row.Occurrence] = append(others[row.Occurrence], row)
		}
		if row.IsOpen() && !counted[row.Sequence] {
			counted[row.Sequence] = true
			open++
		}
	}
	return others, open
}
