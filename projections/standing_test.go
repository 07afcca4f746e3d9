package projections_test

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/projections"
)

func TestStandings_readBackAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		written := make(domain.Standings, rapid.IntRange(0, 3).Draw(t, "records"))
		for i := range written {
			anyOf(t, reflect.ValueOf(&written[i]).Elem())
			written[i].ID = uuid.Nil // known from the state
			if len(written[i].Base) == 0 {
				written[i].Base = nil
			}
		}
		text, err := projections.AppendStandings(nil, written)
		require.NoError(t, err)
		read := domain.Standings{}
		require.NoError(t, json.Unmarshal(text, &read), string(text))
		require.Equal(t, written, read)
	})
}

// delivery is what a line says of a record and NOMIS.
type delivery struct {
	ID                 uuid.UUID
	Pair               string
	Sequence           *int
	Differs, Delivered *time.Time
	Revision           *uint64
	Shortened, Deleted bool
}

func deliveries(t require.TestingT, conn *pgx.Conn) []delivery {
	rows, err := conn.Query(context.Background(), `SELECT id, pair, type_sequence, differs_since, delivered_at, delivered_revision,
		shortened, deleted FROM read_1.non_association`)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[delivery])
	require.NoError(t, err)
	for i := range found {
		found[i].Differs, found[i].Delivered = stored(found[i].Differs), stored(found[i].Delivered)
	}
	return found
}

// stored is a time as Postgres stores it, nil for none.
func stored(at *time.Time) *time.Time {
	if at == nil || at.IsZero() {
		return nil
	}
	return ptr(at.UTC().Truncate(time.Microsecond))
}

// requireDeliveriesOf compares every line with what the whole fold of the pair says, of
// which every form is kept.
func requireDeliveriesOf(t require.TestingT, conn *pgx.Conn, log *logWriter) {
	facts := pairFacts(t, log)
	sequences := map[uuid.UUID]*int{}
	for _, m := range wantedMappings(facts) {
		if m.Until == nil {
			sequences[m.ID] = &m.Sequence
		}
	}
	pairs, differs := map[domain.Pair]*domain.Exchanges{}, map[uuid.UUID]time.Time{}
	for _, f := range facts {
		if pairs[f.Pair] == nil {
			pairs[f.Pair] = domain.NewExchanges(f.Pair)
		}
		pairs[f.Pair].Add(f.Revision, f.RecordedAt, f.Fact)
		for _, n := range pairs[f.Pair].State().Items {
			if n.Deleted {
				continue // TestStanding_ofADeletedRecordIsInStepWhenNOMISDoesNotHaveIt
			}
			detail, _ := n.Detail()
			base, whole := pairs[f.Pair].Of(n.ID).WholeBase(f.Pair)
			if whole && base.Equal(detail) {
				delete(differs, n.ID)
			} else if differs[n.ID].IsZero() {
				differs[n.ID] = f.RecordedAt
			}
		}
	}
	got, histories := deliveries(t, conn), standingHistories(facts)
	for i, d := range got {
		pair, err := domain.ParsePair(d.Pair)
		require.NoError(t, err)
		n, there := pairs[pair].State().Item(d.ID)
		require.True(t, there)
		e := pairs[pair].Of(d.ID)
		want := delivery{ID: d.ID, Pair: d.Pair, Sequence: sequences[d.ID], Delivered: stored(ptr(e.Delivery().At)), Deleted: n.Deleted}
		if want.Delivered != nil {
			want.Revision = ptr(e.Delivery().Revision)
		}
		if since := differs[d.ID]; n.Deleted {
			want.Differs = d.Differs
		} else {
			want.Differs = stored(&since)
		}
		_, want.Shortened = n.Detail()
		require.Equal(t, want, got[i])

		of := histories[pair].Of(d.ID)
		require.Equal(t, d.Differs, stored(&of.Differs), "what is folded at once is what is kept")
		require.Equal(t, d.Delivered, stored(&of.Delivery.At))
		if d.Sequence != nil || of.Mapped != 0 {
			require.Equal(t, d.Sequence, &of.Mapped)
		}
		if d.Revision != nil {
			require.Equal(t, *d.Revision, of.Delivery.Revision)
		}
	}
}

// standingHistories folds each pair at once.
func standingHistories(facts []eventstore.Fact) map[domain.Pair]*domain.StandingHistory {
	all := map[domain.Pair]*domain.StandingHistory{}
	for _, f := range facts {
		if all[f.Pair] == nil {
			all[f.Pair] = domain.NewStandingHistory(f.Pair)
		}
		all[f.Pair].Add(domain.Recorded{Revision: f.Revision, At: f.RecordedAt}, f.Fact)
	}
	return all
}
