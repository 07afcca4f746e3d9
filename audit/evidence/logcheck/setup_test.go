package logcheck_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/logcheck"
	"nonassociations/domain"
	"nonassociations/eventstore"
)

func TestMain(m *testing.M) {
	logcheck.SmallPages()
	os.Exit(m.Run())
}

const origin = "nonassociations.example/evidence/0190"

var noon = time.Date(2026, 7, 15, 12, 0, 0, 123456000, time.UTC)

func keyOf(t require.TestingT, n byte, kind evidence.Kind, name string) evidence.PrivateKey {
	key, err := evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{n}, 32)), kind, name)
	require.NoError(t, err)
	return key
}

// fact is made up, another one for each number.
func fact(n int) eventstore.RecordedEvent {
	id := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%d", n))
	return eventstore.RecordedEvent{
		Event: eventstore.Event{
			ID: id, Type: "NonAssociationOpened.v1", Data: fmt.Appendf(nil, `{"n":%d}`, n),
			Metadata: fmt.Appendf(nil, `{"commandId":"%s","actor":"JSMITH"}`, uuid.NewSHA1(id, []byte("command"))),
		},
		Stream: fmt.Sprintf("nonAssociation-A%04dBC-A1234BD", n), Revision: uint64(n % 3), RecordedAt: noon.Add(time.Duration(n) * time.Second),
	}
}

// log is a log in memory that can be tampered with.
type log []eventstore.RecordedEvent

// placed gives every event its position.
func (l log) placed() log {
	l = slices.Clone(l)
	for i := range l {
		l[i].Position = eventstore.Position{Commit: uint64(2*i + 2), Prepare: uint64(2*i + 1)}
	}
	return l
}

func (l log) ReadAll(_ context.Context, direction eventstore.Direction, from eventstore.Position, limit int) ([]eventstore.RecordedEvent, error) {
	var page []eventstore.RecordedEvent
	all := slices.Clone(l)
	if direction == eventstore.Backwards {
		slices.Reverse(all)
	}
	for _, e := range all {
		before := e.Position.Before(from)
		if len(page) < limit && before == (direction == eventstore.Backwards) {
			page = append(page, e)
		}
	}
	return page, nil
}

func (l log) End(context.Context) (eventstore.Position, error) {
	if len(l) == 0 {
		return eventstore.Start, nil
	}
	return l[len(l)-1].Position, nil
}

// kept is what was kept, in memory.
type kept struct {
	leaves       []logcheck.LeafRow
	heads        []logcheck.Head
	cosignatures []logcheck.CosignatureRow
}

func (k *kept) Heads(_ context.Context, after int64, limit int) ([]logcheck.Head, error) {
	var page []logcheck.Head
	for _, h := range k.heads {
		if h.Size > after && len(page) < limit {
			page = append(page, h)
		}
	}
	return page, nil
}

func (k *kept) Leaves(_ context.Context, from int64, limit int) ([]logcheck.LeafRow, error) {
	var page []logcheck.LeafRow
	for _, l := range k.leaves {
		if l.Index >= from && len(page) < limit {
			page = append(page, l)
		}
	}
	return page, nil
}

func (k *kept) Tree(_ context.Context, size int64) (evidence.Tree, error) {
	var tree evidence.Tree
	for _, l := range k.leaves[:size] {
		tree.Add(evidence.LeafHash(l.Text))
	}
	return tree, nil
}

func (k *kept) Cosignatures(_ context.Context, from, below int64) ([]logcheck.CosignatureRow, error) {
	var page []logcheck.CosignatureRow
	for _, c := range k.cosignatures {
		if c.Size >= from && c.Size < below {
			page = append(page, c)
		}
	}
	return page, nil
}

// archive is an archive in memory.
type archive []eventstore.RecordedEvent

func (a archive) Facts(_ context.Context, from int64) iter.Seq2[eventstore.RecordedEvent, error] {
	return func(yield func(eventstore.RecordedEvent, error) bool) {
		for _, e := range a[from:] {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// world is a log with what was kept of it, and the keys.
type world struct {
	log          log
	kept         *kept
	key, witness evidence.PrivateKey
}

// make returns a log of facts with events of strangers between them, of which heads of sizes
// were kept, all of them cosigned.
func makeWorld(t require.TestingT, facts int, sizes ...int64) world {
	w := world{kept: &kept{}, key: keyOf(t, 1, evidence.OfLog, origin), witness: keyOf(t, 2, evidence.OfWitness, "witness.example")}
	var tree evidence.Tree
	for n := range facts {
		e := fact(n)
		if n%4 == 1 {
			stranger := fact(10_000 + n)
			stranger.Stream = "other-1"
			w.log = append(w.log, stranger)
		}
		w.log = append(w.log, e)
		leaf, err := evidence.NewLeaf(e)
		require.NoError(t, err)
		if len(sizes) > 0 && int64(n) < sizes[len(sizes)-1] {
			w.kept.leaves = append(w.kept.leaves, logcheck.LeafRow{Index: int64(n), Text: leaf.Text()})
			tree.Add(evidence.LeafHash(leaf.Text()))
		}
		if slices.Contains(sizes, int64(n+1)) {
			w.sign(t, evidence.Head{Origin: origin, Size: tree.Size(), Root: tree.Root()})
		}
	}
	w.log = w.log.placed()
	return w
}

func (w *world) sign(t require.TestingT, head evidence.Head) {
	note, err := evidence.Sign(head, w.key.Signer())
	require.NoError(t, err)
	line, err := evidence.Cosign(w.witness, head.Text(), noon)
	require.NoError(t, err)
	w.kept.heads = append(w.kept.heads, logcheck.Head{Size: head.Size, Note: note, SignedAt: noon.Add(time.Duration(head.Size) * time.Minute)})
	w.kept.cosignatures = append(w.kept.cosignatures, logcheck.CosignatureRow{Size: head.Size, Line: line})
}

func (w world) options() logcheck.Options {
	return logcheck.Options{
		Log: w.log, Prefixes: domain.StreamPrefixes(), StoreID: uuid.Max, Kept: w.kept,
		Keys: evidence.Keys{w.key.Key, w.witness.Key}, Clock: func() time.Time { return noon },
	}
}

func (w world) check(t require.TestingT) logcheck.Result {
	r, err := logcheck.Check(context.Background(), w.options())
	require.NoError(t, err)
	return r
}

// ours returns the indexes in the log of our facts, in their order.
func (l log) ours() []int {
	var at []int
	for i, e := range l {
		if domain.IsOurs(e.Stream) {
			at = append(at, i)
		}
	}
	return at
}

// words writes problems in short, as "CHANGED 3 data".
func words(problems []logcheck.Problem) []string {
	all := []string{}
	for _, p := range problems {
		text := string(p.Kind)
		switch {
		case p.Index != nil:
			text += fmt.Sprintf(" %d", *p.Index)
		case p.EventID != nil:
			text += " " + p.EventID.String()
		case p.FirstHead != nil:
			text += fmt.Sprintf(" %d", p.FirstHead.Size)
		}
		all = append(all, strings.TrimSuffix(text+" "+strings.Trim(fmt.Sprint(p.Parts), "[]"), " "))
	}
	return all
}
