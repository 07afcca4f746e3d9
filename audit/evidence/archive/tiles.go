package archive

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"nonassociations/audit/evidence"
)

// tilePath is the name of the file of a tile.
func tilePath(t tlog.Tile) string { return "tile/" + evidence.TilePath(t) }

// grower writes the tiles of a tree that grows.
type grower struct {
	put    func(name string, data []byte) error
	tree   evidence.Tree
	levels map[int][]tlog.Hash // the hashes of the last tile of each level, less than a full one
	texts  [][]byte            // of the last bundle
}

// growFrom continues the tree of a head by its tiles in the folder. Errors: ErrDamaged
// when they do not lead to its root.
func growFrom(files *files, head evidence.Head) (*grower, error) {
	g := &grower{put: files.put, levels: map[int][]tlog.Hash{}}
	var tiles [][]tlog.Hash
	for _, tile := range evidence.Edge(head.Size) {
		data, err := os.ReadFile(filepath.Join(files.dir, filepath.FromSlash(tilePath(tile))))
		if err != nil {
			return nil, fmt.Errorf("%w: tile %s cannot be read", ErrDamaged, tilePath(tile))
		}
		hashes, err := evidence.TileHashes(data)
		if err != nil || len(hashes) != tile.W {
			return nil, fmt.Errorf("%w: tile %s is none", ErrDamaged, tilePath(tile))
		}
		tiles = append(tiles, hashes)
		g.levels[tile.L] = hashes
	}
	if head.Size > 0 {
		g.tree = evidence.Restore(head.Size, tiles)
	}
	if head.Size > 0 && g.tree.Root() != head.Root {
		return nil, fmt.Errorf("%w: its tiles do not lead to the root of its checkpoint", ErrDamaged)
	}
	return g, nil
}

// grow adds the leaves of the facts up to a size. Full tiles are written on the way.
func (g *grower) grow(ctx context.Context, folder Folder, size int64) error {
	index := g.tree.Size() / evidence.TileWidth * evidence.TileWidth // of the first leaf of the last bundle
	for fact, err := range folder.Facts(ctx, index) {
		if err != nil {
			return err
		}
		if index == size {
			return nil
		}
		leaf, err := evidence.NewLeaf(fact)
		if err != nil {
			return err
		}
		if err := g.add(index, leaf.Text()); err != nil {
			return err
		}
		index++
	}
	if index < size {
		return fmt.Errorf("%w: it holds %d facts, and the head covers %d", ErrDamaged, index, size)
	}
	return nil
}

// add adds the text of a leaf. One that the tree has already is only of the bundle.
func (g *grower) add(index int64, text []byte) error {
	g.texts = append(g.texts, text)
	if index >= g.tree.Size() {
		hash := evidence.LeafHash(text)
		if err := g.hash(0, index, hash); err != nil {
			return err
		}
		for _, node := range g.tree.Add(hash) {
			if err := g.hash(node.Level, node.N, node.Hash); err != nil {
				return err
			}
		}
	}
	if len(g.texts) < evidence.TileWidth {
		return nil
	}
	bundle := evidence.FormatBundle(g.texts)
	g.texts = nil
	return g.put(tilePath(tlog.Tile{H: evidence.TileHeight, L: evidence.Entries, N: index / evidence.TileWidth, W: evidence.TileWidth}), bundle)
}

// hash adds a hash to the last tile of its level, and writes the tile when it is full.
func (g *grower) hash(level int, n int64, hash tlog.Hash) error {
	g.levels[level] = append(g.levels[level], hash)
	if len(g.levels[level]) < evidence.TileWidth {
		return nil
	}
	data := evidence.TileData(g.levels[level])
	g.levels[level] = nil
	return g.put(tilePath(tlog.Tile{H: evidence.TileHeight, L: level, N: n / evidence.TileWidth, W: evidence.TileWidth}), data)
}

// edge writes the partial tiles of the tree.
func (g *grower) edge() error {
	for _, tile := range evidence.Edge(g.tree.Size()) {
		if err := g.put(tilePath(tile), evidence.TileData(g.levels[tile.L])); err != nil {
			return err
		}
	}
	if len(g.texts) == 0 {
		return nil
	}
	return g.put(tilePath(tlog.Tile{
		H: evidence.TileHeight, L: evidence.Entries, N: g.tree.Size() / evidence.TileWidth, W: len(g.texts),
	}), evidence.FormatBundle(g.texts))
}
