package commands_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// places are prisoners and their prisons, and what was asked of them.
type places struct {
	prisons map[domain.PrisonerNumber]domain.PrisonID
	err     error
	hangs   bool
	asked   [][]domain.PrisonerNumber
}

func (p *places) PrisonsOf(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]domain.PrisonID, error) {
	p.asked = append(p.asked, slices.Clone(numbers))
	if p.hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return p.prisons, p.err
}

const third domain.PrisonerNumber = "C1234CC"

// switchedOver is a process at a log with two prisons at DPS, low and high in one of
// them, third in another prison.
func switchedOver(t testing.TB, log eventstore.Store) (*commands.Handler, *places) {
	t.Helper()
	at := &places{prisons: map[domain.PrisonerNumber]domain.PrisonID{low: "MDI", high: "BXI", third: "LEI"}}
	h := commands.New(log, commands.Options{Clock: clock, Places: at, Locator: routes{pairs{log}}, Timeout: 5 * time.Second})
	change(t, h, toDPS("MDI"))
	change(t, h, toDPS("BXI"))
	return h, at
}

// tell tells one item of each pair and returns the outcomes.
func tell(t testing.TB, h *commands.Handler, source domain.Source, comment string, pairs ...domain.Pair) []domain.Outcome {
	t.Helper()
	var parts []commands.PairSync
	for _, pair := range pairs {
		parts = append(parts, told(pair, comment)...)
	}
	answer, err := h.Sync(t.Context(), domaintest.NewCause(source), parts)
	require.NoError(t, err)
	require.NotZero(t, answer.Position)
	var outcomes []domain.Outcome
	for _, o := range answer.Outcomes {
		outcomes = append(outcomes, o...)
	}
	return outcomes
}

var switchedNew = domain.Outcome{Kind: domain.WasIgnored, Reason: domain.Switched}

func TestSync_isIgnoredWhereThePrisonsHaveSwitched(t *testing.T) {
	onLogs(t, func(t *testing.T, log eventstore.Store) {
		h, at := switchedOver(t, log)
		both, one := domaintest.PairOf(low, high), domaintest.PairOf(low, third)
		outcomes := tell(t, h, domain.NOMIS, "apart", both, one)
		require.Equal(t, switchedNew, outcomes[0])
		require.Equal(t, domain.Created, outcomes[1].Kind)
		require.Len(t, at.asked, 1, "once for the whole request")
		require.ElementsMatch(t, []domain.PrisonerNumber{low, high, low, third}, at.asked[0])

		kept := facts(t, log, both)
		require.Len(t, kept, 1)
		require.Equal(t, domain.TypeIgnored, domain.TypeOf(kept[0].Event))
		command, err := domain.DecodeCommand(kept[0].Meta.Command)
		require.NoError(t, err)
		require.True(t, command.(domain.Sync).Switched, "a later build decides it alike")
		command, err = domain.DecodeCommand(facts(t, log, one)[0].Meta.Command)
		require.NoError(t, err)
		require.False(t, command.(domain.Sync).Switched)

		require.Equal(t, switchedNew, tell(t, h, domain.NOMIS, "apart", both)[0])
		require.Len(t, facts(t, log, both), 1, "recorded once")
		require.Equal(t, domain.Created, tell(t, h, domain.Migration, "apart", both)[0].Kind, "the migration is not bound")
	})
}

func TestSync_ofWhatIsUnchangedAsksNobody(t *testing.T) {
	log := memory.New()
	pair := domaintest.PairOf(low, high)
	id := tell(t, newHandler(log), domain.NOMIS, "apart", pair)[0].NonAssociationID
	h, at := switchedOver(t, log)
	for range 2 {
		require.Equal(t, domain.Unchanged, tell(t, h, domain.NOMIS, "apart", pair)[0].Kind)
	}
	require.Empty(t, at.asked)
	require.Equal(t, domain.Outcome{Kind: domain.WasIgnored, NonAssociationID: id, Reason: domain.Switched},
		tell(t, h, domain.NOMIS, "otherwise", pair)[0])
	require.Len(t, at.asked, 1)
}

func TestSync_asksNobodyUnlessThePlacesDecide(t *testing.T) {
	log := memory.New()
	at := &places{}
	h := commands.New(log, commands.Options{Clock: clock, Places: at, Timeout: 5 * time.Second})
	pair := domaintest.PairOf(low, high)
	change(t, h, domain.StagePrison{PrisonID: "MDI", Stage: domain.StageBoth, Reason: "x"})
	require.Equal(t, domain.Created, tell(t, h, domain.NOMIS, "apart", pair)[0].Kind, "no prison is at DPS")
	change(t, h, domain.SwitchInbound{Reason: "x", Force: true})
	require.Equal(t, domain.Switched, tell(t, h, domain.NOMIS, "otherwise", pair)[0].Reason, "inbound is off")
	require.Equal(t, domain.Unchanged, tell(t, h, domain.NOMIS, "apart", pair)[0].Kind)
	require.Equal(t, domain.Changed, tell(t, h, domain.Migration, "otherwise", pair)[0].Kind, "the migration is not bound")
	change(t, h, domain.SwitchInbound{On: true, Reason: "x"})
	require.Equal(t, domain.Changed, tell(t, h, domain.NOMIS, "apart", pair)[0].Kind)
	require.Empty(t, at.asked)
}

func TestSync_isTakenWhenTheDirectoryDoesNotAnswer(t *testing.T) {
	for name, c := range map[string]func(*places){
		"away":          func(p *places) { p.prisons, p.err = nil, errors.New("away") },
		"knows one":     func(p *places) { delete(p.prisons, high) },
		"knows none":    func(p *places) { p.prisons = nil },
		"one elsewhere": func(p *places) { p.prisons[high] = "LEI" },
	} {
		log := memory.New()
		h, at := switchedOver(t, log)
		c(at)
		require.Equal(t, domain.Created, tell(t, h, domain.NOMIS, "apart", domaintest.PairOf(low, high))[0].Kind, name)
		require.Len(t, at.asked, 1)
	}
	log := memory.New()
	h, at := switchedOver(t, log)
	at.err = errors.New("part of its answer cannot be read")
	require.Equal(t, switchedNew, tell(t, h, domain.NOMIS, "apart", domaintest.PairOf(low, high))[0], "what it answered counts")
}

func TestSync_waitsThreeSecondsForTheDirectoryAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, at := switchedOver(t, memory.New())
		at.hangs = true
		began := time.Now()
		require.Equal(t, domain.Created, tell(t, h, domain.NOMIS, "apart", domaintest.PairOf(low, high))[0].Kind)
		require.Equal(t, 3*time.Second, time.Since(began))
	})
}

func TestSync_withoutADirectoryIsTaken(t *testing.T) {
	log := memory.New()
	switchedOver(t, log)
	require.Equal(t, domain.Created, tell(t, newHandler(log), domain.NOMIS, "apart", domaintest.PairOf(low, high))[0].Kind)
}

func TestSync_repeatedCommandIsAnsweredAsItWasJudged(t *testing.T) {
	log := memory.New()
	h, at := switchedOver(t, log)
	by, parts := domaintest.NewCause(domain.NOMIS), told(domaintest.PairOf(low, high), "apart")
	first, err := h.Sync(t.Context(), by, parts)
	require.NoError(t, err)
	at.prisons = nil
	again, err := h.Sync(t.Context(), by, parts)
	require.NoError(t, err)
	require.Equal(t, first.Outcomes, again.Outcomes, "prisoners have moved since")
	require.Len(t, at.asked, 1)
}

func TestDeletion_byNOMISIsIgnoredWhereThePrisonsHaveSwitched(t *testing.T) {
	onLogs(t, func(t *testing.T, log eventstore.Store) {
		both, one := domaintest.PairOf(low, high), domaintest.PairOf(low, third)
		before := newHandler(log)
		id, other := tell(t, before, domain.NOMIS, "apart", both)[0].NonAssociationID, tell(t, before, domain.NOMIS, "apart", one)[0].NonAssociationID
		h, at := switchedOver(t, log)
		remove := func(id uuid.UUID, source domain.Source) commands.Receipt {
			t.Helper()
			receipt, err := h.ExecuteByID(t.Context(), domaintest.NewCause(source), id, domain.Delete{ID: id})
			require.NoError(t, err)
			require.NotZero(t, receipt.Position)
			return receipt
		}
		for range 2 {
			require.False(t, remove(id, domain.NOMIS).NonAssociation.Deleted)
		}
		require.Len(t, facts(t, log, both), 2, "recorded once")
		require.Equal(t, domain.Ignored{NonAssociationID: id, Reason: domain.Switched}, facts(t, log, both)[1].Event)
		require.True(t, remove(other, domain.NOMIS).NonAssociation.Deleted)
		asked := len(at.asked)
		require.True(t, remove(other, domain.NOMIS).NonAssociation.Deleted)
		require.True(t, remove(id, domain.DPS).NonAssociation.Deleted, "staff are not bound")
		require.True(t, remove(id, domain.NOMIS).NonAssociation.Deleted)
		require.Len(t, at.asked, asked, "what is deleted already changes nothing")

		_, err := h.ExecuteByID(t.Context(), domaintest.NewCause(domain.NOMIS), uuid.New(), domain.Delete{ID: uuid.New()})
		require.ErrorAs(t, err, new(domain.Refusal))
	})
}

// Between the attempt that needs the places and the one that has them another process
// may write: the loop decides on what is there then.
func TestSync_isJudgedOnWhatIsThereWhenThePlacesAreKnown(t *testing.T) {
	log := memory.New()
	pair := domaintest.PairOf(low, high)
	switchedOver(t, log)
	at := &meanwhile{do: func() { tell(t, newHandler(log), domain.Migration, "apart", pair) }}
	h := commands.New(log, commands.Options{Clock: clock, Places: at, Timeout: 5 * time.Second})
	require.Equal(t, domain.Unchanged, tell(t, h, domain.NOMIS, "apart", pair)[0].Kind)
	require.Len(t, facts(t, log, pair), 1)
}

// meanwhile does something while the directory is asked.
type meanwhile struct{ do func() }

func (m *meanwhile) PrisonsOf(context.Context, []domain.PrisonerNumber) (map[domain.PrisonerNumber]domain.PrisonID, error) {
	m.do()
	return map[domain.PrisonerNumber]domain.PrisonID{low: "MDI", high: "MDI"}, nil
}
