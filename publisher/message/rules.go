package message

import (
	"slices"

	"nonassociations/domain"
)

// Change is what a fact did to a non-association, whatever the fact's own type.
type Change string

// The changes. They are on the wire: never change one.
const (
	ChangeOpened     Change = "OPENED" // it exists now and did not; it may be closed already
	ChangeAmended    Change = "AMENDED"
	ChangeClosed     Change = "CLOSED"
	ChangeReopened   Change = "REOPENED"
	ChangeDeleted    Change = "DELETED"
	ChangeRenumbered Change = "RENUMBERED" // one prisoner has another number now
)

// EventType is the name of a domain event.
type EventType string

// The domain events. They are on the wire: never change one.
const (
	EventCreated EventType = "prisoner.non-associations.created"
	EventAmended EventType = "prisoner.non-associations.amended"
)

// EventType returns the name of the domain event for the change.
func (c Change) EventType() EventType {
	if c == ChangeOpened {
		return EventCreated
	}
	return EventAmended
}

// Rule is what is published of one kind of fact: a domain event and a history entry,
// or for a private fact the history entry alone.
type Rule struct {
	Type        string          // of the fact, in today's version
	Sources     []domain.Source // of the fact
	Changes     []Change        // what the fact can have done; none when it is private
	Private     string          // why there is no domain event; "" when there is one
	Unpublished bool            // there is no history entry either

	changeOf func(moment) Change // chooses among several Changes
}

// Why facts are private.
const (
	ofMigration = "the migration takes over what is already known: nothing changed"
	ofIgnored   = "nothing was taken over: no answer has changed"
	ofSequence  = "no answer shows the sequence by which NOMIS knows it"
	ofDelivery  = "what NOMIS holds changes no answer"
	ofDeparture = "the arrival is published, under the number that counts from now on"
	ofNumber    = "it is of a prisoner number: each non-association that transfers is published by itself"
	ofSwitching = "it is of the switch-over from NOMIS and of no non-association"
)

var (
	acting    = []domain.Source{domain.DPS, domain.NOMIS, domain.Merge}
	migrating = []domain.Source{domain.Migration}
	anySource = []domain.Source{domain.DPS, domain.NOMIS, domain.Migration, domain.Merge}
)

// rules is the one table from fact to message. A kind of fact without a row stops the
// publisher: nothing is published or withheld by accident.
var rules = []Rule{
	{Type: domain.TypeOpened, Sources: acting, Changes: []Change{ChangeOpened}},
	{Type: domain.TypeOpened, Sources: migrating, Private: ofMigration},
	{Type: domain.TypeImported, Sources: anySource, Private: ofMigration},
	{Type: domain.TypeAmended, Sources: acting, Changes: []Change{ChangeAmended, ChangeClosed, ChangeReopened}, changeOf: byDates},
	{Type: domain.TypeAmended, Sources: migrating, Private: ofMigration},
	{Type: domain.TypeClosed, Sources: acting, Changes: []Change{ChangeClosed}},
	{Type: domain.TypeClosed, Sources: migrating, Private: ofMigration},
	{Type: domain.TypeReopened, Sources: acting, Changes: []Change{ChangeReopened}},
	{Type: domain.TypeReopened, Sources: migrating, Private: ofMigration},
	{Type: domain.TypeDeleted, Sources: acting, Changes: []Change{ChangeDeleted}},
	{Type: domain.TypeDeleted, Sources: migrating, Private: ofMigration},
	{Type: domain.TypeIgnored, Sources: anySource, Private: ofIgnored},
	{Type: domain.TypeSequenceLearned, Sources: anySource, Private: ofSequence},
	{Type: domain.TypeSequenceReleased, Sources: anySource, Private: ofSequence},
	{Type: domain.TypeDelivered, Sources: anySource, Private: ofDelivery},
	{Type: domain.TypeTransferredIn, Sources: acting, Changes: []Change{ChangeRenumbered, ChangeDeleted}, changeOf: byArrival},
	{Type: domain.TypeTransferredIn, Sources: migrating, Private: ofMigration},
	{Type: domain.TypeTransferredOut, Sources: anySource, Private: ofDeparture},
	{Type: domain.TypeRestored, Sources: acting, Changes: []Change{ChangeOpened, ChangeReopened}, changeOf: byRestoring},
	{Type: domain.TypeRestored, Sources: migrating, Private: ofMigration},
	{Type: domain.TypeMerged, Sources: anySource, Private: ofNumber, Unpublished: true},
	{Type: domain.TypeUnmerged, Sources: anySource, Private: ofNumber, Unpublished: true},
	{Type: domain.TypePrisonStaged, Sources: anySource, Private: ofSwitching, Unpublished: true},
	{Type: domain.TypePrisonAnnounced, Sources: anySource, Private: ofSwitching, Unpublished: true},
	{Type: domain.TypeInboundEnded, Sources: anySource, Private: ofSwitching, Unpublished: true},
	{Type: domain.TypeInboundResumed, Sources: anySource, Private: ofSwitching, Unpublished: true},
	{Type: domain.TypeOutboundEnded, Sources: anySource, Private: ofSwitching, Unpublished: true},
	{Type: domain.TypeOutboundResumed, Sources: anySource, Private: ofSwitching, Unpublished: true},
	{Type: domain.TypeLegacyEnded, Sources: anySource, Private: ofSwitching, Unpublished: true},
	{Type: domain.TypeLegacyResumed, Sources: anySource, Private: ofSwitching, Unpublished: true},
}

// Rules returns the rule of every kind of fact.
func Rules() []Rule { return slices.Clone(rules) }

// ruleOf returns the rule of a fact by its type and source, and reports whether
// there is one.
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

// change returns what a published fact did.
func (r Rule) change(m moment) Change {
	if r.changeOf != nil {
		return r.changeOf(m)
	}
	return r.Changes[0]
}

// byDates recognises an amendment by NOMIS whose dates close or reopen the record.
// It compares with the day of the decision, so that the same fact gives the same
// change for ever.
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

// byArrival recognises a second arrival that carries over a deletion made under the
// old number meanwhile. The record is gone, and its detailUrl leads nowhere.
func byArrival(m moment) Change {
	if m.after == nil {
		return ChangeDeleted
	}
	return ChangeRenumbered
}

// byRestoring distinguishes a deletion that is taken back from a closing.
func byRestoring(m moment) Change {
	if m.before == nil {
		return ChangeOpened
	}
	return ChangeReopened
}
