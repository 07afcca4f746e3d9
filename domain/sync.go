package domain

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// decideSync decides what NOMIS sent about a pair: at most one event for each item, and
// none for an item that changes nothing.
func decideSync(s State, c Sync, now time.Time, by Cause) (Decision, error) {
	if err := c.check(); err != nil {
		return Decision{}, err
	}
	today := Today(now)
	t := syncing{state: s, about: c.About, items: c.Items, switched: c.Switched, by: by, outcomes: make([]Outcome, len(c.Items))}
	t.decide(match(s, c.Items, today), s.NotClosed(today), today)
	return Decision{Events: t.events, Outcomes: t.outcomes, Actors: t.actors, OccurredAt: now}, nil
}

// check refuses too many items, and items that share an id or a sequence.
func (c Sync) check() error {
	if len(c.Items) > MaxItems {
		return Refusal{Code: CodeInvalid, Field: "items", Message: "must be at most 99 of one pair"}
	}
	for n, item := range c.Items {
		for _, other := range c.Items[:n] {
			if item.ID != uuid.Nil && item.ID == other.ID || item.TypeSequence != 0 && item.TypeSequence == other.TypeSequence {
				return Refusal{Code: CodeInvalid, Field: "items", Message: "must name an id and a sequence once"}
			}
		}
	}
	return nil
}

// syncing collects the decision on a Sync.
type syncing struct {
	state    State
	about    PrisonerNumber
	items    []Item
	switched bool
	by       Cause
	events   []Event
	actors   []string // of the events
	outcomes []Outcome
}

// decide decides the items in the order of the request. An item that closes the open
// record comes before all others, so that the history never has two open records at a
// time.
func (t *syncing) decide(matched []matching, current int, today string) {
	closing := slices.IndexFunc(matched, func(m matching) bool { return current >= 0 && m.stored == current })
	if closing >= 0 && t.items[closing].isClosed(today) {
		t.update(closing, matched[closing])
	} else {
		closing = -1
	}
	for i, m := range matched {
		if i != closing && m.twin < 0 && m.ignored == "" {
			t.update(i, m)
		}
	}
	for i, m := range matched {
		if m.ignored != "" {
			t.ignore(i, m)
		}
	}
	for i, m := range matched {
		if m.twin >= 0 {
			t.outcomes[i] = t.outcomes[m.twin]
		}
	}
}

// update decides an item that is recorded: it creates a record or amends the matched
// one. While inbound is not allowed it does neither.
func (t *syncing) update(i int, m matching) {
	switch {
	case m.stored >= 0:
	case t.switched:
		t.ignoreAs(i, Switched, uuid.Nil)
		return
	default:
		t.create(i)
		return
	}
	stored, item := t.state.Items[m.stored], t.items[i]
	amended := stored.amendedByNOMIS(t.state.Pair, item)
	changes := diff(t.state.Pair, stored, amended)
	t.outcomes[i] = Outcome{Kind: Unchanged, NonAssociationID: stored.ID}
	switch {
	case len(changes) == 0:
	case len(changes) == 1 && changes[0].Field == FieldTypeSequence && stored.TypeSequence == 0:
		t.record(i, SequenceLearned{NonAssociationID: stored.ID, TypeSequence: item.TypeSequence})
	case t.switched:
		t.ignoreAs(i, Switched, stored.ID)
	default:
		t.outcomes[i].Kind = Changed
		t.record(i, Amended{NonAssociationID: stored.ID, Changes: changes})
	}
}

// create creates a record for an item.
func (t *syncing) create(i int) {
	item, id := t.items[i], nonAssociationID(t.by.CommandID, t.state.Pair, i)
	t.outcomes[i] = Outcome{Kind: Created, NonAssociationID: id}
	details := item.details(t.state.Pair)
	if t.by.Source == Migration {
		t.record(i, Imported{id, t.about, item.TypeSequence, details})
		return
	}
	t.record(i, Opened{id, t.about, item.TypeSequence, details})
}

// ignore decides an item that is ignored. counts is the record that counts instead, of
// the request or of the pair.
func (t *syncing) ignore(i int, m matching) {
	counts := m.counts
	if m.beside >= 0 {
		counts = t.outcomes[m.beside].NonAssociationID
	}
	t.ignoreAs(i, m.ignored, counts)
}

// ignoreAs records an item that is ignored, unless the same item was recorded as ignored
// before. Otherwise each repetition of a nightly sync would append a fact.
func (t *syncing) ignoreAs(i int, why IgnoreReason, counts uuid.UUID) {
	t.outcomes[i] = Outcome{Kind: WasIgnored, NonAssociationID: counts, Reason: why}
	item := t.items[i]
	event := Ignored{NonAssociationID: counts, Reason: why, Item: &item}
	if !slices.Contains(t.state.Ignored, ignoredKey(event)) {
		t.record(i, event)
	}
}

// record adds an event of an item.
func (t *syncing) record(i int, event Event) {
	t.events, t.actors = append(t.events, event), append(t.actors, t.items[i].UpdatedBy)
}

// amendedByNOMIS applies an item. A value of staff changes only when the code of NOMIS
// behind it changes. THREAT survives a new comment from NOMIS, because NOMIS has no
// code for it. A time of day survives an item that knows days only.
func (n NonAssociation) amendedByNOMIS(pair Pair, item Item) NonAssociation {
	numbers := pair.Numbers()
	before := n.Sides
	n.Sides = maps.Clone(before)
	for _, number := range numbers {
		if code := item.ReasonCodes[number]; code != before[number].ReasonCode {
			n.Sides[number] = Side{ReasonCode: code, Role: RoleOf(code)}
		}
	}
	reason := ReasonOf(n.Sides[numbers[0]].ReasonCode, n.Sides[numbers[1]].ReasonCode)
	if reason != ReasonOf(before[numbers[0]].ReasonCode, before[numbers[1]].ReasonCode) {
		n.Reason = reason
	}
	if item.TypeCode != n.TypeCode {
		n.TypeCode, n.Restriction = item.TypeCode, RestrictionOf(item.TypeCode)
	}
	if !sameDate(item.DatePrecision, item.EffectiveDate, n.EffectiveDate) {
		n.EffectiveDate = item.EffectiveDate
	}
	if !sameExpiry(item.DatePrecision, item.ExpiryDate, n.ExpiryDate) {
		n.ExpiryDate = item.ExpiryDate
	}
	n.AuthorisedBy, n.Comment = item.AuthorisedBy, item.Comment
	if item.TypeSequence != 0 {
		n.TypeSequence = item.TypeSequence
	}
	return n
}
