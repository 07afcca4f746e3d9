package queries_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
)

// all reads a group to its end and closes it.
func all(group queries.Group, err error) (queries.Records, error) {
	if err != nil {
		return queries.Records{}, err
	}
	defer group.Close()
	found := queries.Records{Position: group.Position}
	err = group.Each(context.Background(), 0, func(record queries.Record) error {
		found.Records = append(found.Records, record)
		return nil
	})
	return found, err
}

func TestGroup_isTheSameHoweverOftenItIsRead(t *testing.T) {
	r := newRecord(t)
	r.sync("A1111AA", "B1111BB", "2001-01-01T00:00:00", "")
	r.sync("A1111AA", "C1111CC", "2002-01-01T00:00:00", "")
	r.waitForProjection()
	before := r.position
	wanted := queries.Filter{Open: true, Today: today}
	for name, open := range map[string]func() (queries.Group, error){
		"between":   func() (queries.Group, error) { return r.Between(t.Context(), numbers("ABCD"), wanted) },
		"involving": func() (queries.Group, error) { return r.Involving(t.Context(), numbers("A"), wanted) },
	} {
		group, err := open()
		require.NoError(t, err)
		t.Cleanup(group.Close)
		require.Equal(t, before, group.Position, name)
		first := read(t, group, 0)
		require.Equal(t, "2001 2002", first)
		require.Equal(t, "2001", read(t, group, 1), "at most so many")

		r.sync("A1111AA", "D1111DD", "2003-01-01T00:00:00", "")
		r.waitForProjection()
		require.Greater(t, r.position, group.Position)
		require.Equal(t, first, read(t, group, 0), "%s: position and rows are of one moment", name)
		group.Close()
		group.Close()

		found, err := all(open())
		require.Equal(t, "2001 2002 2003", dates(t, found, err))
		require.Equal(t, r.position, found.Position)
		tidy, err := r.commands.ExecuteByID(t.Context(), by(), found.Records[2].NonAssociation.ID, domain.Delete{ID: found.Records[2].NonAssociation.ID})
		require.NoError(t, err)
		r.position = tidy.Position.Uint64()
		r.waitForProjection()
		before = r.position
	}
}

func read(t *testing.T, group queries.Group, most int) string {
	t.Helper()
	var found queries.Records
	err := group.Each(t.Context(), most, func(record queries.Record) error {
		found.Records = append(found.Records, record)
		return nil
	})
	return dates(t, found, err)
}

func TestGroup_stopsAtTheFirstErrorOfItsReader(t *testing.T) {
	r := newRecord(t)
	r.sync("A1111AA", "B1111BB", "2001-01-01T00:00:00", "")
	r.sync("A1111AA", "C1111CC", "2002-01-01T00:00:00", "")
	r.waitForProjection()
	group, err := r.Involving(t.Context(), numbers("A"), queries.Filter{Open: true, Today: today})
	require.NoError(t, err)
	defer group.Close()
	full, told := errors.New("enough"), 0
	require.ErrorIs(t, group.Each(t.Context(), 0, func(queries.Record) error { told++; return full }), full)
	require.Equal(t, 1, told)
	require.Equal(t, "2001 2002", read(t, group, 0), "and may be read again")
}

// A group that is not closed holds its connection; all others are given back,
// also those that could not be opened.
func TestGroup_givesItsConnectionBack(t *testing.T) {
	r := newRecord(t)
	r.sync("A1111AA", "B1111BB", "2001-01-01T00:00:00", "")
	r.waitForProjection()
	p := projector{t, connect(t, r.dsn), r.dsn}
	p.merges("C1111CC>D1111DD")
	wanted := queries.Filter{Open: true, Today: today}
	for range 40 { // far more than there are connections
		asking, leave := context.WithTimeout(t.Context(), patience)
		t.Cleanup(leave)
		_, err := all(r.Between(asking, numbers("AB"), wanted))
		require.NoError(t, err)
		_, err = r.Between(asking, numbers("CD"), wanted)
		require.ErrorIs(t, err, queries.ErrOnePrisoner)
		ctx, leave := context.WithCancel(asking)
		group, err := r.Involving(ctx, numbers("A"), wanted)
		require.NoError(t, err)
		t.Cleanup(group.Close)
		leave()
		require.Error(t, group.Each(ctx, 0, func(queries.Record) error { return nil }))
		group.Close()
	}
}

// Each pair comes twice, and more of them than are remembered come between.
func TestRecord_ofALargeGroupIsGivenOnce(t *testing.T) {
	r := newRecord(t)
	const pairs = 1200
	r.sync("A1111AA", "B1111BB", "2001-01-01T00:00:00", "2001-02-01T00:00:00")
	r.sync("A1111AA", "B1111BB", "2011-01-01T00:00:00", "")
	r.waitForProjection()
	wanted := queries.Filter{Open: true, Closed: true, Today: today}
	two, err := all(r.Involving(t.Context(), numbers("A"), wanted))
	require.Equal(t, "2001 2011", dates(t, two, err))

	p := projector{t, connect(t, r.dsn), r.dsn}
	p.exec(`CREATE TEMP TABLE more AS SELECT 'C' || lpad(i::text, 4, '0') || 'CC' AS other, gen_random_uuid() AS closed, gen_random_uuid() AS open
		FROM generate_series(1, $1::int) i`, pairs)
	p.exec(`INSERT INTO read_1.pair (pair, state, facts, positions, standings)
		SELECT 'A1111AA_' || other, replace(replace(replace(state, 'B1111BB', other), $1, closed::text), $2, open::text), facts, positions, standings
		FROM read_1.pair, more`, two.Records[0].NonAssociation.ID.String(), two.Records[1].NonAssociation.ID.String())
	for i, id := range []string{"closed", "open"} {
		p.exec(`INSERT INTO read_1.non_association (id, pair, first_number, second_number, when_created, when_updated, expires, deleted)
			SELECT more.`+id+`, 'A1111AA_' || other, first_number, other, when_created, when_updated, expires, deleted
			FROM read_1.non_association, more WHERE id = $1`, two.Records[i].NonAssociation.ID)
	}
	found, err := all(r.Involving(t.Context(), numbers("A"), wanted))
	require.NoError(t, err)
	require.Len(t, found.Records, 2*pairs+2)
	seen, before := map[string]bool{}, ""
	for _, record := range found.Records {
		seen[fmt.Sprint(record.Pair, record.NonAssociation.ID)] = true
		key := keyOf(record, queries.ByWhenCreated)
		require.Less(t, before, key, "the oldest first")
		before = key
	}
	require.Len(t, seen, len(found.Records))
}
