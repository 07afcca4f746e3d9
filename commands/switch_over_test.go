package commands_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/testdb"
)

// onLogs runs a test over a log in memory and over one in Postgres.
func onLogs(t *testing.T, test func(t *testing.T, log eventstore.Store)) {
	t.Run("memory", func(t *testing.T) { test(t, memory.New()) })
	t.Run("postgres", func(t *testing.T) {
		dsn := testdb.New(t)
		require.NoError(t, postgres.Migrate(t.Context(), dsn))
		log, err := postgres.Open(t.Context(), dsn, postgres.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, log.Close(context.Background())) })
		test(t, log)
	})
}

// ticking is a clock that a test moves.
type ticking struct{ after atomic.Int64 }

func (c *ticking) now() time.Time           { return noon.Add(time.Duration(c.after.Load())) }
func (c *ticking) advance(by time.Duration) { c.after.Add(int64(by)) }

// byOperator is the cause of a new command of an operator. It is about nobody.
func byOperator() domain.Cause {
	by := domaintest.NewCause(domain.DPS)
	by.Actor, by.About = "OPERATOR", ""
	return by
}

func change(t testing.TB, h *commands.Handler, c domain.SwitchOverCommand) commands.SwitchOverReceipt {
	t.Helper()
	receipt, err := h.ChangeSwitchOver(t.Context(), byOperator(), c)
	require.NoError(t, err)
	return receipt
}

func toDPS(id domain.PrisonID) domain.StagePrison {
	return domain.StagePrison{PrisonID: id, Stage: domain.StageDPS, Reason: "Go live"}
}

// switchFacts are the facts of the switch-over as the log holds them.
func switchFacts(t testing.TB, log eventstore.Store) []eventstore.Fact {
	t.Helper()
	var all []eventstore.Fact
	for _, recorded := range log.ReadMany(t.Context(), []string{domain.SwitchOverStream})[0].Events {
		fact, err := eventstore.Read(domain.Events(), recorded)
		require.NoError(t, err)
		all = append(all, fact)
	}
	return all
}

func TestSwitchOver_isRecordedWithItsCauseOnce(t *testing.T) {
	onLogs(t, func(t *testing.T, log eventstore.Store) {
		h := newHandler(log)
		first := change(t, h, toDPS("MDI"))
		require.Equal(t, domain.StageDPS, first.SwitchOver.Prison("MDI").Stage)
		require.NotZero(t, first.Position)
		again := change(t, h, toDPS("MDI"))
		require.Equal(t, first.SwitchOver, again.SwitchOver)
		require.Equal(t, first.Position, again.Position, "nothing was appended")
		change(t, h, domain.SwitchOutbound{Reason: "NOMIS is repaired"})

		facts := switchFacts(t, log)
		require.Len(t, facts, 2)
		require.Equal(t, "OPERATOR", facts[0].Meta.Actor)
		require.Equal(t, domain.DPS, facts[0].Meta.Source)
		require.Empty(t, facts[0].Meta.About)
		require.False(t, facts[0].OfPair())
		command, err := domain.DecodeCommand(facts[0].Meta.Command)
		require.NoError(t, err)
		require.Equal(t, toDPS("MDI"), command)
		state, err := newHandler(log).SwitchOver(t.Context())
		require.NoError(t, err)
		require.True(t, state.Outbound.Ended)
		require.Equal(t, domain.StageDPS, state.Prison("MDI").Stage)
	})
}

func TestSwitchOver_refusalStoresNothing(t *testing.T) {
	log := memory.New()
	_, err := newHandler(log).ChangeSwitchOver(t.Context(), byOperator(), domain.SwitchInbound{Reason: "x"})
	var refusal domain.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, domain.CodeNotSwitched, refusal.Code)
	require.Empty(t, switchFacts(t, log))
}

// Two processes race: each fact follows the other, and no stage is lost.
func TestSwitchOver_racesLoseNoChange(t *testing.T) {
	onLogs(t, func(t *testing.T, log eventstore.Store) {
		handlers := []*commands.Handler{newHandler(log), newHandler(log)}
		ids := []domain.PrisonID{"AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG", "HHH"}
		var wait sync.WaitGroup
		var failed atomic.Int32
		for i, id := range ids {
			wait.Go(func() {
				if _, err := handlers[i%2].ChangeSwitchOver(context.Background(), byOperator(), toDPS(id)); err != nil {
					failed.Add(1)
				}
			})
		}
		wait.Wait()
		require.Zero(t, failed.Load())
		state, err := newHandler(log).SwitchOver(t.Context())
		require.NoError(t, err)
		require.Len(t, state.Prisons, len(ids))
	})
}

func TestSwitchOver_lostAnswerIsNoSecondFact(t *testing.T) {
	log := newFaulty()
	log.after = func(attempt int) error {
		if attempt == 1 {
			return eventstore.ErrUnavailable
		}
		return nil
	}
	h, by := newHandler(log), byOperator()
	receipt, err := h.ChangeSwitchOver(t.Context(), by, toDPS("MDI"))
	require.NoError(t, err)
	require.Equal(t, domain.StageDPS, receipt.SwitchOver.Prison("MDI").Stage)
	require.Len(t, switchFacts(t, log), 1)

	change(t, h, domain.StagePrison{PrisonID: "MDI", Stage: domain.StageBoth, Reason: "Back"})
	receipt, err = h.ChangeSwitchOver(t.Context(), by, toDPS("MDI"))
	require.NoError(t, err)
	require.Len(t, switchFacts(t, log), 2, "the same command is done once")
	require.Equal(t, domain.StageBoth, receipt.SwitchOver.Prison("MDI").Stage)
}

// reads counts the reads of single streams, and of many.
type reads struct {
	eventstore.Store
	single, many atomic.Int64
	err          error
}

func (r *reads) ReadStream(ctx context.Context, stream string, d eventstore.Direction, from uint64, limit int) ([]eventstore.RecordedEvent, error) {
	r.single.Add(1)
	if r.err != nil {
		return nil, r.err
	}
	return r.Store.ReadStream(ctx, stream, d, from, limit)
}

func (r *reads) ReadMany(ctx context.Context, streams []string) []eventstore.Stream {
	r.many.Add(1)
	return r.Store.ReadMany(ctx, streams)
}

func TestCachedSwitchOver_costsOneSmallReadASecond(t *testing.T) {
	log, clock := &reads{Store: memory.New()}, &ticking{}
	h := commands.New(log, commands.Options{Clock: clock.now, Timeout: 5 * time.Second})
	stage := func() domain.Stage {
		t.Helper()
		state, err := h.CachedSwitchOver(t.Context())
		require.NoError(t, err)
		return state.Prison("MDI").Stage
	}
	for range 10 {
		require.Equal(t, domain.StageNOMIS, stage())
	}
	require.EqualValues(t, 2, log.single.Load(), "its last event, and whether it ever had any")
	change(t, newHandler(log.Store), toDPS("MDI"))
	require.Equal(t, domain.StageNOMIS, stage(), "a second has not passed")
	clock.advance(time.Second)
	for range 10 {
		require.Equal(t, domain.StageDPS, stage())
	}
	require.EqualValues(t, 3, log.single.Load())
	require.EqualValues(t, 1, log.many.Load())
	clock.advance(-time.Hour)
	require.Equal(t, domain.StageDPS, stage())
	require.EqualValues(t, 4, log.single.Load(), "a clock that steps back keeps no state young")
	require.EqualValues(t, 1, log.many.Load(), "and nothing is new")

	change(t, h, domain.StagePrison{PrisonID: "MDI", Stage: domain.StageBoth, Reason: "Back"})
	require.Equal(t, domain.StageBoth, stage(), "a process sees its own changes at once")
}

func TestSwitchOver_thatCannotBeReadIsBusy(t *testing.T) {
	log := &reads{Store: memory.New(), err: eventstore.ErrUnavailable}
	h := commands.New(log, commands.Options{Clock: clock, Timeout: 50 * time.Millisecond})
	_, err := h.SwitchOver(t.Context())
	require.ErrorIs(t, err, commands.ErrBusy)
	_, err = h.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), told(domaintest.Pair, "apart"))
	require.ErrorIs(t, err, commands.ErrBusy, "what may be changed is not known")
	log.err = errors.New("a fault")
	_, err = h.SwitchOver(t.Context())
	require.ErrorIs(t, err, log.err)
}

func TestSwitchOver_thatLostItsBeginningIsRefused(t *testing.T) {
	log, clock := memory.New(), &ticking{}
	h := commands.New(log, commands.Options{Clock: clock.now, Timeout: time.Second})
	change(t, h, toDPS("MDI"))
	log.Delete(domain.SwitchOverStream)
	clock.advance(time.Second)
	for _, h := range []*commands.Handler{h, newHandler(log)} {
		_, err := h.CachedSwitchOver(t.Context())
		require.ErrorIs(t, err, eventstore.ErrNotWhole)
		_, err = h.ChangeSwitchOver(t.Context(), byOperator(), toDPS("BXI"))
		require.ErrorIs(t, err, eventstore.ErrNotWhole)
	}
}

func TestSwitchOver_thatLostItsEndIsRefused(t *testing.T) {
	log, shorter, clock := memory.New(), memory.New(), &ticking{}
	h := commands.New(log, commands.Options{Clock: clock.now, Timeout: time.Second})
	change(t, h, toDPS("MDI"))
	change(t, h, domain.SwitchInbound{Reason: "Over"})
	change(t, newHandler(shorter), toDPS("MDI"))
	log.Replace(shorter)
	clock.advance(time.Second)
	_, err := h.CachedSwitchOver(t.Context())
	require.ErrorIs(t, err, eventstore.ErrNotWhole)
}
