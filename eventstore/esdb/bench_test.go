package esdb

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
)

// What the containment costs: the same appends by the bare client and by the
// store, to new streams, from 64 callers.
func BenchmarkAppend(b *testing.B) {
	server := newServerFixture(b, memory.New(), esdbserver.Options{})
	bare, store := bareClient(b, server), server.open(b, Options{})
	data := make([]byte, 600)
	var next atomic.Int64
	b.Run("bare client", func(b *testing.B) {
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_, err := bare.AppendToStream(b.Context(), fmt.Sprintf("bare-%d", next.Add(1)),
					esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, esdb.EventData{EventType: "a", Data: data})
				require.NoError(b, err)
			}
		})
	})
	b.Run("store", func(b *testing.B) {
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				wanted := opening(fmt.Sprintf("store-%d", next.Add(1)))
				wanted.Events[0].Data = data
				_, err := store.Append(b.Context(), wanted)
				require.NoError(b, err)
			}
		})
	})
}
