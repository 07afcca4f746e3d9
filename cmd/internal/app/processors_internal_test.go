package app

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// looker follows a made-up process.
type looker struct {
	processors

	used time.Duration
	now  time.Time
	set  []string // since it was last asked
}

func newLooker() *looker {
	l := &looker{used: 5 * time.Second, now: time.Unix(1000, 0)}
	l.one, l.all = func() { l.set = append(l.set, "one") }, func() { l.set = append(l.set, "all") }
	l.follow(reading{l.used, l.now}, 99) // the first look knows no work yet
	return l
}

// looks returns the changes in a time with so much work, in which goroutines wait.
func (l *looker) looks(passes time.Duration, work float64, waiting uint64) []string {
	l.set = nil
	for range passes / betweenWork {
		l.used += time.Duration(work * float64(betweenWork))
		l.now = l.now.Add(betweenWork)
		l.follow(reading{l.used, l.now}, waiting)
	}
	return l.set
}

// One processor is enough while there is little to do. Between the bounds nothing changes.
func TestProcessors_followTheWork(t *testing.T) {
	t.Parallel()
	l := newLooker()
	require.Empty(t, l.looks(3*time.Second, 1.5, 0))
	require.Empty(t, l.looks(3*time.Second, 0.7, 0), "still on all")
	require.Equal(t, []string{"one"}, l.looks(3*time.Second, 0.5, 1))
	require.Empty(t, l.looks(3*time.Second, 0.8, 3), "still on one")
	require.Equal(t, []string{"all"}, l.looks(500*time.Millisecond, 0.98, 0), "a few that compute")
	require.Empty(t, l.looks(3*time.Second, 2, 0))
	require.Equal(t, []string{"one"}, l.looks(3*time.Second, 0, 0))
}

// A burst of many has all processors at the next look, also on a machine that is full. They
// are kept while goroutines wait, and for a second behind it.
func TestProcessors_followThoseThatWait(t *testing.T) {
	t.Parallel()
	l := newLooker()
	require.Equal(t, []string{"one"}, l.looks(3*time.Second, 0.1, 0))
	require.Equal(t, []string{"all"}, l.looks(betweenWork, 0.1, 20))
	for _, burst := range []time.Duration{time.Second, 1300 * time.Millisecond, 1900 * time.Millisecond} {
		require.Empty(t, l.looks(burst, 0.5, 20))
		require.Empty(t, l.looks(quietTime-betweenWork, 0.1, 0), "the next burst begins with all")
	}
	require.Equal(t, []string{"one"}, l.looks(quietTime, 0, 0))
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
	p.follow(reading{0, now}, 99)
	p.follow(reading{0, now}, 99)
}

func TestCPUTime_isThatOfThisProcess(t *testing.T) {
	t.Parallel()
	before := cpuTime()
	for sum := 0; cpuTime() == before; sum++ { // until the clock of the kernel moves
	}
	require.Positive(t, before)
}
