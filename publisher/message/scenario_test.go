package message_test

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/publisher/message"
)

const (
	smaller  domain.PrisonerNumber = "A0135GA"
	larger   domain.PrisonerNumber = "A9109UD"
	survivor domain.PrisonerNumber = "B1234CD"
	y2021    domain.LocalDateTime  = "2021-07-05T10:35:17"
)

var (
	greenwich = mustLoad("Europe/London")
	summer    = time.Date(2026, 7, 15, 12, 0, 0, 0, greenwich)
	ours      = mustBe(smaller, larger)
	theirs    = mustBe(smaller, survivor)
	between   = mustBe(larger, survivor)
	merged    = domain.Renumbering{Previous: larger, Number: survivor, Reason: domain.ByMerge}
)

func mustLoad(name string) *time.Location {
	location, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return location
}

func mustBe(one, other domain.PrisonerNumber) domain.Pair {
	pair, err := domain.NewPair(one, other)
	if err != nil {
		panic(err)
	}
	return pair
}

func pointTo[T any](v T) *T { return &v }

// mapper sends a quarter of an hour after the commands of a scenario.
func mapper() message.Mapper {
	return message.Mapper{
		PublicURL: "https://non-associations.test/", London: greenwich,
		Clock: func() time.Time { return summer.Add(15*time.Minute + 250*time.Millisecond).UTC() },
	}
}

// scenario is some pairs with histories, and the messages of each fact.
type scenario struct {
	t        *testing.T
	now      time.Time
	states   map[domain.Pair]domain.State
	length   map[domain.Pair]uint64
	position uint64
	asked    int
	sent     []message.Message // all of the last command
	schemas  map[string]*jsonschema.Schema
}

func newScenario(t *testing.T) *scenario {
	t.Helper()
	return &scenario{t: t, now: summer, states: map[domain.Pair]domain.State{}, length: map[domain.Pair]uint64{}, schemas: schemas(t)}
}

func (s *scenario) state(pair domain.Pair) domain.State {
	state := s.states[pair]
	state.Pair = pair
	return state
}

// does runs a command and maps each fact that it came to.
func (s *scenario) does(source domain.Source, pair domain.Pair, about domain.PrisonerNumber, c domain.Command) domain.Decision {
	s.t.Helper()
	decision, err := s.tries(source, pair, about, c)
	require.NoError(s.t, err)
	return decision
}

// tries is does for a command that may be refused.
func (s *scenario) tries(source domain.Source, pair domain.Pair, about domain.PrisonerNumber, c domain.Command) (domain.Decision, error) {
	s.t.Helper()
	s.asked++
	id := uuid.NewSHA1(uuid.NameSpaceOID, []byte(strconv.Itoa(s.asked)))
	by := domain.Cause{CommandID: id, CorrelationID: id, CausationID: id, Actor: "OFFICER", Source: source, About: about}
	decision, err := domain.Decide(s.state(pair), c, s.now, by)
	s.sent = nil
	for _, fact := range decision.Facts(s.state(pair), c, s.now, by) {
		s.happens(pair, fact)
	}
	return decision, err
}

func (s *scenario) happens(pair domain.Pair, fact domain.Fact) {
	s.t.Helper()
	s.position += 100
	recorded := eventstore.RecordedEvent{
		Event: eventstore.Encode(fact), Stream: pair.Stream(), Revision: s.length[pair],
		Position: eventstore.Position{Commit: s.position, Prepare: s.position}, RecordedAt: s.now.Add(time.Second).UTC(),
	}
	before := s.state(pair)
	after := domain.Evolve(before, fact)
	messages, err := mapper().Messages(recorded, fact, before, after)
	require.NoError(s.t, err)
	for _, sent := range messages { // the schemas allow whatever a test publishes
		require.NoError(s.t, valid(s.t, s.schemas[sent.Attributes["eventType"].Text], sent.Body))
	}
	s.states[pair], s.length[pair], s.sent = after, s.length[pair]+1, append(s.sent, messages...)
}

// opens opens a record as staff do, and returns its id.
func (s *scenario) opens(pair domain.Pair) uuid.UUID {
	s.t.Helper()
	numbers := pair.Numbers()
	d := s.does(domain.DPS, pair, numbers[1], domain.Open{
		FirstPrisoner: numbers[1], Comment: "They keep fighting", Reason: domain.Threat, Restriction: domain.Cell,
		Roles: map[domain.PrisonerNumber]domain.Role{numbers[1]: domain.Victim, numbers[0]: domain.Perpetrator},
	})
	return d.Outcomes[0].NonAssociationID
}

// syncs is a request of NOMIS, or of the migration, for our pair.
func (s *scenario) syncs(source domain.Source, items ...domain.Item) domain.Decision {
	s.t.Helper()
	return s.does(source, ours, larger, domain.Sync{About: larger, Items: items})
}

// itemOf is an item of NOMIS, with changes.
func itemOf(effective domain.LocalDateTime, changes ...func(*domain.Item)) domain.Item {
	i := domain.Item{
		AuthorisedBy: pointTo("Staff Name"), Comment: pointTo("Do not location near"), EffectiveDate: effective,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{larger: domain.CodeVictim, smaller: domain.CodePerpetrator},
		TypeCode:    domain.TypeWing,
	}
	for _, change := range changes {
		change(&i)
	}
	return i
}

func expires(at domain.LocalDateTime) func(*domain.Item) {
	return func(i *domain.Item) { i.ExpiryDate = &at }
}

func remarks(text string) func(*domain.Item) { return func(i *domain.Item) { i.Comment = &text } }

func numbered(n int) func(*domain.Item) { return func(i *domain.Item) { i.TypeSequence = n } }

// events are the domain events of the last command, history those of the
// history topic.
func (s *scenario) events() []message.DomainEvent {
	return bodies[message.DomainEvent](s, message.Domain)
}

func (s *scenario) history() []message.HistoryEntry {
	return bodies[message.HistoryEntry](s, message.History)
}

func bodies[T any](s *scenario, topic message.Topic) []T {
	s.t.Helper()
	var all []T
	for _, sent := range s.sent {
		if sent.Topic == topic {
			var body T
			require.NoError(s.t, json.Unmarshal(sent.Body, &body))
			all = append(all, body)
		}
	}
	return all
}

// changes are those of the last command, one for each domain event.
func (s *scenario) changes() []message.Change {
	var all []message.Change
	for _, event := range s.events() {
		all = append(all, event.AdditionalInformation.Change)
	}
	return all
}
