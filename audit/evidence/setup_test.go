package evidence_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"nonassociations/audit/evidence"
	"nonassociations/eventstore"
)

const origin = "nonassociations.example/evidence/0190"

var noon = time.Date(2026, 7, 15, 12, 0, 0, 123456789, time.FixedZone("BST", 3600))

// recorded returns a made-up fact.
func recorded(n int) eventstore.RecordedEvent {
	id := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%d", n))
	return eventstore.RecordedEvent{
		Event: eventstore.Event{
			ID: id, Type: "NonAssociationOpened.v1", Data: fmt.Appendf(nil, `{"n":%d}`, n),
			Metadata: fmt.Appendf(nil, `{"commandId":"%s","actor":"JSMITH"}`, uuid.NewSHA1(id, []byte("command"))),
		},
		Stream: "nonAssociation-A1234BC-A1234BD", Revision: uint64(n), RecordedAt: noon,
	}
}

func leafOf(t testing.TB, n int) []byte {
	t.Helper()
	leaf, err := evidence.NewLeaf(recorded(n))
	require.NoError(t, err)
	return leaf.Text()
}

// seed returns endless bytes for keys, other ones for each number.
func seed(n byte) *bytes.Reader { return bytes.NewReader(bytes.Repeat([]byte{n}, 32)) }

func keyOf(t testing.TB, n byte, kind evidence.Kind, name string) evidence.PrivateKey {
	t.Helper()
	key, err := evidence.GenerateKey(seed(n), kind, name)
	require.NoError(t, err)
	return key
}

// kept is a tree with all that is kept of it.
type kept struct {
	tree   evidence.Tree
	leaves [][]byte
	nodes  map[tlog.Tile]tlog.Hash // W 0, N of the node
}

func grow(t testing.TB, size int) *kept {
	t.Helper()
	k := &kept{nodes: map[tlog.Tile]tlog.Hash{}}
	for n := range size {
		text := leafOf(t, n)
		k.leaves = append(k.leaves, text)
		for _, node := range k.tree.Add(evidence.LeafHash(text)) {
			k.nodes[tlog.Tile{L: node.Level, N: node.N}] = node.Hash
		}
	}
	return k
}

// tiles reads tiles from what is kept.
func (k *kept) tiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		all = append(all, evidence.TileData(k.hashes(tile)))
	}
	return all, nil
}

func (k *kept) hashes(tile tlog.Tile) []tlog.Hash {
	var hashes []tlog.Hash
	for i := range int64(tile.W) {
		n := tile.N*evidence.TileWidth + i
		if tile.L == 0 {
			hashes = append(hashes, evidence.LeafHash(k.leaves[n]))
		} else {
			hashes = append(hashes, k.nodes[tlog.Tile{L: tile.L, N: n}])
		}
	}
	return hashes
}

func (k *kept) head() evidence.Head {
	return evidence.Head{Origin: origin, Size: k.tree.Size(), Root: k.tree.Root()}
}

func lines(text []byte) []string { return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") }
