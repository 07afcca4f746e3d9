package queries_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
)

// openYears are the years in which open records begin, in order.
func openYears(found queries.OpenRecords) string {
	var years []string
	for _, record := range found.Records {
		years = append(years, string(record.EffectiveDate)[:4])
	}
	slices.Sort(years)
	return strings.Join(years, " ")
}

func TestOpenOf_readsWhatIsNotClosed(t *testing.T) {
	t.Parallel()
	r := newRecord(t)
	r.sync("A1111AA", "B1111BB", "2001-01-01T00:00:00", "2001-02-01T00:00:00")
	r.sync("A1111AA", "B1111BB", "2002-01-01T00:00:00", "")
	r.sync("A1111AA", "C1111CC", "2003-01-01T00:00:00", today+"T23:59:59")
	r.sync("A1111AA", "D1111DD", "2004-01-01T00:00:00", "2026-07-16T00:00:00")
	r.sync("E1111EE", "A1111AA", "2100-01-01T00:00:00", "")
	r.sync("C1111CC", "D1111DD", "2005-01-01T00:00:00", "")
	r.waitForProjection()
	found, err := r.OpenOf(t.Context(), numbers("A"), today, r.position)
	require.NoError(t, err)
	require.Equal(t, "2002 2004 2100", openYears(found))
	require.Equal(t, r.position, found.Position)
	require.Empty(t, found.Survivors)
	whole, err := r.OfPrisoner(t.Context(), "A1111AA", 0)
	require.NoError(t, err)
	for _, record := range found.Records {
		i := slices.IndexFunc(whole.Records, func(w queries.Record) bool { return w.NonAssociation.ID == record.ID })
		n := whole.Records[i].NonAssociation
		require.Equal(t, domain.OpenRecord{
			ID: n.ID, Pair: whole.Records[i].Pair, Reason: n.Reason, Restriction: n.Restriction, TypeCode: n.TypeCode, EffectiveDate: n.EffectiveDate,
		}, record)
	}

	deletion := domain.Delete{ID: found.Records[0].ID}
	receipt, err := r.commands.ExecuteByID(t.Context(), by(), deletion.ID, deletion)
	require.NoError(t, err)
	found, err = r.OpenOf(t.Context(), numbers("ACZ"), today, receipt.Position.Uint64())
	require.NoError(t, err)
	require.Len(t, found.Records, 3, "one was deleted, and one is of C and D")
	none, err := r.OpenOf(t.Context(), nil, today, 0)
	require.NoError(t, err)
	require.Empty(t, none.Records)
	_, err = open(t, r.dsn, impatient).OpenOf(t.Context(), numbers("A"), today, receipt.Position.Uint64()+1)
	require.ErrorIs(t, err, queries.ErrBehind)
}

func TestOpenOf_aNumberCountsAsAllItsNames(t *testing.T) {
	t.Parallel()
	r := newRecord(t)
	r.sync("A1111AA", "F1111FF", "2001-01-01T00:00:00", "")
	r.sync("B1111BB", "F1111FF", "2002-01-01T00:00:00", "")
	r.sync("C1111CC", "G1111GG", "2003-01-01T00:00:00", "")
	r.waitForProjection()
	p := projector{t, connect(t, r.dsn), r.dsn}
	for _, c := range []struct {
		merges       []string
		asked, found string
		survivors    string // each letter's, of those that are removed
		names        string // each letter's, of those that are another name of a number asked for
	}{
		{nil, "A", "2001", "", ""},
		{[]string{"A1111AA>B1111BB"}, "A", "2001 2002", "AB", "BA"},
		{[]string{"A1111AA>B1111BB"}, "B", "2001 2002", "AB", "AB"},
		{[]string{"A1111AA>B1111BB", "B1111BB>C1111CC"}, "C", "2001 2002 2003", "AC BC", "AC BC"},
		{[]string{"A1111AA>B1111BB", "B1111BB>C1111CC"}, "B", "2001 2002 2003", "AC BC", "AB CB"},
		{[]string{"-A1111AA>B1111BB"}, "A", "2001", "", ""},
		{[]string{"-A1111AA>B1111BB"}, "B", "2002", "", ""},
		{[]string{"A1111AA>B1111BB", "A1111AA>C1111CC"}, "B", "2002", "", ""},
		{[]string{"G1111GG>H1111HH"}, "C", "2003", "GH", ""}, // the other prisoner's number is removed
		{[]string{"Y1111YY>Z1111ZZ"}, "Y", "", "YZ", "ZY"},
		{[]string{"A1111AA>B1111BB", "B1111BB>A1111AA"}, "A", "2001 2002", "", "BA"},
	} {
		p.merges(c.merges...)
		found, err := r.OpenOf(t.Context(), numbers(c.asked), today, 0)
		require.NoError(t, err)
		require.Equal(t, c.found, openYears(found), "%v", c)
		want := map[domain.PrisonerNumber]domain.PrisonerNumber{}
		for pair := range strings.FieldsSeq(c.survivors) {
			want[numbers(pair)[0]] = numbers(pair)[1]
		}
		require.Equal(t, want, found.Survivors, "%v", c)
		clear(want)
		for pair := range strings.FieldsSeq(c.names) {
			want[numbers(pair)[0]] = numbers(pair)[1]
		}
		require.Equal(t, want, found.Names, "%v", c)
	}
}

func TestOpenOf_isOfOneMoment(t *testing.T) {
	t.Parallel()
	r := newRecord(t)
	r.sync("A1111AA", "F1111FF", "2001-01-01T00:00:00", "")
	r.waitForProjection()
	p := projector{t, connect(t, r.dsn), r.dsn}
	done, moved := make(chan struct{}), make(chan error, 1)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				moved <- nil
				return
			default:
			}
			if _, err := p.conn.Exec(t.Context(), []string{
				`UPDATE read_1.non_association SET first_number = 'B1111BB'; INSERT INTO read_1.merge VALUES (gen_random_uuid(), 'A1111AA', 'B1111BB', 1)`,
				`UPDATE read_1.non_association SET first_number = 'A1111AA'; DELETE FROM read_1.merge`,
			}[i%2]); err != nil {
				moved <- err
				return
			}
		}
	}()
	for range 300 {
		found, err := r.OpenOf(t.Context(), numbers("A"), today, 0)
		require.NoError(t, err)
		require.Len(t, found.Records, 1)
	}
	close(done)
	require.NoError(t, <-moved)
}

func TestOpenOf_withoutAReadModelIsAnError(t *testing.T) {
	t.Parallel()
	p := newProjector(t)
	reader := open(t, p.dsn)
	_, err := reader.OpenOf(t.Context(), numbers("A"), today, 0)
	require.ErrorIs(t, err, queries.ErrNotCaughtUp)
	p.tables()
	p.exec(`DROP VIEW read.merge`)
	_, err = reader.OpenOf(t.Context(), numbers("A"), today, 0)
	require.ErrorIs(t, err, queries.ErrNotCaughtUp)
}

func TestOpenOf_aRowWithoutItsRecordIsAnError(t *testing.T) {
	t.Parallel()
	p := newProjector(t)
	p.tables()
	p.exec(`INSERT INTO read_1.pair VALUES ('A1111AA_B1111BB', '{}', 1, '{}', '[]')`)
	p.exec(`INSERT INTO read_1.non_association VALUES (gen_random_uuid(), 'A1111AA_B1111BB', 'A1111AA', 'B1111BB', '', '', 'never', false)`)
	_, err := open(t, p.dsn).OpenOf(t.Context(), numbers("A"), today, 0)
	require.ErrorContains(t, err, "rebuild the read model")
}
