package queries_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
)

// merges writes merges such as "A1111AA>B1111BB" in the order of the log; one
// that begins with a minus was taken back.
func (p projector) merges(all ...string) {
	p.t.Helper()
	p.exec(`TRUNCATE read_1.merge`)
	for i, m := range all {
		removed, survivor, _ := strings.Cut(strings.TrimPrefix(m, "-"), ">")
		p.exec(`INSERT INTO read_1.merge (message, removed, survivor, position, taken_back) VALUES ($1, $2, $3, $4, $5)`,
			uuid.New(), removed, survivor, 100+i, strings.HasPrefix(m, "-"))
	}
}

// numbers is short for A1111AA and its like.
func numbers(letters string) []domain.PrisonerNumber {
	var all []domain.PrisonerNumber
	for _, l := range letters {
		all = append(all, domain.PrisonerNumber(fmt.Sprintf("%[1]c1111%[1]c%[1]c", l)))
	}
	return all
}

func TestSurvivor_isTheOneAtTheEndOfTheMerges(t *testing.T) {
	p := newProjector(t)
	p.tables()
	reader := open(t, p.dsn)
	for name, c := range map[string]struct {
		merges []string
		want   string // each letter's survivor, of those that are removed
	}{
		"nothing merged":                   {nil, ""},
		"one":                              {[]string{"A1111AA>B1111BB"}, "AB"},
		"a chain":                          {[]string{"A1111AA>B1111BB", "B1111BB>C1111CC", "C1111CC>D1111DD"}, "AD BD CD"},
		"a chain in another order":         {[]string{"C1111CC>D1111DD", "A1111AA>B1111BB", "B1111BB>C1111CC"}, "AD BD CD"},
		"two into one":                     {[]string{"A1111AA>C1111CC", "B1111BB>C1111CC"}, "AC BC"},
		"taken back":                       {[]string{"-A1111AA>B1111BB"}, ""},
		"a chain of which the first is":    {[]string{"-A1111AA>B1111BB", "B1111BB>C1111CC"}, "BC"},
		"a chain of which the last is":     {[]string{"A1111AA>B1111BB", "-B1111BB>C1111CC"}, "AB"},
		"the last one counts":              {[]string{"A1111AA>B1111BB", "A1111AA>C1111CC"}, "AC"},
		"the last one that was not":        {[]string{"A1111AA>B1111BB", "-A1111AA>C1111CC"}, "AB"},
		"again after it was taken back":    {[]string{"-A1111AA>B1111BB", "A1111AA>C1111CC"}, "AC"},
		"a circle":                         {[]string{"A1111AA>B1111BB", "B1111BB>A1111AA"}, ""},
		"a way into a circle":              {[]string{"A1111AA>B1111BB", "B1111BB>C1111CC", "C1111CC>B1111BB"}, "AB"},
		"a way into a circle further on":   {[]string{"A1111AA>B1111BB", "B1111BB>C1111CC", "C1111CC>D1111DD", "D1111DD>C1111CC"}, "AC BC"},
		"a number merged into itself even": {[]string{"A1111AA>A1111AA"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p.merges(c.merges...)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			want := map[domain.PrisonerNumber]domain.PrisonerNumber{}
			for pair := range strings.FieldsSeq(c.want) {
				of := numbers(pair)
				want[of[0]] = of[1]
			}
			for _, number := range numbers("ABCDZ") {
				list, err := reader.List(ctx, number, 0)
				require.NoError(t, err)
				require.Equal(t, want[number], list.Survivor)
				require.Equal(t, `{"prisonerNumber":"`+string(number)+`","nonAssociations":[]}`, string(list.Document))
				records, err := reader.OfPrisoner(ctx, number, 0)
				require.NoError(t, err)
				require.Equal(t, want[number], records.Survivor)
				require.Empty(t, records.Records)
			}
		})
	}
}

func TestList_withAnItemHasNoSurvivor(t *testing.T) {
	p := newProjector(t)
	p.tables()
	reader := open(t, p.dsn)
	p.merges("A1111AA>B1111BB")
	// The text of the item ends as an empty list does.
	const document = `{"prisonerNumber":"A1111AA","nonAssociations":[{"comments":"\",\"nonAssociations\":[]}"}]}`
	p.exec(`INSERT INTO read_1.prisoner VALUES ('A1111AA', $1, '')`, document)
	list, err := reader.List(t.Context(), "A1111AA", 0)
	require.NoError(t, err)
	require.Empty(t, list.Survivor)
	require.Equal(t, document, string(list.Document))

	p.exec(`UPDATE read_1.prisoner SET document = '{"prisonerNumber":"A1111AA","nonAssociations":[]}'`)
	list, err = reader.List(t.Context(), "A1111AA", 0)
	require.NoError(t, err)
	require.EqualValues(t, "B1111BB", list.Survivor)
}

func TestMergedWith_listsTheRemovedNumbers(t *testing.T) {
	p := newProjector(t)
	p.tables()
	reader := open(t, p.dsn)
	p.merges("C1111CC>D1111DD", "B1111BB>A1111AA", "-C1111CC>A1111AA", "A1111AA>E1111EE", "B1111BB>A1111AA", "A1111AA>F1111FF", "F1111FF>E1111EE")
	for number, want := range map[string]string{"A": "ABC", "B": "B", "C": "C", "D": "C", "E": "AF", "F": "AF", "Z": ""} {
		found, err := reader.MergedWith(t.Context(), numbers(number)[0], 0)
		require.NoError(t, err)
		require.ElementsMatch(t, numbers(want), found, number)
		require.True(t, slices.IsSorted(found))
	}
}

func TestRemovedNumbers_ofAPrisonerAreFoundByAnyRoute(t *testing.T) {
	p := newProjector(t)
	p.tables()
	reader := open(t, p.dsn)
	p.merges("C1111CC>D1111DD", "B1111BB>A1111AA", "-C1111CC>A1111AA", "A1111AA>E1111EE", "A1111AA>F1111FF", "F1111FF>D1111DD", "G1111GG>H1111HH", "H1111HH>G1111GG")
	for number, want := range map[string]string{"A": "B", "B": "", "C": "", "D": "ABCF", "E": "", "F": "AB", "G": "H", "H": "G", "Z": ""} {
		found, err := reader.RemovedInto(t.Context(), numbers(number)[0], 0)
		require.NoError(t, err)
		require.Equal(t, append([]domain.PrisonerNumber{}, numbers(want)...), append([]domain.PrisonerNumber{}, found...), number)
	}
}

func TestReadModel_behindHasNoMergesEither(t *testing.T) {
	p := newProjector(t)
	reader := open(t, p.dsn)
	_, err := reader.MergedWith(t.Context(), number, 0)
	require.ErrorIs(t, err, queries.ErrNotCaughtUp)

	// The views of an older build lack the one of merges: no list of it is empty.
	p.tables()
	p.exec(`DROP VIEW read.merge`)
	for what, ask := range map[string]func() error{
		"list":    func() error { _, err := reader.List(t.Context(), number, 0); return err },
		"records": func() error { _, err := reader.OfPrisoner(t.Context(), number, 0); return err },
		"between": func() error {
			_, err := all(reader.Between(t.Context(), numbers("AB"), queries.Filter{Open: true}))
			return err
		},
		"involving": func() error {
			_, err := all(reader.Involving(t.Context(), numbers("AB"), queries.Filter{Open: true}))
			return err
		},
		"mergedWith": func() error { _, err := reader.MergedWith(t.Context(), number, 0); return err },
		"removed":    func() error { _, err := reader.RemovedInto(t.Context(), number, 0); return err },
	} {
		require.ErrorIs(t, ask(), queries.ErrNotCaughtUp, what)
	}
}

func TestGroup_includesTheNumbersOfMerges(t *testing.T) {
	r := newRecord(t)
	r.sync("A1111AA", "F1111FF", "2001-01-01T00:00:00", "")
	r.sync("B1111BB", "F1111FF", "2002-01-01T00:00:00", "")
	r.sync("C1111CC", "F1111FF", "2003-01-01T00:00:00", "")
	r.sync("C1111CC", "G1111GG", "2004-01-01T00:00:00", "")
	r.waitForProjection()
	p := projector{t, connect(t, r.dsn), r.dsn}
	p.merges("A1111AA>B1111BB")
	found, err := r.OfPrisoner(t.Context(), "A1111AA", 0)
	require.Equal(t, "2001", dates(t, found, err))
	require.Empty(t, found.Survivor, "a record stands under the number")

	wanted := queries.Filter{Open: true, Closed: true, Today: today}
	for _, c := range []struct {
		merges             []string
		asked              string
		between, involving string
	}{
		{nil, "AF", "2001", "2001 2002 2003"},
		{nil, "AG", "", "2001 2004"},
		{[]string{"A1111AA>B1111BB"}, "AF", "2001 2002", "2001 2002 2003"},
		{[]string{"A1111AA>B1111BB"}, "BF", "2002", "2001 2002 2003"},
		{[]string{"A1111AA>B1111BB"}, "AG", "", "2001 2002 2004"},
		{[]string{"A1111AA>B1111BB", "B1111BB>C1111CC"}, "AG", "2004", "2001 2002 2003 2004"},
		{[]string{"A1111AA>B1111BB", "B1111BB>C1111CC"}, "FABC", "2001 2002 2003", "2001 2002 2003 2004"},
		{[]string{"-A1111AA>C1111CC"}, "AG", "", "2001 2004"},
		{[]string{"A1111AA>B1111BB"}, "AB", "one prisoner", "2001 2002"},
		{[]string{"A1111AA>B1111BB", "B1111BB>C1111CC"}, "ABC", "one prisoner", "2001 2002 2003 2004"},
		{[]string{"A1111AA>C1111CC", "B1111BB>C1111CC"}, "AB", "one prisoner", "2001 2002 2003 2004"},
		{[]string{"A1111AA>B1111BB", "-B1111BB>C1111CC"}, "AC", "", "2001 2002 2003 2004"},
	} {
		p.merges(c.merges...)
		for range 2 {
			found, err := all(r.Between(t.Context(), numbers(c.asked), wanted))
			if c.between == "one prisoner" {
				require.ErrorIs(t, err, queries.ErrOnePrisoner, "%v", c)
			} else {
				require.Equal(t, c.between, dates(t, found, err), "%v", c)
				require.GreaterOrEqual(t, found.Position, r.position)
			}
			found, err = all(r.Involving(t.Context(), numbers(c.asked), wanted))
			require.Equal(t, c.involving, dates(t, found, err), "%v", c)
			reversed := []rune(c.asked)
			slices.Reverse(reversed)
			c.asked = string(reversed)
		}
	}
}

// TestTransfer_duringAReadIsNotMissed moves a record between the look at the
// merges and the look at the records, and the number back with its record.
func TestTransfer_duringAReadIsNotMissed(t *testing.T) {
	t.Parallel()
	r := newRecord(t)
	r.sync("A1111AA", "F1111FF", "2001-01-01T00:00:00", "")
	r.waitForProjection()
	p := projector{t, connect(t, r.dsn), r.dsn}
	there := `UPDATE read_1.non_association SET first_number = 'A1111AA';
		UPDATE read_1.prisoner SET document = replace(document, '[]', '[{}]') WHERE prisoner_number = 'A1111AA';
		DELETE FROM read_1.merge`
	away := `UPDATE read_1.non_association SET first_number = 'B1111BB';
		UPDATE read_1.prisoner SET document = '{"prisonerNumber":"A1111AA","nonAssociations":[]}' WHERE prisoner_number = 'A1111AA';
		INSERT INTO read_1.merge VALUES (gen_random_uuid(), 'A1111AA', 'B1111BB', 1)`
	done, moved := make(chan struct{}), make(chan error, 1)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				moved <- nil
				return
			default:
			}
			if _, err := p.conn.Exec(t.Context(), []string{away, there}[i%2]); err != nil {
				moved <- err
				return
			}
		}
	}()
	wanted := queries.Filter{Open: true, Today: today}
	for range 300 {
		found, err := all(r.Between(t.Context(), numbers("AF"), wanted))
		require.Equal(t, "2001", dates(t, found, err))
		found, err = all(r.Involving(t.Context(), numbers("A"), wanted))
		require.Equal(t, "2001", dates(t, found, err))
		list, err := r.List(t.Context(), "A1111AA", 0)
		require.NoError(t, err)
		require.NotEqual(t, list.Survivor == "", strings.Contains(string(list.Document), "[]"), "empty and nowhere else")
		records, err := r.OfPrisoner(t.Context(), "A1111AA", 0)
		require.NoError(t, err)
		require.NotEqual(t, records.Survivor == "", len(records.Records) == 0, "empty and nowhere else")
	}
	close(done)
	require.NoError(t, <-moved)
}
