package domain_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// switching is the life of the switch-over.
type switching struct {
	domain.SwitchOver
	t     domaintest.TB
	now   time.Time
	asked int
}

func newSwitching(t domaintest.TB) *switching { return &switching{t: t, now: domaintest.Noon} }

func (s *switching) decide(c domain.SwitchOverCommand) ([]domain.Fact, error) {
	s.asked++
	return s.Decide(c, s.now, domaintest.CauseOf(domaintest.CommandID(s.asked), domain.DPS))
}

// does decides a command and folds what it comes to. It returns the event, nil when
// nothing changed.
func (s *switching) does(c domain.SwitchOverCommand) domain.Event {
	s.t.Helper()
	facts, err := s.decide(c)
	require.NoError(s.t, err)
	for _, f := range facts {
		s.SwitchOver = s.Evolve(f)
		return f.Event
	}
	return nil
}

func (s *switching) stage(id domain.PrisonID, stage domain.Stage) domain.Event {
	s.t.Helper()
	return s.does(domain.StagePrison{PrisonID: id, Stage: stage, Reason: "Go live"})
}

func TestSwitchOver_beginsAtNOMISWithEverythingOn(t *testing.T) {
	var s domain.SwitchOver
	require.Equal(t, domain.Prison{ID: "MDI", Stage: domain.StageNOMIS}, s.Prison("MDI"))
	for _, of := range []domain.Switch{s.Inbound, s.Outbound, s.Legacy} {
		require.True(t, of.On(domaintest.Noon))
	}
	require.Empty(t, s.Known(nil))
}

func TestStagePrison_goesFromAnyStageToAnyOther(t *testing.T) {
	for _, from := range domain.Stages() {
		for _, to := range domain.Stages() {
			s := newSwitching(t)
			s.stage("MDI", from.Code)
			event := s.stage("MDI", to.Code)
			if from.Code == to.Code {
				require.Nil(t, event, "the same stage again is no fact")
				continue
			}
			require.Equal(t, domain.PrisonStaged{PrisonID: "MDI", From: from.Code, To: to.Code, Reason: "Go live"}, event)
			require.Equal(t, domain.Prison{
				ID: "MDI", Stage: to.Code, Staged: true, Since: s.now.UTC(), By: "OFFICER", Reason: "Go live",
			}, s.Prison("MDI"))
		}
	}
}

func TestSwitchOver_prisonsAreInOrderAndKnownOnceStaged(t *testing.T) {
	s := newSwitching(t)
	s.stage("MDI", domain.StageBoth)
	s.stage("BXI", domain.StageDPS)
	s.does(domain.AnnouncePrison{PrisonID: "LEI", From: "2026-12-01", Text: "Soon", Reason: "Plan"})
	var ids []domain.PrisonID
	for _, p := range s.Prisons {
		ids = append(ids, p.ID)
	}
	require.Equal(t, []domain.PrisonID{"BXI", "LEI", "MDI"}, ids)
	require.Equal(t, []domain.PrisonID{"BXI", "MDI"}, s.Known(nil), "to be announced is not to be staged")
	require.Equal(t, []domain.PrisonID{"BXI", "MDI", "WWI"}, s.Known([]domain.PrisonID{"WWI", "MDI", domain.Outside, "WWI", domain.InTransfer, ""}))
}

func TestSwitchOver_factHasTheCommandAndItsCause(t *testing.T) {
	s := newSwitching(t)
	facts, err := s.decide(domain.SwitchInbound{Reason: "Done", Force: true, Given: []domain.PrisonID{"MDI"}})
	require.NoError(t, err)
	require.Len(t, facts, 1)
	require.Equal(t, domain.EventID(domaintest.CommandID(1), "switchOver", 0), facts[0].ID)
	require.Equal(t, s.now.UTC(), facts[0].Meta.DecidedAt)
	require.Equal(t, s.now.UTC(), facts[0].Meta.OccurredAt)
	require.JSONEq(t, `{"type":"switch-inbound","input":{"force":true,"given":["MDI"],"on":false,"reason":"Done"}}`, string(facts[0].Meta.Command))
}

func TestSwitches_endAndResumeOnceEach(t *testing.T) {
	s := newSwitching(t)
	for _, c := range []struct {
		command func(on bool) domain.SwitchOverCommand
		ended   domain.Event
		resumed domain.Event
		of      func() domain.Switch
	}{
		{
			func(on bool) domain.SwitchOverCommand {
				return domain.SwitchInbound{On: on, Reason: "Why", Force: true}
			},
			domain.InboundEnded{Reason: "Why"},
			domain.InboundResumed{Reason: "Why"},
			func() domain.Switch { return s.Inbound },
		},
		{
			func(on bool) domain.SwitchOverCommand { return domain.SwitchOutbound{On: on, Reason: "Why"} },
			domain.OutboundEnded{Reason: "Why"},
			domain.OutboundResumed{Reason: "Why"},
			func() domain.Switch { return s.Outbound },
		},
		{
			func(on bool) domain.SwitchOverCommand { return domain.SwitchLegacy{On: on, Reason: "Why"} },
			domain.LegacyEnded{Reason: "Why"},
			domain.LegacyResumed{Reason: "Why"},
			func() domain.Switch { return s.Legacy },
		},
	} {
		require.Nil(t, s.does(c.command(true)), "it is on")
		require.Equal(t, c.ended, s.does(c.command(false)))
		require.Equal(t, domain.Switch{Ended: true, Since: s.now.UTC(), By: "OFFICER", Reason: "Why"}, c.of())
		require.Nil(t, s.does(c.command(false)), "it has ended")
		require.Equal(t, c.resumed, s.does(c.command(true)))
		require.True(t, c.of().On(s.now))
	}
}

func TestLegacy_brownOutIsOverWithoutAFact(t *testing.T) {
	s := newSwitching(t)
	until := s.now.UTC().Add(10 * time.Minute)
	require.Equal(t, domain.LegacyEnded{Reason: "Try", Until: &until}, s.does(domain.SwitchLegacy{Reason: "Try", Minutes: 10}))
	require.False(t, s.Legacy.On(until.Add(-time.Nanosecond)))
	require.True(t, s.Legacy.On(until))
	require.NotNil(t, s.does(domain.SwitchLegacy{Reason: "For good"}), "an end without a time is another")
	require.False(t, s.Legacy.On(until))
	require.NotNil(t, s.does(domain.SwitchLegacy{Reason: "Try", Minutes: 10}))
	s.now = until
	require.Nil(t, s.does(domain.SwitchLegacy{On: true, Reason: "Back"}), "it is on by itself")
	require.NotNil(t, s.does(domain.SwitchLegacy{Reason: "For good"}))
}

func TestAnnouncement_isTakenBackByABlankText(t *testing.T) {
	s := newSwitching(t)
	soon := domain.AnnouncePrison{PrisonID: "MDI", From: "2026-12-01", Text: "Use this.", Reason: "Plan"}
	require.Nil(t, s.does(domain.AnnouncePrison{PrisonID: "MDI", Text: " ", Reason: "None"}), "there is none")
	require.Equal(t, domain.PrisonAnnounced{PrisonID: "MDI", From: "2026-12-01", Text: "Use this.", Reason: "Plan"}, s.does(soon))
	require.Equal(t, &domain.Announcement{From: "2026-12-01", Text: "Use this.", Since: s.now.UTC(), By: "OFFICER"}, s.Prison("MDI").Announced)
	require.Nil(t, s.does(soon), "the same again")
	soon.From = "2026-12-08"
	require.NotNil(t, s.does(soon))
	require.Equal(t, domain.PrisonAnnounced{PrisonID: "MDI", Reason: "Off"}, s.does(domain.AnnouncePrison{PrisonID: "MDI", Text: "\n", Reason: "Off"}))
	require.Nil(t, s.Prison("MDI").Announced)
	require.Equal(t, domain.StageNOMIS, s.Prison("MDI").Stage)
}

func TestSwitchOver_refuses(t *testing.T) {
	for name, c := range map[string]struct {
		command domain.SwitchOverCommand
		want    domain.Refusal
	}{
		"a blank reason of a stage":   {domain.StagePrison{PrisonID: "MDI", Stage: domain.StageDPS, Reason: " \t"}, blank("reason")},
		"no reason of inbound":        {domain.SwitchInbound{}, blank("reason")},
		"no reason of outbound":       {domain.SwitchOutbound{On: true}, blank("reason")},
		"no reason of legacy":         {domain.SwitchLegacy{}, blank("reason")},
		"no reason of what is told":   {domain.AnnouncePrison{PrisonID: "MDI"}, blank("reason")},
		"an unknown stage":            {domain.StagePrison{PrisonID: "MDI", Stage: "dps", Reason: "x"}, invalid("stage", "must be one of NOMIS, BOTH, DPS")},
		"no stage":                    {domain.StagePrison{PrisonID: "MDI", Reason: "x"}, invalid("stage", "must be one of NOMIS, BOTH, DPS")},
		"a day that does not exist":   {domain.AnnouncePrison{PrisonID: "MDI", From: "2026-02-29", Text: "x", Reason: "x"}, invalid("from", "must be a day such as 2026-12-01")},
		"an announcement of no day":   {domain.AnnouncePrison{PrisonID: "MDI", Text: "x", Reason: "x"}, invalid("from", "must be a day such as 2026-12-01")},
		"a brown-out that is over":    {domain.SwitchLegacy{Minutes: -1, Reason: "x"}, invalid("minutes", "must not be negative")},
		"the end without any prison":  {domain.SwitchInbound{Reason: "x"}, notSwitched(": no prison is known")},
		"the end before the last one": {domain.SwitchInbound{Reason: "x", Given: []domain.PrisonID{"WWI", "BXI"}}, notSwitched(" while a prison is not at DPS: BXI, WWI")},
	} {
		s := newSwitching(t)
		_, err := s.decide(c.command)
		require.Equal(t, c.want, err, name)
	}
}

func TestInbound_endsWhenEveryKnownPrisonIsAtDPS(t *testing.T) {
	s := newSwitching(t)
	s.stage("MDI", domain.StageDPS)
	s.stage("BXI", domain.StageBoth)
	_, err := s.decide(domain.SwitchInbound{Reason: "x"})
	require.Equal(t, notSwitched(" while a prison is not at DPS: BXI"), err)
	s.stage("BXI", domain.StageDPS)
	_, err = s.decide(domain.SwitchInbound{Reason: "x", Given: []domain.PrisonID{"LEI", "MDI"}})
	require.Equal(t, notSwitched(" while a prison is not at DPS: LEI"), err)
	require.NotNil(t, s.does(domain.SwitchInbound{Reason: "x", Given: []domain.PrisonID{"MDI"}}))
	require.Nil(t, s.does(domain.SwitchInbound{Reason: "x", Given: []domain.PrisonID{"LEI"}}), "it has ended already")
}

func blank(field string) domain.Refusal { return invalid(field, "must not be blank") }

func invalid(field, message string) domain.Refusal {
	return domain.Refusal{Code: domain.CodeInvalid, Field: field, Message: message}
}

func notSwitched(why string) domain.Refusal {
	return domain.Refusal{Code: domain.CodeNotSwitched, Message: "Inbound must not end" + why}
}

// The fold is total: any event in any order gives a state, and the given one stays.
func TestProperty_theSwitchOverFoldsWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOf(rapid.SampledFrom(golden())).Draw(t, "events")
		states := []domain.SwitchOver{{}}
		for i, event := range events {
			fact := domain.Fact{Event: event, Meta: domain.Meta{DecidedAt: domaintest.Noon}}
			before := states[i]
			states = append(states, before.Evolve(fact))
			require.Equal(t, before.Evolve(fact), states[i+1], "the same facts give the same state")
		}
		again := domain.SwitchOver{}
		for i, event := range events {
			require.Equal(t, states[i], again, "no earlier state was changed")
			again = again.Evolve(domain.Fact{Event: event, Meta: domain.Meta{DecidedAt: domaintest.Noon}})
		}
	})
}
