package domain_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// Three prisons, each at another stage; ZZZ has none.
func threeStages(t domaintest.TB) *switching {
	s := newSwitching(t)
	s.stage("DDD", domain.StageDPS)
	s.stage("EEE", domain.StageDPS)
	s.stage("BBB", domain.StageBoth)
	s.stage("NNN", domain.StageBoth)
	s.stage("NNN", domain.StageNOMIS)
	return s
}

func TestInbound_isAllowedAsTheTableSays(t *testing.T) {
	for name, c := range map[string]struct {
		at      domain.Places
		allowed bool
	}{
		"both in one at DPS":                  {domain.Places{"DDD", "DDD"}, false},
		"in two at DPS":                       {domain.Places{"DDD", "EEE"}, false},
		"at DPS and outside":                  {domain.Places{"DDD", domain.Outside}, false},
		"at DPS and in transfer":              {domain.Places{"DDD", domain.InTransfer}, false},
		"at DPS and at BOTH":                  {domain.Places{"DDD", "BBB"}, true},
		"at DPS and at NOMIS":                 {domain.Places{"DDD", "NNN"}, true},
		"at DPS and in one without a stage":   {domain.Places{"DDD", "ZZZ"}, true},
		"both at BOTH":                        {domain.Places{"BBB", "BBB"}, true},
		"both at NOMIS":                       {domain.Places{"NNN", "NNN"}, true},
		"at BOTH and outside":                 {domain.Places{"BBB", domain.Outside}, true},
		"both outside":                        {domain.Places{domain.Outside, domain.Outside}, true},
		"both in transfer":                    {domain.Places{domain.InTransfer, domain.InTransfer}, true},
		"outside and in transfer":             {domain.Places{domain.Outside, domain.InTransfer}, true},
		"the directory is away":               {domain.Places{}, true},
		"the directory knows one of them":     {domain.Places{"DDD", ""}, true},
		"the directory knows one, as outside": {domain.Places{domain.Outside, ""}, true},
	} {
		s := threeStages(t)
		other := domain.Places{c.at[1], c.at[0]}
		require.Equal(t, c.allowed, s.AllowsInbound(c.at), name)
		require.Equal(t, c.allowed, s.AllowsInbound(other), "%s, the other way round", name)
		require.True(t, s.InboundDependsOnPlaces())

		s.does(domain.SwitchInbound{Reason: "x", Force: true})
		require.False(t, s.AllowsInbound(c.at), "%s, while inbound is off", name)
		require.False(t, s.InboundDependsOnPlaces())
	}
}

func TestInbound_needsNoPlacesWhileNoPrisonIsAtDPS(t *testing.T) {
	s := newSwitching(t)
	require.False(t, s.InboundDependsOnPlaces())
	s.stage("BBB", domain.StageBoth)
	require.False(t, s.InboundDependsOnPlaces())
	require.True(t, s.AllowsInbound(domain.Places{}))
	s.stage("BBB", domain.StageDPS)
	require.True(t, s.InboundDependsOnPlaces())
	s.stage("BBB", domain.StageNOMIS)
	require.False(t, s.InboundDependsOnPlaces())
}

func switched(items ...domain.Item) domain.Command {
	return domain.AsSwitched(domain.Sync{About: domaintest.High, Items: items})
}

func TestSwitchedSync_ignoresWhatWouldBeCreatedOrAmended(t *testing.T) {
	s := domaintest.NewScenario(t)
	stored := item(y2021, expiring(y2022), sequence(1))
	id := s.Sync(stored).Outcomes[0].NonAssociationID
	changed, fresh := stored, item(y2023)
	changed.Comment = ptr("Another")
	before := s.State.Items

	d, err := s.Decide(domain.NOMIS, switched(changed, fresh))
	require.NoError(t, err)
	require.Equal(t, []domain.Outcome{
		{Kind: domain.WasIgnored, NonAssociationID: id, Reason: domain.Switched},
		{Kind: domain.WasIgnored, NonAssociationID: uuid.Nil, Reason: domain.Switched},
	}, d.Outcomes)
	require.Equal(t, []domain.Event{
		domain.Ignored{NonAssociationID: id, Reason: domain.Switched, Item: &changed},
		domain.Ignored{NonAssociationID: uuid.Nil, Reason: domain.Switched, Item: &fresh},
	}, d.Events)
	require.False(t, d.Changes())
	require.Equal(t, before, s.State.Items)

	again, err := s.Decide(domain.NOMIS, switched(fresh, changed))
	require.NoError(t, err)
	require.Empty(t, again.Events, "each is recorded once")
}

func TestSwitchedSync_isUnchangedAsEver(t *testing.T) {
	s := domaintest.NewScenario(t)
	stored := item(y2021, expiring(y2022))
	id := s.Sync(stored).Outcomes[0].NonAssociationID
	d, err := s.Decide(domain.NOMIS, switched(stored))
	require.NoError(t, err)
	require.Equal(t, []domain.Outcome{{Kind: domain.Unchanged, NonAssociationID: id}}, d.Outcomes)
	require.Empty(t, d.Events)

	stored.TypeSequence = 4
	d, err = s.Decide(domain.NOMIS, switched(stored))
	require.NoError(t, err)
	require.Equal(t, domain.Unchanged, d.Outcomes[0].Kind)
	require.Equal(t, []domain.Event{domain.SequenceLearned{NonAssociationID: id, TypeSequence: 4}}, d.Events, "a sequence changes no record")
}

func TestSwitchedDelete_isIgnoredOnce(t *testing.T) {
	s := domaintest.NewScenario(t)
	id := s.Sync(item(y2021)).Outcomes[0].NonAssociationID
	deletion := domain.AsSwitched(domain.Delete{ID: id})
	d, err := s.Decide(domain.NOMIS, deletion)
	require.NoError(t, err)
	require.Equal(t, []domain.Event{domain.Ignored{NonAssociationID: id, Reason: domain.Switched}}, d.Events)
	require.Equal(t, id, d.Outcomes[0].NonAssociationID)
	require.False(t, s.State.Items[0].Deleted)
	d, err = s.Decide(domain.NOMIS, deletion)
	require.NoError(t, err)
	require.Empty(t, d.Events)

	s.Refused(domain.CodeNotFound, domain.NOMIS, domain.AsSwitched(domain.Delete{ID: uuid.New()}))
	_, err = s.Decide(domain.NOMIS, domain.Delete{ID: id})
	require.NoError(t, err)
	require.True(t, s.State.Items[0].Deleted, "what is ignored stands in the way of nothing")
	d, err = s.Decide(domain.NOMIS, deletion)
	require.NoError(t, err)
	require.Empty(t, d.Events, "it is deleted already")
}

func TestAsSwitched_leavesCommandsOfStaffAlone(t *testing.T) {
	for _, c := range []domain.Command{domain.Open{}, domain.Close{}, domain.SwitchOutbound{On: true}} {
		require.Equal(t, c, domain.AsSwitched(c))
	}
}

// While inbound is not allowed a request is answered as ever, but for what would be
// created or amended; no record changes, and sent again nothing is recorded.
func TestProperty_aSwitchedSyncChangesNoRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		told := anyTelling(t)
		command := switched(told.items...)
		by := domaintest.CauseOf(domaintest.CommandID(1), domain.NOMIS)
		d, err := domain.Decide(told.state, command, domaintest.Noon, by)
		require.NoError(t, err)
		require.False(t, d.Changes())
		after := told.state
		for _, event := range d.Events {
			after = domain.Evolve(after, domain.Fact{Event: event})
		}
		require.Equal(t, records(told.state), records(after), "%s", told)
		for i, o := range told.outcomes {
			switch o.Kind {
			case domain.Created:
				o = domain.Outcome{Kind: domain.WasIgnored, Reason: domain.Switched}
			case domain.Changed:
				o.Kind, o.Reason = domain.WasIgnored, domain.Switched
			case domain.WasIgnored: // the one that counts instead may be ignored itself
				o.NonAssociationID = d.Outcomes[i].NonAssociationID
			default:
			}
			require.Equal(t, o, d.Outcomes[i], "item %d of %s", i, told)
		}
		if again, err := domain.Decide(after, command, domaintest.Noon, by); !told.contradicts() {
			require.NoError(t, err)
			require.Equal(t, d.Outcomes, again.Outcomes, "%s", told)
			require.Empty(t, again.Events, "%s", told)
		}
	})
}

// records are those of a state without what is known of NOMIS's sequences.
func records(s domain.State) []domain.NonAssociation {
	all := slices.Clone(s.Items)
	for i := range all {
		all[i].TypeSequence = 0
	}
	return all
}
