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
	groups   map[any]any // a uuid.UUID or an occurrence (int), to another of its group
	ended    map[any]bool
	posted   map[int]uuid.UUID    // occurrences that turns created, and of which record
	known    map[uuid.UUID]bool   // records that NOMIS was known to hold
	agreed   map[uuid.UUID]string // what records were when both systems had the same
	released map[uuid.UUID]bool   // records that NOMIS was known to hold no longer
}

func newTruth() truth {
	return truth{
		groups: map[any]any{}, ended: map[any]bool{}, posted: map[int]uuid.UUID{}, known: map[uuid.UUID]bool{},
		agreed: map[uuid.UUID]string{}, released: map[uuid.UUID]bool{},
	}
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
		if (is || source == domain.Merge) && (n.Deleted != was.Deleted || n.ExpiryDate != nil && was.ExpiryDate == nil) {
			t.end(n.ID)
		}
	}
}

// linked notes which occurrence a record is, after a fact that says so.
func (t truth) linked(w *world, s *stream, fact domain.Fact) {
	n, is := s.state.Item(fact.Event.About())
	switch event := fact.Event.(type) {
	case domain.SequenceReleased:
		t.released[n.ID] = true
	case domain.Delivered:
		if len(event.Held) > 0 { // all of ours was delivered that may be
			t.agreed[n.ID] = textOf(n)
		}
	case domain.Opened, domain.Imported, domain.Amended, domain.SequenceLearned:
	default:
		return
	}
	if !is || n.Deleted || n.TypeSequence == 0 {
		return
	}
	t.known[n.ID] = true
	if occurrence := w.occurrence(s, n.TypeSequence); occurrence != 0 {
		t.link(n.ID, occurrence)
	}
}

// agree notes the records of which NOMIS holds the same at this moment, under the sequence
// that is known here. They are one from then on.
func (t truth) agree(w *world, s *stream) {
	for _, theirs := range w.theirs(s) {
		for _, n := range s.state.Items {
			held := theirs.Detail
			for number, code := range theirs.Detail.ReasonCodes {
				if side := string(n.Sides[number].ReasonCode); code == "" { // its row is missing
					held = held.With(domain.DetailReasonCode(number), &side)
				}
			}
			if !n.Deleted && n.TypeSequence == *theirs.Detail.TypeSequence && textOf(n) == text(held) {
				t.agreed[n.ID] = textOf(n)
				t.link(n.ID, w.occurrence(s, n.TypeSequence))
			}
		}
	}
}

// created notes that a turn created the occurrence of a sequence.
func (t truth) created(w *world, s *stream, id uuid.UUID, sequence int) {
	occurrence := w.occurrence(s, sequence)
	t.posted[occurrence] = id
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
	case occurrence == 0 || t.isPosted(occurrence):
		return
	}
	held := by.readBack(step.TypeSequence)
	require.True(w.t, slices.ContainsFunc(s.state.Items, func(n domain.NonAssociation) bool {
		return n.Deleted && (t.group(n.ID) == t.group(occurrence) || !t.released[n.ID] && s.was(n.ID, held.Detail))
	}), "a turn deletes sequence %d, which nobody deleted here", step.TypeSequence)
}

// was reports whether a record once was a detail, with or without its expiry date. Nothing
// tells the two apart then.
func (s *stream) was(id uuid.UUID, d domain.Detail) bool {
	known := s.exchanges.Of(id)
	base, _ := known.WholeBase(s.pair)
	return slices.ContainsFunc(append(known.Forms(), base), func(form domain.Detail) bool {
		return form.Equal(d) || form.With(domain.DetailExpiryDate, nil).Equal(d)
	})
}

func (t truth) isPosted(occurrence int) bool {
	_, is := t.posted[occurrence]
	return is
}

// allows requires what a step needs: that its direction is on, evidence for a deletion,
// and that only what NOMIS never held is created there.
func (t truth) allows(by *turn, step plan.Step) {
	switch step.Action {
	case plan.Take, plan.Delete:
		require.True(by.t, by.inbound, "%s while inbound is off", step.Action)
	case plan.Remove, plan.Put, plan.Post:
		require.True(by.t, by.outbound, "%s while outbound is off", step.Action)
	case plan.Learn, plan.Release, plan.Confirm:
	case plan.Revert:
		require.Fail(by.t, "only a person reverts")
	}
	n, _ := by.state.Item(step.NonAssociationID)
	switch step.Action {
	case plan.Delete:
		ripe, told := by.deletions[step.TypeSequence]
		require.True(by.t, told && !by.now.Before(ripe), "a deletion here without evidence")
		require.Equal(by.t, t.agreed[n.ID], textOf(n), "a deletion of what was changed here")
	case plan.Post:
		require.False(by.t, t.known[n.ID] || n.CreatedSource != domain.DPS, "%v is created in NOMIS again", n.ID)
	default:
	}
}

// hit notes what a late write of a record met. Nothing prevents that it is another one,
// under the same sequence: what is left of that is what a turn wrote.
func (t truth) hit(occurrence int, id uuid.UUID) {
	if occurrence != 0 && t.group(occurrence) != t.group(id) {
		t.posted[occurrence] = uuid.Nil
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
