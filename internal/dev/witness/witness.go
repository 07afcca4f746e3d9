// Package witness is a small witness of transparency logs, for development and tests. It
// speaks add-checkpoint of C2SP's tlog-witness, and keeps in a folder what it has seen.
package witness

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"nonassociations/audit/evidence"
)

// Name is the name of every witness of this package.
const Name = "witness.localhost"

// Files in the folder.
const (
	keyFile  = "witness.key"
	VKeyFile = "witness.vkey"
	seenFile = "witness.heads"
)

// Witness is an http.Handler. Open makes one. It is safe for concurrent use.
type Witness struct {
	dir   string
	key   evidence.PrivateKey
	logs  func() (evidence.Keys, error)
	clock func() time.Time

	mu   sync.Mutex
	seen map[string]cosigned // by origin
}

// cosigned is the latest head of a log that was cosigned.
type cosigned struct {
	Size int64  `json:"size"`
	Root string `json:"root"`
}

// Open returns the witness of a folder, which gets a key on first use. logs returns the
// keys of the logs that it cosigns.
func Open(dir string, logs func() (evidence.Keys, error), clock func() time.Time) (*Witness, error) {
	w := &Witness{dir: dir, logs: logs, clock: clock, seen: map[string]cosigned{}}
	if err := w.openKey(); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(dir, seenFile))
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &w.seen)
	}
	if err != nil {
		return nil, fmt.Errorf("read what the witness has seen: %w", err)
	}
	return w, nil
}

// openKey reads the key, or makes it.
func (w *Witness) openKey() error {
	path := filepath.Join(w.dir, keyFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if w.key, err = evidence.GenerateKey(rand.Reader, evidence.OfWitness, Name); err == nil {
			err = os.WriteFile(path, []byte(w.key.Secret()+"\n"), 0o600)
		}
	} else if err == nil {
		w.key, err = evidence.ParsePrivateKey(strings.TrimSpace(string(text)))
	}
	if err != nil {
		return fmt.Errorf("open the key of the witness: %w", err)
	}
	return os.WriteFile(filepath.Join(w.dir, VKeyFile), []byte(w.key.VKey+"\n"), 0o600)
}

// Key returns the public key.
func (w *Witness) Key() evidence.Key { return w.key.Key }

// maxBody is more than any submission has.
const maxBody = 64 << 10

// ServeHTTP answers POST …/add-checkpoint.
func (w *Witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/add-checkpoint") {
		http.NotFound(rw, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBody))
	if err != nil {
		http.Error(rw, "the body cannot be read", http.StatusBadRequest)
		return
	}
	status, answer := w.add(string(body))
	if status == http.StatusConflict {
		rw.Header().Set("Content-Type", "text/x.tlog.size")
	}
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, answer)
}

// add decides about a submission, and keeps a head before it cosigns it.
func (w *Witness) add(body string) (status int, answer string) {
	submission, err := evidence.ParseSubmission(body)
	if err != nil {
		return http.StatusBadRequest, "no add-checkpoint\n"
	}
	note, err := evidence.ParseNote(submission.Signed)
	if err != nil || submission.Old > note.Size {
		return http.StatusBadRequest, "no head, or a smaller one than the old size\n"
	}
	keys, err := w.logs()
	if err != nil {
		return http.StatusInternalServerError, "the keys of the logs cannot be read\n"
	}
	if !knowsOrigin(keys, note.Origin) {
		return http.StatusNotFound, "unknown log\n"
	}
	if !note.SignedBy(keys) {
		return http.StatusForbidden, "no good signature of the log\n"
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	last := w.seen[note.Origin]
	if submission.Old != last.Size || note.Size == last.Size && note.Root.String() != last.Root {
		return http.StatusConflict, fmt.Sprintf("%d\n", last.Size)
	}
	if !hasGrown(last, note.Head, submission.Proof) {
		return http.StatusUnprocessableEntity, "the proof is wrong\n"
	}
	line, err := evidence.Cosign(w.key, note.Body, w.clock())
	if err == nil {
		err = w.keep(note.Head)
	}
	if err != nil {
		return http.StatusInternalServerError, "the head cannot be kept\n"
	}
	return http.StatusOK, line
}

func knowsOrigin(keys evidence.Keys, origin string) bool {
	for _, key := range keys {
		if key.Name == origin {
			return true
		}
	}
	return false
}

// hasGrown reports whether a proof leads from what was cosigned to a head.
func hasGrown(last cosigned, head evidence.Head, proof tlog.TreeProof) bool {
	if last.Size == 0 || last.Size == head.Size {
		return len(proof) == 0
	}
	root, err := tlog.ParseHash(last.Root)
	return err == nil && tlog.CheckTree(proof, head.Size, head.Root, last.Size, root) == nil
}

// keep writes what was seen. The file is whole at any time.
func (w *Witness) keep(head evidence.Head) error {
	w.seen[head.Origin] = cosigned{head.Size, head.Root.String()}
	text, err := json.Marshal(w.seen)
	if err != nil {
		return err
	}
	path := filepath.Join(w.dir, seenFile)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
