package rehearsal

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"time"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Decide decides a command on a pair, as [domain.Decide] does.
type Decide func(s domain.State, c domain.Command, now time.Time, by domain.Cause) (domain.Decision, error)

// appended splits the facts of one stream into appends, in their order. The first fact
// of an append keeps the command; the others have the same command id and the next
// indexes. A fact of an older build that keeps no command begins an append when it does
// not continue the one before.
func appended(facts []eventstore.Fact) [][]eventstore.Fact {
	var all [][]eventstore.Fact
	for i, fact := range facts {
		if i > 0 && continues(facts[i-1].Meta, fact.Meta) {
			all[len(all)-1] = append(all[len(all)-1], fact)
			continue
		}
		all = append(all, []eventstore.Fact{fact})
	}
	return all
}

func continues(before, next domain.Meta) bool {
	return len(next.Command) == 0 && next.CommandID == before.CommandID && next.Index == before.Index+1
}

// errNotDecidable is the result of a decision that cannot be decided again.
var errNotDecidable = errors.New("the decision cannot be decided again")

// recordedCommand returns the command that an append keeps. Errors: errNotDecidable, and
// those of [domain.DecodeCommand].
func recordedCommand(facts []eventstore.Fact) (domain.Command, error) {
	if len(facts[0].Meta.Command) == 0 {
		return nil, errNotDecidable
	}
	command, err := domain.DecodeCommand(facts[0].Meta.Command)
	if err != nil {
		return nil, err
	}
	switch command.(type) {
	case domain.TransferIn, domain.TransferOut: // decided on the streams of two pairs
		return nil, errNotDecidable
	default:
		return command, nil
	}
}

// again decides one append again. events decides a command at its own time and with its
// own ids.
func (d *Decisions) again(facts []eventstore.Fact, london *time.Location, events func(domain.Command, time.Time, domain.Cause) ([]domain.Event, error)) {
	first := facts[0]
	command, err := recordedCommand(facts)
	if errors.Is(err, errNotDecidable) {
		d.NotDecidable++
		return
	}
	d.Compared++
	var decided []domain.Event
	if err == nil {
		decided, err = events(command, first.Meta.DecidedAt.In(london), first.Meta.Cause)
	}
	if err == nil && sameEvents(facts, decided) {
		return
	}
	different := DecisionDifference{EventID: first.ID, Stream: first.Stream, Revision: first.Revision, Refused: refusedAs(err)}
	for _, fact := range facts {
		different.Was = append(different.Was, fact.Type)
	}
	if err == nil {
		different.Now = make([]string, len(decided))
		for i, event := range decided {
			different.Now[i] = domain.TypeOf(event)
		}
	}
	d.Different = append(d.Different, different)
}

// sameEvents compares types and data. The facts are up-cast already, so a fact of an
// older version compares with the current one.
func sameEvents(facts []eventstore.Fact, decided []domain.Event) bool {
	return slices.EqualFunc(facts, decided, func(f eventstore.Fact, e domain.Event) bool {
		was, wasData := domain.Encode(f.Event)
		now, nowData := domain.Encode(e)
		return was == now && bytes.Equal(wasData, nowData)
	})
}

// refusedAs returns how this build refuses; "" without an error. A message is left out:
// it may name a prisoner.
func refusedAs(err error) string {
	var refusal domain.Refusal
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refusal):
		return strconv.Itoa(int(refusal.Code))
	case errors.As(err, new(domain.Moved)):
		return "moved"
	default:
		return "the command cannot be read"
	}
}

// ofPair decides the appends of a pair's stream again, and folds them. The facts are the
// whole stream, or its readable beginning.
func (d *Decisions) ofPair(pair domain.Pair, facts []eventstore.Fact, decide Decide, london *time.Location) {
	folding := domain.NewFolding(domain.State{Pair: pair})
	for _, one := range appended(facts) {
		d.again(one, london, func(c domain.Command, now time.Time, by domain.Cause) ([]domain.Event, error) {
			decision, err := decide(folding.State(), c, now, by)
			return decision.Events, err
		})
		for _, fact := range one {
			folding.Add(fact.Fact)
		}
	}
}

// ofPrisoner decides the appends of a prisoner number's stream again.
func (d *Decisions) ofPrisoner(number domain.PrisonerNumber, facts []eventstore.Fact, london *time.Location) {
	removal := domain.Removal{Number: number}
	for _, one := range appended(facts) {
		d.again(one, london, func(c domain.Command, now time.Time, by domain.Cause) ([]domain.Event, error) {
			switch c := c.(type) {
			case domain.RemoveNumber:
				return eventsOf(removal.Remove(c, now, by)), nil
			case domain.ReturnNumber:
				return eventsOf(removal.Return(c, now, by)), nil
			default:
				return nil, errNoSuchCommand
			}
		})
		for _, fact := range one {
			removal = removal.Evolve(fact.Fact)
		}
	}
}

// ofSwitchOver decides the appends of the switch-over's stream again.
func (d *Decisions) ofSwitchOver(facts []eventstore.Fact, london *time.Location) {
	var state domain.SwitchOver
	for _, one := range appended(facts) {
		d.again(one, london, func(c domain.Command, now time.Time, by domain.Cause) ([]domain.Event, error) {
			command, is := c.(domain.SwitchOverCommand)
			if !is {
				return nil, errNoSuchCommand
			}
			decided, err := state.Decide(command, now, by)
			return eventsOf(decided), err
		})
		for _, fact := range one {
			state = state.Evolve(fact.Fact)
		}
	}
}

// errNoSuchCommand is the error for a command that another stream takes.
var errNoSuchCommand = errors.New("no such command of this stream")

func eventsOf(facts []domain.Fact) []domain.Event {
	events := make([]domain.Event, len(facts))
	for i, fact := range facts {
		events[i] = fact.Event
	}
	return events
}
