package archive

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/logcheck"
	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Verify checks the facts of a folder against its leaves, tiles and checkpoint, as
// logcheck does a log, and each file against the list of digests. damaged has the names of
// files that are not as they were written; each is a HEAD among the problems where the
// comparison of facts has found nothing. Errors: those of logcheck, which mean that
// nothing could be judged.
func Verify(ctx context.Context, dir string, keys evidence.Keys, clock func() time.Time) (r logcheck.Result, damaged []string, err error) {
	folder, err := Open(dir)
	if err != nil {
		return r, nil, err
	}
	if folder.Checkpoint == "" {
		return r, nil, logcheck.ErrNoHead
	}
	kept := keptFolder{Folder: folder}
	if kept.note, err = evidence.ParseNote(folder.Checkpoint); err != nil {
		return r, nil, err
	}
	if kept.firstPositions, err = folder.positions(); err != nil {
		return r, nil, err
	}
	r, err = logcheck.Check(ctx, logcheck.Options{
		Log: kept, Prefixes: domain.StreamPrefixes(), StoreID: folder.StoreID, Kept: kept, Keys: keys, Clock: clock,
	})
	if err != nil {
		return r, nil, err
	}
	if damaged, err = folder.damaged(ctx, kept.note.Head); err != nil {
		return r, nil, err
	}
	if len(damaged) > 0 && r.ProblemsTotal == 0 {
		for range damaged {
			r.Problems = append(r.Problems, logcheck.Problem{Kind: logcheck.BadHead, Parts: []logcheck.Part{}, FirstHead: &logcheck.FirstHead{
				Size: kept.note.Size, SignedAt: kept.signedAt(),
			}})
		}
		r.ProblemsTotal += int64(len(damaged))
	}
	r.OK = r.OK && len(damaged) == 0
	return r, damaged, nil
}

// damaged returns the names of the files that are not as they are listed, and of the tiles
// that are not those of the facts.
func (f Folder) damaged(ctx context.Context, head evidence.Head) ([]string, error) {
	listed, err := readSums(f.Dir, sumsFile)
	if err != nil {
		return nil, err
	}
	next, err := readSums(f.Dir, nextSums) // of a run that was killed
	if err != nil {
		return nil, err
	}
	wrong := map[string]bool{}
	for name, sum := range listed {
		data, err := os.ReadFile(filepath.Join(f.Dir, filepath.FromSlash(name)))
		if err != nil || digest(data) != sum && digest(data) != next[name] {
			wrong[name] = true
		}
	}
	g := &grower{levels: map[int][]tlog.Hash{}, put: func(name string, data []byte) error {
		if is, err := os.ReadFile(filepath.Join(f.Dir, filepath.FromSlash(name))); err != nil || !bytes.Equal(is, data) {
			wrong[name] = true
		}
		return nil
	}}
	err = g.grow(ctx, f, head.Size)
	if err == nil {
		err = g.edge()
	}
	if err != nil && !errors.Is(err, ErrDamaged) {
		return nil, err
	}
	return slices.Sorted(maps.Keys(wrong)), nil
}

// keptFolder is a folder as logcheck reads a log and what was kept of it.
type keptFolder struct {
	Folder

	note           evidence.Note
	firstPositions []eventstore.Position // of each file of the log
}

// positions returns the position of the first fact of each file.
func (f Folder) positions() (first []eventstore.Position, err error) {
	for n := int64(0); ; n++ {
		facts, err := f.read(n)
		if err != nil || len(facts) == 0 {
			return first, err
		}
		if first = append(first, facts[0].Position); len(facts) < FactsPerFile {
			return first, nil
		}
	}
}

// ReadAll returns facts from a position on. It only reads forwards.
func (k keptFolder) ReadAll(ctx context.Context, _ eventstore.Direction, from eventstore.Position, limit int) ([]eventstore.RecordedEvent, error) {
	file := 0
	for file+1 < len(k.firstPositions) && !from.Before(k.firstPositions[file+1]) {
		file++
	}
	var page []eventstore.RecordedEvent
	for fact, err := range k.Facts(ctx, int64(file)*FactsPerFile) {
		if err != nil {
			return nil, err
		}
		if fact.Position.Before(from) {
			continue
		}
		if page = append(page, fact); len(page) == limit {
			break
		}
	}
	return page, nil
}

// End returns the position of the last fact.
func (k keptFolder) End(context.Context) (eventstore.Position, error) {
	_, last, err := k.last()
	return last.Position, err
}

// Heads returns the checkpoint.
func (k keptFolder) Heads(_ context.Context, after int64, _ int) ([]logcheck.Head, error) {
	if after >= k.note.Size {
		return nil, nil
	}
	return []logcheck.Head{{Size: k.note.Size, Note: k.Checkpoint, SignedAt: k.signedAt()}}, nil
}

// signedAt is when the checkpoint was written here: the folder has no other word of it.
func (k keptFolder) signedAt() time.Time {
	info, err := os.Stat(filepath.Join(k.Dir, checkpointFile))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime().UTC()
}

// Leaves returns the leaves of bundles. It ends before one that is missing or is none, and
// the tree then does not reach the head.
func (k keptFolder) Leaves(_ context.Context, from int64, limit int) ([]logcheck.LeafRow, error) {
	var rows []logcheck.LeafRow
	for index := from; index < k.note.Size && len(rows) < limit; {
		n := index / evidence.TileWidth
		tile := tlog.Tile{H: evidence.TileHeight, L: evidence.Entries, N: n, W: int(min(evidence.TileWidth, k.note.Size-n*evidence.TileWidth))}
		data, err := os.ReadFile(filepath.Join(k.Dir, filepath.FromSlash(tilePath(tile))))
		if err != nil {
			return rows, nil //nolint:nilerr // see above
		}
		texts, err := evidence.ParseBundle(data)
		if err != nil {
			return rows, nil //nolint:nilerr // see above
		}
		for i := index - n*evidence.TileWidth; i < int64(len(texts)) && len(rows) < limit; i++ {
			rows = append(rows, logcheck.LeafRow{Index: index, Text: texts[i]})
			index++
		}
		if len(texts) < tile.W {
			break
		}
	}
	return rows, nil
}

// Tree is not used: the whole folder is checked.
func (k keptFolder) Tree(context.Context, int64) (evidence.Tree, error) {
	return evidence.Tree{}, logcheck.ErrFrom
}

// Cosignatures returns the lines of the checkpoint that are not the log's own.
func (k keptFolder) Cosignatures(_ context.Context, from, below int64) ([]logcheck.CosignatureRow, error) {
	var rows []logcheck.CosignatureRow
	if k.note.Size < from || k.note.Size >= below {
		return nil, nil
	}
	for _, s := range k.note.Signatures {
		if !strings.EqualFold(s.Name, k.note.Origin) {
			rows = append(rows, logcheck.CosignatureRow{Size: k.note.Size, Line: evidence.SignatureLine(s)})
		}
	}
	return rows, nil
}
