package evidence

import (
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// TileHeight is the height of a tile: 256 hashes.
const (
	TileHeight = 8
	TileWidth  = 1 << TileHeight
)

// Node is a hash that is kept so that tiles above level 0 need no leaf: the root of the
// subtree of 256^Level leaves that begins at leaf N × 256^Level.
type Node struct {
	Level int // of the tile in which it stands: 1 or more
	N     int64
	Hash  tlog.Hash
}

// Tree is the right edge of a tree that grows: about as many hashes as the size has digits
// in base 2. The zero Tree is empty. It is not safe for concurrent use.
type Tree struct {
	size int64
	// edge has the roots of the perfect subtrees that make up the tree, the largest first.
	edge []tlog.Hash
}

// Size returns the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Clone returns a tree that grows by itself.
func (t *Tree) Clone() Tree { return Tree{t.size, append([]tlog.Hash(nil), t.edge...)} }

// Add adds the hash of the next leaf, and returns the nodes that are complete with it:
// none but once in 256 leaves.
func (t *Tree) Add(leaf tlog.Hash) []Node { return t.Graft(0, leaf) }

// Graft adds a whole subtree of 256^level leaves by its root, as when the edge is read back
// from its tiles. It panics when the size is no multiple of that.
func (t *Tree) Graft(level int, root tlog.Hash) []Node {
	height := level * TileHeight
	if t.size&(1<<height-1) != 0 {
		panic("evidence: a subtree is grafted where none of its size begins")
	}
	var nodes []Node
	t.size += 1 << height
	for ; height < bits.TrailingZeros64(uint64(t.size)); height++ { //nolint:gosec // a size is positive
		last := len(t.edge) - 1
		root = tlog.NodeHash(t.edge[last], root)
		t.edge = t.edge[:last]
		if (height+1)%TileHeight == 0 {
			nodes = append(nodes, Node{(height + 1) / TileHeight, t.size>>(height+1) - 1, root})
		}
	}
	t.edge = append(t.edge, root)
	return nodes
}

// Root returns the root of the tree. Of the empty tree it is the SHA-256 of nothing.
func (t *Tree) Root() tlog.Hash {
	if len(t.edge) == 0 {
		return tlog.Hash(MetadataDigest(nil))
	}
	root := t.edge[len(t.edge)-1]
	for i := len(t.edge) - 2; i >= 0; i-- {
		root = tlog.NodeHash(t.edge[i], root)
	}
	return root
}

// Edge returns the tiles whose hashes, grafted from the highest level down, are the right
// edge of a tree of a size. All of them are partial.
func Edge(size int64) []tlog.Tile {
	var tiles []tlog.Tile
	for level := 7; level >= 0; level-- { // 256^7 leaves are all that an int64 counts
		count := size >> (level * TileHeight)
		if width := int(count % TileWidth); width > 0 {
			tiles = append(tiles, tlog.Tile{H: TileHeight, L: level, N: count / TileWidth, W: width})
		}
	}
	return tiles
}

// Restore returns the tree of a size whose edge tiles have these hashes, in the order of
// Edge.
func Restore(size int64, tiles [][]tlog.Hash) Tree {
	var t Tree
	for i, tile := range Edge(size) {
		for _, root := range tiles[i] {
			t.Graft(tile.L, root)
		}
	}
	return t
}
