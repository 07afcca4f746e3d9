package store_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/store"
	"nonassociations/eventstore"
)

const origin = "localhost/evidence/1"

var logID = uuid.MustParse("00000000-0000-4000-8000-000000000001")

// leaves returns made-up leaves from an index on, with the tree grown by them.
func leaves(t *testing.T, tree *evidence.Tree, count int) (added []store.Leaf, nodes []evidence.Node) {
	t.Helper()
	for range count {
		index := tree.Size()
		leaf, err := evidence.NewLeaf(eventstore.RecordedEvent{
			Event: eventstore.Event{ID: uuid.NewSHA1(logID, fmt.Append(nil, index)), Type: "NonAssociationOpened.v1"}, RecordedAt: noon,
		})
		require.NoError(t, err)
		at := uint64(index + 1)
		added = append(added, store.Leaf{Index: index, EventID: leaf.EventID, At: eventstore.Position{Commit: at, Prepare: at}, Text: leaf.Text()})
		nodes = append(nodes, tree.Add(evidence.LeafHash(leaf.Text()))...)
	}
	return added, nodes
}

// stateAfter returns the state of a tree whose last leaf is the last of these.
func stateAfter(added []store.Leaf) store.State {
	last := added[len(added)-1]
	return store.State{StoreID: logID, Size: last.Index + 1, At: last.At, EventID: last.EventID, Stream: "nonAssociation-1", Revision: 7}
}

// filled returns a store with a tree of a size.
func filled(t *testing.T, size int) (*store.Store, string, evidence.Tree) {
	t.Helper()
	s, dsn := open(t)
	var tree evidence.Tree
	added, nodes := leaves(t, &tree, size)
	require.NoError(t, s.Tree().Append(t.Context(), store.State{}, stateAfter(added), added, nodes))
	return s, dsn, tree
}

func signed(t *testing.T, tree evidence.Tree, name string) string {
	t.Helper()
	key, err := evidence.GenerateKey(endless{}, evidence.OfLog, name)
	require.NoError(t, err)
	note, err := evidence.Sign(evidence.Head{Origin: name, Size: tree.Size(), Root: tree.Root()}, key.Signer())
	require.NoError(t, err)
	return note
}

// endless gives the same bytes for every key.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// TestTree_isReadBackAsItGrew, in two batches, and proves each of its leaves.
func TestTree_isReadBackAsItGrew(t *testing.T) {
	t.Parallel()
	s, _, tree := filled(t, 300)
	before, err := s.Tree().State(t.Context())
	require.NoError(t, err)
	added, nodes := leaves(t, &tree, 700)
	require.NoError(t, s.Tree().Append(t.Context(), before, stateAfter(added), added, nodes))
	state, err := s.Tree().State(t.Context())
	require.NoError(t, err)
	require.Equal(t, stateAfter(added), state)
	kept, err := s.Tree().Leaves(t.Context(), 300, 1000)
	require.NoError(t, err)
	require.Len(t, kept, 700)
	for i, leaf := range kept {
		require.Equal(t, store.LeafText{Index: added[i].Index, Text: added[i].Text}, leaf)
	}
	edge, err := s.Tree().Edge(t.Context(), 1000)
	require.NoError(t, err)
	require.Equal(t, tree, edge)
	head := evidence.Head{Origin: origin, Size: 1000, Root: tree.Root()}
	found, err := s.Tree().LeavesOf(t.Context(), []uuid.UUID{added[5].EventID, uuid.New()})
	require.NoError(t, err)
	require.Equal(t, added[5:6], found)
	proof, err := tlog.ProveRecord(1000, found[0].Index, s.Tree().Reader(t.Context(), head))
	require.NoError(t, err)
	require.NoError(t, tlog.CheckRecord(proof, 1000, head.Root, found[0].Index, evidence.LeafHash(found[0].Text)))
	bundle, err := s.Tree().Bundle(t.Context(), tlog.Tile{L: evidence.Entries, N: 3, W: 232})
	require.NoError(t, err)
	texts, err := evidence.ParseBundle(bundle)
	require.NoError(t, err)
	require.Equal(t, added[999-300].Text, texts[231])
	_, err = s.Tree().Bundle(t.Context(), tlog.Tile{L: evidence.Entries, N: 3, W: 233})
	require.ErrorIs(t, err, store.ErrIncomplete)
}

// TestAppend_ofTwoSignersAtOnce lets one of them write, and the other nothing.
func TestAppend_ofTwoSignersAtOnce(t *testing.T) {
	t.Parallel()
	s, _, tree := filled(t, 5)
	from, err := s.Tree().State(t.Context())
	require.NoError(t, err)
	for _, state := range []store.State{{}, from} {
		var written, refused atomic.Int32
		var all sync.WaitGroup
		for range 4 {
			mine := tree.Clone()
			added, nodes := leaves(t, &mine, 3)
			all.Go(func() {
				switch err := s.Tree().Append(t.Context(), state, stateAfter(added), added, nodes); {
				case err == nil:
					written.Add(1)
				case errors.Is(err, store.ErrMoved):
					refused.Add(1)
				}
			})
		}
		all.Wait()
		if state == (store.State{}) {
			require.EqualValues(t, 0, written.Load(), "the tree has begun")
			continue
		}
		require.EqualValues(t, 1, written.Load())
		require.EqualValues(t, 3, refused.Load())
	}
	all, err := s.Tree().Leaves(t.Context(), 0, 100)
	require.NoError(t, err)
	require.Len(t, all, 8)
}

func TestHead_isOneOfASizeAndOfOneOrigin(t *testing.T) {
	t.Parallel()
	s, _, tree := filled(t, 5)
	_, err := s.Tree().NewestHead(t.Context())
	require.ErrorIs(t, err, store.ErrNoHead)
	note := signed(t, tree, origin)
	for i, want := range []bool{true, false} {
		added, err := s.Tree().AddHead(t.Context(), 5, note, noon)
		require.NoError(t, err)
		require.Equal(t, want, added, i)
	}
	state, err := s.Tree().State(t.Context())
	require.NoError(t, err)
	more, nodes := leaves(t, &tree, 2)
	added, err := s.Tree().AddHead(t.Context(), 7, signed(t, tree, origin), noon)
	require.NoError(t, err)
	require.False(t, added, "its leaves are not kept yet")
	require.NoError(t, s.Tree().Append(t.Context(), state, stateAfter(more), more, nodes))
	added, err = s.Tree().AddHead(t.Context(), 7, signed(t, tree, "localhost/evidence/2"), noon)
	require.NoError(t, err)
	require.False(t, added, "another origin")
	added, err = s.Tree().AddHead(t.Context(), 7, signed(t, tree, origin), noon.Add(-time.Hour))
	require.NoError(t, err)
	require.True(t, added)
	newest, err := s.Tree().NewestHead(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 7, newest.Size)
	require.True(t, noon.Equal(newest.SignedAt), "a clock that goes back")
	added, err = s.Tree().AddHead(t.Context(), 6, signed(t, tree, origin), noon.Add(time.Hour))
	require.NoError(t, err)
	require.False(t, added, "a smaller one, later")
	covering, err := s.Tree().HeadCovering(t.Context(), 4)
	require.NoError(t, err)
	require.EqualValues(t, 5, covering.Size)
	is, err := s.Tree().HasHead(t.Context(), 6, 7)
	require.NoError(t, err)
	require.False(t, is)
	line := store.Cosignature{Size: 7, Line: "— witness.example AAAAAAAA\n", At: noon}
	require.NoError(t, s.Tree().AddCosignature(t.Context(), line))
	require.NoError(t, s.Tree().AddCosignature(t.Context(), line))
	whole, err := s.Tree().Signed(t.Context(), newest)
	require.NoError(t, err)
	require.Equal(t, newest.Note+line.Line, whole)
	last, err := s.Tree().LastCosigned(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 7, last)
}

// TestEvidence_isChangedByNobody, the owner of the tables included.
func TestEvidence_isChangedByNobody(t *testing.T) {
	t.Parallel()
	s, dsn, tree := filled(t, 256)
	_, err := s.Tree().AddHead(t.Context(), 256, signed(t, tree, origin), noon)
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	for table, column := range map[string]string{"leaf": "text", "node": "hash", "head": "note", "cosignature": "note_line"} {
		table = "evidence." + table
		for _, sql := range []string{`UPDATE ` + table + ` SET ` + column + ` = ` + column, `DELETE FROM ` + table, `TRUNCATE ` + table + ` CASCADE`} {
			_, err := conn.Exec(t.Context(), sql)
			require.ErrorContains(t, err, table+" is neither changed nor removed", sql)
		}
	}
}

func TestRefusalsAndChecks_areKept(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	none, err := s.Tree().Refusals(t.Context())
	require.NoError(t, err)
	require.Zero(t, none)
	for i, status := range []int{409, 422, 409} {
		require.NoError(t, s.Tree().AddRefusal(t.Context(), status, int64(i), noon.Add(time.Duration(i)*time.Minute)))
	}
	got, err := s.Tree().Refusals(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, got.Count)
	require.EqualValues(t, 2, got.Size)
	size := int64(5)
	for i, c := range []store.Check{
		{Name: store.LogCheck, At: noon, OK: true, Result: []byte(`{"ok": true}`), HeadSize: &size},
		{Name: store.LogCheck, At: noon.Add(time.Hour), Result: []byte(`{}`)},
		{Name: store.ReadModelCheck, At: noon, OK: true, Result: []byte(`{}`)},
	} {
		require.NoError(t, s.Tree().AddCheck(t.Context(), c), i)
	}
	last, err := s.Tree().LastChecks(t.Context())
	require.NoError(t, err)
	require.Len(t, last, 2)
	require.False(t, last[0].OK)
	good, found, err := s.Tree().LastGood(t.Context(), store.LogCheck)
	require.NoError(t, err)
	require.True(t, found)
	require.EqualValues(t, 5, *good.HeadSize)
	require.JSONEq(t, `{"ok": true}`, string(good.Result))
	require.Error(t, s.Tree().AddCheck(t.Context(), store.Check{Name: "other", At: noon, Result: []byte(`{}`)}))
}
