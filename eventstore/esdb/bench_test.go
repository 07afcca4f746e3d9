package esdb

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
)

// What the containment costs, and what one call for all gains: the same appends, to
// new streams, by the bare client, by the store over the client and by the store over
// BatchAppend.
func BenchmarkAppend(b *testing.B) {
	together, alone := newServerFixture(b, memory.New(), esdbserver.Options{}), newServerFixture(b, memory.New(), esdbserver.Options{NoBatchAppend: true})
	bare := bareClient(b, alone)
	stores := map[string]*Store{"batch": together.open(b, Options{}), "single": alone.open(b, Options{})}
	data := make([]byte, 600)
	var next atomic.Int64
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("bare client/%d", callers), func(b *testing.B) {
			each(b, callers, func() error {
				_, err := bare.AppendToStream(b.Context(), fmt.Sprintf("bare-%d", next.Add(1)),
					esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, esdb.EventData{EventType: "a", Data: data})
				return err
			})
		})
		for _, way := range []string{"single", "batch"} {
			b.Run(fmt.Sprintf("%s/%d", way, callers), func(b *testing.B) {
				each(b, callers, func() error {
					wanted := opening(fmt.Sprintf("store-%d", next.Add(1)))
					wanted.Events[0].Data = data
					_, err := stores[way].Append(b.Context(), wanted)
					return err
				})
			})
		}
	}
}

// each lets callers append until b.N appends are done.
func each(b *testing.B, callers int, appends func() error) {
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ReportAllocs()
	b.ResetTimer()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				require.NoError(b, appends())
			}
		})
	}
	all.Wait()
}
