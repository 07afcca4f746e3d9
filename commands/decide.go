package commands

import (
	"errors"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// decide asks the rules about a pair as it was loaded. Facts that carry the
// command's own id were appended by an attempt whose answer was lost: they are
// the answer.
func (j *job) decide(s stream, clock time.Time) error {
	if first, last, there := s.ownRange(j.by.CommandID); there {
		return j.answerFrom(s, first, last, clock.Location())
	}
	return j.decideOn(s.state, s.expected(), s.now(clock))
}

func (j *job) decideOn(state domain.State, expected eventstore.Expected, now time.Time) error {
	command := j.commandOn(state)
	decision, err := domain.Decide(state, command, now, j.by)
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

func (j *job) commandOn(state domain.State) domain.Command {
	if j.complete == nil {
		return j.command
	}
	return j.complete(state)
}

// fitsAppend refuses in words, and before anything is sent, what no store would take.
func fitsAppend(write eventstore.Append) error {
	if err := write.Check(); errors.Is(err, eventstore.ErrTooLarge) {
		return domain.Refusal{Code: domain.CodeInvalid, Message: "comes to more changes of one pair of prisoners than can be recorded at once"}
	}
	return nil
}

// namedFirst is the prisoner whom a command by id is about: the one whom its
// opening fact named first.
func namedFirst(state domain.State, decision domain.Decision) domain.PrisonerNumber {
	if i := state.Find(decision.Outcomes[0].NonAssociationID); i >= 0 {
		return state.Items[i].FirstPrisoner
	}
	return ""
}

// answerFrom decides again what the command's own facts were decided by: on the
// state before them, at their time. It may have been another process that did,
// on another state than the one that this process met.
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
