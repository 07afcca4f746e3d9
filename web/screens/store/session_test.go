package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/testdb"
	"nonassociations/web/screens/store"
)

func session(cookie string) store.Session {
	return store.Session{
		ID: store.IDOf(cookie), User: "OFFICER_A", BeganAt: noon, SeenAt: noon,
		Tokens: store.Tokens{Access: "access", Refresh: "refresh", Roles: []string{"PRISON"}, RenewedAt: noon, ExpiresAt: noon.Add(time.Hour)},
	}
}

func TestMigrating_againAndAtOnceChangesNothing(t *testing.T) {
	dsn, faults := testdb.New(t), make(chan error, 4)
	for range cap(faults) {
		go func() { faults <- store.Migrate(t.Context(), dsn) }()
	}
	for range cap(faults) {
		require.NoError(t, <-faults)
	}
}

// TestClaim_thatIsAbsentStaysAbsent: a token without the claim has other rights than one
// whose claim lists none.
func TestClaim_thatIsAbsentStaysAbsent(t *testing.T) {
	f := newFixture(t)
	for _, claim := range [][]domain.PrisonID{nil, {}, {"XAA"}} {
		n := session("cookie")
		n.Tokens.Caseloads = claim
		require.NoError(t, f.CreateSession(t.Context(), n))
		got, err := f.Session(t.Context(), n.ID)
		require.NoError(t, err)
		require.Equal(t, claim, got.Tokens.Caseloads)
		_, err = f.conn().Exec(t.Context(), `DELETE FROM screens.session`)
		require.NoError(t, err)
	}
}

// TestTokens_ofAnotherRowAreNotRead: who can write to the table makes no session his own.
func TestTokens_ofAnotherRowAreNotRead(t *testing.T) {
	f := newFixture(t)
	mine, theirs := session("mine"), session("theirs")
	theirs.User, theirs.Tokens.Access = "OPERATOR", "theirs"
	require.NoError(t, f.CreateSession(t.Context(), mine))
	require.NoError(t, f.CreateSession(t.Context(), theirs))
	_, err := f.conn().Exec(t.Context(), `UPDATE screens.session SET tokens = (SELECT tokens FROM screens.session WHERE id = $1) WHERE id = $2`,
		theirs.ID[:], mine.ID[:])
	require.NoError(t, err)
	got, err := f.Session(t.Context(), mine.ID)
	require.NoError(t, err)
	require.False(t, got.EndedAt.IsZero())
	require.Empty(t, got.Tokens)
	_, err = f.process(2).Session(t.Context(), theirs.ID)
	require.NoError(t, err, "another key reads the user name alone")
}

func TestRenewal_ofASessionThatIsGone(t *testing.T) {
	f := newFixture(t)
	_, err := f.Renew(t.Context(), store.IDOf("none"), func(store.Session) (store.Renewal, error) {
		t.Error("there is nothing to decide about")
		return store.Renewal{}, nil
	})
	require.ErrorIs(t, err, store.ErrNone)
	_, err = f.Session(t.Context(), store.IDOf("none"))
	require.ErrorIs(t, err, store.ErrNone)
	require.NoError(t, f.EndSession(t.Context(), store.IDOf("none"), noon))
	require.NoError(t, f.Touch(t.Context(), store.IDOf("none"), noon))
}

func TestRenewal_thatFailsChangesNothing(t *testing.T) {
	f := newFixture(t)
	n := session("cookie")
	require.NoError(t, f.CreateSession(t.Context(), n))
	_, err := f.Renew(t.Context(), n.ID, func(store.Session) (store.Renewal, error) { return store.Renewal{End: true}, store.ErrNone })
	require.Error(t, err)
	got, err := f.Session(t.Context(), n.ID)
	require.NoError(t, err)
	require.True(t, got.EndedAt.IsZero())
}

// TestCaseloads_anOlderAnswerReplacesNoNewerOne.
func TestCaseloads_anOlderAnswerReplacesNoNewerOne(t *testing.T) {
	f := newFixture(t)
	n := session("cookie")
	require.NoError(t, f.CreateSession(t.Context(), n))
	newer := store.Caseloads{At: noon.Add(time.Minute), Active: "XAB", All: []store.Caseload{{ID: "XAB", Name: "B"}}}
	require.NoError(t, f.SaveCaseloads(t.Context(), n.ID, newer))
	require.NoError(t, f.SaveCaseloads(t.Context(), n.ID, store.Caseloads{At: noon}))
	got, err := f.Session(t.Context(), n.ID)
	require.NoError(t, err)
	require.Equal(t, newer.All, got.Caseloads.All)
	require.Equal(t, newer.Active, got.Caseloads.Active)
}
