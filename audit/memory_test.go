package audit_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore/memory"
)

// held is what the process holds when nothing is left to collect, in bytes.
func held() int64 {
	runtime.GC()
	runtime.GC() // what the first one only unlinked
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// A feed that follows stands for days: what it remembers by itself is paid for
// each consumer.
func TestFeeds_manyRememberHardlyMoreThanOne(t *testing.T) {
	const feeds, most = 16, 100 << 10 // bytes of each
	b := newTestLog(t, memory.New())
	for i := range 2000 {
		pair := domaintest.PairOf(bob, domain.PrisonerNumber(fmt.Sprintf("C%04dCC", i)))
		b.amends(pair, b.opens(pair), fmt.Sprint(strings.Repeat("x", 200), i))
	}
	r := b.reader()
	ctx, leave := context.WithCancel(t.Context())
	ended := make(chan error, feeds)
	begin := func() {
		caughtUp := make(chan struct{})
		go func() {
			ended <- r.Feed(ctx, audit.Feed{
				Follow: true, Line: func(audit.Entry) error { return nil },
				CaughtUp: func() error { close(caughtUp); return nil },
			})
		}()
		select {
		case <-caughtUp:
		case err := <-ended:
			require.Fail(t, "a feed ended", "%v", err)
		}
	}
	begin()
	one := held()
	for range feeds - 1 {
		begin()
	}
	each := (held() - one) / (feeds - 1)
	leave()
	for range feeds {
		require.ErrorIs(t, <-ended, context.Canceled)
	}
	require.Less(t, each, int64(most), "bytes of each further feed")
}
