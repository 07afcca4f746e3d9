package commands_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

func inLondon(t testing.TB) *time.Location {
	t.Helper()
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	return london
}

// at is a process beside others at the same log whose clock shows this.
func at(t testing.TB, log eventstore.Store, wall domain.LocalDateTime) *commands.Handler {
	t.Helper()
	instants := wall.Instants(inLondon(t))
	require.NotEmpty(t, instants)
	return commands.New(log, commands.Options{Clock: func() time.Time { return instants[0] }, Timeout: 5 * time.Second})
}

func timed(effective domain.LocalDateTime, expiry string) domain.Item {
	i := domain.Item{
		EffectiveDate: effective, TypeCode: domain.TypeWing,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{low: domain.CodeVictim, high: domain.CodePerpetrator},
	}
	if expiry != "" {
		i.ExpiryDate = new(domain.LocalDateTime(expiry))
	}
	return i
}

// overMidnight is a pair whose first record expires with the day that has just
// begun, and whose second one was opened for that reason.
func overMidnight(t testing.TB, log eventstore.Store) (expired, open uuid.UUID, tell domain.Sync) {
	t.Helper()
	pair := domaintest.PairOf(low, high)
	tell = domain.Sync{About: high, Items: []domain.Item{timed("2020-01-01T00:00:00", "2026-07-16T00:00:00"), timed("2026-07-01T00:00:00", "")}}
	answer, err := at(t, log, "2026-07-16T00:10:00").Sync(t.Context(), domaintest.NewCause(domain.NOMIS), []commands.PairSync{{Pair: pair, Sync: tell}})
	require.NoError(t, err)
	for _, outcome := range answer.Outcomes[0] {
		require.Equal(t, domain.Created, outcome.Kind)
	}
	return answer.Outcomes[0][0].NonAssociationID, answer.Outcomes[0][1].NonAssociationID, tell
}

// A process whose clock is twenty minutes behind comes next: for it the first
// record would be open, and hide the second one.
func TestClock_thatSteppedBackOverMidnightDecidesNothingAnew(t *testing.T) {
	const behind domain.LocalDateTime = "2026-07-15T23:50:00"
	pair, other := domaintest.PairOf(low, high), "other words"
	code := func(err error) domain.Code {
		var refusal domain.Refusal
		require.ErrorAs(t, err, &refusal)
		return refusal.Code
	}
	for name, check := range map[string]func(t *testing.T, h *commands.Handler, expired, open uuid.UUID, tell domain.Sync){
		"tell": func(t *testing.T, h *commands.Handler, expired, open uuid.UUID, tell domain.Sync) {
			answer, err := h.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), []commands.PairSync{{Pair: pair, Sync: tell}})
			require.NoError(t, err)
			require.Equal(t, [][]domain.Outcome{{
				{Kind: domain.Unchanged, NonAssociationID: expired}, {Kind: domain.Unchanged, NonAssociationID: open},
			}}, answer.Outcomes)
		},
		"open": func(t *testing.T, h *commands.Handler, _, open uuid.UUID, _ domain.Sync) {
			_, err := h.Execute(t.Context(), domaintest.NewCause(domain.DPS), pair, domain.Open{FirstPrisoner: low, Reason: domain.Threat, Restriction: domain.Cell})
			require.Equal(t, domain.CodeOpenExists, code(err))
			require.ErrorContains(t, err, open.String())
		},
		"amend": func(t *testing.T, h *commands.Handler, expired, open uuid.UUID, _ domain.Sync) {
			_, err := h.Execute(t.Context(), domaintest.NewCause(domain.DPS), pair, domain.Amend{ID: expired, Comment: &other})
			require.Equal(t, domain.CodeAlreadyClosed, code(err))
			_, err = h.Execute(t.Context(), domaintest.NewCause(domain.DPS), pair, domain.Amend{ID: open, Comment: &other})
			require.NoError(t, err)
		},
		"close": func(t *testing.T, h *commands.Handler, expired, open uuid.UUID, _ domain.Sync) {
			_, err := h.Execute(t.Context(), domaintest.NewCause(domain.DPS), pair, domain.Close{ID: expired, ClosedReason: "x"})
			require.Equal(t, domain.CodeAlreadyClosed, code(err))
			receipt, err := h.Execute(t.Context(), domaintest.NewCause(domain.DPS), pair, domain.Close{ID: open, ClosedReason: "x"})
			require.NoError(t, err)
			require.Equal(t, domain.LocalDateTime("2026-07-16T00:10:00"), *receipt.NonAssociation.ExpiryDate)
			require.True(t, receipt.NonAssociation.IsClosed(domain.Today(receipt.At)), "and the answer says so")
		},
		"reopen": func(t *testing.T, h *commands.Handler, expired, open uuid.UUID, _ domain.Sync) {
			_, err := h.Execute(t.Context(), domaintest.NewCause(domain.DPS), pair, domain.Reopen{ID: expired, ReopenReason: "x"})
			require.Equal(t, domain.CodeAlreadyOpen, code(err))
			require.ErrorContains(t, err, open.String())
		},
		"delete": func(t *testing.T, h *commands.Handler, expired, _ uuid.UUID, _ domain.Sync) {
			_, err := h.Execute(t.Context(), domaintest.NewCause(domain.DPS), pair, domain.Delete{ID: expired})
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			log := memory.New()
			expired, open, tell := overMidnight(t, log)
			check(t, at(t, log, behind), expired, open, tell)
			requireInOrder(t, log, pair)
		})
	}
}

// requireInOrder: no fact of a stream was decided before the one in front of it.
func requireInOrder(t require.TestingT, log eventstore.Store, pair domain.Pair) {
	stream := log.ReadMany(ctx(), []string{pair.Stream()})[0]
	require.NoError(t, stream.Err)
	var last time.Time
	for _, recorded := range stream.Events {
		fact, err := eventstore.Decode(domain.Events(), recorded)
		require.NoError(t, err)
		require.False(t, fact.Meta.DecidedAt.Before(last), "revision %d", recorded.Revision)
		last = fact.Meta.DecidedAt
	}
}

// Any commands by any processes with clocks of their own.
func TestProperty_decisionsOfAPairGoForwardsWhateverTheClocksShow(t *testing.T) {
	london := inLondon(t)
	rapid.Check(t, func(t *rapid.T) {
		log := memory.New()
		pair, err := domain.NewPair(low, high)
		require.NoError(t, err)
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			now := noon.Add(time.Duration(rapid.IntRange(-72, 72).Draw(t, "clock")) * time.Hour).In(london)
			h := commands.New(log, commands.Options{Clock: func() time.Time { return now }, Timeout: time.Minute})
			answer, err := h.Sync(ctx(), domaintest.NewCause(domain.NOMIS), []commands.PairSync{{Pair: pair, Sync: domain.Sync{About: high, Items: []domain.Item{
				timed("2021-07-05T10:35:17", rapid.SampledFrom([]string{"", "2026-07-14T00:00:00", "2026-07-16T00:00:00"}).Draw(t, "expiry")),
				timed("2022-07-05T10:35:17", rapid.SampledFrom([]string{"", "2026-07-15T00:00:00"}).Draw(t, "other expiry")),
			}}}})
			require.NoError(t, err)
			_, err = h.Execute(ctx(), domaintest.NewCause(domain.DPS), pair, rapid.SampledFrom([]domain.Command{
				domain.Close{ID: answer.Outcomes[0][0].NonAssociationID, ClosedReason: "x"},
				domain.Reopen{ID: answer.Outcomes[0][1].NonAssociationID, ReopenReason: "x"},
			}).Draw(t, "command"))
			if err != nil {
				require.ErrorAs(t, err, new(domain.Refusal))
			}
			requireInOrder(t, log, pair)
		}
	})
}

// The day is London's: in summer, half past midnight there is still yesterday
// in UTC. Every rule that asks for the day is asked on both sides of midnight.
func TestDay_ofADecisionIsLondons(t *testing.T) {
	pair, other := domaintest.PairOf(low, high), "other words"
	for wall, day := range map[domain.LocalDateTime]struct{ today, tomorrow string }{
		"2026-07-16T00:30:00": {"2026-07-16", "2026-07-17"}, // 23:30 of the 15th in UTC
		"2026-07-15T23:30:00": {"2026-07-15", "2026-07-16"}, // 22:30 in UTC
		"2026-01-16T00:30:00": {"2026-01-16", "2026-01-17"}, // the same in UTC
	} {
		for _, closed := range []bool{true, false} {
			expiry := day.tomorrow
			if closed {
				expiry = day.today
			}
			stored := func() (*commands.Handler, uuid.UUID) {
				log := memory.New()
				answer, err := at(t, log, "2021-01-01T00:00:00").Sync(t.Context(), domaintest.NewCause(domain.NOMIS), []commands.PairSync{
					{Pair: pair, Sync: domain.Sync{About: high, Items: []domain.Item{timed("2020-01-01T00:00:00", expiry+"T12:00:00")}}},
				})
				require.NoError(t, err)
				return at(t, log, wall), answer.Outcomes[0][0].NonAssociationID
			}
			refusedWhen := func(refused bool, code domain.Code, of func(uuid.UUID) domain.Command) {
				h, id := stored()
				_, err := h.Execute(t.Context(), domaintest.NewCause(domain.DPS), pair, of(id))
				if !refused {
					require.NoError(t, err)
					return
				}
				var refusal domain.Refusal
				require.ErrorAs(t, err, &refusal)
				require.Equal(t, code, refusal.Code)
			}
			refusedWhen(!closed, domain.CodeOpenExists, func(uuid.UUID) domain.Command {
				return domain.Open{FirstPrisoner: low, Reason: domain.Threat, Restriction: domain.Cell}
			})
			refusedWhen(closed, domain.CodeAlreadyClosed, func(id uuid.UUID) domain.Command { return domain.Amend{ID: id, Comment: &other} })
			refusedWhen(closed, domain.CodeAlreadyClosed, func(id uuid.UUID) domain.Command { return domain.Close{ID: id} })
			refusedWhen(!closed, domain.CodeAlreadyOpen, func(id uuid.UUID) domain.Command { return domain.Reopen{ID: id} })

			h, id := stored()
			answer, err := h.Sync(t.Context(), domaintest.NewCause(domain.NOMIS), []commands.PairSync{{Pair: pair, Sync: domain.Sync{About: high, Items: []domain.Item{
				timed("2020-01-01T00:00:00", expiry+"T12:00:00"), timed("2021-01-01T00:00:00", ""),
			}}}})
			require.NoError(t, err)
			require.Equal(t, id, answer.Outcomes[0][0].NonAssociationID)
			if closed {
				require.Equal(t, domain.Created, answer.Outcomes[0][1].Kind, "%s closed %v", wall, closed)
			} else {
				require.NotEqual(t, domain.Created, answer.Outcomes[0][1].Kind)
			}
		}
	}
}

// ctx is for rapid, whose tests have no context of their own.
func ctx() context.Context { return context.Background() }
