package plan_test

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/nomismodel"
	"nonassociations/nomis/plan"
)

// maxSteps is how many steps a turn may take.
const maxSteps = 50

// crash ends a turn at one of its calls: a write to NOMIS, or an append.
type crash struct {
	at    int  // counted from 0; negative for none
	after bool // the call was made, and nobody knows
	late  bool // the write lands when the process is long dead
}

var noCrash = crash{at: -1}

// errCrashed ends a turn. errAgain makes it plan again.
var (
	errCrashed = errors.New("crashed")
	errAgain   = errors.New("plan again")
)

// turn is one turn of a pair.
type turn struct {
	*world
	*stream

	crash crash
	calls int
	made  plan.Input
	dead  bool // the process died, and a write of it lands all the same
}

// turn takes steps until none is left, and returns how many it took.
func (w *world) turn(s *stream, c crash) int {
	w.t.Helper()
	t := &turn{world: w, stream: s, crash: c}
	last := ""
	for step := range maxSteps {
		t.made = w.input(s)
		p := w.plan(s)
		if len(p.Steps) == 0 {
			return step
		}
		now := fmt.Sprintf("%+v", p.Steps)
		require.NotEqual(w.t, last, now, "a step left the same plan")
		last = now
		w.truth.allows(t, p.Steps[0])
		err := t.carryOut(p.Steps[0])
		w.t.Logf("  %s of %v as %d: %v (%s)", p.Steps[0].Action, p.Steps[0].NonAssociationID, p.Steps[0].TypeSequence, err, p.Steps[0].Why)
		if errors.Is(err, errCrashed) {
			return step
		}
		w.steps++
	}
	require.Fail(w.t, "a turn without end")
	return maxSteps
}

// call makes one call, unless the turn ends before it or after it.
func (t *turn) call(write func() error) error {
	here := t.calls == t.crash.at
	t.calls++
	if here && !t.crash.after {
		if t.crash.late {
			t.late = append(t.late, func() {
				t.dead = true
				t.t.Logf("  a late write lands: %v", write())
			})
		}
		return errCrashed
	}
	if err := write(); err != nil {
		return err
	}
	if here {
		return errCrashed
	}
	return nil
}

// append decides a command of the turn and appends its facts.
func (t *turn) append(actor string, c domain.Command) error {
	here := t.calls == t.crash.at
	t.calls++
	if here && !t.crash.after {
		return errCrashed
	}
	decided, err := t.decide(t.stream, domain.NOMIS, actor, c)
	require.NoError(t.t, err, "a command of a turn is never refused")
	require.NotEmpty(t.t, decided.Events, "a step appends something")
	if here {
		return errCrashed
	}
	return nil
}

// carryOut takes one step on both sides, as §4 of the design says.
func (t *turn) carryOut(s plan.Step) error {
	switch s.Action {
	case plan.Learn:
		return t.append(nomismodel.API, domain.LearnSequence{ID: s.NonAssociationID, TypeSequence: s.TypeSequence})
	case plan.Release, plan.Delete:
		return t.append(nomismodel.API, domain.ReleaseSequence{
			ID: s.NonAssociationID, TypeSequence: s.TypeSequence, Delete: s.Action == plan.Delete, Unmapped: s.TypeSequence == 0,
		})
	case plan.Take:
		return t.append("STAFF", s.Sync)
	case plan.Remove:
		return t.remove(s)
	case plan.Put:
		return t.put(s)
	case plan.Post:
		return t.post(s)
	case plan.Confirm:
		return t.deliver(s, s.Detail)
	case plan.Revert: // only a person asks for it
	}
	panic("no such action: " + s.Action)
}

func (t *turn) deliver(s plan.Step, held domain.Detail) error {
	return t.append(nomismodel.API, domain.Deliver{
		ID: s.NonAssociationID, TypeSequence: *held.TypeSequence, Revision: uint64(t.made.Revision), Detail: held, Held: s.Held,
	})
}

// remove deletes in NOMIS, reads back and releases.
func (t *turn) remove(s plan.Step) error {
	of, with := t.names()
	err := t.call(func() error {
		t.truth.removes(t, s)
		err := t.nomis.Delete(of, with, s.TypeSequence)
		if err == nil {
			t.told(s.TypeSequence, t.world) // NOMIS tells of our own deletions too
		}
		return err
	})
	if err != nil {
		return t.refused(s, err)
	}
	if s.NonAssociationID == uuid.Nil || t.readBack(s.TypeSequence) != nil {
		return nil
	}
	return t.append(nomismodel.API, domain.ReleaseSequence{ID: s.NonAssociationID, TypeSequence: s.TypeSequence})
}

// put writes to NOMIS, reads back and records what it holds.
func (t *turn) put(s plan.Step) error {
	of, with := t.names()
	err := t.call(func() error {
		if t.dead {
			t.truth.hit(t.occurrence(t.stream, s.TypeSequence), s.NonAssociationID)
		}
		return t.write(s.TypeSequence, func() error { return t.nomis.Put(of, with, s.TypeSequence, valuesOf(t.pair, s.Detail)) })
	})
	if err != nil {
		return t.refused(s, err)
	}
	t.meet()
	if held := t.readBack(s.TypeSequence); held != nil {
		return t.deliver(s, heldAfter(s, *held))
	}
	return errAgain
}

// meet lets NOMIS's staff act between a write and its reading back.
func (t *turn) meet() {
	if act := t.meanwhile; act != nil {
		t.meanwhile = nil
		act()
	}
}

// heldAfter is what is recorded of a write: what somebody else wrote over it is a change.
func heldAfter(s plan.Step, read plan.Theirs) domain.Detail {
	if read.UpdatedBy == nomismodel.API {
		return read.Detail
	}
	sent := s.Detail
	sent.TypeSequence = read.Detail.TypeSequence
	return sent
}

// post creates in NOMIS, reads back and records what it holds. Of a closed one only the
// sequence is learned, because the put that closes it follows.
func (t *turn) post(s plan.Step) error {
	of, with := t.names()
	sequence := 0
	err := t.call(func() error {
		return t.write(0, func() (err error) {
			if sequence, err = t.nomis.Post(of, with, valuesOf(t.pair, s.Detail)); err == nil {
				t.truth.created(t.world, t.stream, s.NonAssociationID, sequence)
			}
			return err
		})
	})
	if err != nil {
		return t.refused(s, err)
	}
	t.meet()
	held := t.readBack(sequence)
	switch {
	case held == nil:
		return errAgain
	case s.Detail.IsClosed(domain.Today(t.now)):
		return t.append(nomismodel.API, domain.LearnSequence{ID: s.NonAssociationID, TypeSequence: sequence})
	}
	return t.deliver(s, heldAfter(s, *held))
}

// readBack returns what NOMIS holds under a sequence, or nil.
func (t *turn) readBack(sequence int) *plan.Theirs {
	theirs := t.theirs(t.stream)
	i := slices.IndexFunc(theirs, func(t plan.Theirs) bool { return *t.Detail.TypeSequence == sequence })
	if i < 0 {
		return nil
	}
	return &theirs[i]
}

// valuesOf are a detail as a call has it. No expiry date is one of the far future.
func valuesOf(pair domain.Pair, d domain.Detail) nomismodel.Values {
	numbers := pair.Numbers()
	v := nomismodel.Values{
		Reason: string(d.ReasonCodes[numbers[0]]), RecipReason: string(d.ReasonCodes[numbers[1]]), Type: string(d.TypeCode),
		Effective: d.EffectiveDate, Expiry: d.ExpiryDate, AuthorisedBy: d.AuthorisedBy, Comment: d.Comment,
	}
	if v.Expiry == nil {
		v.Expiry = ptr("2999-12-31")
	}
	return v
}

// refused works on an answer of NOMIS as §4.3 says: some mean to plan again, and the
// others are kept with the values that they were about.
func (t *turn) refused(s plan.Step, err error) error {
	var refusal nomismodel.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	about := plan.Problem{NonAssociationID: s.NonAssociationID, TypeSequence: s.TypeSequence}
	switch {
	case refusal.Status == 404:
	case refusal.Words == "Non-association already exists":
	case refusal.Words == "Effective date must not be in the future":
		t.keep(t.made.Theirs, about, plan.Decision{Kind: plan.Future, Until: t.now.Add(15 * time.Minute)})
	default:
		t.keep(t.made.Theirs, about, plan.Decision{Kind: plan.Refusal, Words: refusal.Words})
		if forwards, backwards, _ := t.mirrors(t.stream); refusal.Status == 500 {
			t.decisions[len(t.decisions)-1].rows = [2][]nomismodel.Row{forwards, backwards}
		}
	}
	return fmt.Errorf("refused: %w", err)
}
