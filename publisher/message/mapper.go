package message

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

//go:generate go test . -run TestDocuments_areFresh -count=1 -update

// Mapper maps facts to messages. It is pure but for its clock: the same fact gives
// the same messages for ever, publishedAt apart. It is safe for concurrent use.
type Mapper struct {
	PublicURL string // of this service, where detailUrl leads
	London    *time.Location
	Clock     func() time.Time // for publishedAt
	// DomainOnly omits the history entries, which cost as much again as the domain
	// events, where there is no topic for them.
	DomainOnly bool
}

// Messages returns the messages of one fact: the domain event first, unless the fact
// is private, then the history entry. No messages means that nothing is published.
// before and after are the states of the fact's pair on either side of it. An error
// means that this build has no rule for the fact; the publisher stops at it and
// skips nothing.
func (m Mapper) Messages(recorded eventstore.RecordedEvent, fact domain.Fact, before, after domain.State) ([]Message, error) {
	rule, known := ruleOf(fact)
	if !known {
		return nil, fmt.Errorf("fact %s: this build has no rule for a %s by %q", fact.ID, recorded.Type, fact.Meta.Source)
	}
	if rule.Unpublished {
		return nil, nil
	}
	now, err := m.moment(recorded, fact, before, after)
	if err != nil {
		return nil, err
	}
	var messages []Message
	if rule.Private == "" {
		event, err := m.domainEvent(now, rule.change(now))
		if err != nil {
			return nil, err
		}
		messages = append(messages, event)
	}
	if m.DomainOnly {
		return messages, nil
	}
	entry, err := m.historyEntry(now)
	if err != nil {
		return nil, err
	}
	return append(messages, entry), nil
}

// moment is a fact with the record before and after it.
type moment struct {
	recorded eventstore.RecordedEvent
	fact     domain.Fact
	pair     domain.Pair
	today    string                 // in London, when it was decided
	before   *domain.NonAssociation // nil: not there, or deleted
	after    *domain.NonAssociation
}

// moment gathers what both messages of a fact are built from. A record that is
// deleted counts as absent, before and after: no read shows it either.
func (m Mapper) moment(recorded eventstore.RecordedEvent, fact domain.Fact, before, after domain.State) (moment, error) {
	pair, err := domain.ParseStream(recorded.Stream)
	if err != nil {
		return moment{}, fmt.Errorf("fact %s: %w", fact.ID, err)
	}
	return moment{
		recorded: recorded, fact: fact, pair: pair, today: domain.Today(fact.Meta.DecidedAt.In(m.London)),
		before: shown(before, fact.Event.About()), after: shown(after, fact.Event.About()),
	}, nil
}

// shown returns a record as reads show it, or nil when it is absent or deleted.
func shown(s domain.State, id uuid.UUID) *domain.NonAssociation {
	i := s.Find(id)
	if i < 0 || s.Items[i].Deleted {
		return nil
	}
	return &s.Items[i]
}

// closed reports whether a record was closed on the day of the decision.
func (m moment) closed(n *domain.NonAssociation) bool { return n != nil && n.IsClosed(m.today) }

// about returns the prisoner whom the command was about. A fact without one, or with
// one outside its pair, is published all the same: about the prisoner named first in
// the opening fact, otherwise about the smaller number.
func (m moment) about() domain.PrisonerNumber {
	if m.pair.Has(m.fact.Meta.About) {
		return m.fact.Meta.About
	}
	for _, n := range []*domain.NonAssociation{m.after, m.before} {
		if n != nil && m.pair.Has(n.FirstPrisoner) {
			return n.FirstPrisoner
		}
	}
	return m.pair.Numbers()[0]
}

// previous returns the number that a transfer replaced; "" for other facts.
func (m moment) previous() domain.PrisonerNumber {
	switch e := m.fact.Event.(type) {
	case domain.TransferredIn:
		return e.Previous
	case domain.TransferredOut:
		return e.Previous
	default:
		return ""
	}
}

// pairs returns the pairs whose order the fact belongs to, its own first.
func (m moment) pairs() []domain.Pair {
	switch e := m.fact.Event.(type) {
	case domain.TransferredIn:
		return []domain.Pair{m.pair, e.From}
	case domain.TransferredOut:
		return []domain.Pair{m.pair, e.To}
	default:
		return []domain.Pair{m.pair}
	}
}

// numbers returns the pair's numbers, and after a transfer the replaced one too:
// subscribers may still filter by it.
func (m moment) numbers() []string {
	var numbers []string
	for _, n := range m.pair.Numbers() {
		numbers = append(numbers, string(n))
	}
	if previous := m.previous(); previous != "" && !m.pair.Has(previous) {
		numbers = append(numbers, string(previous))
	}
	return numbers
}

// message builds what the messages of both topics have in common.
func (m moment) message(topic Topic, eventType string, body any) (Message, error) {
	text, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		return Message{}, fmt.Errorf("fact %s: write the message for the %s topic: %w", m.fact.ID, topic, err)
	}
	attributes := map[string]Attribute{
		"eventType":       {Text: eventType},
		"eventId":         {Text: m.fact.ID.String()},
		"source":          {Text: string(m.fact.Meta.Source)},
		"prisonerNumbers": {List: m.numbers()},
	}
	if trace := m.fact.Meta.TraceParent; trace != "" {
		attributes["traceparent"] = Attribute{Text: trace}
	}
	return Message{
		Topic: topic, Body: domain.Escaped(text), Attributes: attributes,
		EventID: m.fact.ID, Group: m.pair.String(), Pairs: m.pairs(),
		Position: m.recorded.Position, Revision: m.recorded.Revision,
	}, nil
}

// detailURL returns where the whole record can be read.
func (m Mapper) detailURL(id uuid.UUID) string {
	return strings.TrimSuffix(m.PublicURL, "/") + "/non-associations/" + id.String()
}
