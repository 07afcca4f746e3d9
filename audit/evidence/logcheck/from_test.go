package logcheck_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence/logcheck"
)

// from checks behind a head.
func (w world) from(t require.TestingT, size int64) logcheck.Result {
	o := w.options()
	o.From = size
	r, err := logcheck.Check(t.(*testing.T).Context(), o)
	require.NoError(t, err)
	return r
}

// TestFrom_trustsWhatIsBefore, and names what comes after it.
func TestFrom_trustsWhatIsBefore(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{4, 40, 60} {
		w := makeWorld(t, 70, 4, 40, 60)
		ours := w.log.ours()
		r := w.from(t, size)
		require.True(t, r.OK, "%v", words(r.Problems))
		require.Equal(t, size, r.From)
		require.EqualValues(t, 70, r.Facts)
		require.EqualValues(t, 10, r.Unsigned)
		require.Equal(t, r.Heads.Checked, r.Heads.Good)
		w.log[ours[max(size-20, 0)]].Data = nil
		if size > 16 {
			require.True(t, w.from(t, size).OK)
		}
		if size < 60 {
			w.log[ours[size]].Data = nil
			require.Contains(t, words(w.from(t, size).Problems), "CHANGED "+itoa(size)+" data")
		}
	}
}

// TestFrom_findsItsPlace although the last trusted facts are gone or stand elsewhere.
func TestFrom_findsItsPlace(t *testing.T) {
	t.Parallel()
	w := makeWorld(t, 70, 40, 60)
	ours := w.log.ours()
	all := w.log
	w.log = slices.Delete(slices.Clone(all), ours[39], ours[39]+1)
	require.Equal(t, []string{"MISSING 39"}, words(w.from(t, 40).Problems))
	last := all[ours[39]]
	w.log = append(slices.Delete(slices.Clone(all), ours[39], ours[39]+1), last).placed()
	require.Equal(t, []string{"MOVED 39"}, words(w.from(t, 40).Problems))
	w.log = slices.Insert(slices.Delete(slices.Clone(all), ours[39], ours[39]+1), ours[20], last).placed()
	require.Equal(t, []string{"MISSING 39"}, words(w.from(t, 40).Problems), "it lies in what is trusted, which is not read")
	w.log = slices.Delete(slices.Clone(all), ours[20], ours[39]+1)
	r := w.from(t, 40)
	require.EqualValues(t, 0, r.From, "nothing to begin with: everything was checked")
	require.EqualValues(t, 20, r.ProblemsTotal)
	w.log = all[:ours[40]]
	require.EqualValues(t, 20, w.from(t, 40).ProblemsTotal)
}

// TestFrom_ofATreeThatWasChanged names its head.
func TestFrom_ofATreeThatWasChanged(t *testing.T) {
	t.Parallel()
	w := makeWorld(t, 70, 40, 60)
	w.kept.leaves[3].Text = w.kept.leaves[4].Text
	require.Equal(t, []string{"HEAD 40", "HEAD 60"}, words(w.from(t, 40).Problems))
}
