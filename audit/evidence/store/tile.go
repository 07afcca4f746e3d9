package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"nonassociations/audit/evidence"
)

// ErrIncomplete means that leaves or nodes are missing that a head covers.
var ErrIncomplete = errors.New("leaves or nodes of the tree are missing")

// Hashes returns the hashes of a tile of level 0 or above. Errors: ErrIncomplete.
func (t Tree) Hashes(ctx context.Context, tile tlog.Tile) ([]tlog.Hash, error) {
	from := tile.N * evidence.TileWidth
	if tile.L == 0 {
		leaves, err := t.Leaves(ctx, from, tile.W)
		if err != nil {
			return nil, err
		}
		hashes := make([]tlog.Hash, 0, tile.W)
		for i, leaf := range leaves {
			if leaf.Index == from+int64(i) {
				hashes = append(hashes, evidence.LeafHash(leaf.Text))
			}
		}
		return whole(hashes, tile)
	}
	rows, err := t.db.Query(ctx, `SELECT hash FROM evidence.node WHERE level = $1 AND n >= $2 AND n < $3 ORDER BY n`, tile.L, from, from+int64(tile.W))
	if err != nil {
		return nil, fmt.Errorf("read a tile: %w", err)
	}
	hashes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (hash tlog.Hash, err error) {
		var b []byte
		err = row.Scan(&b)
		copy(hash[:], b)
		return hash, err
	})
	if err != nil {
		return nil, fmt.Errorf("read a tile: %w", err)
	}
	return whole(hashes, tile)
}

func whole(hashes []tlog.Hash, tile tlog.Tile) ([]tlog.Hash, error) {
	if len(hashes) != tile.W {
		return nil, fmt.Errorf("%w: tile %s has %d hashes", ErrIncomplete, evidence.TilePath(tile), len(hashes))
	}
	return hashes, nil
}

// Bundle returns the leaves of a bundle of entries, as C2SP writes them. Errors:
// ErrIncomplete.
func (t Tree) Bundle(ctx context.Context, tile tlog.Tile) ([]byte, error) {
	leaves, err := t.Leaves(ctx, tile.N*evidence.TileWidth, tile.W)
	if err != nil {
		return nil, err
	}
	texts := make([][]byte, 0, tile.W)
	for _, leaf := range leaves {
		texts = append(texts, leaf.Text)
	}
	if len(texts) != tile.W {
		return nil, fmt.Errorf("%w: bundle %d has %d leaves", ErrIncomplete, tile.N, len(texts))
	}
	return evidence.FormatBundle(texts), nil
}

// Reader returns a reader of the hashes of a head's tree. Each tile is checked against the
// root, so that what was changed in the tables proves nothing.
func (t Tree) Reader(ctx context.Context, head evidence.Head) tlog.HashReader {
	return evidence.HashReader(head, func(tiles []tlog.Tile) ([][]byte, error) {
		all := make([][]byte, 0, len(tiles))
		for _, tile := range tiles {
			hashes, err := t.Hashes(ctx, tile)
			if err != nil {
				return nil, err
			}
			all = append(all, evidence.TileData(hashes))
		}
		return all, nil
	})
}

// Edge returns the right edge of the tree of a size, to grow it. Errors: ErrIncomplete.
func (t Tree) Edge(ctx context.Context, size int64) (evidence.Tree, error) {
	var tiles [][]tlog.Hash
	for _, tile := range evidence.Edge(size) {
		hashes, err := t.Hashes(ctx, tile)
		if err != nil {
			return evidence.Tree{}, err
		}
		tiles = append(tiles, hashes)
	}
	return evidence.Restore(size, tiles), nil
}
