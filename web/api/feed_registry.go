package api

import "sync"

// feedRegistry are the feeds that go on until the service shuts down.
type feedRegistry struct {
	mu      sync.Mutex
	stopped bool
	joined  int
	ends    map[int]func()
}

// join adds a feed, which end tells to end; false when it is too late for that.
func (f *feedRegistry) join(end func()) (leave func(), is bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return nil, false
	}
	if f.ends == nil {
		f.ends = map[int]func(){}
	}
	f.joined++
	mine := f.joined
	f.ends[mine] = end
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.ends, mine)
	}, true
}

// stop ends all of them, and lets nobody join any more.
func (f *feedRegistry) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = true
	for _, end := range f.ends {
		end()
	}
}
