package queries_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
)

func TestLive_walksWhatIsNotDeleted(t *testing.T) {
	t.Parallel()
	p := newProjector(t)
	p.tables()
	ids := []uuid.UUID{uuid.MustParse("00000000-0000-4000-8000-000000000001"), uuid.MustParse("00000000-0000-4000-8000-000000000002"), uuid.MustParse("f0000000-0000-4000-8000-000000000003")}
	for i, row := range []struct {
		expires string
		deleted bool
	}{{"never", false}, {"never", true}, {today + "T10:00:00", false}} {
		p.exec(`INSERT INTO read_1.non_association VALUES ($1, 'A1111AA_B1111BB', 'A1111AA', 'B1111BB', '2001', '2001', $2, $3)`, [16]byte(ids[i]), row.expires, row.deleted)
	}
	reader := open(t, p.dsn)
	pair, err := domain.ParsePair("A1111AA_B1111BB")
	require.NoError(t, err)
	open, closed := queries.LiveRecord{ID: ids[0], Pair: pair, Open: true}, queries.LiveRecord{ID: ids[2], Pair: pair}
	for _, c := range []struct {
		after uuid.UUID
		most  int
		found []queries.LiveRecord
	}{
		{uuid.Nil, 9, []queries.LiveRecord{open, closed}},
		{uuid.Nil, 1, []queries.LiveRecord{open}},
		{ids[0], 1, []queries.LiveRecord{closed}},
		{ids[2], 1, []queries.LiveRecord{}},
	} {
		found, err := reader.Live(t.Context(), today, c.after, c.most)
		require.NoError(t, err)
		require.Equal(t, c.found, found)
	}
	before, err := reader.Live(t.Context(), "2026-07-14", ids[0], 1)
	require.NoError(t, err)
	require.True(t, before[0].Open, "it closed a day later")
	p.exec(dropViews)
	_, err = reader.Live(t.Context(), today, uuid.Nil, 1)
	require.ErrorIs(t, err, queries.ErrNotCaughtUp)
}
