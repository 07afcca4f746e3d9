package message

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

// Rule says what becomes of one kind of fact: it is told to everybody, or it is
// private and stands in the history only.
type Rule struct {
	Type    string          // of the fact, in today's version
	Sources []domain.Source // who said it
	Changes []Change        // what it can have done; none when it is private
	Private string          // why it is not told
	Inside  bool            // the history topic does not tell it either

	did func(moment) Change // which of several Changes it was
}

// Why facts are private.
const (
	stock   = "the migration takes over what is already known: nothing changed"
	kept    = "nothing was taken over: no answer has changed"
	learned = "no answer shows the sequence by which NOMIS knows it"
	half    = "the arrival has told it, under the number that counts from now on"
	number  = "it is of a prisoner number: each non-association that moves is told by itself"
)

var (
	acting    = []domain.Source{domain.DPS, domain.NOMIS, domain.Merge}
	migrating = []domain.Source{domain.Migration}
	anySource = []domain.Source{domain.DPS, domain.NOMIS, domain.Migration, domain.Merge}
)

// rules is the one table from inside fact to outside message. A kind of fact
// that it lacks stops the publisher: nothing is told or kept back by accident.
var rules = []Rule{
	{Type: domain.TypeOpened, Sources: acting, Changes: []Change{ChangeOpened}},
	{Type: domain.TypeOpened, Sources: migrating, Private: stock},
	{Type: domain.TypeImported, Sources: anySource, Private: stock},
	{Type: domain.TypeAmended, Sources: acting, Changes: []Change{ChangeAmended, ChangeClosed, ChangeReopened}, did: byDates},
	{Type: domain.TypeAmended, Sources: migrating, Private: stock},
	{Type: domain.TypeClosed, Sources: acting, Changes: []Change{ChangeClosed}},
	{Type: domain.TypeClosed, Sources: migrating, Private: stock},
	{Type: domain.TypeReopened, Sources: acting, Changes: []Change{ChangeReopened}},
	{Type: domain.TypeReopened, Sources: migrating, Private: stock},
	{Type: domain.TypeDeleted, Sources: acting, Changes: []Change{ChangeDeleted}},
	{Type: domain.TypeDeleted, Sources: migrating, Private: stock},
	{Type: domain.TypeIgnored, Sources: anySource, Private: kept},
	{Type: domain.TypeSequenceLearned, Sources: anySource, Private: learned},
	{Type: domain.TypeSequenceReleased, Sources: anySource, Private: learned},
	{Type: domain.TypeTransferredIn, Sources: acting, Changes: []Change{ChangeRenumbered, ChangeDeleted}, did: byArrival},
	{Type: domain.TypeTransferredIn, Sources: migrating, Private: stock},
	{Type: domain.TypeTransferredOut, Sources: anySource, Private: half},
	{Type: domain.TypeRestored, Sources: acting, Changes: []Change{ChangeOpened, ChangeReopened}, did: byRestoring},
	{Type: domain.TypeRestored, Sources: migrating, Private: stock},
	{Type: domain.TypeMerged, Sources: anySource, Private: number, Inside: true},
	{Type: domain.TypeUnmerged, Sources: anySource, Private: number, Inside: true},
}

// Rules lists what becomes of every kind of fact.
func Rules() []Rule { return slices.Clone(rules) }

func ruleOf(fact domain.Fact) (Rule, bool) {
	eventType := domain.TypeOf(fact.Event)
	i := slices.IndexFunc(rules, func(r Rule) bool {
		return r.Type == eventType && slices.Contains(r.Sources, fact.Meta.Source)
	})
	if i < 0 {
		return Rule{}, false
	}
	return rules[i], true
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

// byArrival knows one that arrives again, because it was deleted under the old
// number meanwhile: it is not there any more, and its detailUrl leads nowhere.
func byArrival(m moment) Change {
	if m.after == nil {
		return ChangeDeleted
	}
	return ChangeRenumbered
}

// byRestoring tells a deletion that is taken back from a closing.
func byRestoring(m moment) Change {
	if m.before == nil {
		return ChangeOpened
	}
	return ChangeReopened
}
