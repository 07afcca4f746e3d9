package commands

import (
	"hash/maphash"
	"sync/atomic"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

// seenBits, a megabyte, are many times the pairs of a national record. Were they
// all set, every stream would look known, and every command load first.
const seenBits = 1 << 23

// seenStreams remembers which streams this process has met. It forgets nothing and
// may take a stranger for one of them, which costs a load and no more.
type seenStreams struct {
	seed maphash.Seed
	bits [seenBits / 64]atomic.Uint64
}

func newSeenStreams() *seenStreams { return &seenStreams{seed: maphash.MakeSeed()} }

func (m *seenStreams) add(stream string) {
	word, bit := m.bit(stream)
	if word.Load()&bit == 0 {
		word.Or(bit)
	}
}

func (m *seenStreams) contains(stream string) bool {
	word, bit := m.bit(stream)
	return word.Load()&bit != 0
}

func (m *seenStreams) bit(stream string) (word *atomic.Uint64, bit uint64) {
	n := maphash.String(m.seed, stream) % seenBits
	return &m.bits[n/64], 1 << (n % 64)
}

// decideOptimistically takes pairs that nobody has met for new ones and decides without
// loading: their append is accepted only if they are, and a conflict loads. An
// answer that appends nothing is never guessed. It tells whether any was.
func (h *Handler) decideOptimistically(jobs []*job) (guessed bool) {
	now := h.clock()
	for _, j := range jobs {
		if j.step != toLoad || !j.assumedNew || h.seen.contains(j.pair.Stream()) {
			continue
		}
		attempt := *j
		if attempt.decideOn(domain.State{Pair: j.pair}, eventstore.NoStream, now) == nil && attempt.step == toAppend {
			*j, guessed = attempt, true
		}
	}
	return guessed
}
