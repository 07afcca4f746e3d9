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

// Mapper turns facts into what leaves the house. It is pure but for its clock:
// the same fact makes the same messages for ever, with only publishedAt to tell
// one sending from another.
type Mapper struct {
	PublicURL string // of this service, where detailUrl leads
	London    *time.Location
	Clock     func() time.Time // for publishedAt
	// DomainOnly leaves the history out where nobody has a topic for it: its
	// entries cost as much again as the domain events.
	DomainOnly bool
}

// Messages are what one fact tells: the domain event first, unless the fact is
// private, then the entry for the history topic; none is nothing to tell. Before and after are the state
// of the fact's pair on either side of it. An error means that this build does
// not know what to do with the fact; the publisher stops there, it skips none.
func (m Mapper) Messages(recorded eventstore.RecordedEvent, fact domain.Fact, before, after domain.State) ([]Message, error) {
	rule, known := ruleOf(fact)
	if !known {
		return nil, fmt.Errorf("fact %s: this build says nowhere whether a %s by %q is told or private", fact.ID, recorded.Type, fact.Meta.Source)
	}
	if rule.Inside {
		return nil, nil
	}
	now, err := m.moment(recorded, fact, before, after)
	if err != nil {
		return nil, err
	}
	var messages []Message
	if rule.Private == "" {
		told, err := m.domainEvent(now, rule.change(now))
		if err != nil {
			return nil, err
		}
		messages = append(messages, told)
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

// moment is a fact with what it met and what it left.
type moment struct {
	recorded eventstore.RecordedEvent
	fact     domain.Fact
	pair     domain.Pair
	today    string                 // in London, when it was decided
	before   *domain.NonAssociation // nil: not there, or deleted
	after    *domain.NonAssociation
}

func (m Mapper) moment(recorded eventstore.RecordedEvent, fact domain.Fact, before, after domain.State) (moment, error) {
	pair, err := domain.ParseStream(recorded.Stream)
	if err != nil {
		return moment{}, fmt.Errorf("fact %s: %w", fact.ID, err)
	}
	return moment{
		recorded: recorded, fact: fact, pair: pair, today: domain.Today(fact.Meta.DecidedAt.In(m.London)),
		before: shown(before, fact.Event.Concerns()), after: shown(after, fact.Event.Concerns()),
	}, nil
}

func shown(s domain.State, id uuid.UUID) *domain.NonAssociation {
	i := s.Find(id)
	if i < 0 || s.Items[i].Deleted {
		return nil
	}
	return &s.Items[i]
}

func (m moment) closed(n *domain.NonAssociation) bool { return n != nil && n.IsClosed(m.today) }

// about is the prisoner whom the command was about. A fact that names nobody of
// its pair is told all the same: of whom was named first, else of the smaller
// number.
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

// previous is the number that a move between two pairs took away.
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

// pairs are those whose order the fact belongs to, its own first.
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

// numbers are the pair, and in a renumbering the number that somebody may still
// listen to.
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

// message is what both topics share.
func (m moment) message(topic Topic, eventType string, body any) (Message, error) {
	text, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		return Message{}, fmt.Errorf("fact %s: write the message for the %s topic: %w", m.fact.ID, topic, err)
	}
	return Message{
		Topic: topic, Body: domain.Escaped(text),
		Attributes: map[string]Attribute{
			"eventType":       {Text: eventType},
			"eventId":         {Text: m.fact.ID.String()},
			"source":          {Text: string(m.fact.Meta.Source)},
			"prisonerNumbers": {List: m.numbers()},
		},
		EventID: m.fact.ID, Group: m.pair.String(), Pairs: m.pairs(),
		Position: m.recorded.Position, Revision: m.recorded.Revision,
	}, nil
}

// detailURL is where the whole of it can be read.
func (m Mapper) detailURL(id uuid.UUID) string {
	return strings.TrimSuffix(m.PublicURL, "/") + "/non-associations/" + id.String()
}
