package directory

import (
	"container/list"
	"time"

	"nonassociations/domain"
)

// answer is what the service said of a number: who it is, or that it knows
// nobody.
type answer struct {
	prisoner Prisoner
	known    bool
}

// cache remembers answers for a while, the latest ones up to a limit. All are
// kept for the same time, so the oldest is always the next to go.
type cache struct {
	limit    int
	fresh    time.Duration
	clock    func() time.Time
	oldest   *list.List // of cached, the oldest in front
	byNumber map[domain.PrisonerNumber]*list.Element
}

type cached struct {
	answer

	number domain.PrisonerNumber
	until  time.Time
}

func newCache(limit int, fresh time.Duration, clock func() time.Time) *cache {
	return &cache{limit: limit, fresh: fresh, clock: clock, oldest: list.New(), byNumber: map[domain.PrisonerNumber]*list.Element{}}
}

func (c *cache) get(number domain.PrisonerNumber) (answer, bool) {
	element, there := c.byNumber[number]
	if !there {
		return answer{}, false
	}
	found := of(element)
	if !c.clock().Before(found.until) {
		c.drop(element)
		return answer{}, false
	}
	return found.answer, true
}

func (c *cache) put(number domain.PrisonerNumber, a answer) {
	now := c.clock()
	if element, there := c.byNumber[number]; there {
		c.drop(element)
	}
	c.byNumber[number] = c.oldest.PushBack(cached{a, number, now.Add(c.fresh)})
	for first := c.oldest.Front(); len(c.byNumber) > c.limit || !now.Before(of(first).until); first = c.oldest.Front() {
		c.drop(first)
	}
}

func (c *cache) drop(element *list.Element) {
	c.oldest.Remove(element)
	delete(c.byNumber, of(element).number)
}

func of(element *list.Element) cached { return element.Value.(cached) } //nolint:forcetypeassert // nothing else is put in
