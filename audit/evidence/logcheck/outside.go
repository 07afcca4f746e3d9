package logcheck

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"nonassociations/audit/evidence"
	"nonassociations/eventstore"
)

// Archive has the facts that were kept outside, in the order of their leaves.
type Archive interface {
	// Facts returns all facts from an index on. Errors end it.
	Facts(ctx context.Context, from int64) iter.Seq2[eventstore.RecordedEvent, error]
}

// outside is a checkpoint from outside, and what the log has of it.
type outside struct {
	note evidence.Note
	// tree is over the facts of the log; rooted reports whether it leads to the root.
	tree     evidence.Tree
	rooted   bool
	compared *comparer // with the archive; nil without one
}

// ParseOutside returns the head of a checkpoint, or that within a .tlog-proof. Its signature
// of the log must be good for one of the keys. Errors: ErrAgainst.
func ParseOutside(text string, keys evidence.Keys) (evidence.Note, error) {
	if strings.HasPrefix(text, "c2sp.org/tlog-proof") {
		proof, err := evidence.ParseProof(text)
		if err != nil {
			return evidence.Note{}, fmt.Errorf("%w: %w", ErrAgainst, err)
		}
		text = proof.Signed
	}
	n, err := evidence.ParseNote(text)
	switch {
	case err != nil:
		return evidence.Note{}, fmt.Errorf("%w: %w", ErrAgainst, err)
	case !n.KnowsLog(keys):
		return evidence.Note{}, fmt.Errorf("%w: no known key of a log signed it", ErrAgainst)
	case !n.SignedBy(keys):
		return evidence.Note{}, fmt.Errorf("%w: its signature is wrong", ErrAgainst)
	}
	return n, nil
}

func (c *check) readOutside() error {
	if c.Against == "" {
		return nil
	}
	n, err := ParseOutside(c.Against, c.Keys)
	if err != nil {
		return err
	}
	c.against = &outside{note: n}
	c.against.reach()
	return nil
}

// grow adds the next fact of the log to the tree.
func (a *outside) grow(text []byte) {
	if a.tree.Size() < a.note.Size {
		a.tree.Add(evidence.LeafHash(text))
		a.reach()
	}
}

func (a *outside) reach() {
	a.rooted = a.tree.Size() == a.note.Size && a.tree.Root() == a.note.Root
}

// readArchive passes the leaves of archived facts up to the checkpoint, and checks that they
// lead to its root. Errors: ErrArchive.
func (a *outside) readArchive(ctx context.Context, archive Archive, pages chan<- []keptLeaf) error {
	defer close(pages)
	var tree evidence.Tree
	var page []keptLeaf
	for event, err := range archive.Facts(ctx, 0) {
		if err != nil {
			return fmt.Errorf("%w: %w", ErrArchive, err)
		}
		if tree.Size() == a.note.Size {
			break
		}
		leaf, err := evidence.NewLeaf(event)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrArchive, err)
		}
		text := leaf.Text()
		page = append(page, keptLeaf{tree.Size(), text, event.Stream})
		tree.Add(evidence.LeafHash(text))
		if len(page) == pageLeaves {
			if !send(ctx, pages, page) {
				return ctx.Err()
			}
			page = nil
		}
	}
	if tree.Size() != a.note.Size || tree.Root() != a.note.Root {
		return fmt.Errorf("%w: its facts do not lead to the root of the checkpoint", ErrArchive)
	}
	if len(page) > 0 && !send(ctx, pages, page) {
		return ctx.Err()
	}
	return nil
}
