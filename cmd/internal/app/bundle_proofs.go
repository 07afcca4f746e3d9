package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	pure "nonassociations/audit/evidence"
	"nonassociations/audit/evidence/bundle"
	evidence "nonassociations/audit/evidence/store"
	"nonassociations/eventstore"
)

const (
	// coverTime is how much longer than heads are apart an export waits for one.
	coverTime = 30 * time.Second
	// coverEvery is how often it looks for one.
	coverEvery = 500 * time.Millisecond
)

// proving finds the proofs of facts, all of them by one head.
type proving struct {
	tree    evidence.Tree
	facts   []eventstore.RecordedEvent
	leaves  []evidence.Leaf
	newest  evidence.Head
	signed  string       // newest with its cosignatures; "" without a head
	head    *bundle.Head // the same for people; nil without one
	proven  []bundle.Fact
	covered map[uuid.UUID]time.Time // when the first head that covers it was signed
}

// wait looks for a head that covers all facts until there is one, or the time is over.
func (p *proving) wait(ctx context.Context, atMost time.Duration, say func(string)) error {
	ended := time.NewTimer(atMost)
	defer ended.Stop()
	again := time.NewTicker(coverEvery)
	defer again.Stop()
	for said := false; ; said = true {
		covered, err := p.look(ctx)
		if err != nil || covered {
			return err
		}
		if !said {
			say(fmt.Sprintf("Waiting for a signed head that covers all %d facts, at most %s.", len(p.facts), atMost))
		}
		select {
		case <-again.C:
		case <-ended.C:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("wait for a head: %w", ctx.Err())
		}
	}
}

// look reads the newest head and the leaves, and reports whether all facts are covered.
func (p *proving) look(ctx context.Context) (covered bool, err error) {
	if p.newest, err = p.tree.NewestHead(ctx); err != nil && !errors.Is(err, evidence.ErrNoHead) {
		return false, err
	}
	ids := make([]uuid.UUID, len(p.facts))
	for i, f := range p.facts {
		ids[i] = f.ID
	}
	if p.leaves, err = p.tree.LeavesOf(ctx, ids); err != nil {
		return false, err
	}
	for _, f := range p.facts {
		if leaf := p.leafOf(f); leaf == nil || leaf.Index >= p.newest.Size {
			return false, nil
		}
	}
	return true, nil
}

// leafOf returns the leaf of a fact; nil for none. An event that is twice in the log has
// two leaves, at two places.
func (p *proving) leafOf(f eventstore.RecordedEvent) *evidence.Leaf {
	for i := range p.leaves {
		if p.leaves[i].EventID == f.ID && p.leaves[i].At == f.Position {
			return &p.leaves[i]
		}
	}
	return nil
}

// prove makes the proofs. A leaf that does not lie under the root is an error: the tables
// were changed, and verify log says where.
func (p *proving) prove(ctx context.Context) error {
	var (
		note   pure.Note
		hashes tlog.HashReader
	)
	if p.newest.Size > 0 {
		var err error
		if p.signed, err = p.tree.Signed(ctx, p.newest); err != nil {
			return err
		}
		if note, err = pure.ParseNote(p.signed); err != nil {
			return fmt.Errorf("read the newest head: %w", err)
		}
		p.head = &bundle.Head{Size: note.Size, Root: note.Root}
		hashes = p.tree.Reader(ctx, note.Head)
	}
	for _, recorded := range p.facts {
		f := bundle.Fact{Recorded: recorded}
		if leaf := p.leafOf(recorded); leaf != nil && leaf.Index < p.newest.Size {
			proof, err := pure.Prove(note, p.signed, leaf.Index, leaf.Text, hashes)
			if err == nil {
				err = proof.Check()
			}
			if err != nil {
				return fmt.Errorf("prove the fact %s, or find out why by verify log: %w", recorded.ID, err)
			}
			first, err := p.tree.HeadCovering(ctx, leaf.Index)
			if err != nil {
				return err
			}
			f.Proof, p.covered[recorded.ID] = &proof, first.SignedAt
		}
		p.proven = append(p.proven, f)
	}
	return nil
}
