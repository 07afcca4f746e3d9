package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/archive"
	kept "nonassociations/audit/evidence/store"
	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
)

// WriteArchive adds to a folder what is new of the log, with the newest head. Errors:
// those of archive.Write; any other means that nothing was written.
func WriteArchive(ctx context.Context, o Options, dir string, progress func(facts int64)) (w archive.Written, id fmt.Stringer, err error) {
	if err := checkAllGrants(ctx, o.Config.requirementsOf(grantsOfLog, grantsOfArchiving)); err != nil {
		return w, nil, err
	}
	log, err := openLog(ctx, o.Config, o.Scratch, o.Logger)
	if err != nil {
		return w, nil, err
	}
	defer func() { err = errors.Join(err, closeLog(log)) }()
	storeID, err := eventstore.ReadIdentity(ctx, log)
	if err != nil {
		return w, nil, fmt.Errorf("read the log's id: %w", err)
	}
	head, err := o.newestHead(ctx)
	if err != nil {
		return w, nil, err
	}
	w, err = archive.Write(ctx, archive.Options{Dir: dir, Log: log, StoreID: storeID, Head: head, Progress: progress})
	return w, storeID, err
}

// newestHead returns the newest head with its cosignatures, "" when there is none.
func (o Options) newestHead(ctx context.Context) (string, error) {
	opened, err := kept.Open(ctx, o.Config.DatabaseURL)
	if err != nil {
		return "", err
	}
	defer opened.Close()
	tree := opened.Tree()
	head, err := tree.NewestHead(ctx)
	if errors.Is(err, kept.ErrNoHead) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return tree.Signed(ctx, head)
}

// ErrWrongArchive means that the facts of an archive do not lead to its checkpoint.
var ErrWrongArchive = errors.New("the facts of the archive do not lead to the root of its checkpoint; archive verify names what is wrong")

// RestoreArchive fills the empty log in Postgres at an address from a folder, with its id,
// positions and times. Errors: ErrWrongArchive and postgres.ErrNotEmpty, with nothing
// written; those of the folder and of Postgres.
func RestoreArchive(ctx context.Context, dir, into string) (w archive.Written, folder archive.Folder, err error) {
	if folder, err = archive.Open(dir); err != nil {
		return w, folder, err
	}
	var head evidence.Head
	if folder.Checkpoint != "" {
		note, err := evidence.ParseNote(folder.Checkpoint)
		if err != nil {
			return w, folder, err
		}
		head, w.Head = note.Head, &note.Head
	}
	first, err := eventstore.Identity(folder.StoreID)
	if err != nil {
		return w, folder, err
	}
	imported, err := postgres.Import(ctx, into, withIdentity(first, leadingTo(head, folder.Facts(ctx, 0), &w)))
	if err != nil {
		return archive.Written{}, folder, err
	}
	w.Facts = imported - 1 // the log's id is none
	w.Files = int((w.Facts + archive.FactsPerFile - 1) / archive.FactsPerFile)
	return w, folder, nil
}

// withIdentity puts the event with the log's id where the facts leave a position free:
// before the first fact, else behind the last.
func withIdentity(id eventstore.RecordedEvent, facts iter.Seq2[eventstore.RecordedEvent, error]) iter.Seq2[eventstore.RecordedEvent, error] {
	return func(yield func(eventstore.RecordedEvent, error) bool) {
		given := false
		give := func(at uint64, when time.Time) bool {
			given = true
			id.Position, id.RecordedAt = eventstore.Position{Commit: at, Prepare: at}, when
			return yield(id, nil)
		}
		last := eventstore.RecordedEvent{}
		for fact, err := range facts {
			if err == nil && !given && last.ID == (eventstore.RecordedEvent{}).ID && fact.Position.Commit > 1 && !give(1, fact.RecordedAt) {
				return
			}
			if !yield(fact, err) || err != nil {
				return
			}
			last = fact
		}
		if !given {
			give(last.Position.Commit+1, cmp.Or(last.RecordedAt, time.Unix(0, 0).UTC()))
		}
	}
}

// leadingTo passes facts on, and ends with ErrWrongArchive when they do not lead to the
// root of a head. It notes the last position.
func leadingTo(head evidence.Head, facts iter.Seq2[eventstore.RecordedEvent, error], w *archive.Written) iter.Seq2[eventstore.RecordedEvent, error] {
	return func(yield func(eventstore.RecordedEvent, error) bool) {
		var tree evidence.Tree
		for fact, err := range facts {
			if err == nil && tree.Size() < head.Size {
				var leaf evidence.Leaf
				if leaf, err = evidence.NewLeaf(fact); err == nil {
					tree.Add(evidence.LeafHash(leaf.Text()))
				}
				if err == nil && tree.Size() == head.Size && tree.Root() != head.Root {
					err = ErrWrongArchive
				}
			}
			w.Position = fact.Position.Uint64()
			if !yield(fact, err) || err != nil {
				return
			}
		}
		if tree.Size() < head.Size {
			yield(eventstore.RecordedEvent{}, ErrWrongArchive)
		}
	}
}
