package app

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/store"
	"nonassociations/web/shape"
)

// newestHeadOf returns the newest signed head of a tree; nil before the first.
func newestHeadOf(ctx context.Context, tree store.Tree) (*shape.Head, error) {
	kept, err := tree.NewestHead(ctx)
	if errors.Is(err, store.ErrNoHead) {
		return nil, nil //nolint:nilnil // there is none yet, which is no fault
	}
	if err != nil {
		return nil, err
	}
	note, err := evidence.ParseNote(kept.Note)
	if err != nil {
		return nil, err
	}
	return &shape.Head{Size: uint64(note.Size), Root: note.Root.String()}, nil //nolint:gosec // a size is never negative
}

// headBeside returns the newest signed head of a log for a command that needs the log alone.
// It is nil without Postgres, and with a warning where the tree cannot be read or is that of
// another log.
func (o Options) headBeside(ctx context.Context, log uuid.UUID) *shape.Head {
	if o.Config.DatabaseURL == "" {
		return nil
	}
	head, err := o.headOf(ctx, log)
	if err != nil && ctx.Err() == nil {
		o.Logger.WarnContext(ctx, "the newest signed head cannot be read, and is left out", "error", err)
	}
	return head
}

func (o Options) headOf(ctx context.Context, log uuid.UUID) (*shape.Head, error) {
	var rights requirements
	rights.add(o.Config.readDSN(), grantsOfProving)
	if err := checkAllGrants(ctx, rights); err != nil {
		return nil, err
	}
	opened, err := store.Open(ctx, o.Config.readDSN())
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	state, err := opened.Tree().State(ctx)
	if err != nil {
		return nil, err
	}
	if state.StoreID != log && state.StoreID != uuid.Nil {
		return nil, errors.New("the leaves in Postgres are of another log")
	}
	return newestHeadOf(ctx, opened.Tree())
}
