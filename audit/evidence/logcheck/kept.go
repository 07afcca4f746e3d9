package logcheck

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"nonassociations/audit/evidence"
)

// Kept is what was kept as evidence. Only rows are added to it, so it may grow meanwhile.
type Kept interface {
	// Heads returns at most limit heads that are larger than a size, the smallest first.
	Heads(ctx context.Context, after int64, limit int) ([]Head, error)
	// Leaves returns at most limit leaves from an index on, in their order. Fewer are the end.
	Leaves(ctx context.Context, from int64, limit int) ([]LeafRow, error)
	// Tree returns the tree of the first leaves, as it was kept for a head.
	Tree(ctx context.Context, size int64) (evidence.Tree, error)
	// Cosignatures returns those of the heads of from ≤ size < below.
	Cosignatures(ctx context.Context, from, below int64) ([]CosignatureRow, error)
}

// Head is a row of a kept head.
type Head struct {
	Size     int64
	Note     string
	SignedAt time.Time
}

// LeafRow is a kept leaf.
type LeafRow struct {
	Index int64
	Text  []byte
}

// CosignatureRow is the row of a cosignature: the size of the head and the line of the note.
type CosignatureRow struct {
	Size int64
	Line string
}

// pageRows is how many heads or cosignatures are read at once.
const pageRows = 1000

// head is a kept head, as far as it is needed after its signature was checked.
type head struct {
	evidence.Head
	signedAt time.Time
	signed   bool // a known key signed this text, and the row is of its size
	rooted   bool // the kept leaves lead to its root
}

func (h head) first() *FirstHead { return &FirstHead{h.Size, h.signedAt} }

// readHeads reads all kept heads and checks their signatures. The size is that of the row.
func readHeads(ctx context.Context, kept Kept, keys evidence.Keys) ([]head, error) {
	var heads []head
	for after := int64(-1); ; {
		rows, err := kept.Heads(ctx, after, pageRows)
		if err != nil {
			return nil, fmt.Errorf("read the kept heads: %w", err)
		}
		for _, row := range rows {
			n, err := evidence.ParseNote(row.Note)
			signed := err == nil && n.Size == row.Size && n.SignedBy(keys)
			n.Size = row.Size
			heads = append(heads, head{Head: n.Head, signedAt: row.SignedAt, signed: signed})
		}
		if len(rows) < pageRows {
			return heads, nil
		}
		after = rows[len(rows)-1].Size
	}
}

// growth adds leaves to a tree and compares its root with the heads of its sizes.
type growth struct {
	tree  evidence.Tree
	heads []head // those that were not reached, the smallest first
	// watch is a size of which the root is remembered in watched; nil: it was not reached.
	watch   int64
	watched *tlog.Hash
}

// add adds the leaf with an index. One that does not follow is left out: no later head has a
// root then.
func (g *growth) add(index int64, hash tlog.Hash) {
	if index != g.tree.Size() {
		return
	}
	g.tree.Add(hash)
	g.reach()
}

// reach compares the heads of the size that the tree has.
func (g *growth) reach() {
	if g.watch > 0 && g.tree.Size() == g.watch {
		root := g.tree.Root()
		g.watched = &root
	}
	for len(g.heads) > 0 && g.heads[0].Size <= g.tree.Size() {
		h := &g.heads[0]
		h.rooted = h.Size == g.tree.Size() && h.Root == g.tree.Root()
		g.heads = g.heads[1:]
	}
}

// readLeaves passes the kept leaves from an index up to a size, and grows the tree by them.
// Leaves behind a gap are passed on, but no head has a root then.
func readLeaves(ctx context.Context, kept Kept, from, size int64, g *growth, pages chan<- []keptLeaf) error {
	defer close(pages)
	for from < size {
		limit := int(min(int64(pageLeaves), size-from))
		rows, err := kept.Leaves(ctx, from, limit)
		if err != nil {
			return fmt.Errorf("read the kept leaves: %w", err)
		}
		page := make([]keptLeaf, 0, len(rows))
		for _, row := range rows {
			if row.Index >= size {
				break
			}
			g.add(row.Index, evidence.LeafHash(row.Text))
			page = append(page, keptLeaf{index: row.Index, text: row.Text})
		}
		if len(page) > 0 && !send(ctx, pages, page) {
			return ctx.Err()
		}
		if len(page) < limit {
			return nil
		}
		from = page[len(page)-1].index + 1
	}
	return nil
}

// cursor returns a function that returns the leaves of pages one by one, and nil at the end.
func cursor(ctx context.Context, pages <-chan []keptLeaf) func() (*keptLeaf, error) {
	var page []keptLeaf
	return func() (*keptLeaf, error) {
		for len(page) == 0 {
			select {
			case next, more := <-pages:
				if !more {
					return nil, ctx.Err()
				}
				page = next
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		leaf := &page[0]
		page = page[1:]
		return leaf, nil
	}
}
