package queries_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/readmodel"
	"nonassociations/internal/dev/testdb"
	"nonassociations/projections"
	"nonassociations/queries"
)

const today = "2026-07-15"

// service is the whole way: commands, a log, a projection and a reader.
type service struct {
	*queries.Reader

	t        testing.TB
	dsn      string
	commands *commands.Handler
	log      *memory.Store
	position uint64
}

// tables is a database with the read model of an empty log.
var tables = testdb.NewTemplate(readmodel.Migrate)

func newRecord(t testing.TB) *service {
	dsn := tables.New(t)
	log, err := readmodel.NewLog(t.Context())
	require.NoError(t, err)
	runner := projections.New(projections.Options{Store: log, DSN: dsn, Generation: projections.FirstGeneration, Clock: time.Now, Logger: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
	reader := open(t, dsn)
	clock := func() time.Time { return time.Date(2026, 7, 15, 12, 0, 0, 123456000, time.UTC) }
	return &service{Reader: reader, t: t, dsn: dsn, log: log, commands: commands.New(log, commands.Options{Clock: clock, Locator: reader})}
}

// sync is NOMIS telling of one of a pair; an expiry of "" is none.
func (r *service) sync(about, other, effective, expiry string) {
	r.t.Helper()
	item := domain.Item{
		EffectiveDate: domain.LocalDateTime(effective), TypeCode: domain.TypeWing,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{
			domain.PrisonerNumber(about): domain.CodeVictim, domain.PrisonerNumber(other): domain.CodePerpetrator,
		},
	}
	if expiry != "" {
		date := domain.LocalDateTime(expiry)
		item.ExpiryDate = &date
	}
	pair, err := domain.NewPair(domain.PrisonerNumber(about), domain.PrisonerNumber(other))
	require.NoError(r.t, err)
	told, err := r.commands.Sync(r.t.Context(), by(), []commands.PairSync{{
		Pair: pair, Sync: domain.Sync{About: domain.PrisonerNumber(about), Items: []domain.Item{item}},
	}})
	require.NoError(r.t, err)
	r.position = told.Position.Uint64()
}

func by() domain.Cause {
	return domain.Cause{CommandID: uuid.New(), Actor: "SOMEBODY", Source: domain.NOMIS}
}

// waitForProjection waits until all that was appended can be read.
func (r *service) waitForProjection() {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		_, err := r.One(r.t.Context(), uuid.New(), 0)
		return err == nil && r.WaitFor(r.t.Context(), r.position) == nil
	}, patience, poll)
}

// dates are the effective dates of an answer, which tests keep different.
func dates(t testing.TB, found queries.Records, err error) string {
	t.Helper()
	require.NoError(t, err)
	var all []string
	for _, record := range found.Records {
		require.True(t, record.Pair.Has(record.NonAssociation.FirstPrisoner))
		all = append(all, string(record.NonAssociation.EffectiveDate[:4]))
	}
	return strings.Join(all, " ")
}

func TestRecords_ofPrisonersBetweenThemAndInvolvingThem(t *testing.T) {
	r := newRecord(t)
	r.sync("B1111BB", "A1111AA", "2001-01-01T00:00:00", "2002-01-01T00:00:00")
	r.sync("A1111AA", "B1111BB", "2003-01-01T00:00:00", today+"T23:59:59") // ends today: closed
	r.sync("B1111BB", "A1111AA", "2004-01-01T00:00:00", "2026-07-16T00:00:00")
	r.sync("A1111AA", "C1111CC", "2005-01-01T00:00:00", "")
	r.sync("C1111CC", "B1111BB", "2006-01-01T00:00:00", "")
	r.sync("C1111CC", "D1111DD", "2100-01-01T00:00:00", "") // still to come: open
	r.sync("D1111DD", "A1111AA", "2007-01-01T00:00:00", "")
	r.waitForProjection()
	gone, err := r.OfPrisoner(t.Context(), "D1111DD", 0)
	require.NoError(t, err)
	receipt, err := r.commands.ExecuteByID(t.Context(), by(), gone.Records[0].NonAssociation.ID,
		domain.Delete{ID: gone.Records[0].NonAssociation.ID})
	require.NoError(t, err)
	r.position = receipt.Position.Uint64()
	r.waitForProjection()

	open, closed, both := queries.Filter{Open: true, Today: today}, queries.Filter{Closed: true, Today: today}, queries.Filter{Open: true, Closed: true, Today: today}
	for number, want := range map[domain.PrisonerNumber]string{
		"A1111AA": "2001 2003 2004 2005", "C1111CC": "2005 2006 2100", "D1111DD": "2100", "E1111EE": "",
	} {
		found, err := r.OfPrisoner(t.Context(), number, 0)
		require.Equal(t, want, dates(t, found, err), number)
		require.GreaterOrEqual(t, found.Position, r.position)
	}
	for _, c := range []struct {
		numbers            []domain.PrisonerNumber
		wanted             queries.Filter
		between, involving string
	}{
		{[]domain.PrisonerNumber{"A1111AA", "B1111BB"}, open, "2004", "2004 2005 2006"},
		{[]domain.PrisonerNumber{"B1111BB", "A1111AA"}, closed, "2001 2003", "2001 2003"},
		{[]domain.PrisonerNumber{"A1111AA", "B1111BB", "C1111CC"}, both, "2001 2003 2004 2005 2006", "2001 2003 2004 2005 2006 2100"},
		{[]domain.PrisonerNumber{"A1111AA", "D1111DD"}, both, "", "2001 2003 2004 2005 2100"},
		{[]domain.PrisonerNumber{"E1111EE", "F1111FF"}, both, "", ""},
		{[]domain.PrisonerNumber{"A1111AA", "B1111BB"}, queries.Filter{Today: today}, "", ""},
	} {
		found, err := all(r.Between(t.Context(), c.numbers, c.wanted))
		require.Equal(t, c.between, dates(t, found, err), c)
		found, err = all(r.Involving(t.Context(), c.numbers, c.wanted))
		require.Equal(t, c.involving, dates(t, found, err), c)
	}
	tomorrow := queries.Filter{Closed: true, Today: "2026-07-16"}
	found, err := all(r.Between(t.Context(), []domain.PrisonerNumber{"A1111AA", "B1111BB"}, tomorrow))
	require.Equal(t, "2001 2003 2004", dates(t, found, err), "closed follows from the day, nothing is stored")

	one, err := r.One(t.Context(), found.Records[0].NonAssociation.ID, 0)
	require.Equal(t, "2001", dates(t, one, err))
	require.Equal(t, found.Records[0], one.Records[0])
	one, err = r.One(t.Context(), gone.Records[0].NonAssociation.ID, 0)
	require.Empty(t, dates(t, one, err))
}

func TestPages_byOffsetAndByCursorAreTheSameAndWhole(t *testing.T) {
	r := newRecord(t)
	const count = 23
	for i := range count {
		expiry := ""
		if i%3 == 0 {
			expiry = fmt.Sprintf("20%02d-01-01T00:00:00", 15+i)
		}
		about, other := fmt.Sprintf("A%04dAA", i%5), fmt.Sprintf("B%04dBB", i)
		r.sync(about, other, fmt.Sprintf("20%02d-01-01T00:00:00", i%7), expiry)
	}
	r.waitForProjection()
	for _, field := range queries.SortFields() {
		for _, descending := range []bool{false, true} {
			for _, wanted := range []queries.Filter{{Open: true, Today: today}, {Closed: true, Today: today}, {Open: true, Closed: true, Today: today}} {
				of := queries.PageRequest{Filter: wanted, By: field, Descending: descending, Size: 4}
				byOffset := walk(t, r, of, func(of *queries.PageRequest, _ queries.Page) { of.Offset += 4 })
				requireSorted(t, byOffset, of)
				if !field.IsFixed() {
					of.After = &queries.Cursor{ID: uuid.New()}
					_, err := r.Page(t.Context(), of)
					require.ErrorContains(t, err, "a cursor needs a sort field that is fixed")
					continue
				}
				byCursor := walk(t, r, of, func(of *queries.PageRequest, page queries.Page) { of.After = page.Next })
				require.Equal(t, byCursor, byOffset, "%s %t %+v", field, descending, wanted)
			}
		}
	}
	beyond, err := r.Page(t.Context(), queries.PageRequest{Filter: queries.Filter{Open: true, Closed: true, Today: today}, By: queries.ByID, Size: 4, Offset: 1000})
	require.NoError(t, err)
	require.Empty(t, beyond.Records.Records)
	require.EqualValues(t, count, beyond.Total)
	require.Nil(t, beyond.Next)
}

// walk takes all pages one after the other.
func walk(t *testing.T, r *service, of queries.PageRequest, onwards func(*queries.PageRequest, queries.Page)) []queries.Record {
	t.Helper()
	var all []queries.Record
	for {
		page, err := r.Page(t.Context(), of)
		require.NoError(t, err)
		all = append(all, page.Records.Records...)
		if page.Next == nil {
			require.Len(t, all, int(page.Total))
			return all
		}
		require.Len(t, page.Records.Records, of.Size)
		onwards(&of, page)
	}
}

func requireSorted(t *testing.T, all []queries.Record, of queries.PageRequest) {
	t.Helper()
	seen := map[uuid.UUID]bool{}
	for i, record := range all {
		n := record.NonAssociation
		require.False(t, seen[n.ID])
		seen[n.ID] = true
		require.True(t, n.IsClosed(today) && of.Closed || !n.IsClosed(today) && of.Open)
		if i == 0 {
			continue
		}
		before, now := keyOf(all[i-1], of.By), keyOf(record, of.By)
		if of.Descending {
			before, now = now, before
		}
		require.Less(t, before, now, "%s", of.By)
	}
}

// keyOf is a text that sorts as a record does.
func keyOf(record queries.Record, by queries.SortField) string {
	n := record.NonAssociation
	key := ""
	switch by {
	case queries.ByID:
	case queries.ByWhenCreated:
		key = string(n.EffectiveDate)
	case queries.ByWhenUpdated:
		key = n.UpdatedAt.String()
	case queries.ByClosedAt:
		key = "never"
		if n.ExpiryDate != nil {
			key = string(*n.ExpiryDate)
		}
	case queries.ByFirstNumber:
		key = string(n.FirstPrisoner)
	case queries.BySecondNumber:
		key = string(record.Pair.Other(n.FirstPrisoner))
	}
	return key + " " + n.ID.String()
}

func TestReadModel_behindHasNoRecordsEither(t *testing.T) {
	p := newProjector(t)
	reader := open(t, p.dsn)
	_, err := reader.One(t.Context(), uuid.New(), 0)
	require.ErrorIs(t, err, queries.ErrNotCaughtUp)
	_, err = reader.Page(t.Context(), queries.PageRequest{Size: 1})
	require.ErrorIs(t, err, queries.ErrNotCaughtUp)
}
