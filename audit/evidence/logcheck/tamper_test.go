package logcheck_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/logcheck"
	"nonassociations/eventstore"
)

// changes has a change of each part of a fact.
var changes = map[string]func(*eventstore.RecordedEvent){
	"data":       func(e *eventstore.RecordedEvent) { e.Data = []byte(`{"n":-1}`) },
	"metadata":   func(e *eventstore.RecordedEvent) { e.Metadata = append(slices.Clone(e.Metadata), ' ') },
	"stream":     func(e *eventstore.RecordedEvent) { e.Stream = "nonAssociation-A9999BC-A1234BD" },
	"type":       func(e *eventstore.RecordedEvent) { e.Type = "NonAssociationClosed.v1" },
	"recordedAt": func(e *eventstore.RecordedEvent) { e.RecordedAt = e.RecordedAt.Add(time.Microsecond) },
	"revision":   func(e *eventstore.RecordedEvent) { e.Revision++ },
	"eventId":    func(e *eventstore.RecordedEvent) { e.ID[3] ^= 0xff },
}

// TestCheck_namesAnyOneTampering: whatever one thing is done to a small log or to what was
// kept of it, it is named, and nothing else.
func TestCheck_namesAnyOneTampering(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		facts := rapid.IntRange(2, 40).Draw(t, "facts")
		last := rapid.IntRange(2, facts).Draw(t, "kept")
		sizes := []int64{int64(last)}
		if first := rapid.IntRange(1, last).Draw(t, "first head"); first < last {
			sizes = []int64{int64(first), int64(last)}
		}
		w := makeWorld(t, facts, sizes...)
		require.Equal(t, []string{}, words(w.check(t).Problems))
		ours := w.log.ours()
		i, j := rapid.IntRange(0, last-1).Draw(t, "i"), rapid.IntRange(0, last-1).Draw(t, "j")
		var want []string
		unsigned := facts - last
		switch act := rapid.SampledFrom([]string{"change", "remove", "add", "exchange", "move", "cut"}).Draw(t, "act"); act {
		case "change":
			if rapid.Bool().Draw(t, "command id") {
				w.log[ours[i]].Metadata = []byte(`{"commandId":"another"}`)
				want = []string{fmt.Sprintf("CHANGED %d metadata", i)}
				break
			}
			part := rapid.SampledFrom([]string{"data", "metadata", "stream", "type", "recordedAt", "revision", "eventId"}).Draw(t, "part")
			changes[part](&w.log[ours[i]])
			want = []string{fmt.Sprintf("CHANGED %d %s", i, part)}
		case "remove":
			w.log = slices.Delete(w.log, ours[i], ours[i]+1)
			want = []string{fmt.Sprintf("MISSING %d", i)}
		case "cut":
			w.log = w.log[:ours[i]]
			unsigned = 0
			for n := i; n < last; n++ {
				want = append(want, fmt.Sprintf("MISSING %d", n))
			}
		case "add":
			e := fact(5000)
			w.log = slices.Insert(w.log, ours[i], e).placed()
			want = []string{"ADDED " + e.ID.String()}
		case "exchange", "move":
			order := w.log
			if act == "exchange" {
				order[ours[i]], order[ours[j]] = order[ours[j]], order[ours[i]]
			} else {
				e := order[ours[i]]
				order = slices.Insert(slices.Delete(order, ours[i], ours[i]+1), ours[j], e)
			}
			w.log = order.placed()
			moved := fewestMoves(t, w)
			got := w.check(t)
			require.Len(t, got.Problems, moved, "%v", words(got.Problems))
			for _, p := range got.Problems {
				require.Equal(t, logcheck.Moved, p.Kind)
				require.Equal(t, fact(int(*p.Index)).ID, *p.EventID)
			}
			require.EqualValues(t, facts-last, got.Unsigned)
			return
		}
		got := w.check(t)
		require.Equal(t, want, words(got.Problems))
		require.EqualValues(t, unsigned, got.Unsigned)
		require.EqualValues(t, len(want), got.ProblemsTotal)
		require.False(t, got.OK)
		for _, p := range got.Problems {
			if p.Index != nil {
				require.Greater(t, p.FirstHead.Size, *p.Index)
			}
		}
	})
}

// fewestMoves counts by brute force what is not in the longest increasing sequence.
func fewestMoves(t require.TestingT, w world) int {
	place := map[uuid.UUID]int64{}
	for _, row := range w.kept.leaves {
		leaf, err := evidence.ParseLeaf(row.Text)
		require.NoError(t, err)
		place[leaf.EventID] = row.Index
	}
	var sequence []int64
	for _, e := range w.log {
		if index, is := place[e.ID]; is {
			sequence = append(sequence, index)
		}
	}
	longest := make([]int, len(sequence))
	best := 0
	for i := range sequence {
		longest[i] = 1
		for j := range i {
			if sequence[j] < sequence[i] {
				longest[i] = max(longest[i], longest[j]+1)
			}
		}
		best = max(best, longest[i])
	}
	return len(sequence) - best
}

// TestCheck_namesManyTamperings compares with counts by brute force.
func TestCheck_namesManyTamperings(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := makeWorld(t, 60, 20, 50)
		gone, changed := map[int]bool{}, map[uuid.UUID]bool{}
		for n := range rapid.IntRange(1, 12).Draw(t, "acts") {
			at := rapid.IntRange(0, len(w.log)-1).Draw(t, "at")
			switch rapid.IntRange(0, 3).Draw(t, "act") {
			case 0:
				w.log = slices.Delete(slices.Clone(w.log), at, at+1)
			case 1:
				w.log = slices.Insert(slices.Clone(w.log), at, fact(6000+n))
			case 2:
				to := rapid.IntRange(0, len(w.log)-1).Draw(t, "to")
				w.log[at], w.log[to] = w.log[to], w.log[at]
			case 3:
				w.log[at].Data = []byte(`"another"`)
				changed[w.log[at].ID] = true
			}
		}
		w.log = w.log.placed()
		inLog := map[uuid.UUID]bool{}
		for _, e := range w.log {
			inLog[e.ID] = true
		}
		for n := range 50 {
			gone[n] = !inLog[fact(n).ID]
		}
		count := map[logcheck.Kind]int{}
		for _, p := range w.check(t).Problems {
			count[p.Kind]++
			require.True(t, p.Kind != logcheck.Missing || gone[int(*p.Index)])
			require.True(t, p.Kind != logcheck.Changed || changed[*p.EventID])
			require.True(t, p.Kind != logcheck.Added || inLog[*p.EventID])
		}
		missing, edited := 0, 0
		for n := range 50 {
			if id := fact(n).ID; gone[n] {
				missing++
			} else if changed[id] {
				edited++
			}
		}
		require.Equal(t, missing, count[logcheck.Missing])
		require.Equal(t, edited, count[logcheck.Changed])
		require.Equal(t, fewestMoves(t, w), count[logcheck.Moved])
	})
}
