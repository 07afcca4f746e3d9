package plan_test

import (
	"encoding/json"
	"slices"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/nomismodel"
	"nonassociations/nomis/plan"
)

// calm runs turns of all pairs until none has a step. Twice is enough: a turn goes on
// until it has no step left.
func (w *world) calm() {
	w.t.Helper()
	for range 2 {
		for _, s := range w.streams {
			w.turn(s, noCrash)
		}
	}
	steps := w.steps
	for _, s := range w.streams {
		require.Zero(w.t, w.turn(s, noCrash))
		w.checkNamed(s)
		w.checkNothingLost(s)
	}
	require.Equal(w.t, steps, w.steps, "once more is nothing")
}

// named are the records and the sequences that a plan names a problem or a wait for.
type named struct {
	ours   map[uuid.UUID]bool
	theirs map[int]bool
}

func namedBy(p plan.Plan) named {
	n := named{map[uuid.UUID]bool{}, map[int]bool{}}
	for _, problem := range p.Problems {
		n.ours[problem.NonAssociationID], n.theirs[problem.TypeSequence] = true, true
	}
	for _, wait := range p.Waits {
		n.ours[wait.NonAssociationID], n.theirs[wait.TypeSequence] = true, true
	}
	return n
}

// checkNamed requires that both sides hold the same, but for what the plan names. While
// nothing may be written to NOMIS, what waits to be written has no name.
func (w *world) checkNamed(s *stream) {
	w.t.Helper()
	if !w.outbound {
		return
	}
	p := w.plan(s)
	names := namedBy(p)
	var ours, theirs []string
	for _, n := range s.state.Items {
		if d, _ := n.Detail(); !n.Deleted && !names.ours[n.ID] {
			ours = append(ours, text(d))
		}
		known := names.ours[n.ID] || names.theirs[n.TypeSequence] // what NOMIS holds of a deleted one is NOMIS's alone
		require.False(w.t, n.Deleted && n.TypeSequence != 0 && !known, "%v is gone, and keeps its sequence", n.ID)
	}
	created := map[uuid.UUID]int{}
	for _, t := range w.theirs(s) {
		if !names.theirs[*t.Detail.TypeSequence] {
			theirs = append(theirs, text(t.Detail))
		}
		id, posted := w.truth.posted[w.occurrence(s, *t.Detail.TypeSequence)]
		if posted && id != uuid.Nil && t.UpdatedBy == nomismodel.API && !w.truth.released[id] && !names.theirs[*t.Detail.TypeSequence] {
			created[id]++
			require.Equal(w.t, 1, created[id], "%v is in NOMIS twice", id)
		}
	}
	w.checkDeleted(s, p)
	slices.Sort(ours)
	slices.Sort(theirs)
	require.Equal(w.t, ours, theirs, "a difference without a name: problems %+v, waits %+v", p.Problems, p.Waits)
}

// checkDeleted requires that what is said to be a deleted record has its day and codes: a
// new one under its sequence is never taken for it.
func (w *world) checkDeleted(s *stream, p plan.Plan) {
	for _, problem := range p.Problems {
		if problem.Kind != plan.ChangedAfterDelete {
			continue
		}
		i := slices.IndexFunc(s.state.Items, func(n domain.NonAssociation) bool { return n.Deleted && n.TypeSequence == problem.TypeSequence })
		require.GreaterOrEqual(w.t, i, 0, "a deleted record has the sequence")
		n := s.state.Items[i]
		was, _ := n.Detail()
		for _, t := range w.theirs(s) {
			occurrence := w.occurrence(s, *t.Detail.TypeSequence)
			if *t.Detail.TypeSequence == problem.TypeSequence && w.truth.group(occurrence) != w.truth.group(n.ID) {
				require.Equal(w.t, was.EffectiveDate, t.Detail.EffectiveDate, "a new one is taken for a deleted one")
				require.Equal(w.t, was.ReasonCodes, t.Detail.ReasonCodes, "a new one is taken for a deleted one")
			}
		}
	}
}

// textsHere are the live records of a pair here.
func (w *world) textsHere(s *stream) []string {
	var texts []string
	for _, n := range s.state.Items {
		if d, _ := n.Detail(); !n.Deleted {
			texts = append(texts, text(d))
		}
	}
	slices.Sort(texts)
	return texts
}

// textsThere are the details of a pair in NOMIS.
func (w *world) textsThere(s *stream) []string {
	var texts []string
	for _, t := range w.theirs(s) {
		texts = append(texts, text(t.Detail))
	}
	slices.Sort(texts)
	return texts
}

// textOf is a record in canonical form. It is empty for none.
func textOf(n domain.NonAssociation) string {
	if n.ID == uuid.Nil {
		return ""
	}
	d, _ := n.Detail()
	return text(d)
}

// text is a detail without its sequence.
func text(d domain.Detail) string {
	d.TypeSequence = nil
	return asJSON(d)
}

func asJSON(v any) string {
	written, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(written)
}

// checkNothingLost requires that what nobody ended still counts: every record here, and
// of NOMIS's every one that has a record here or a name.
func (w *world) checkNothingLost(s *stream) {
	w.t.Helper()
	w.truth.agree(w, s)
	today := domain.Today(w.now)
	counts := map[any]bool{}
	for _, n := range s.state.Items {
		open := !n.Deleted && !n.IsClosed(today)
		if open {
			counts[w.truth.group(n.ID)] = true
		}
		require.True(w.t, open || w.truth.isEnded(n.ID), "%v is lost here, and nobody ended it", n.ID)
	}
	if !w.inbound || !w.outbound {
		return
	}
	names := namedBy(w.plan(s))
	for _, t := range w.theirs(s) {
		sequence := *t.Detail.TypeSequence
		occurrence := w.occurrence(s, sequence)
		if w.truth.isEnded(occurrence) {
			continue
		}
		require.True(w.t, counts[w.truth.group(occurrence)] || names.theirs[sequence], "sequence %d has no record here", sequence)
		require.False(w.t, t.Detail.IsClosed(today), "sequence %d was closed, and nobody ended it", sequence)
	}
}
