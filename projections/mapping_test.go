package projections_test

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// exchange is what a turn records of a record: a sequence, its release, or a delivery.
func (s *logWriter) exchange(t *rapid.T, pair domain.Pair, n domain.NonAssociation) {
	sequence := rapid.IntRange(1, 3).Draw(t, "turn's sequence")
	switch rapid.IntRange(0, 2).Draw(t, "turn") {
	case 0:
		s.execute(pair, domain.NOMIS, domain.LearnSequence{ID: n.ID, TypeSequence: sequence})
	case 1:
		s.execute(pair, domain.NOMIS, domain.ReleaseSequence{ID: n.ID})
	default:
		detail, _ := n.Detail()
		s.execute(pair, domain.NOMIS, domain.Deliver{ID: n.ID, Detail: detail, Revision: 0, TypeSequence: sequence})
	}
}

// pairFacts are the facts of every pair, in the order of the log.
func pairFacts(t require.TestingT, log *logWriter) []eventstore.Fact {
	var facts []eventstore.Fact
	for _, event := range ownEvents(t, log.log) {
		f, err := eventstore.Read(domain.Events(), event)
		require.NoError(t, err)
		if f.OfPair() {
			facts = append(facts, f)
		}
	}
	return facts
}

// mapped is a row of the table mapping.
type mapped struct {
	ID       uuid.UUID
	Pair     string
	Sequence int
	Kind     domain.MappingType
	Label    uuid.UUID
	Position int64
	Since    time.Time
	Until    *time.Time
}

func mappingsIn(t require.TestingT, conn *pgx.Conn) []mapped {
	rows, err := conn.Query(context.Background(), `SELECT id, pair, type_sequence, mapping_type, correlation, position, since, until
		FROM read_1.mapping ORDER BY position, id`)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[mapped])
	require.NoError(t, err)
	for i := range found {
		found[i].Since = found[i].Since.UTC()
		if found[i].Until != nil {
			found[i].Until = ptr(found[i].Until.UTC())
		}
	}
	return found
}

func ptr[T any](value T) *T { return &value }

// given is the sequence that an event gives, 0 for none.
func given(event domain.Event) int {
	switch e := event.(type) {
	case domain.Opened:
		return e.TypeSequence
	case domain.Imported:
		return e.TypeSequence
	case domain.SequenceLearned:
		return e.TypeSequence
	case domain.Amended:
		for _, c := range e.Changes {
			if c.Field == domain.FieldTypeSequence {
				sequence, _ := strconv.Atoi(*c.Now)
				return sequence
			}
		}
	default:
	}
	return 0
}

// wantedMappings says from the facts alone which record had which sequence, and when.
func wantedMappings(facts []eventstore.Fact) []mapped {
	var all []*mapped
	born := map[uuid.UUID]domain.Source{}
	end := func(f eventstore.Fact, is func(m *mapped) bool) {
		for _, m := range all {
			if m.Until == nil && m.Pair == f.Pair.String() && is(m) {
				m.Until = ptr(f.RecordedAt.UTC().Truncate(time.Microsecond))
			}
		}
	}
	for _, f := range facts {
		id, sequence := f.Event.About(), given(f.Event)
		switch e := f.Event.(type) {
		case domain.Opened, domain.Imported:
			born[id] = f.Meta.Source
		case domain.SequenceReleased:
			end(f, func(m *mapped) bool { return m.ID == id && m.Sequence == e.TypeSequence })
		case domain.TransferredOut:
			end(f, func(m *mapped) bool { return m.ID == id })
		default:
		}
		if sequence == 0 {
			continue
		}
		end(f, func(m *mapped) bool { return m.ID == id || m.Sequence == sequence })
		all = append(all, &mapped{
			id, f.Pair.String(), sequence, domain.MappingTypeOf(f.Meta.Source, born[id]), f.Meta.CorrelationID,
			int64(f.Position.Commit), f.RecordedAt.UTC().Truncate(time.Microsecond), nil,
		})
	}
	values := make([]mapped, len(all))
	for i, m := range all {
		values[i] = *m
	}
	slices.SortStableFunc(values, func(a, b mapped) int { return cmp.Compare(a.Position, b.Position) })
	return values
}

func requireMappingsOf(t require.TestingT, conn *pgx.Conn, log *logWriter) {
	facts := pairFacts(t, log)
	want := wantedMappings(facts)
	require.ElementsMatch(t, want, mappingsIn(t, conn))
	for pair, history := range standingHistories(facts) {
		var periods []mapped
		for _, p := range history.Mappings() {
			periods = append(periods, mapped{ID: p.ID, Pair: pair.String(), Sequence: p.TypeSequence, Since: *stored(&p.Since), Until: stored(&p.Until)})
		}
		var kept []mapped
		for _, m := range want {
			if m.Pair == pair.String() {
				kept = append(kept, mapped{ID: m.ID, Pair: m.Pair, Sequence: m.Sequence, Since: m.Since, Until: m.Until})
			}
		}
		require.Equal(t, kept, periods, "what is folded at once is what is kept")
	}
}

// A record that NOMIS numbered goes to another pair, where NOMIS numbers it anew:
// wherever the log is cut, the rows are the same.
func TestMapping_endsWhereARecordLeavesAndBeginsWhereItIsLearned(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	old, fresh := pairOf(t, "A1111AA", "R1111RR"), pairOf(t, "A1111AA", "B1111BB")
	by := domain.Renumbering{Previous: "R1111RR", Number: "B1111BB", Reason: domain.ByMerge}
	it := item(old, "2021-07-05T10:35:17", domain.CodeVictim, domain.CodePerpetrator)
	it.TypeSequence = 2
	log.execute(old, domain.Migration, domain.Sync{About: "A1111AA", Items: []domain.Item{it}})
	n, exchanges := log.states[old].Items[0], domain.NewExchanges(old)
	for _, f := range pairFacts(t, log) {
		exchanges.Add(f.Revision, f.RecordedAt, f.Fact)
	}
	log.execute(fresh, domain.Merge, domain.TransferIn{Renumbering: by, From: old, Records: []domain.TransferredRecord{{
		NonAssociation: by.Of(n), Exchanged: ptr(by.Known(exchanges.Of(n.ID).Knowledge(old))),
	}}})
	log.execute(old, domain.Merge, domain.TransferOut{Renumbering: by, IDs: []uuid.UUID{n.ID}, To: fresh})
	log.execute(fresh, domain.NOMIS, domain.LearnSequence{ID: n.ID, TypeSequence: 1})

	events := ownEvents(t, log.log)
	require.Len(t, events, 4)
	for cut := 1; cut < len(events); cut++ {
		_, conn := database(t)
		hand := begin(t, conn, log)
		require.NoError(t, hand.Work(t.Context(), conn, events[:cut], false))
		require.NoError(t, hand.Work(t.Context(), conn, events[cut:], false))
		requireMappingsOf(t, conn, log)
		requireDeliveriesOf(t, conn, log)
		got := deliveries(t, conn)
		require.Len(t, got, 1)
		require.Nil(t, got[0].Differs, "what NOMIS has came along")
		require.Nil(t, got[0].Delivered, "it was not seen in this pair")
	}
	want := wantedMappings(pairFacts(t, log))
	require.Len(t, want, 2)
	require.Equal(t, domain.MappingMigrated, want[0].Kind)
	require.NotNil(t, want[0].Until)
	require.Nil(t, want[1].Until)
}
