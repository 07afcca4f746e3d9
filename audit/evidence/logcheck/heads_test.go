package logcheck_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/logcheck"
)

func TestCheck_ofAGoodLog(t *testing.T) {
	t.Parallel()
	w := makeWorld(t, 30, 1, 8, 24)
	r := w.check(t)
	require.True(t, r.OK)
	head, err := evidence.ParseNote(w.kept.heads[2].Note)
	require.NoError(t, err)
	require.Equal(t, logcheck.Result{
		OK: true, StoreID: uuid.Max, Facts: 30, Unsigned: 6,
		NewestHead: &logcheck.NewestHead{Size: 24, Root: strings.Split(head.Text(), "\n")[2], SignedAt: w.kept.heads[2].SignedAt},
		Heads:      logcheck.Heads{Checked: 3, Good: 3}, Cosignatures: logcheck.Cosignatures{Checked: 3, Good: 3},
		Problems: []logcheck.Problem{},
	}, r)
}

// TestCheck_namesAHeadThatWasTamperedWith, or a cosignature.
func TestCheck_namesAHeadThatWasTamperedWith(t *testing.T) {
	t.Parallel()
	stranger, forger := keyOf(t, 8, evidence.OfLog, origin), keyOf(t, 9, evidence.OfWitness, "witness.example")
	sign := func(w *world, key evidence.PrivateKey, at int) string {
		n, err := evidence.ParseNote(w.kept.heads[at].Note)
		require.NoError(t, err)
		note, err := evidence.Sign(n.Head, key.Signer())
		require.NoError(t, err)
		return note
	}
	for name, test := range map[string]struct {
		tamper func(*world)
		want   []string
	}{
		"signature": {func(w *world) {
			w.kept.heads[1].Note = w.kept.heads[1].Note[:len(w.kept.heads[1].Note)-9] + "AAAAAAA=\n"
		}, []string{"HEAD 8"}},
		"of another key":    {func(w *world) { w.kept.heads[1].Note = sign(w, stranger, 1) }, []string{"HEAD 8"}},
		"of another head":   {func(w *world) { w.kept.heads[1].Note = w.kept.heads[0].Note }, []string{"HEAD 8", "COSIGNATURE 8"}},
		"no note":           {func(w *world) { w.kept.heads[1].Note = "" }, []string{"HEAD 8", "COSIGNATURE 8"}},
		"size":              {func(w *world) { w.kept.heads[1].Size = 9 }, []string{"HEAD 9", "COSIGNATURE"}},
		"leaf":              {func(w *world) { w.kept.leaves[9].Text = w.kept.leaves[8].Text }, nil},
		"leaf is gone":      {func(w *world) { w.kept.leaves = append(w.kept.leaves[:9:9], w.kept.leaves[10:]...) }, []string{"ADDED " + fact(9).ID.String(), "HEAD 24"}},
		"last leaf is gone": {func(w *world) { w.kept.leaves = w.kept.leaves[:23] }, []string{"HEAD 24"}},
		"leaf is no leaf":   {func(w *world) { w.kept.leaves[9].Text = []byte("x") }, []string{"MISSING 9", "ADDED " + fact(9).ID.String(), "HEAD 24"}},
		"cosignature":       {func(w *world) { w.kept.cosignatures[1].Line = w.kept.cosignatures[0].Line }, []string{"COSIGNATURE 8"}},
		"no cosignature":    {func(w *world) { w.kept.cosignatures[1].Line = "x" }, []string{"COSIGNATURE 8"}},
		"of a stranger": {func(w *world) {
			line, err := evidence.Cosign(forger, "x", noon)
			require.NoError(t, err)
			w.kept.cosignatures[1].Line = line
		}, []string{}},
	} {
		w := makeWorld(t, 30, 1, 8, 24)
		test.tamper(&w)
		r := w.check(t)
		if test.want != nil {
			require.Equal(t, test.want, words(r.Problems), name)
		}
		require.Equal(t, len(r.Problems) == 0, r.OK, name)
		if name == "of a stranger" {
			require.Equal(t, logcheck.Cosignatures{Checked: 2, Good: 2, Missing: 1}, r.Cosignatures)
		}
	}
}

// TestCheck_aLeafThatWasChangedSpoilsTheHeadsOverIt, and only those.
func TestCheck_aLeafThatWasChangedSpoilsTheHeadsOverIt(t *testing.T) {
	t.Parallel()
	w := makeWorld(t, 30, 1, 8, 24)
	w.kept.leaves[9].Text = []byte(strings.Replace(string(w.kept.leaves[9].Text), "Opened", "Closed", 1))
	r := w.check(t)
	require.Equal(t, []string{"CHANGED 9 type", "HEAD 24"}, words(r.Problems))
	require.Equal(t, logcheck.Heads{Checked: 3, Good: 2}, r.Heads)
}

// TestCheck_withoutWhatItNeeds judges nothing.
func TestCheck_withoutWhatItNeeds(t *testing.T) {
	t.Parallel()
	w := makeWorld(t, 5, 5)
	o := w.options()
	o.Keys = evidence.Keys{w.witness.Key}
	_, err := logcheck.Check(t.Context(), o)
	require.ErrorIs(t, err, logcheck.ErrKeys)
	o = w.options()
	o.From = 4
	_, err = logcheck.Check(t.Context(), o)
	require.ErrorIs(t, err, logcheck.ErrFrom)
	o = makeWorld(t, 5).options()
	_, err = logcheck.Check(t.Context(), o)
	require.ErrorIs(t, err, logcheck.ErrNoHead)
}

// TestCheck_ofAKeyThatIsRetired is good, and one by another name is not.
func TestCheck_ofAKeyThatIsRetired(t *testing.T) {
	t.Parallel()
	w := makeWorld(t, 5, 3)
	old := w.key
	w.key = keyOf(t, 7, evidence.OfLog, origin)
	o := w.options()
	r, err := logcheck.Check(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, []string{"HEAD 3"}, words(r.Problems))
	o.Keys = append(o.Keys, old.Key)
	r, err = logcheck.Check(t.Context(), o)
	require.NoError(t, err)
	require.True(t, r.OK)
}

// TestCheck_boundsWhatWaits: a log of other facts is named, whatever there is of it.
func TestCheck_boundsWhatWaits(t *testing.T) { //nolint:paralleltest // it changes the bound
	before := logcheck.SetMaxWaiting(10)
	defer logcheck.SetMaxWaiting(before)
	waits, lost, taken := logcheck.Held(logcheck.MaxProblems + 5000)
	require.LessOrEqual(t, waits, 2*10+1024)
	require.LessOrEqual(t, lost, logcheck.MaxProblems)
	require.LessOrEqual(t, taken, 2*10+1025)
	w := makeWorld(t, 80, 80)
	for i := range w.log {
		w.log[i].ID = uuid.NewSHA1(w.log[i].ID, []byte("another"))
		w.log[i].Data = []byte("another")
	}
	r := w.check(t)
	require.EqualValues(t, 80, r.ProblemsTotal)
	require.EqualValues(t, 80, r.Unsigned)
	require.Len(t, r.Problems, 80)
}
