package commands

import (
	"context"
	"errors"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// decide folds what was read of a job's stream, and decides the job's command on it.
func (h *Handler) decide(ctx context.Context, j *job, read eventstore.Stream) error {
	if j.switchOver != nil {
		return h.decideSwitchOver(ctx, j, read)
	}
	s, err := h.foldStream(ctx, j.pair, read)
	if err != nil {
		return err
	}
	return j.decide(s, h.clock())
}

// decide runs the rules on a pair as it was loaded. Facts that carry the command's own
// id were appended by an earlier attempt whose answer was lost. The answer is then
// rebuilt from these facts, and nothing is appended.
func (j *job) decide(s stream, clock time.Time) error {
	if first, last, there := s.ownRange(j.by.CommandID); there {
		return j.answerFrom(s, first, last, clock.Location())
	}
	if err := j.checkPlanned(s); err != nil {
		return err
	}
	return j.decideOn(s.state, s.expected(), s.now(clock))
}

// decideOn runs the rules on a state and prepares the append. The job is unchanged when
// the rules refuse, so that a failed attempt to decide without a load leaves no trace.
func (j *job) decideOn(state domain.State, expected eventstore.Expected, now time.Time) error {
	command := j.commandOn(state)
	decision, err := domain.Decide(state, command, now, j.by)
	if err == nil && j.inbound == needsPlaces && decision.Changes() {
		err = errPlacesNeeded
	}
	if err != nil {
		return err
	}
	by := j.by
	if by.About == "" {
		by.About = namedFirst(state, decision)
	}
	facts := decision.Facts(state, command, now, by)
	write := eventstore.Append{Stream: j.pair.Stream(), Expected: expected}
	after := domain.NewFolding(state)
	for _, fact := range facts {
		fact.Meta.TraceParent = j.trace
		write.Events = append(write.Events, eventstore.Encode(fact))
		after.Add(fact)
	}
	j.step = done
	if len(facts) > 0 {
		j.step = toAppend
		if err := fitsAppend(write); err != nil {
			return err
		}
	}
	j.decision, j.append, j.at = decision, write, now
	j.after, j.revision = after.State(), int64(expected)+int64(len(facts))
	return nil
}

// commandOn returns the command to decide. Some commands can be completed only with the
// state: the roles of an amendment depend on which prisoner was named first. A command
// that is not allowed says so itself: a later build decides the stored one alike.
func (j *job) commandOn(state domain.State) domain.Command {
	switch {
	case j.inbound == notAllowed:
		return domain.AsSwitched(j.command)
	case j.complete == nil:
		return j.command
	default:
		return j.complete(state)
	}
}

// fitsAppend refuses a decision that is larger than one append may be. Every store has
// this limit, so the refusal comes before anything is sent. Other faults of the append
// are left to the store.
func fitsAppend(write eventstore.Append) error {
	if err := write.Check(); errors.Is(err, eventstore.ErrTooLarge) {
		return domain.Refusal{Code: domain.CodeInvalid, Message: "comes to more changes of one pair of prisoners than can be recorded at once"}
	}
	return nil
}

// namedFirst returns the prisoner that a command by id is about: the one that the
// opening fact names first. It returns "" when the state does not have the
// non-association.
func namedFirst(state domain.State, decision domain.Decision) domain.PrisonerNumber {
	if i := state.Find(decision.Outcomes[0].NonAssociationID); i >= 0 {
		return state.Items[i].FirstPrisoner
	}
	return ""
}

// answerFrom rebuilds the answer of a command from its own facts. It decides the stored
// command again, on the state before these facts and at their time. Another process may
// have decided it, on a state that this process never loaded, so neither the current
// state nor the current time would give the same answer.
func (j *job) answerFrom(s stream, first, last int, london *time.Location) error {
	origin := s.facts[first].Meta
	command := j.commandOn(s.before(first))
	if len(origin.Command) > 0 {
		kept, err := domain.DecodeCommand(origin.Command)
		if err != nil {
			return err
		}
		command = kept
	}
	now := origin.DecidedAt.In(london)
	decision, err := domain.Decide(s.before(first), command, now, origin.Cause)
	if err != nil {
		return err
	}
	j.step, j.decision, j.append, j.at = done, decision, eventstore.Append{}, now
	j.after, j.revision, j.position = s.before(last+1), int64(last), s.facts[last].Position
	return nil
}
