package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/archive"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

const origin = "example.org/evidence/1"

// world is a log in memory with its tree.
type world struct {
	*testing.T

	log  *memory.Store
	id   uuid.UUID
	key  evidence.PrivateKey
	tree evidence.Tree
	from eventstore.Position
	n    int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	key, err := evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{7}, 32)), evidence.OfLog, origin)
	require.NoError(t, err)
	return &world{T: t, log: memory.New(), id: uuid.New(), key: key}
}

// add appends facts, and returns the head over all of them.
func (w *world) add(facts int) string {
	w.Helper()
	var events []eventstore.Event
	stream := fmt.Sprintf("nonAssociation-A%04dBC_B1234BC", w.n)
	for range facts {
		w.n++
		events = append(events, eventstore.Event{
			ID: uuid.New(), Type: "nonassociation.opened.v1", Data: fmt.Appendf(nil, `{"n":%d}`, w.n), Metadata: fmt.Appendf(nil, `{"commandId":"%s"}`, uuid.New()),
		})
	}
	_, err := w.log.Append(w.Context(), eventstore.Append{Stream: stream, Expected: eventstore.NoStream, Events: events})
	require.NoError(w, err)
	recorded, err := w.log.ReadAll(w.Context(), eventstore.Forwards, w.from, 100_000)
	require.NoError(w, err)
	for _, e := range recorded {
		if e.Position == w.from {
			continue
		}
		leaf, err := evidence.NewLeaf(e)
		require.NoError(w, err)
		w.tree.Add(evidence.LeafHash(leaf.Text()))
		w.from = e.Position
	}
	note, err := evidence.Sign(evidence.Head{Origin: origin, Size: w.tree.Size(), Root: w.tree.Root()}, w.key.Signer())
	require.NoError(w, err)
	return note
}

func (w *world) write(dir, head string) (archive.Written, error) {
	return archive.Write(w.Context(), archive.Options{Dir: dir, Log: w.log, StoreID: w.id, Head: head})
}

func (w *world) requireGood(dir string, facts int) {
	w.Helper()
	r, damaged, err := archive.Verify(w.Context(), dir, evidence.Keys{w.key.Key}, time.Now)
	require.NoError(w, err)
	require.Empty(w, damaged)
	require.True(w, r.OK, "%+v", r)
	require.EqualValues(w, facts, r.Facts)
}

// TestFolder_isTheTreeOfItsCheckpoint grows a folder over the edges of tiles. With FSCK_DIR
// it is left there for a checker that shares no code with this one.
func TestFolder_isTheTreeOfItsCheckpoint(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	if given := os.Getenv("FSCK_DIR"); given != "" {
		dir = filepath.Join(given, "archive")
		require.NoError(t, os.MkdirAll(given, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(given, "vkey"), []byte(w.key.VKey+"\n"), 0o600))
	}
	facts := 0
	for _, more := range []int{1, 254, 1, 1, 255, 700, 100} {
		head := w.add(more)
		_, err := w.write(dir, head)
		require.NoError(t, err)
		facts += more
		w.requireGood(dir, facts)
	}
}

// TestFolder_wholeFilesNeverChange: of 10,000 facts each.
func TestFolder_wholeFilesNeverChange(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	for range 10 {
		w.add(1000)
	}
	head := w.add(1)
	_, err := w.write(dir, head)
	require.NoError(t, err)
	whole, err := os.Stat(filepath.Join(dir, "log", "000000000.ndjson"))
	require.NoError(t, err)
	written, err := w.write(dir, w.add(500))
	require.NoError(t, err)
	require.EqualValues(t, 500, written.Facts)
	again, err := os.Stat(filepath.Join(dir, "log", "000000000.ndjson"))
	require.NoError(t, err)
	require.True(t, os.SameFile(whole, again))
	w.requireGood(dir, 10_501)
}

// failing is a log that fails after some reads, as a run that is killed.
type failing struct {
	archive.Log

	left int
}

var errKilled = errors.New("killed")

func (f *failing) ReadAll(ctx context.Context, d eventstore.Direction, from eventstore.Position, limit int) ([]eventstore.RecordedEvent, error) {
	if f.left--; f.left < 0 {
		return nil, errKilled
	}
	return f.Log.ReadAll(ctx, d, from, limit)
}

// TestFolder_goesOnAfterAKill: between two pages of the log, and at each place that a kill
// while files are moved can leave behind.
func TestFolder_goesOnAfterAKill(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	for range 10 {
		w.add(1000)
	}
	head := w.add(300)
	_, err := archive.Write(t.Context(), archive.Options{Dir: dir, Log: &failing{w.log, 10}, StoreID: w.id, Head: head})
	require.ErrorIs(t, err, errKilled)
	_, err = w.write(dir, head)
	require.NoError(t, err)
	w.requireGood(dir, 10_300)

	old, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	require.NoError(t, err)
	_, err = w.write(dir, w.add(10))
	require.NoError(t, err)
	sums, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	require.NoError(t, err)
	// Killed before the list of digests was moved.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "SHA256SUMS.next"), sums, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "SHA256SUMS"), old, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "log", ".new-1"), []byte("half"), 0o600))
	_, err = w.write(dir, w.add(1))
	require.NoError(t, err)
	w.requireGood(dir, 10_311)
	_, err = os.Stat(filepath.Join(dir, "log", ".new-1"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestFolder_takesNoHeadThatItsFactsDoNotLeadTo keeps the checkpoint that it has.
func TestFolder_takesNoHeadThatItsFactsDoNotLeadTo(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	_, err := w.write(dir, w.add(300))
	require.NoError(t, err)
	w.add(10)
	forged, err := evidence.Sign(evidence.Head{Origin: origin, Size: 310}, w.key.Signer())
	require.NoError(t, err)
	_, err = w.write(dir, forged)
	require.ErrorIs(t, err, archive.ErrDiffers)
	w.requireGood(dir, 310)
}
