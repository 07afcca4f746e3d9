package app

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// One processor is enough while there is little to do. Between the two bounds nothing
// changes, and the first look knows no work yet.
func TestProcessors_followTheWork(t *testing.T) {
	t.Parallel()
	var set []string
	p := processors{one: func() { set = append(set, "one") }, all: func() { set = append(set, "all") }}
	used, now := 5*time.Second, time.Unix(1000, 0)
	look := func(work float64) []string {
		set = nil
		used += time.Duration(work * float64(betweenWork))
		now = now.Add(betweenWork)
		p.follow(used, now)
		return set
	}
	require.Empty(t, look(0), "the first look")
	require.Empty(t, look(1.5))
	require.Empty(t, look(0.7), "still on all")
	require.Equal(t, []string{"one"}, look(0.5))
	require.Empty(t, look(0))
	require.Empty(t, look(0.7), "still on one")
	require.Equal(t, []string{"all"}, look(0.8))
	require.Empty(t, look(2))
	require.Equal(t, []string{"one"}, look(0.1))
}

// This process waits meanwhile, and so does little. It is not parallel: the number is that of
// the whole process.
func TestProcessors_areGivenBackAtTheEnd(t *testing.T) { //nolint:paralleltest // see above
	of := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(of) })
	runtime.SetDefaultGOMAXPROCS()
	all := runtime.GOMAXPROCS(0)
	ctx, end := context.WithCancel(t.Context())
	TuneProcessors(ctx, nil)
	require.Eventually(t, func() bool { return runtime.GOMAXPROCS(0) == 1 }, time.Minute, 10*time.Millisecond)
	end()
	require.Eventually(t, func() bool { return runtime.GOMAXPROCS(0) == all }, time.Minute, 10*time.Millisecond)
}

// Two looks at one moment say nothing about the work.
func TestProcessors_withoutTimeSayNothing(t *testing.T) {
	t.Parallel()
	p := processors{one: func() { t.Error("one") }, all: func() { t.Error("all") }}
	now := time.Unix(1000, 0)
	p.follow(0, now)
	p.follow(0, now)
}

func TestCPUTime_isThatOfThisProcess(t *testing.T) {
	t.Parallel()
	before := cpuTime()
	for sum := 0; cpuTime() == before; sum++ { // until the clock of the kernel moves
	}
	require.Positive(t, before)
}
