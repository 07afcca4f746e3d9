package app_test

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/store"
	"nonassociations/cmd/internal/app"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
	"nonassociations/web/api"
	"nonassociations/web/shape"
)

// signedHead keeps the leaf of the first fact of a log, and a head over it.
func signedHead(t *testing.T, dsn string) *shape.Head {
	t.Helper()
	log, err := postgres.Open(t.Context(), dsn, postgres.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer func() { require.NoError(t, log.Close(t.Context())) }()
	events, err := log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 1000)
	require.NoError(t, err)
	first := events[slices.IndexFunc(events, func(e eventstore.RecordedEvent) bool { return domain.IsOurs(e.Stream) })]
	leaf, err := evidence.NewLeaf(first)
	require.NoError(t, err)
	var tree evidence.Tree
	nodes := tree.Add(evidence.LeafHash(leaf.Text()))
	opened, err := store.Open(t.Context(), dsn)
	require.NoError(t, err)
	defer opened.Close()
	to := store.State{StoreID: identity(t, dsn), Size: 1, At: first.Position, EventID: first.ID, Stream: first.Stream, Revision: first.Revision}
	row := store.Leaf{EventID: first.ID, At: first.Position, Text: leaf.Text()}
	require.NoError(t, opened.Tree().Append(t.Context(), store.State{}, to, []store.Leaf{row}, nodes))
	key, err := evidence.ParsePrivateKey(evidenceSecret(t, "tree.test"))
	require.NoError(t, err)
	note, err := evidence.Sign(evidence.Head{Origin: "tree.test", Size: 1, Root: tree.Root()}, key.Signer())
	require.NoError(t, err)
	added, err := opened.Tree().AddHead(t.Context(), 1, note, time.Now())
	require.NoError(t, err)
	require.True(t, added)
	return &shape.Head{Size: 1, Root: tree.Root().String()}
}

// TestReplay_hasNoHeadWhereNoneCanBeRead, and answers all the same: it needs the log alone.
func TestReplay_hasNoHeadWhereNoneCanBeRead(t *testing.T) {
	s := newStory(t, 3)
	for range 10 {
		s.act()
	}
	head := signedHead(t, s.dsn)
	replay := func(o app.Options) *shape.Head {
		found, err := app.ReplayAsOf(t.Context(), o, api.AsOfQuestion{Number: cast[0]}, nil)
		require.NoError(t, err)
		require.NotZero(t, found.Facts)
		return found.Head
	}
	require.Equal(t, head, replay(s.options))
	alone := s.options
	alone.Config.DatabaseURL = ""
	require.Nil(t, replay(alone))
	conn := connectTo(t, s.dsn)
	execSQL(t, conn, `UPDATE evidence.tree SET log_id = '`+uuid.NewString()+`'`)
	require.Nil(t, replay(s.options), "of another log")
	execSQL(t, conn, `DROP SCHEMA evidence CASCADE`)
	require.Nil(t, replay(s.options), "of a build before")
}
