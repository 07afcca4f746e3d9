package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/audit/evidence/store"
	"nonassociations/internal/dev/testdb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

func open(t *testing.T) (*store.Store, string) {
	t.Helper()
	dsn := testdb.New(t)
	require.NoError(t, store.Migrate(t.Context(), dsn))
	require.NoError(t, store.Migrate(t.Context(), dsn), "a second time changes nothing")
	s, err := store.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s, dsn
}

// act returns the act of a user, so many minutes after noon.
func act(user string, minute int) store.Action {
	return store.Action{
		ID: uuid.NewSHA1(uuid.NameSpaceOID, []byte{byte(minute)}), At: noon.Add(time.Duration(minute) * time.Minute), User: user,
		Action: "publish parked skip", Object: "an event", Reason: "told by telephone", Outcome: store.Done, RequestID: "r",
	}
}

func TestActions_areFoundNewestFirst(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	first, second, third := act("JSMITH", 0), act("AJONES", 1), act("JSMITH", 2)
	for _, a := range []store.Action{second, first, third, third} {
		require.NoError(t, s.Record(t.Context(), a))
	}
	find := func(f store.Filter) (minutes []int, more bool) {
		all, more, err := s.Actions(t.Context(), f)
		require.NoError(t, err)
		for _, a := range all {
			minutes = append(minutes, int(a.At.Sub(noon).Minutes()))
		}
		return minutes, more
	}
	for name, c := range map[string]struct {
		f    store.Filter
		want []int
		more bool
	}{
		"all":      {store.Filter{}, []int{2, 1, 0}, false},
		"a user":   {store.Filter{User: "JSMITH"}, []int{2, 0}, false},
		"no user":  {store.Filter{User: "JSMIT"}, nil, false},
		"from":     {store.Filter{From: second.At}, []int{2, 1}, false},
		"to":       {store.Filter{To: second.At}, []int{0}, false},
		"page":     {store.Filter{Size: 2}, []int{2, 1}, true},
		"the next": {store.Filter{Size: 2, Before: &second}, []int{0}, false},
	} {
		minutes, more := find(c.f)
		require.Equal(t, c.want, minutes, name)
		require.Equal(t, c.more, more, name)
	}
	all, _, err := s.Actions(t.Context(), store.Filter{Size: 1})
	require.NoError(t, err)
	all[0].At = all[0].At.UTC()
	require.Equal(t, []store.Action{third}, all)
	_, _, err = s.Actions(t.Context(), store.Filter{Size: 501})
	require.Error(t, err)
}

func TestAction_thatIsIncompleteIsRefused(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	for _, spoil := range []func(*store.Action){
		func(a *store.Action) { a.User = "" }, func(a *store.Action) { a.Action = "" }, func(a *store.Action) { a.Outcome = "MAYBE" },
	} {
		a := act("JSMITH", 0)
		spoil(&a)
		require.Error(t, s.Record(t.Context(), a))
	}
	all, _, err := s.Actions(t.Context(), store.Filter{})
	require.NoError(t, err)
	require.Empty(t, all)
}

func TestAction_isChangedByNobody(t *testing.T) {
	t.Parallel()
	s, dsn := open(t)
	require.NoError(t, s.Record(t.Context(), act("JSMITH", 0)))
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	for _, sql := range []string{
		`UPDATE evidence.action SET user_name = 'AJONES'`, `DELETE FROM evidence.action`, `TRUNCATE evidence.action`,
	} {
		_, err := conn.Exec(t.Context(), sql)
		require.ErrorContains(t, err, "neither changed nor removed", sql)
	}
}
