package store_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/screens/store"
)

func TestView_isFoundAsItWas(t *testing.T) {
	f := newFixture(t)
	whole := view(1, func(v *store.View) {
		v.Page, v.Query, v.OutsideCaseload, v.Refused = store.PageRecord, "q=%00", true, true
		v.Subjects = []domain.PrisonerNumber{"A1234BC", "D5678EF"}
		v.Shown = []domain.PrisonerNumber{"A9109UD"}
	})
	f.insert(whole)
	found, err := f.Views(t.Context(), store.ViewFilter{}, store.Cursor{}, 10)
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.WithinDuration(t, whole.At, found[0].At, 0)
	found[0].At = whole.At
	require.Equal(t, whole, found[0])

	f.insert(store.View{At: noon, UserName: "U", Page: store.PageHome, RequestID: uuid.New()})
	found, err = f.Views(t.Context(), store.ViewFilter{UserName: "U"}, store.Cursor{}, 10)
	require.NoError(t, err)
	require.NotEqual(t, uuid.Nil, found[0].ID)
	require.Empty(t, found[0].Subjects)
}

func TestViews_byEachFilter(t *testing.T) {
	f := newFixture(t)
	f.insert(
		view(1, nil),
		view(2, func(v *store.View) { v.UserName = "OFFICER_B" }),
		view(3, func(v *store.View) {
			v.Subjects, v.Shown = []domain.PrisonerNumber{"D5678EF"}, []domain.PrisonerNumber{"A9109UD", "A1234BC"}
		}),
		view(4, func(v *store.View) { v.Subjects = nil }),
	)
	require.Equal(t, []string{"04", "03", "02", "01"}, f.views(store.ViewFilter{}))
	require.Equal(t, []string{"03", "02", "01"}, f.views(store.ViewFilter{Prisoner: "A1234BC"}))
	require.Equal(t, []string{"03"}, f.views(store.ViewFilter{Prisoner: "A9109UD"}))
	require.Equal(t, []string{"03"}, f.views(store.ViewFilter{Prisoner: "D5678EF"}))
	require.Empty(t, f.views(store.ViewFilter{Prisoner: "A1234B"}))
	require.Equal(t, []string{"02"}, f.views(store.ViewFilter{UserName: "OFFICER_B"}))
	require.Equal(t, []string{"03", "02"}, f.views(store.ViewFilter{From: noon.Add(2 * time.Second), To: noon.Add(4 * time.Second)}))
	require.Equal(t, []string{"02"}, f.views(store.ViewFilter{Prisoner: "A1234BC", UserName: "OFFICER_B", From: noon, To: noon.Add(time.Hour)}))
	require.Empty(t, f.views(store.ViewFilter{UserName: "' OR true --\x00\xff"}))
}

// TestViews_pageByPage: none is left out or shown twice, also among those of one moment.
func TestViews_pageByPage(t *testing.T) {
	f := newFixture(t)
	for n := range 7 {
		f.insert(view(n, func(v *store.View) { v.At = noon.Add(time.Duration(n/3) * time.Second) }))
	}
	seen, cursor := map[uuid.UUID]bool{}, store.Cursor{}
	for range 4 {
		page, err := f.Views(t.Context(), store.ViewFilter{}, cursor, 2)
		require.NoError(t, err)
		for _, v := range page {
			require.False(t, seen[v.ID])
			seen[v.ID] = true
			cursor = store.Cursor{At: v.At, ID: v.ID}
		}
	}
	require.Len(t, seen, 7)
	page, err := f.Views(t.Context(), store.ViewFilter{}, cursor, 2)
	require.NoError(t, err)
	require.Empty(t, page)
}

// TestView_ofHostileTextIsRecorded: a text that Postgres cannot store keeps no view out.
func TestView_ofHostileTextIsRecorded(t *testing.T) {
	f := newFixture(t)
	f.insert(view(1, func(v *store.View) {
		v.Query, v.UserName, v.Route = "a\x00b\xff", "U\x00", "\xc3\x28"
		v.Subjects = []domain.PrisonerNumber{"\x00", "'; DROP TABLE screens.view; --", `{"a",NULL}`}
	}))
	found, err := f.Views(t.Context(), store.ViewFilter{UserName: "U\x00"}, store.Cursor{}, 1)
	require.NoError(t, err)
	require.Equal(t, "a\uFFFDb\uFFFD", found[0].Query)
	require.Equal(t, []domain.PrisonerNumber{"\uFFFD", "'; DROP TABLE screens.view; --", `{"a",NULL}`}, found[0].Subjects)
}

// TestSearch_usesIndexes: the table grows for years.
func TestSearch_usesIndexes(t *testing.T) {
	f := newFixture(t)
	conn := f.conn()
	_, err := conn.Exec(t.Context(), `SET enable_seqscan = off`)
	require.NoError(t, err)
	for where, index := range map[string]string{
		"subjects || shown @> ARRAY['A1234BC']":                             "view_prisoner",
		"user_name = 'U' AND (at, id) < (now(), gen_random_uuid())":         "view_user",
		"at >= now() AND at < now()":                                        "view_at",
		"(at, id) < (now(), '00000000-0000-4000-8000-000000000000'::uuid) ": "view_at",
	} {
		rows, err := conn.Query(t.Context(), `EXPLAIN SELECT * FROM screens.view WHERE `+where+` ORDER BY at DESC, id DESC LIMIT 50`)
		require.NoError(t, err)
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		require.Contains(t, strings.Join(plan, "\n"), index, where)
	}
}

func TestRecentPrisoners(t *testing.T) {
	f := newFixture(t)
	of := func(page store.Page, numbers ...domain.PrisonerNumber) func(*store.View) {
		return func(v *store.View) { v.Page, v.Subjects = page, numbers }
	}
	f.insert(
		view(1, of(store.PageList, "A1111AA")), view(2, of(store.PageRecord, "A2222AA", "A3333AA")), view(3, of(store.PageList, "A1111AA")),
		view(4, of(store.PageSearch)), view(5, of(store.PageAdd, "A4444AA")), view(6, of(store.PageList)),
		view(7, func(v *store.View) { v.Subjects, v.Refused = []domain.PrisonerNumber{"A5555AA"}, true }),
		view(8, func(v *store.View) { v.UserName = "OFFICER_B" }),
	)
	recent, err := f.RecentPrisoners(t.Context(), "OFFICER_A", 10)
	require.NoError(t, err)
	require.Equal(t, []domain.PrisonerNumber{"A1111AA", "A2222AA"}, recent)
	recent, err = f.RecentPrisoners(t.Context(), "OFFICER_A", 1)
	require.NoError(t, err)
	require.Equal(t, []domain.PrisonerNumber{"A1111AA"}, recent)
}

func TestPruneViews(t *testing.T) {
	f := newFixture(t)
	f.insert(view(1, nil), view(2, nil), view(3, nil))
	require.NoError(t, f.MarkSent(t.Context(), view(1, nil).ID))
	removed, err := store.PruneViews(t.Context(), f.conn(), noon.Add(3*time.Second), true)
	require.NoError(t, err)
	require.Equal(t, 1, removed)
	require.Equal(t, []string{"03", "02"}, f.views(store.ViewFilter{}))
	removed, err = store.PruneViews(t.Context(), f.conn(), noon.Add(3*time.Second), false)
	require.NoError(t, err)
	require.Equal(t, 1, removed)
	require.Equal(t, []string{"03"}, f.views(store.ViewFilter{}))
	count, _, err := f.UnsentViews(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, count)
}

// TestView_thatCannotBeRecorded is an error, never silence.
func TestView_thatCannotBeRecorded(t *testing.T) {
	f := newFixture(t)
	f.insert(view(1, nil))
	require.Error(t, f.InsertView(t.Context(), view(1, nil)), "one row a page")
	ended, end := context.WithCancel(t.Context())
	end()
	require.Error(t, f.InsertView(ended, view(2, nil)))
	_, err := f.conn().Exec(t.Context(), `DROP TABLE screens.unsent_view`)
	require.NoError(t, err)
	require.Error(t, f.InsertView(t.Context(), view(3, nil)))
	require.Equal(t, []string{"01"}, f.views(store.ViewFilter{}))
}
