package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	sumsFile       = "SHA256SUMS"
	nextSums       = sumsFile + ".next" // written before a listed file changes
	storeIDFile    = "store-id"
	checkpointFile = "checkpoint"
	temporary      = ".new-" // prefix of a file that is being written
)

// files are the files of a folder and their digests as they are listed.
type files struct {
	dir     string
	sums    map[string]string // of names relative to dir
	changed int               // files written by this run
}

// put writes a file that is not listed yet, or that has the same bytes for ever. It is
// whole or not there, also after the power fails.
func (f *files) put(name string, data []byte) error {
	path := filepath.Join(f.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	if err := replace(path, data); err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	f.sums[name] = digest(data)
	f.changed++
	return nil
}

// replace writes a file beside its place and moves it there.
func replace(path string, data []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), temporary+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name()) // the first error is returned
		}
	}()
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename in a folder durable.
func syncDir(dir string) error {
	opened, err := os.Open(dir) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	err = opened.Sync()
	return errors.Join(err, opened.Close())
}

// commit writes a file that may be listed already, and then the list of all files. Until
// the list is in its place, the one that is to come stands beside it.
func (f *files) commit(name string, data []byte) error {
	f.sums[name] = digest(data)
	list := formatSums(f.sums)
	if err := replace(filepath.Join(f.dir, nextSums), list); err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	if err := f.put(name, data); err != nil {
		return err
	}
	return f.settle()
}

// settle puts the list that is to come in its place.
func (f *files) settle() error {
	if err := os.Rename(filepath.Join(f.dir, nextSums), filepath.Join(f.dir, sumsFile)); err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	return syncDir(f.dir)
}

// recover finishes or drops what a killed run left. A list that is to come counts when
// the files that it changes have changed.
func (f *files) recover() error {
	err := filepath.WalkDir(f.dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasPrefix(entry.Name(), temporary) {
			err = os.Remove(path) //nolint:gosec // the folder is the operator’s own
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("clear the archive: %w", err)
	}
	if f.sums, err = readSums(f.dir, sumsFile); err != nil {
		return err
	}
	next, err := readSums(f.dir, nextSums)
	if err != nil || next == nil {
		return err
	}
	for name, sum := range next {
		if f.sums[name] == sum {
			continue
		}
		if data, err := os.ReadFile(filepath.Join(f.dir, filepath.FromSlash(name))); err != nil || digest(data) != sum {
			return os.Remove(filepath.Join(f.dir, nextSums))
		}
	}
	f.sums = next
	return f.settle()
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// formatSums returns the list as sha256sum -c reads it, by name.
func formatSums(sums map[string]string) []byte {
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		b = append(append(append(append(b, sums[name]...), "  "...), name...), '\n')
	}
	return b
}

// readSums reads a list; nil when there is none. Errors: ErrDamaged for one in another
// form, or with a name outside of the folder.
func readSums(dir, file string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(dir, file)) //nolint:gosec // the operator names the folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	sums := map[string]string{}
	for one := range strings.Lines(string(text)) {
		sum, name, found := strings.Cut(strings.TrimSuffix(one, "\n"), "  ")
		if !found || len(sum) != 2*sha256.Size || !filepath.IsLocal(filepath.FromSlash(name)) {
			return nil, fmt.Errorf("%w: a line of %s is no digest and name", ErrDamaged, file)
		}
		sums[name] = sum
	}
	return sums, nil
}
