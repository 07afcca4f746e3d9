package app

import (
	"context"

	"github.com/google/uuid"

	"nonassociations/audit/evidence/store"
	"nonassociations/web/shape"
)

// evidenceReads are the reads of the tree. Those about facts of the log are refused while
// reads are, because the tables may be of another log.
type evidenceReads struct {
	gate  *readinessGate
	store *store.Store
}

// Checkpoint is refused while reads are.
func (e evidenceReads) Checkpoint(ctx context.Context) (string, error) {
	return ifReadsAllowed(e.gate, func() (string, error) { return e.store.Tree().Checkpoint(ctx) })
}

// TileAt is refused while reads are.
func (e evidenceReads) TileAt(ctx context.Context, path string) (data []byte, found bool, err error) {
	data, err = ifReadsAllowed(e.gate, func() ([]byte, error) {
		var err error
		data, found, err = e.store.Tree().TileAt(ctx, path)
		return data, err
	})
	return data, found, err
}

// Prove is refused while reads are.
func (e evidenceReads) Prove(ctx context.Context, events []uuid.UUID) (store.Proven, error) {
	return ifReadsAllowed(e.gate, func() (store.Proven, error) { return e.store.Tree().Prove(ctx, events) })
}

// Reached is refused while reads are.
func (e evidenceReads) Reached(ctx context.Context) (uint64, error) {
	return ifReadsAllowed(e.gate, func() (uint64, error) { return e.store.Tree().Reached(ctx) })
}

// newestHead returns the newest signed head; nil before the first.
func (p *process) newestHead(ctx context.Context) (*shape.Head, error) {
	return newestHeadOf(ctx, p.proofs.Tree())
}
