package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/google/uuid"

	"nonassociations/audit/evidence"
	"nonassociations/domain"
	"nonassociations/eventstore"
)

// Log is the part of eventstore.Store that Write reads.
type Log interface {
	// ReadAll returns at most limit events from a position on, see eventstore.Store.
	ReadAll(ctx context.Context, direction eventstore.Direction, from eventstore.Position, limit int) ([]eventstore.RecordedEvent, error)
}

// Options of a Write. Progress may be nil.
type Options struct {
	Dir     string
	Log     Log
	StoreID uuid.UUID
	// Head is the newest signed head with its cosignatures, "" when there is none. It must
	// have been read before the log is: the facts that it covers are in the log then.
	Head     string
	Progress func(facts int64)
}

// Written is what a Write added.
type Written struct {
	From     uint64 // position of the last fact that was there before; 0: none
	Position uint64 // of the last fact that is there now
	Facts    int64  // that were added
	Files    int    // that were written
	Head     *evidence.Head
}

// Errors of Write, for errors.Is.
var (
	ErrOtherStore = errors.New("the folder is not of this log")
	ErrAtWork     = errors.New("another archive write is at work in this folder")
	ErrDiffers    = errors.New("the log is not the one that was archived")
)

// Write adds to a folder what is new of the log. Errors: ErrOtherStore and ErrAtWork, with
// nothing written; ErrDiffers, ErrDamaged, those of the log and of the files. After any of
// them the folder is an archive of some facts, and the next Write goes on.
func Write(ctx context.Context, o Options) (w Written, err error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return w, fmt.Errorf("make the folder: %w", err)
	}
	unlock, err := lock(o.Dir)
	if err != nil {
		return w, err
	}
	defer unlock()
	f, err := begin(o)
	if err != nil {
		return w, err
	}
	folder, err := Open(o.Dir)
	if err != nil {
		return w, err
	}
	if err := addFacts(ctx, o, f, folder, &w); err != nil {
		return w, err
	}
	if w.Head, err = addHead(ctx, o, f, folder); err != nil {
		return w, err
	}
	w.Files = f.changed
	return w, nil
}

// lock makes sure that one process writes to a folder.
func lock(dir string) (unlock func(), err error) {
	opened, err := os.Open(dir) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("open the folder: %w", err)
	}
	if err := syscall.Flock(int(opened.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = opened.Close()
		return nil, ErrAtWork
	}
	return func() {
		_ = syscall.Flock(int(opened.Fd()), syscall.LOCK_UN) // a child that is being started has it open too
		_ = opened.Close()
	}, nil
}

// begin recovers the folder, or makes it an archive when it is empty.
func begin(o Options) (*files, error) {
	f := &files{dir: o.Dir}
	folder, err := Open(o.Dir)
	switch {
	case errors.Is(err, ErrNoArchive):
		entries, err := os.ReadDir(o.Dir)
		if err != nil {
			return nil, fmt.Errorf("read the folder: %w", err)
		}
		for _, entry := range entries {
			if !strings.HasPrefix(entry.Name(), temporary) {
				return nil, fmt.Errorf("%w: it holds %s, and no %s", ErrOtherStore, entry.Name(), storeIDFile)
			}
		}
		f.sums = map[string]string{}
		return f, f.put(storeIDFile, []byte(o.StoreID.String()+"\n"))
	case err != nil:
		return nil, err
	case folder.StoreID != o.StoreID:
		return nil, fmt.Errorf("%w: it is of log %s, and this is log %s", ErrOtherStore, folder.StoreID, o.StoreID)
	}
	if err := f.recover(); err != nil {
		return nil, err
	}
	if f.sums == nil {
		f.sums = map[string]string{storeIDFile: digest([]byte(o.StoreID.String() + "\n"))}
	}
	return f, f.list()
}

// list adds the files of the log that a killed run has not listed.
func (f *files) list() error {
	for n := int64(0); ; n++ {
		data, err := os.ReadFile(filepath.Join(f.dir, filepath.FromSlash(logFile(n))))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the archive: %w", err)
		}
		if f.sums[logFile(n)] == "" {
			f.sums[logFile(n)] = digest(data)
		}
	}
}

const pageEvents = 1000

// addFacts adds the facts behind the last one that is there.
func addFacts(ctx context.Context, o Options, f *files, folder Folder, w *Written) error {
	facts, last, err := folder.last()
	if err != nil {
		return err
	}
	w.From, w.Position = last.Position.Uint64(), last.Position.Uint64()
	file := logWriter{files: f, index: facts}
	if file.text, err = os.ReadFile(filepath.Join(f.dir, filepath.FromSlash(logFile(facts/FactsPerFile)))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the archive: %w", err)
	}
	from, met := last.Position, facts == 0
	for {
		events, err := o.Log.ReadAll(ctx, eventstore.Forwards, from, pageEvents)
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		if !met {
			if len(events) == 0 || events[0].ID != last.ID || events[0].Position != last.Position {
				return fmt.Errorf("%w: fact %s, the last of %d in the archive, is not at its position %d; verify log --against %s says more",
					ErrDiffers, last.ID, facts, last.Position.Uint64(), filepath.Join(o.Dir, checkpointFile))
			}
			met = true
		}
		for _, e := range events {
			if e.Position == from || !domain.IsOurs(e.Stream) {
				continue // the one at the position was there before
			}
			if err := file.add(e); err != nil {
				return err
			}
			w.Facts, w.Position = w.Facts+1, e.Position.Uint64()
		}
		if o.Progress != nil {
			o.Progress(facts + w.Facts)
		}
		if len(events) < pageEvents {
			return file.flush()
		}
		from = events[len(events)-1].Position
	}
}

// logWriter writes the files of the log.
type logWriter struct {
	files *files
	text  []byte // of the last file
	index int64  // of the next fact
	dirty bool
}

func (w *logWriter) add(e eventstore.RecordedEvent) (err error) {
	if w.text, err = appendLine(w.text, w.index, e); err != nil {
		return err
	}
	w.index, w.dirty = w.index+1, true
	if w.index%FactsPerFile > 0 {
		return nil
	}
	err = w.flush()
	w.text = nil
	return err
}

// flush writes the last file.
func (w *logWriter) flush() error {
	if !w.dirty {
		return nil
	}
	w.dirty = false
	return w.files.commit(logFile((w.index-1)/FactsPerFile), w.text)
}

// addHead adds the tiles of the newest head, and then the head. It returns the head that
// is there.
func addHead(ctx context.Context, o Options, f *files, folder Folder) (*evidence.Head, error) {
	var was evidence.Head
	if folder.Checkpoint != "" {
		note, err := evidence.ParseNote(folder.Checkpoint)
		if err != nil {
			return nil, fmt.Errorf("%w: its checkpoint is no signed head", ErrDamaged)
		}
		was = note.Head
	}
	if o.Head == "" || o.Head == folder.Checkpoint {
		return headOrNone(was), f.finish()
	}
	note, err := evidence.ParseNote(o.Head)
	if err != nil {
		return nil, err
	}
	if note.Size < was.Size {
		return nil, fmt.Errorf("%w: its newest head has %d facts, and that of the archive %d", ErrDiffers, note.Size, was.Size)
	}
	g, err := growFrom(f, was)
	if err != nil {
		return nil, err
	}
	if err := g.grow(ctx, folder, note.Size); err != nil {
		return nil, err
	}
	if g.tree.Root() != note.Root {
		return nil, fmt.Errorf("%w: its facts do not lead to the root of its newest head; verify log says more", ErrDiffers)
	}
	if err := g.edge(); err != nil {
		return nil, err
	}
	old := f.forgetPartial(note.Size)
	if err := f.commit(checkpointFile, []byte(o.Head)); err != nil {
		return nil, err
	}
	for _, name := range old {
		_ = os.Remove(filepath.Join(f.dir, filepath.FromSlash(name))) // one that stays does no harm
	}
	return &note.Head, nil
}

func headOrNone(head evidence.Head) *evidence.Head {
	if head.Size == 0 {
		return nil
	}
	return &head
}

// finish lists all files where no checkpoint was written.
func (f *files) finish() error {
	if f.changed == 0 {
		return nil
	}
	if err := replace(filepath.Join(f.dir, sumsFile), formatSums(f.sums)); err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	return nil
}

// forgetPartial takes the partial tiles of smaller trees off the list, and returns them.
func (f *files) forgetPartial(size int64) (old []string) {
	for name := range f.sums {
		path, is := strings.CutPrefix(name, "tile/")
		tile, err := evidence.ParseTilePath(path)
		if !is || err != nil || tile.W == evidence.TileWidth {
			continue
		}
		if from, below := evidence.TileSizes(tile); size < from || size >= below {
			old = append(old, name)
			delete(f.sums, name)
		}
	}
	return old
}
