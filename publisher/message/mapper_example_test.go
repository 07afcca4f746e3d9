package message_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/publisher/message"
)

// A fact is mapped with the states of its pair before and after it. Here the only
// fact of a pair is mapped, as a publisher maps it from the log.
func ExampleMapper_Messages() {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	pair, err := domain.NewPair("A0135GA", "A9109UD")
	if err != nil {
		panic(err)
	}
	decided := time.Date(2026, time.July, 15, 12, 0, 0, 0, london)
	fact := domain.Fact{
		ID: uuid.MustParse("7d1a3f0e-3f0a-5a57-9a58-0d5d1c9c2b11"),
		Event: domain.Opened{
			NonAssociationID: uuid.MustParse("0198f1a2-5b7c-7d3e-8f90-a1b2c3d4e5f6"),
			PrisonerNumber:   "A9109UD",
			Details: domain.Details{
				EffectiveDate: "2026-07-15T12:00:00",
				Sides:         map[domain.PrisonerNumber]domain.Side{"A9109UD": {ReasonCode: "VIC"}, "A0135GA": {ReasonCode: "PER"}},
			},
		},
		Meta: domain.Meta{
			Cause: domain.Cause{Actor: "ABC12D", Source: domain.DPS, About: "A9109UD"},
			Count: 1, DecidedAt: decided, OccurredAt: decided,
		},
	}
	recorded := eventstore.RecordedEvent{
		Event: eventstore.Encode(fact), Stream: pair.Stream(), Revision: 0,
		Position: eventstore.Position{Commit: 12000, Prepare: 12000}, RecordedAt: decided,
	}

	before := domain.State{Pair: pair}
	after := domain.Evolve(before, fact)
	mapper := message.Mapper{PublicURL: "https://non-associations.test", London: london, Clock: time.Now}
	messages, err := mapper.Messages(recorded, fact, before, after)
	if err != nil {
		panic(err)
	}
	for _, m := range messages {
		fmt.Println(m.Topic, m.Attributes["eventType"].Value(), m.Attributes["prisonerNumbers"].Value(), m.Group)
	}

	var event message.DomainEvent
	if err := json.Unmarshal(messages[0].Body, &event); err != nil {
		panic(err)
	}
	fmt.Println(event.AdditionalInformation.Change, event.DetailURL)
	// Output:
	// domain prisoner.non-associations.created ["A0135GA","A9109UD"] A0135GA_A9109UD
	// history nonassociation.opened.v1 ["A0135GA","A9109UD"] A0135GA_A9109UD
	// OPENED https://non-associations.test/non-associations/0198f1a2-5b7c-7d3e-8f90-a1b2c3d4e5f6
}

// A rule exists for every kind of fact. Private facts have no domain event, and the
// rule says why.
func ExampleRules() {
	for _, rule := range message.Rules()[:3] {
		fmt.Printf("%s by %v: %v %q\n", rule.Type, rule.Sources, rule.Changes, rule.Private)
	}
	// Output:
	// nonassociation.opened.v1 by [DPS NOMIS MERGE]: [OPENED] ""
	// nonassociation.opened.v1 by [MIGRATION]: [] "the migration takes over what is already known: nothing changed"
	// nonassociation.imported.v1 by [DPS NOMIS MIGRATION MERGE]: [] "the migration takes over what is already known: nothing changed"
}

// A list is a JSON array, as SNS takes it.
func ExampleAttribute_Value() {
	list := message.Attribute{List: []string{"A0135GA", "A9109UD"}}
	fmt.Println(list.DataType(), list.Value())
	text := message.Attribute{Text: "NOMIS"}
	fmt.Println(text.DataType(), text.Value())
	// Output:
	// String.Array ["A0135GA","A9109UD"]
	// String NOMIS
}
