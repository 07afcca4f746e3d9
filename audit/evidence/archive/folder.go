package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"nonassociations/eventstore"
)

// FactsPerFile is the number of facts of a whole file.
const FactsPerFile = 10_000

// Folder is an archive that is read. It is safe for concurrent use.
type Folder struct {
	Dir     string
	StoreID uuid.UUID
	// Checkpoint is the newest head as text, "" before the first one.
	Checkpoint string
}

// ErrNoArchive means that a folder holds no archive.
var ErrNoArchive = errors.New("the folder holds no archive")

// Open opens an archive. Errors: ErrNoArchive, ErrDamaged, and those of the files.
func Open(dir string) (Folder, error) {
	text, err := os.ReadFile(filepath.Join(dir, storeIDFile)) //nolint:gosec // the operator names it
	if errors.Is(err, fs.ErrNotExist) {
		return Folder{}, ErrNoArchive
	}
	if err != nil {
		return Folder{}, fmt.Errorf("read the archive: %w", err)
	}
	id, err := uuid.Parse(strings.TrimSpace(string(text)))
	if err != nil {
		return Folder{}, fmt.Errorf("%w: %s holds no id", ErrDamaged, storeIDFile)
	}
	checkpoint, err := os.ReadFile(filepath.Join(dir, checkpointFile)) //nolint:gosec // as above
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Folder{}, fmt.Errorf("read the archive: %w", err)
	}
	return Folder{dir, id, string(checkpoint)}, nil
}

// logFile is the name of a file of the log.
func logFile(n int64) string { return fmt.Sprintf("log/%09d.ndjson", n) }

// read returns the facts of a file of the log; none when there is no such file.
func (f Folder) read(n int64) ([]eventstore.RecordedEvent, error) {
	text, err := os.ReadFile(filepath.Join(f.Dir, filepath.FromSlash(logFile(n))))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	facts, err := parseLines(text, n*FactsPerFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", logFile(n), err)
	}
	return facts, nil
}

// Facts returns the facts from an index on, in the order of the log. It implements the
// archive of logcheck.
func (f Folder) Facts(ctx context.Context, from int64) iter.Seq2[eventstore.RecordedEvent, error] {
	return func(yield func(eventstore.RecordedEvent, error) bool) {
		for n := from / FactsPerFile; ; n++ {
			facts, err := f.read(n)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(eventstore.RecordedEvent{}, err)
				return
			}
			for i := max(from-n*FactsPerFile, 0); i < int64(len(facts)); i++ {
				if !yield(facts[i], nil) {
					return
				}
			}
			if len(facts) < FactsPerFile {
				return
			}
		}
	}
}

// End returns the number of facts and the last of them.
func (f Folder) last() (facts int64, last eventstore.RecordedEvent, err error) {
	n := int64(0)
	for {
		if _, err := os.Stat(filepath.Join(f.Dir, filepath.FromSlash(logFile(n+1)))); err != nil {
			break // the last one is read, and says what is wrong
		}
		n++
	}
	read, err := f.read(n)
	if err != nil || len(read) == 0 {
		return 0, last, err
	}
	return n*FactsPerFile + int64(len(read)), read[len(read)-1], nil
}
