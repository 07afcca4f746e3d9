package api

import "sync"

// quota bounds how many of something exist at once, in all and of one client. It is
// safe for concurrent use.
type quota struct {
	most, each int // 0: no bound

	mu    sync.Mutex
	taken int
	by    map[string]int
}

// take counts one more for a client until release, which must be called once. It
// returns false at the bound.
func (q *quota) take(client string) (release func(), is bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.most > 0 && q.taken >= q.most || q.each > 0 && q.by[client] >= q.each {
		return nil, false
	}
	if q.by == nil {
		q.by = map[string]int{}
	}
	q.taken++
	q.by[client]++
	return func() { q.give(client) }, true
}

// give takes back one of a client.
func (q *quota) give(client string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.taken--
	if q.by[client]--; q.by[client] == 0 {
		delete(q.by, client) // or every client would be remembered for ever
	}
}
