package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"nonassociations/audit/evidence"
)

// ErrNotCovered means that a fact has a leaf, and no head covers it yet.
var ErrNotCovered = errors.New("no head covers the fact yet")

// Checkpoint returns the newest head with its cosignatures. Errors: ErrNoHead.
func (t Tree) Checkpoint(ctx context.Context) (string, error) {
	head, err := t.NewestHead(ctx)
	if err != nil {
		return "", err
	}
	return t.Signed(ctx, head)
}

// TileAt returns the tile or the bundle at a path of C2SP; false when the path has another
// form, and when no head has such a tile.
func (t Tree) TileAt(ctx context.Context, path string) (data []byte, found bool, err error) {
	tile, err := evidence.ParseTilePath(path)
	if err != nil {
		return nil, false, nil //nolint:nilerr // a path in another form leads nowhere
	}
	from, below := evidence.TileSizes(tile)
	if found, err = t.HasHead(ctx, from, below); err != nil || !found {
		return nil, false, err
	}
	if tile.L == evidence.Entries {
		data, err = t.Bundle(ctx, tile)
		return data, err == nil, err
	}
	hashes, err := t.Hashes(ctx, tile)
	return evidence.TileData(hashes), err == nil, err
}

// Proven is facts with their proofs, all under one head.
type Proven struct {
	Checkpoint string // the head with its cosignatures
	Facts      []ProvenFact
}

// ProvenFact is a fact with its proof.
type ProvenFact struct {
	EventID uuid.UUID
	Proof   evidence.Proof
}

// Prove proves events under the newest head, in the order of the tree. An event without a
// leaf is left out, and of one that is twice in the log the first is taken. Errors:
// ErrNoHead; ErrNotCovered when one of them has no head yet.
func (t Tree) Prove(ctx context.Context, events []uuid.UUID) (Proven, error) {
	leaves, err := t.LeavesOf(ctx, events)
	if err != nil || len(leaves) == 0 {
		return Proven{}, err
	}
	head, err := t.NewestHead(ctx)
	if err != nil {
		return Proven{}, err
	}
	p := Proven{}
	if p.Checkpoint, err = t.Signed(ctx, head); err != nil {
		return Proven{}, err
	}
	note, err := evidence.ParseNote(head.Note)
	if err != nil {
		return Proven{}, fmt.Errorf("prove facts: %w", err)
	}
	hashes := t.Reader(ctx, note.Head)
	for _, leaf := range leaves {
		if slices.ContainsFunc(p.Facts, func(f ProvenFact) bool { return f.EventID == leaf.EventID }) {
			continue
		}
		if leaf.Index >= head.Size {
			return Proven{}, ErrNotCovered
		}
		proof, err := evidence.Prove(note, p.Checkpoint, leaf.Index, leaf.Text, hashes)
		if err != nil {
			return Proven{}, err
		}
		p.Facts = append(p.Facts, ProvenFact{leaf.EventID, proof})
	}
	return p, nil
}

// Reached returns the position up to which every fact has its leaf.
func (t Tree) Reached(ctx context.Context) (uint64, error) {
	state, err := t.State(ctx)
	return state.At.Uint64(), err
}
