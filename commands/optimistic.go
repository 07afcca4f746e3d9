package commands

import (
	"hash/maphash"
	"sync/atomic"

	"nonassociations/domain"
	"nonassociations/eventstore"
)

const (
	// seenBits is the size of the filter: a megabyte of bits, many times the pairs of a
	// national record. With all of them set, every stream would look known, and every
	// command would load first.
	seenBits = 1 << 23

	// pageBits is the part of the filter that is allocated at once, when a stream first
	// needs it. A process that uses few streams, as one command or a test does, does
	// not pay for the whole filter.
	pageBits = 1 << 13
)

// seenStreams is a Bloom filter with one hash of the streams that this process has
// used. It has no false negatives. A false positive costs one load: the stream is
// read where a new one would have been decided without reading. It is safe for
// concurrent use.
type seenStreams struct {
	seed  maphash.Seed
	pages [seenBits / pageBits]atomic.Pointer[seenPage]
}

type seenPage [pageBits / 64]atomic.Uint64

func newSeenStreams() *seenStreams { return &seenStreams{seed: maphash.MakeSeed()} }

func (m *seenStreams) add(stream string) {
	page, word, bit := m.bit(stream)
	if page.Load() == nil {
		page.CompareAndSwap(nil, new(seenPage))
	}
	if at := &page.Load()[word]; at.Load()&bit == 0 {
		at.Or(bit)
	}
}

func (m *seenStreams) contains(stream string) bool {
	page, word, bit := m.bit(stream)
	words := page.Load()
	return words != nil && words[word].Load()&bit != 0
}

// bit returns where the bit of a stream is: its page, the word in the page and the
// mask in the word.
func (m *seenStreams) bit(stream string) (page *atomic.Pointer[seenPage], word int, bit uint64) {
	n := maphash.String(m.seed, stream) % seenBits
	return &m.pages[n/pageBits], int(n % pageBits / 64), 1 << (n % 64)
}

// decideOptimistically assumes that pairs which this process has not used are new, and
// decides on them without loading. Their append expects a stream that does not exist,
// so a wrong assumption is a conflict, and the loop loads the pair then. A decision
// that appends nothing has no such check, so it is never made without a load. It
// reports whether any pair was decided this way.
func (h *Handler) decideOptimistically(jobs []*job) (assumed bool) {
	now := h.clock()
	for _, j := range jobs {
		if j.step != toLoad || !j.assumedNew || h.seen.contains(j.pair.Stream()) {
			continue
		}
		attempt := *j
		if attempt.decideOn(domain.State{Pair: j.pair}, eventstore.NoStream, now) == nil && attempt.step == toAppend {
			*j, assumed = attempt, true
		}
	}
	return assumed
}
