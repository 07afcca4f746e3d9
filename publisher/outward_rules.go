package publisher

import (
	"slices"

	"nonassociations/domain"
)

// Change says what a change did to a non-association as the world sees it,
// whatever the type of the fact behind it.
type Change string

// The changes.
const (
	ChangeOpened     Change = "OPENED" // it is there, and was not; it may be closed already
	ChangeAmended    Change = "AMENDED"
	ChangeClosed     Change = "CLOSED"
	ChangeReopened   Change = "REOPENED"
	ChangeDeleted    Change = "DELETED"
	ChangeRenumbered Change = "RENUMBERED" // one prisoner's number is another one now
)

// EventType is the name of a domain event.
type EventType string

// The domain events.
const (
	EventCreated EventType = "prisoner.non-associations.created"
	EventAmended EventType = "prisoner.non-associations.amended"
)

// EventType is the domain event that tells of the change.
func (c Change) EventType() EventType {
	if c == ChangeOpened {
		return EventCreated
	}
	return EventAmended
}

// Half is one of the two facts of a renumbering.
type Half string

// The halves, in their order.
const (
	Arrived Half = "ARRIVED"
	Left    Half = "LEFT"
)

// Rule says what becomes of one kind of fact: it is told to everybody, or it is
// private and stands in the history only.
type Rule struct {
	Type    string          // of the fact, in today's version
	Half    Half            // of a renumbering only
	Sources []domain.Source // who said it
	Changes []Change        // what it can have done; none when it is private
	Private string          // why it is not told

	did func(moment) Change // which of several Changes it was
}

// Why facts are private.
const (
	stock   = "the migration takes over what is already known: nothing changed"
	kept    = "nothing was taken over: no answer has changed"
	learned = "no answer shows the sequence by which NOMIS knows it"
	half    = "the arrival has told it, under the number that counts from now on"
)

var (
	acting    = []domain.Source{domain.DPS, domain.NOMIS, domain.Merge}
	migrating = []domain.Source{domain.Migration}
	whoever   = []domain.Source{domain.DPS, domain.NOMIS, domain.Migration, domain.Merge}
)

// rules is the one table from inside fact to outside message. A kind of fact
// that it lacks stops the publisher: nothing is told or kept back by accident.
var rules = []Rule{
	{Type: domain.TypeOpened, Sources: acting, Changes: []Change{ChangeOpened}},
	{Type: domain.TypeOpened, Sources: migrating, Private: stock},
	{Type: domain.TypeImported, Sources: whoever, Private: stock},
	{Type: domain.TypeAmended, Sources: acting, Changes: []Change{ChangeAmended, ChangeClosed, ChangeReopened}, did: byDates},
	{Type: domain.TypeAmended, Sources: migrating, Private: stock},
	{Type: domain.TypeClosed, Sources: acting, Changes: []Change{ChangeClosed}},
	{Type: domain.TypeClosed, Sources: migrating, Private: stock},
	{Type: domain.TypeReopened, Sources: acting, Changes: []Change{ChangeReopened}},
	{Type: domain.TypeReopened, Sources: migrating, Private: stock},
	{Type: domain.TypeDeleted, Sources: acting, Changes: []Change{ChangeDeleted}},
	{Type: domain.TypeDeleted, Sources: migrating, Private: stock},
	{Type: domain.TypeIgnored, Sources: whoever, Private: kept},
	{Type: domain.TypeSequenceLearned, Sources: whoever, Private: learned},
	{Type: domain.TypeRenumbered, Half: Arrived, Sources: acting, Changes: []Change{ChangeRenumbered, ChangeOpened, ChangeDeleted}, did: byArrival},
	{Type: domain.TypeRenumbered, Half: Arrived, Sources: migrating, Private: stock},
	{Type: domain.TypeRenumbered, Half: Left, Sources: whoever, Private: half},
}

// Rules lists what becomes of every kind of fact.
func Rules() []Rule { return slices.Clone(rules) }

func ruleOf(fact domain.Fact) (Rule, bool) {
	eventType, half := domain.TypeOf(fact.Event), halfOf(fact.Event)
	i := slices.IndexFunc(rules, func(r Rule) bool {
		return r.Type == eventType && r.Half == half && slices.Contains(r.Sources, fact.Meta.Source)
	})
	if i < 0 {
		return Rule{}, false
	}
	return rules[i], true
}

func halfOf(event domain.Event) Half {
	e, is := event.(domain.PrisonerRenumbered)
	switch {
	case !is:
		return ""
	case e.NonAssociation == nil:
		return Left
	default:
		return Arrived
	}
}

// change is what a fact that is told did.
func (r Rule) change(m moment) Change {
	if r.did != nil {
		return r.did(m)
	}
	return r.Changes[0]
}

// byDates knows a date from NOMIS that closes or reopens, on the day on which
// it was decided: the same fact says the same for ever.
func byDates(m moment) Change {
	switch was, now := m.closed(m.before), m.closed(m.after); {
	case !was && now:
		return ChangeClosed
	case was && !now:
		return ChangeReopened
	default:
		return ChangeAmended
	}
}

// byArrival knows two arrivals that are no renumbering to the world. One that
// returns to the pair where a merge deleted it was not there and is. One that
// arrives again, because it was deleted under the old number meanwhile, is not
// there any more, and its detailUrl leads nowhere.
func byArrival(m moment) Change {
	e, _ := m.fact.Event.(domain.PrisonerRenumbered)
	switch {
	case m.after == nil:
		return ChangeDeleted
	case e.From == e.To:
		return ChangeOpened
	default:
		return ChangeRenumbered
	}
}
