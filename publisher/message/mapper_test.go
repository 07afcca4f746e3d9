package message_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/publisher/message"
)

// The whole body, once, to the letter: it is a contract.
func TestMessages_theBodyOfAClosingByStaff(t *testing.T) {
	s := newScenario(t)
	id := s.opens(ours)
	s.now = summer.Add(5 * time.Minute)
	s.does(domain.DPS, ours, larger, domain.Close{ID: id, ClosedReason: "Friends", ClosedAt: pointTo(domain.Local(summer))})
	sent := s.sent[0]
	require.Equal(t, `{"eventType":"prisoner.non-associations.amended","occurredAt":"2026-07-15T12:05:00",`+
		`"publishedAt":"2026-07-15T12:15:00.25+01:00","version":"1.0","description":"A non-association was closed",`+
		`"detailUrl":"https://non-associations.test/non-associations/`+id.String()+`",`+
		`"personReference":{"identifiers":[{"type":"NOMS","value":"A9109UD"},{"type":"NOMS","value":"A0135GA"}]},`+
		`"additionalInformation":{"prisonerNumber":"A9109UD","otherPrisonerNumber":"A0135GA",`+
		`"nonAssociationId":"`+id.String()+`","source":"DPS","change":"CLOSED",`+
		`"eventId":"`+sent.EventID.String()+`","revision":1,"position":200}}`, string(sent.Body))
}

func TestMessages_whatTravelsBesideTheBody(t *testing.T) {
	s := newScenario(t)
	s.opens(ours)
	require.Len(t, s.sent, 2)
	for i, eventType := range []string{"prisoner.non-associations.created", domain.TypeOpened} {
		sent := s.sent[i]
		require.Equal(t, []message.Topic{message.Domain, message.History}[i], sent.Topic)
		require.Equal(t, map[string]message.Attribute{
			"eventType":       {Text: eventType},
			"eventId":         {Text: sent.EventID.String()},
			"source":          {Text: "DPS"},
			"prisonerNumbers": {List: []string{"A0135GA", "A9109UD"}},
		}, sent.Attributes)
		require.Equal(t, "A0135GA_A9109UD", sent.Group)
		require.Equal(t, []domain.Pair{ours}, sent.Pairs)
		require.Equal(t, eventstore.Position{Commit: 100, Prepare: 100}, sent.Position)
		require.Zero(t, sent.Revision)
	}
}

func TestMessages_areTheSameAgainButForTheTimeOfPublishing(t *testing.T) {
	fact := factBy(domain.NOMIS, openedAgain(uuid.Nil))
	recorded := eventstore.RecordedEvent{Event: eventstore.Encode(fact), Stream: ours.Stream()}
	before := domain.State{Pair: ours}
	at := func(now time.Time) []message.Message {
		m := mapper()
		m.Clock = func() time.Time { return now }
		messages, err := m.Messages(recorded, fact, before, domain.Evolve(before, fact))
		require.NoError(t, err)
		return messages
	}
	first, second := at(summer), at(summer.AddDate(0, 6, 0))
	require.Equal(t, first[1], second[1], "the history holds no time of sending")
	require.NotEqual(t, first[0].Body, second[0].Body)
	second[0].Body = bytes.Replace(second[0].Body, []byte("2027-01-15T12:00:00+00:00"), []byte("2026-07-15T12:00:00+01:00"), 1)
	require.Equal(t, first, second)
}

func TestMessages_occurredWhenItWasDecidedByTheClockOfLondon(t *testing.T) {
	for now, occurred := range map[time.Time]domain.LocalDateTime{
		time.Date(2026, 7, 15, 23, 30, 0, 0, time.UTC): "2026-07-16T00:30:00",
		time.Date(2026, 1, 15, 23, 30, 0, 0, time.UTC): "2026-01-15T23:30:00",
	} {
		s := newScenario(t)
		s.now = now.In(greenwich)
		s.opens(ours)
		require.Equal(t, occurred, s.events()[0].OccurredAt)
	}
}

// prisonerNumber is whom the command was about, whichever number is smaller.
func TestMessages_areAboutThePrisonerWhomTheCommandWasAbout(t *testing.T) {
	for about, other := range map[domain.PrisonerNumber]domain.PrisonerNumber{smaller: larger, larger: smaller} {
		s := newScenario(t)
		s.does(domain.NOMIS, ours, about, domain.Sync{About: about, Items: []domain.Item{itemOf(y2021)}})
		event := s.events()[0]
		require.Equal(t, about, event.AdditionalInformation.PrisonerNumber)
		require.Equal(t, other, event.AdditionalInformation.OtherPrisonerNumber)
		require.Equal(t, []message.Identifier{{Type: "NOMS", Value: about}, {Type: "NOMS", Value: other}}, event.PersonReference.Identifiers)
	}
}

func TestMessages_ofAFactWithoutAPrisonerNameTheFirstOfThePair(t *testing.T) {
	for _, about := range []domain.PrisonerNumber{"", survivor} {
		s := newScenario(t)
		id := s.opens(ours)
		s.does(domain.DPS, ours, about, domain.Close{ID: id, ClosedReason: "Friends"})
		require.Equal(t, larger, s.events()[0].AdditionalInformation.PrisonerNumber)
		s.does(domain.DPS, ours, about, domain.Delete{ID: id})
		require.Equal(t, larger, s.events()[0].AdditionalInformation.PrisonerNumber, "also of one that is gone")
	}
}

func TestMessages_ofStaff(t *testing.T) {
	s := newScenario(t)
	id := s.opens(ours)
	require.Equal(t, []message.Change{message.ChangeOpened}, s.changes())
	for _, c := range []struct {
		when domain.Command
		then message.Change
	}{
		{domain.Amend{ID: id, Comment: pointTo("Newer")}, message.ChangeAmended},
		{domain.Amend{ID: id, Restriction: pointTo(domain.Wing)}, message.ChangeAmended},
		{domain.Close{ID: id, ClosedReason: "Friends"}, message.ChangeClosed},
		{domain.Reopen{ID: id, ReopenReason: "Again"}, message.ChangeReopened},
		{domain.Delete{ID: id, DeletionReason: "In error"}, message.ChangeDeleted},
	} {
		s.does(domain.DPS, ours, larger, c.when)
		require.Equal(t, []message.Change{c.then}, s.changes())
		require.Equal(t, id, s.events()[0].AdditionalInformation.NonAssociationID)
	}
	s.opens(ours)
	require.EqualValues(t, 6, s.events()[0].AdditionalInformation.Revision)
}

// A date of NOMIS is a value like any other; what it did is seen from both
// sides of the fact, on the day on which it was decided.
func TestMessages_ofNOMISSayWhatADateDid(t *testing.T) {
	const past, today, future domain.LocalDateTime = "2022-01-01T00:00:00", "2026-07-15T23:59:59", "2099-01-01T00:00:00"
	for name, c := range map[string]struct {
		given, when domain.Item
		then        message.Change
	}{
		"a date closes":                  {itemOf(y2021), itemOf(y2021, expires(past)), message.ChangeClosed},
		"a date of today closes":         {itemOf(y2021), itemOf(y2021, expires(today)), message.ChangeClosed},
		"with another value":             {itemOf(y2021), itemOf(y2021, expires(past), remarks("Newer")), message.ChangeClosed},
		"a date to come does not":        {itemOf(y2021), itemOf(y2021, expires(future)), message.ChangeAmended},
		"nor does taking it away reopen": {itemOf(y2021, expires(future)), itemOf(y2021), message.ChangeAmended},
		"brought forward it closes":      {itemOf(y2021, expires(future)), itemOf(y2021, expires(past)), message.ChangeClosed},
		"taken away it reopens":          {itemOf(y2021, expires(past)), itemOf(y2021), message.ChangeReopened},
		"put off it reopens":             {itemOf(y2021, expires(past)), itemOf(y2021, expires(future)), message.ChangeReopened},
		"another date leaves it closed":  {itemOf(y2021, expires(past)), itemOf(y2021, expires(today)), message.ChangeAmended},
		"a comment on a closed one":      {itemOf(y2021, expires(past)), itemOf(y2021, expires(past), remarks("Newer")), message.ChangeAmended},
		"a comment":                      {itemOf(y2021), itemOf(y2021, remarks("Newer")), message.ChangeAmended},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScenario(t)
			s.syncs(domain.NOMIS, c.given)
			require.Equal(t, []message.Change{message.ChangeOpened}, s.changes(), "also when it is closed already")
			s.syncs(domain.NOMIS, c.when)
			require.Equal(t, []message.Change{c.then}, s.changes())
			require.Equal(t, message.EventAmended, s.events()[0].EventType)
			require.Equal(t, domain.NOMIS, s.events()[0].AdditionalInformation.Source)
		})
	}
}

// The day is that of London: at half past midnight there it is still yesterday
// in UTC.
func TestMessages_ofNOMISGoByTheDayInLondon(t *testing.T) {
	s := newScenario(t)
	s.now = time.Date(2026, 7, 15, 0, 30, 0, 0, greenwich)
	s.syncs(domain.NOMIS, itemOf(y2021))
	s.syncs(domain.NOMIS, itemOf(y2021, expires("2026-07-15T09:00:00")))
	require.Equal(t, []message.Change{message.ChangeClosed}, s.changes())
}

// A date that arrived unseen closed it then; what comes later changes values.
func TestMessages_ofOneWhoseDateHasComeMeanwhile(t *testing.T) {
	s := newScenario(t)
	s.syncs(domain.NOMIS, itemOf(y2021, expires("2026-07-20T00:00:00")))
	s.now = summer.AddDate(0, 0, 10)
	s.syncs(domain.NOMIS, itemOf(y2021, expires("2026-07-20T00:00:00"), remarks("Newer")))
	require.Equal(t, []message.Change{message.ChangeAmended}, s.changes())
	s.syncs(domain.NOMIS, itemOf(y2021, remarks("Newer")))
	require.Equal(t, []message.Change{message.ChangeReopened}, s.changes())
}

func TestMessages_ofTheMigrationAreHistoryOnly(t *testing.T) {
	s := newScenario(t)
	for _, items := range [][]domain.Item{
		{itemOf(y2021)},
		{itemOf(y2021, remarks("Newer"))},
		{itemOf(y2021, remarks("Newer"), numbered(2))},
		{itemOf(y2021, remarks("Newer"), numbered(2)), itemOf("2020-01-01T00:00:00")},
		{itemOf(y2021, remarks("Newer"), numbered(2), expires("2022-01-01T00:00:00"))},
	} {
		s.syncs(domain.Migration, items...)
		require.NotEmpty(t, s.history())
		require.Empty(t, s.events())
	}
}

func TestMessages_ofTheDomainTopicOnly(t *testing.T) {
	m := mapper()
	m.DomainOnly = true
	before := domain.State{Pair: ours}
	for source, published := range map[domain.Source]int{domain.NOMIS: 1, domain.Migration: 0} {
		fact := factBy(source, openedAgain(uuid.Nil))
		recorded := eventstore.RecordedEvent{Event: eventstore.Encode(fact), Stream: ours.Stream()}
		messages, err := m.Messages(recorded, fact, before, domain.Evolve(before, fact))
		require.NoError(t, err)
		require.Len(t, messages, published)
	}
}

// TestTraceParent_ofTheFactIsAnAttribute of all its messages, the same each time.
func TestTraceParent_ofTheFactIsAnAttribute(t *testing.T) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	fact := factBy(domain.NOMIS, openedAgain(uuid.Nil))
	fact.Meta.TraceParent = parent
	recorded := eventstore.RecordedEvent{Event: eventstore.Encode(fact), Stream: ours.Stream()}
	before := domain.State{Pair: ours}
	messages, err := mapper().Messages(recorded, fact, before, domain.Evolve(before, fact))
	require.NoError(t, err)
	require.Len(t, messages, 2)
	for _, sent := range messages {
		require.Equal(t, message.Attribute{Text: parent}, sent.Attributes["traceparent"])
		require.LessOrEqual(t, len(sent.Attributes), 10, "SNS allows no more where delivery is raw")
		require.NotContains(t, string(sent.Body), parent)
	}
}
