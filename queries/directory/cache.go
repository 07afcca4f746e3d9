package directory

import (
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"nonassociations/domain"
)

// answer is what the service answered for one number. An unknown number is an answer
// too and is cached like any other.
type answer struct {
	prisoner Prisoner
	known    bool // false: the service does not know the number
}

// cached is an answer with the time at which it expires.
type cached struct {
	answer

	until time.Time
}

// cache keeps answers for a limited time, and no more than fit. It is not safe for
// concurrent use: the lock of the Directory guards it.
//
// It is the plain LRU with an expiry of its own, because the expirable LRU of the same
// module starts a goroutine that cannot be stopped.
type cache struct {
	ttl     time.Duration
	clock   func() time.Time
	answers *simplelru.LRU[domain.PrisonerNumber, cached]
}

// newCache returns an empty cache of at least one entry. ttl is the life of an answer
// from when it is put.
func newCache(size int, ttl time.Duration, clock func() time.Time) cache {
	answers, _ := simplelru.NewLRU[domain.PrisonerNumber, cached](max(size, 1), nil) // fails only for a size below 1
	return cache{ttl: ttl, clock: clock, answers: answers}
}

// get returns the answer for a number, and whether there is one that has not expired.
func (c cache) get(number domain.PrisonerNumber) (answer, bool) {
	found, exists := c.answers.Get(number)
	if !exists || !c.clock().Before(found.until) {
		return answer{}, false
	}
	return found.answer, true
}

// put stores an answer and evicts the least recently used one when the cache is full.
func (c cache) put(number domain.PrisonerNumber, a answer) {
	c.answers.Add(number, cached{a, c.clock().Add(c.ttl)})
}
