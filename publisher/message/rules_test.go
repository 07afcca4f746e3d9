package message_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/publisher/message"
)

var sources = []domain.Source{domain.DPS, domain.NOMIS, domain.Migration, domain.Merge}

func rulesFor(rules []message.Rule, eventType string, source domain.Source) []message.Rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r message.Rule) bool {
		return r.Type != eventType || !slices.Contains(r.Sources, source)
	})
}

// publishedTypes are the types that the history topic publishes.
func publishedTypes() []domain.Entry {
	return slices.DeleteFunc(domain.Events().Types(), func(entry domain.Entry) bool {
		return slices.ContainsFunc(message.Rules(), func(r message.Rule) bool { return r.Type == entry.Type && r.Unpublished })
	})
}

// A type that is new in the catalogue fails here until it is decided
// whether it is published.
func TestRules_everyEventTypeOfEverySourceIsPublishedOrPrivate(t *testing.T) {
	known := 0
	for _, entry := range domain.Events().Types() {
		for _, source := range sources {
			require.Len(t, rulesFor(message.Rules(), entry.Type, source), 1, "%s by %s: exactly one rule", entry.Type, source)
			known++
		}
	}
	entries := 0
	for _, r := range message.Rules() {
		entries += len(r.Sources)
	}
	require.Equal(t, known, entries, "a rule is of a type that the catalogue lacks")
}

func TestRules_eachIsPublishedOrPrivateWithItsReason(t *testing.T) {
	for _, r := range message.Rules() {
		require.NotEqual(t, r.Private == "", len(r.Changes) == 0, r.Type)
	}
}

func TestRules_nothingOfTheMigrationIsPublished(t *testing.T) {
	for _, r := range message.Rules() {
		if slices.Contains(r.Sources, domain.Migration) {
			require.NotEmpty(t, r.Private, r.Type)
		}
	}
}

func TestRules_onlyWhatWasNotThereIsCreated(t *testing.T) {
	for _, r := range message.Rules() {
		for _, change := range r.Changes {
			require.Equal(t, change == message.ChangeOpened, change.EventType() == message.EventCreated, change)
		}
	}
}

// The words of the contract, for every type and source.
func TestMessages_ofEveryTypeAndSource(t *testing.T) {
	const migration = domain.Migration
	acting := []domain.Source{domain.DPS, domain.NOMIS, domain.Merge}
	for _, c := range []struct {
		name string
		then message.Change // "": private
		by   []domain.Source
		fact func(id uuid.UUID) domain.Event
	}{
		{"opened", message.ChangeOpened, acting, openedAgain},
		{"opened", "", []domain.Source{migration}, openedAgain},
		{"imported", "", sources, func(uuid.UUID) domain.Event {
			e := openedAgain(uuid.Nil).(domain.Opened)
			return domain.Imported(e)
		}},
		{"amended", message.ChangeAmended, acting, amendedComment},
		{"amended", "", []domain.Source{migration}, amendedComment},
		{"closed", message.ChangeClosed, acting, closedNow},
		{"closed", "", []domain.Source{migration}, closedNow},
		{"reopened", message.ChangeReopened, acting, reopenedNow},
		{"reopened", "", []domain.Source{migration}, reopenedNow},
		{"deleted", message.ChangeDeleted, acting, deletedNow},
		{"deleted", "", []domain.Source{migration}, deletedNow},
		{"ignored", "", sources, func(id uuid.UUID) domain.Event {
			return domain.Ignored{NonAssociationID: id, Reason: domain.NotLatest, Item: pointTo(itemOf(y2021))}
		}},
		{"sequence learned", "", sources, func(id uuid.UUID) domain.Event {
			return domain.SequenceLearned{NonAssociationID: id, TypeSequence: 2}
		}},
		{"sequence released", "", sources, func(id uuid.UUID) domain.Event {
			return domain.SequenceReleased{NonAssociationID: id, TypeSequence: 2}
		}},
		{"delivered", "", sources, func(id uuid.UUID) domain.Event {
			return domain.Delivered{NonAssociationID: id, TypeSequence: 2}
		}},
		{"left", "", sources, func(id uuid.UUID) domain.Event {
			return domain.TransferredOut{NonAssociationID: id, Renumbering: merged, From: ours, To: theirs}
		}},
	} {
		for _, source := range c.by {
			t.Run(c.name+" by "+string(source), func(t *testing.T) {
				s := newScenario(t)
				id := s.opens(ours)
				s.sent = nil
				s.happens(ours, factBy(source, c.fact(id)))
				require.Len(t, s.history(), 1, "the history has every fact")
				if c.then == "" {
					require.Empty(t, s.events())
					return
				}
				require.Equal(t, []message.Change{c.then}, s.changes())
				require.Equal(t, c.then.EventType(), s.events()[0].EventType)
				require.Equal(t, source, s.events()[0].AdditionalInformation.Source)
				require.NotEmpty(t, s.events()[0].Description)
			})
		}
	}
}

func factBy(source domain.Source, event domain.Event) domain.Fact {
	return domain.Fact{
		ID:    uuid.NewSHA1(uuid.NameSpaceOID, []byte(source)),
		Meta:  domain.Meta{Cause: domain.Cause{Source: source, Actor: "OFFICER", About: larger}, DecidedAt: summer, OccurredAt: summer},
		Event: event,
	}
}

func openedAgain(uuid.UUID) domain.Event {
	return domain.Opened{NonAssociationID: uuid.NameSpaceURL, PrisonerNumber: larger, Details: domain.Details{
		EffectiveDate: y2021, TypeCode: domain.TypeWing, Sides: map[domain.PrisonerNumber]domain.Side{
			larger: {ReasonCode: domain.CodeVictim}, smaller: {ReasonCode: domain.CodePerpetrator},
		},
	}}
}

func amendedComment(id uuid.UUID) domain.Event {
	return domain.Amended{NonAssociationID: id, Changes: []domain.Change{{Field: domain.FieldComment, Now: pointTo("Newer")}}}
}

func closedNow(id uuid.UUID) domain.Event {
	return domain.Closed{NonAssociationID: id, ClosedAt: domain.Local(summer), ClosedBy: "BOSS", ClosedReason: "Friends"}
}

func reopenedNow(id uuid.UUID) domain.Event {
	return domain.Reopened{NonAssociationID: id, ReopenedAt: domain.Local(summer), ReopenedBy: "BOSS", ReopenReason: "Again"}
}

func deletedNow(id uuid.UUID) domain.Event {
	return domain.Deleted{NonAssociationID: id, RequestedBy: "BOSS", DeletionReason: "In error"}
}

// A fact without a rule stops the topic.
func TestMessages_ofAnUnknownSourceAreAnError(t *testing.T) {
	fact := factBy("RUMOUR", closedNow(uuid.NameSpaceURL))
	recorded := eventstore.RecordedEvent{Event: eventstore.Encode(fact), Stream: ours.Stream()}
	_, err := mapper().Messages(recorded, fact, domain.State{Pair: ours}, domain.State{Pair: ours})
	require.ErrorContains(t, err, "has no rule for")
	require.ErrorContains(t, err, "RUMOUR")
}

// What became of a number is published with the records that move.
func TestMessages_ofARenumberingAreOnNeitherTopic(t *testing.T) {
	for _, event := range []domain.Event{
		domain.PrisonerMerged{Renumbering: merged, Pairs: []domain.Pair{ours}}, domain.PrisonerUnmerged{Renumbering: merged},
	} {
		fact := factBy(domain.Merge, event)
		recorded := eventstore.RecordedEvent{Event: eventstore.Encode(fact), Stream: larger.Stream()}
		messages, err := mapper().Messages(recorded, fact, domain.State{}, domain.State{})
		require.NoError(t, err)
		require.Empty(t, messages)
	}
}

// The switch-over is of no non-association, so that neither topic has its facts.
func TestMessages_ofTheSwitchOverAreOnNeitherTopic(t *testing.T) {
	for _, event := range []domain.Event{
		domain.PrisonStaged{PrisonID: "MDI"},
		domain.PrisonAnnounced{PrisonID: "MDI"},
		domain.InboundEnded{},
		domain.InboundResumed{},
		domain.OutboundEnded{},
		domain.OutboundResumed{},
		domain.LegacyEnded{},
		domain.LegacyResumed{},
	} {
		fact := factBy(domain.DPS, event)
		recorded := eventstore.RecordedEvent{Event: eventstore.Encode(fact), Stream: domain.SwitchOverStream}
		messages, err := mapper().Messages(recorded, fact, domain.State{}, domain.State{})
		require.NoError(t, err)
		require.Empty(t, messages)
	}
}

func TestMessages_ofAStreamThatIsNoPairAreAnError(t *testing.T) {
	fact := factBy(domain.DPS, closedNow(uuid.NameSpaceURL))
	_, err := mapper().Messages(eventstore.RecordedEvent{Event: eventstore.Encode(fact), Stream: "app-meta"}, fact, domain.State{}, domain.State{})
	require.ErrorContains(t, err, "not of a pair")
}
