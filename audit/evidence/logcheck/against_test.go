package logcheck_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/logcheck"
	"nonassociations/domain"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// outside returns a world, and what was kept of it outside: its newest head and its facts.
func outside(t *testing.T) (w world, checkpoint string, facts archive) {
	t.Helper()
	w = makeWorld(t, 50, 20, 40)
	for _, e := range w.log {
		if domain.IsOurs(e.Stream) {
			facts = append(facts, e)
		}
	}
	return w, w.kept.heads[1].Note, facts
}

func against(t *testing.T, w world, checkpoint string, facts logcheck.Archive) logcheck.Result {
	t.Helper()
	o := w.options()
	o.Against, o.Archive = checkpoint, facts
	r, err := logcheck.Check(t.Context(), o)
	require.NoError(t, err)
	return r
}

// restored returns the world as it was when there were fewer facts and heads.
func (w world) restored(facts int, heads int) world {
	w.log = w.log[:w.log.ours()[facts-1]+1]
	k := &kept{heads: w.kept.heads[:heads], cosignatures: w.kept.cosignatures[:heads]}
	if heads > 0 {
		k.leaves = w.kept.leaves[:k.heads[heads-1].Size]
	}
	w.kept = k
	return w
}

func TestAgainst_aLogThatHasAll(t *testing.T) {
	t.Parallel()
	w, checkpoint, facts := outside(t)
	for _, a := range []logcheck.Archive{nil, facts} {
		for _, heads := range []int{0, 1, 2} {
			r := against(t, w.restored(50, heads), checkpoint, a)
			require.True(t, r.OK, words(r.Problems))
			require.Equal(t, &logcheck.Against{Size: 40, Prefix: true, Proven: true}, r.Against)
		}
	}
}

// TestAgainst_aRestoredLog counts what is gone, and the archive names it.
func TestAgainst_aRestoredLog(t *testing.T) {
	t.Parallel()
	w, checkpoint, facts := outside(t)
	var gone []uuid.UUID
	for n := 30; n < 40; n++ {
		gone = append(gone, fact(n).ID)
	}
	for _, heads := range []int{0, 1} {
		r := against(t, w.restored(30, heads), checkpoint, nil)
		require.False(t, r.OK)
		require.Equal(t, &logcheck.Against{Size: 40, Missing: 10}, r.Against, "not proven, and so not claimed")
		r = against(t, w.restored(30, heads), checkpoint, facts)
		require.False(t, r.OK)
		require.Equal(t, &logcheck.Against{Size: 40, Prefix: true, Missing: 10, MissingEvents: gone, Proven: true}, r.Against)
	}
	r := against(t, w.restored(30, 2), checkpoint, facts) // the evidence was not restored
	require.Equal(t, &logcheck.Against{Size: 40, Prefix: true, Missing: 10, MissingEvents: gone, Proven: true}, r.Against)
	require.EqualValues(t, 10, r.ProblemsTotal)
	require.Equal(t, fact(30).Stream, *r.Problems[0].Stream, "named by the archive")
	r = against(t, w.restored(30, 2), checkpoint, nil)
	require.Equal(t, &logcheck.Against{Size: 40, Prefix: true, Missing: 10, MissingEvents: gone, Proven: true}, r.Against)
	require.Nil(t, r.Problems[0].Stream)
	// What is left is no prefix where a fact of it was changed, or where others are gone.
	changed := w.restored(30, 1)
	changed.log = slices.Clone(changed.log)
	changed.log[changed.log.ours()[25]].Data = nil
	gap := w.restored(40, 1)
	gap.log = slices.Delete(slices.Clone(gap.log), gap.log.ours()[20], gap.log.ours()[30])
	for _, other := range []world{changed, gap} {
		r = against(t, other, checkpoint, facts)
		require.False(t, r.Against.Prefix)
		require.EqualValues(t, 10, r.Against.Missing)
	}
}

// TestAgainst_aFork is one that goes on with other facts after a restore.
func TestAgainst_aFork(t *testing.T) {
	t.Parallel()
	w, checkpoint, facts := outside(t)
	forked := func(n int) world {
		f := w.restored(30, 1)
		for i := range n {
			f.log = append(f.log, fact(7000+i))
		}
		f.log = f.log.placed()
		return f
	}
	long := forked(20)
	r := against(t, long, checkpoint, nil)
	require.Equal(t, []string{"FORK"}, words(r.Problems))
	require.Equal(t, &logcheck.Against{Size: 40, Proven: true}, r.Against)
	r = against(t, forked(5), checkpoint, nil)
	require.Equal(t, &logcheck.Against{Size: 40, Missing: 5}, r.Against)
	r = against(t, forked(5), checkpoint, facts)
	require.False(t, r.Against.Prefix)
	require.EqualValues(t, 10, r.Against.Missing)

	other := makeWorld(t, 0)
	other.log = long.log
	var tree evidence.Tree
	for _, at := range other.log.ours() {
		leaf, err := evidence.NewLeaf(other.log[at])
		require.NoError(t, err)
		if tree.Size() < 40 {
			tree.Add(evidence.LeafHash(leaf.Text()))
			other.kept.leaves = append(other.kept.leaves, logcheck.LeafRow{Index: tree.Size() - 1, Text: leaf.Text()})
		}
	}
	other.sign(t, evidence.Head{Origin: origin, Size: 40, Root: tree.Root()})
	require.True(t, other.check(t).OK, "it cannot be seen from inside")
	r = against(t, other, checkpoint, nil)
	require.Equal(t, []string{"FORK 40"}, words(r.Problems))
	require.False(t, r.Against.Prefix)
	w, _, _ = outside(t) // the log is whole, and another head of that size was signed
	w.kept.heads[1] = other.kept.heads[0]
	r = against(t, w, checkpoint, nil)
	require.Contains(t, words(r.Problems), "FORK 40")
	require.False(t, r.Against.Prefix)
}

// TestAgainst_aLogThatWasChanged: what is kept says that it is no fork.
func TestAgainst_aLogThatWasChanged(t *testing.T) {
	t.Parallel()
	w, checkpoint, facts := outside(t)
	w.log[w.log.ours()[7]].Data = nil
	for _, a := range []logcheck.Archive{nil, facts} {
		r := against(t, w, checkpoint, a)
		require.Equal(t, []string{"CHANGED 7 data"}, words(r.Problems))
		require.False(t, r.Against.Prefix)
		require.Zero(t, r.Against.Missing)
	}
	r := against(t, w.restored(50, 0), checkpoint, facts)
	require.Equal(t, []string{"CHANGED 7 data", "FORK"}, words(r.Problems))
}

// TestAgainst_whatCannotBeUsed judges nothing.
func TestAgainst_whatCannotBeUsed(t *testing.T) {
	t.Parallel()
	w, checkpoint, facts := outside(t)
	stranger := keyOf(t, 8, evidence.OfLog, origin)
	n, err := evidence.ParseNote(checkpoint)
	require.NoError(t, err)
	other, err := evidence.Sign(n.Head, stranger.Signer())
	require.NoError(t, err)
	line, err := evidence.Cosign(w.witness, n.Body, noon)
	require.NoError(t, err)
	for _, text := range []string{
		"x", "c2sp.org/tlog-proof@v1\n", other, n.Body + "\n" + line, checkpoint[:len(checkpoint)-9] + "AAAAAAA=\n",
		checkpoint[:len(checkpoint)-9] + "AAAAAAA=\n" + line,
	} {
		o := w.options()
		o.Against = text
		_, err := logcheck.Check(t.Context(), o)
		require.ErrorIs(t, err, logcheck.ErrAgainst, text)
	}
	for _, a := range []archive{facts[:39], append(archive{fact(1)}, facts...)} {
		o := w.options()
		o.Against, o.Archive = checkpoint, a
		_, err = logcheck.Check(t.Context(), o)
		require.ErrorIs(t, err, logcheck.ErrArchive)
	}
	proof := evidence.Proof{Leaf: w.kept.leaves[0].Text, Signed: checkpoint}
	require.True(t, against(t, w, proof.Format(), nil).OK)
}
