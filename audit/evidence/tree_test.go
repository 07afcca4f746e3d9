package evidence_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"nonassociations/audit/evidence"
)

// stored is the tree of the library, which keeps every hash.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, index := range indexes {
		hashes = append(hashes, s[index])
	}
	return hashes, nil
}

// TestTree_isThatOfTheLibrary compares roots, nodes and the edge read back at every size.
func TestTree_isThatOfTheLibrary(t *testing.T) {
	t.Parallel()
	var library stored
	k := &kept{nodes: map[tlog.Tile]tlog.Hash{}}
	for n := range int64(1100) {
		text := leafOf(t, int(n))
		hashes, err := tlog.StoredHashes(n, text, library)
		require.NoError(t, err)
		library = append(library, hashes...)
		k.leaves = append(k.leaves, text)
		for _, node := range k.tree.Add(evidence.LeafHash(text)) {
			require.Equal(t, library[tlog.StoredHashIndex(node.Level*evidence.TileHeight, node.N)], node.Hash)
			k.nodes[tlog.Tile{L: node.Level, N: node.N}] = node.Hash
		}
		root, err := tlog.TreeHash(n+1, library)
		require.NoError(t, err)
		require.Equal(t, n+1, k.tree.Size())
		require.Equal(t, root, k.tree.Root())
		var edge [][]tlog.Hash
		for _, tile := range evidence.Edge(n + 1) {
			edge = append(edge, k.hashes(tile))
		}
		again := evidence.Restore(n+1, edge)
		require.Equal(t, k.tree, again)
	}
	require.Len(t, k.nodes, 4)
	empty, err := tlog.TreeHash(0, library)
	require.NoError(t, err)
	require.Equal(t, empty, new(evidence.Tree).Root())
}

func TestTree_ofHugeSizes(t *testing.T) {
	t.Parallel()
	var tree evidence.Tree
	nodes := 0
	for range 3 * evidence.TileWidth {
		nodes += len(tree.Graft(2, tlog.Hash{1}))
	}
	require.Equal(t, 3, nodes)
	require.EqualValues(t, 3*1<<24, tree.Size())
	clone := tree.Clone()
	clone.Add(tlog.Hash{2})
	require.NotEqual(t, tree.Root(), clone.Root())
	require.Panics(t, func() { clone.Graft(1, tlog.Hash{}) })
}

func TestTilePath_isThatOfC2SP(t *testing.T) {
	t.Parallel()
	for path, tile := range map[string]tlog.Tile{
		"0/000": {H: 8, W: 256}, "0/x001/x234/067": {H: 8, N: 1234067, W: 256}, "1/x001/000.p/5": {H: 8, L: 1, N: 1000, W: 5},
		"entries/067.p/255": {H: 8, L: evidence.Entries, N: 67, W: 255}, "63/001": {H: 8, L: 63, N: 1, W: 256},
	} {
		require.Equal(t, path, evidence.TilePath(tile))
		got, err := evidence.ParseTilePath(path)
		require.NoError(t, err, path)
		require.Equal(t, tile, got, path)
	}
	for _, path := range []string{
		"", "0", "0/", "0/0", "0/1234", "0/x001", "0/x000/001", "0/001/002", "00/000", "64/000", "-1/000", "+1/000", "data/000", "0/000.p/0",
		"0/000.p/256", "0/000.p/05", "0/000.p/", "0/000/", "/0/000", "entries/x01/000", "0/-01", "0/000.p/1.p/1", "0/x999/x999/x999/x999/x999/x999/999",
	} {
		_, err := evidence.ParseTilePath(path)
		require.ErrorIs(t, err, evidence.ErrTile, path)
	}
}

// TestTileSizes_areOfC2SP: the tiles of a tree of 70,000 are those that the standard lists.
func TestTileSizes_areOfC2SP(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"0/000": true, "0/272": true, "0/273": false, "0/273.p/112": true, "0/273.p/111": false, "0/273.p/113": false,
		"1/000": true, "1/001.p/17": true, "1/001.p/16": false, "2/000.p/1": true, "2/000": false, "3/000.p/1": false, "63/000": false,
		"entries/273.p/112": true, "entries/x999/x999/999": false,
	} {
		tile, err := evidence.ParseTilePath(path)
		require.NoError(t, err)
		from, below := evidence.TileSizes(tile)
		require.Equal(t, want, from <= 70_000 && 70_000 < below, path)
	}
	_, below := evidence.TileSizes(tlog.Tile{H: 8, N: math.MaxInt64/256 - 1, W: 256})
	require.GreaterOrEqual(t, below, int64(0))
}

func TestBundle_isReadBack(t *testing.T) {
	t.Parallel()
	k := grow(t, 3)
	got, err := evidence.ParseBundle(evidence.FormatBundle(k.leaves))
	require.NoError(t, err)
	require.Equal(t, k.leaves, got)
	hashes, err := evidence.TileHashes(evidence.TileData(k.hashes(tlog.Tile{W: 3})))
	require.NoError(t, err)
	require.Len(t, hashes, 3)
	for _, bad := range [][]byte{nil, make([]byte, 31), make([]byte, 257*32)} {
		_, err := evidence.TileHashes(bad)
		require.ErrorIs(t, err, evidence.ErrTile)
	}
	for _, bad := range [][]byte{{0}, {0, 2, 1}, evidence.FormatBundle(make([][]byte, 257))} {
		_, err := evidence.ParseBundle(bad)
		require.ErrorIs(t, err, evidence.ErrTile)
	}
}

func FuzzParseTilePath(f *testing.F) {
	for _, path := range []string{"0/x001/234.p/5", "entries/067", "1/x000/001", "0/9223372036854775807"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		tile, err := evidence.ParseTilePath(path)
		if err != nil {
			require.ErrorIs(t, err, evidence.ErrTile)
			return
		}
		require.Equal(t, path, evidence.TilePath(tile))
		from, below := evidence.TileSizes(tile)
		require.True(t, 0 <= from && from <= below, "%d %d", from, below)
	})
}

func FuzzParseBundle(f *testing.F) {
	f.Add(evidence.FormatBundle([][]byte{leafOf(f, 1), leafOf(f, 2)}))
	f.Fuzz(func(t *testing.T, bundle []byte) {
		if leaves, err := evidence.ParseBundle(bundle); err == nil {
			require.Equal(t, string(bundle), string(evidence.FormatBundle(leaves)))
		}
	})
}
