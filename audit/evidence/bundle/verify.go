package bundle

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"

	"nonassociations/audit/evidence"
)

// Kind is the kind of a problem. The values are those of verify log.
type Kind string

// The kinds that a bundle can have.
const (
	Changed Kind = "CHANGED" // a fact is not what its leaf says
	Missing Kind = "MISSING" // a leaf or proof that a fact names is not there
	Added   Kind = "ADDED"   // a leaf or proof that no fact names
	Moved   Kind = "MOVED"   // the facts are not in the order of their leaves
	BadHead Kind = "HEAD"    // the head is signed by no known key, or does not prove a leaf
)

// Problem is something that is wrong. Index, EventID and Revision are nil when they are not
// known.
type Problem struct {
	Kind     Kind
	Index    *int64
	EventID  *uuid.UUID
	Stream   *string
	Revision *uint64
	Parts    []string // of a changed fact
	Words    string   // a sentence without personal data
}

// Gap is a place in a stream of which the bundle has no fact. After is nil for the
// beginning of the stream.
type Gap struct {
	Stream string
	After  *uint64
	Before uint64
}

// Result is what a check of a bundle found.
type Result struct {
	Facts         int
	Proven        int // their content
	ExistenceOnly int
	Unproven      int // covered by no head
	Gaps          []Gap
	Files, Good   int // by SHA256SUMS
	BadFiles      []string
	Problems      []Problem
}

// OK reports whether nothing is wrong. Gaps and facts that no head covers are no fault: the
// bundle says so itself.
func (r Result) OK() bool { return len(r.Problems) == 0 && r.Files == r.Good }

// Errors of bundles that cannot be judged.
var (
	// ErrUnreadable means that the file is no bundle.
	ErrUnreadable = errors.New("the file is no bundle that can be read")
	// ErrNoKey means that none of the keys given is one that signed the head.
	ErrNoKey = errors.New("none of the keys has signed the head of this bundle")
)

const (
	// maxFile bounds what is unpacked of one file, and maxTotal of all: a bundle comes from
	// a stranger.
	maxFile  = 1 << 30
	maxTotal = 4 << 30
)

// Verify checks a bundle in a ZIP file of a size: the sum of each file, the signature of the
// head by one of the keys, each proof, each leaf, and the bytes of each fact that has them.
// Errors: ErrUnreadable and ErrNoKey.
func Verify(from io.ReaderAt, size int64, keys evidence.Keys) (Result, error) {
	files, err := unpack(from, size)
	if err != nil {
		return Result{}, err
	}
	var r Result
	r.checkSums(files)
	facts, err := readFacts(files[factsFile])
	if err != nil {
		return r, err
	}
	r.Facts = len(facts)
	checked := checking{Result: &r, files: files, used: map[string]bool{}}
	if err := checked.head(string(files[checkpointFile]), keys, facts); err != nil {
		return r, err
	}
	for _, f := range facts {
		checked.fact(f)
	}
	checked.unused()
	r.Gaps = gapsOf(facts)
	return r, nil
}

// unpack returns the files by name. A name that comes twice, or that leads out of the
// folder into which people unpack it, is refused.
func unpack(from io.ReaderAt, size int64) (map[string][]byte, error) {
	archive, err := zip.NewReader(from, size)
	if err != nil {
		return nil, fmt.Errorf("%w: it is no ZIP file", ErrUnreadable)
	}
	files, total := map[string][]byte{}, int64(0)
	for _, f := range archive.File {
		if _, twice := files[f.Name]; twice || !isPlace(f.Name) {
			return nil, fmt.Errorf("%w: a name in it comes twice or leads out of it", ErrUnreadable)
		}
		body, err := read(f)
		if total += int64(len(body)); err != nil || total > maxTotal {
			return nil, fmt.Errorf("%w: a file in it is damaged or too large", ErrUnreadable)
		}
		files[f.Name] = body
	}
	for _, name := range []string{factsFile, checkpointFile, sumsFile} {
		if _, is := files[name]; !is {
			return nil, fmt.Errorf("%w: it has no %s", ErrUnreadable, name)
		}
	}
	return files, nil
}

// isPlace reports whether a name is one that a bundle may have.
func isPlace(name string) bool {
	return name != "" && !strings.HasPrefix(name, "/") && !strings.Contains(name, "..") && !strings.ContainsAny(name, "\\\n\r:")
}

func read(f *zip.File) ([]byte, error) {
	opened, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("open a file of a bundle: %w", err)
	}
	defer func() { _ = opened.Close() }() // nothing was written
	body, err := io.ReadAll(io.LimitReader(opened, maxFile+1))
	if err == nil && len(body) > maxFile {
		err = ErrUnreadable
	}
	return body, err
}

// checkSums compares every file with SHA256SUMS. A file that it does not name is bad.
func (r *Result) checkSums(files map[string][]byte) {
	wanted := map[string]string{}
	for line := range bytes.Lines(files[sumsFile]) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), "  ")
		wanted[name] = sum
	}
	for name := range files {
		if _, named := wanted[name]; !named && name != sumsFile {
			wanted[name] = ""
		}
	}
	for _, name := range sorted(wanted) {
		body, is := files[name]
		sum := sha256.Sum256(body)
		if r.Files++; is && hex.EncodeToString(sum[:]) == wanted[name] {
			r.Good++
		} else {
			r.BadFiles = append(r.BadFiles, name)
		}
	}
}
