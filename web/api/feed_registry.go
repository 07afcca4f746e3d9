package api

import "sync"

// feedRegistry keeps the feeds that follow, so that a shutdown can end them. It is safe
// for concurrent use.
type feedRegistry struct {
	mu      sync.Mutex
	stopped bool
	joined  int
	ends    map[int]func()
}

// join adds a feed, which end will end. It returns false after stop.
func (f *feedRegistry) join(end func()) (leave func(), is bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return nil, false
	}
	if f.ends == nil {
		f.ends = map[int]func(){}
	}
	// Numbers are never reused, so that leaving late cannot remove the feed of another
	// client.
	f.joined++
	mine := f.joined
	f.ends[mine] = end
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.ends, mine)
	}, true
}

// stop ends all feeds and refuses further ones.
func (f *feedRegistry) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = true
	for _, end := range f.ends {
		end()
	}
}
