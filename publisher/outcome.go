package publisher

import (
	"slices"
	"time"

	"nonassociations/publisher/store"
)

// tally is what SNS has done on a topic.
type tally struct{ delivered, calls, failed uint64 }

// delivered takes letters off the line that SNS has acknowledged.
func (l *line) delivered(letters ...*letter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.calls++
	for _, it := range letters {
		l.count.Delivered++
		l.tally.delivered++
		l.told(it)
	}
	l.wake()
}

// untold takes a letter off the line of which this build tells nothing.
func (l *line) untold(it *letter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told(it)
	l.wake()
}

func (l *line) told(it *letter) {
	if it.desk != off {
		l.gone = append(l.gone, it.message.EventID)
	}
	l.leave(it)
}

// leave takes a letter off the line, wherever it is, and offers those behind it.
func (l *line) leave(it *letter) {
	if it.where == ready {
		i := slices.Index(l.ready, it)
		l.ready = slices.Delete(l.ready, i, i+1)
	}
	l.endRest(it)
	it.where = gone
	if it.desk != off {
		delete(l.desk, it.message.EventID)
		signal(l.moved)
	}
	for _, on := range it.lanes {
		on.leave(it)
		if len(on.letters) == 0 {
			delete(l.lanes, on.pair)
		}
	}
	for _, on := range it.lanes {
		if len(on.letters) > 0 {
			l.offer(on.letters[0])
		}
	}
	l.closed(it)
}

// closed says that the bookmark need not wait for a letter.
func (l *line) closed(it *letter) {
	if l.close(it) {
		signal(l.moved)
		signal(l.room)
	}
}

func (l *line) putBack(letters []*letter) {
	for _, it := range letters {
		it.where = ready
		l.ready = append(l.ready, it)
	}
}

// singly lets each of a batch that was refused as a whole be sent by itself.
func (l *line) singly(letters []*letter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	alone(letters)
	l.putBack(letters)
	l.wake()
}

func alone(letters []*letter) {
	for _, it := range letters {
		it.alone = true
	}
}

// refuse parks a letter, and all behind it, since SNS calls its message invalid.
func (l *line) refuse(it *letter, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count.Refusals++
	it.where, it.alone, it.strikes = waiting, false, 0
	it.tries++
	l.park(it, store.Refused, reason)
}

const (
	// most is how often a message may fail by itself before it is parked.
	most = 5
	// flapping is how many calls must have worked for each that failed before a
	// fault of a call is that of its only message.
	flapping = 10
)

// fail lets a letter rest that SNS did not take by itself. A fault counts when
// SNS has taken another message since the last one that did; one that names the
// topic never does.
func (l *line) fail(it *letter, fault error) blame {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count.Faults++
	return l.failed(it, fault, l.tally.delivered > it.since.delivered)
}

// blame is what a fault says of a message and of its topic.
type blame int

const (
	onTopic   blame = iota // it may be the topic's
	onParked               // the message fails by itself, as was known
	onMessage              // it is parked for that from now on
)

func (l *line) failed(it *letter, fault error, byItself bool) blame {
	known := it.state == store.Failing
	if byItself && !isOfTopic(fault) {
		it.since, it.inVain, it.faults = l.tally, 0, 0
		it.strikes++
	}
	if it.strikes >= most || known && (it.strikes > 0 || it.released) {
		it.tries += it.strikes
		it.strikes = 0
		l.park(it, store.Failing, codeOf(fault))
	}
	it.faults++
	l.rest(it, l.pauses.after(it))
	switch {
	case known:
		return onParked
	case it.state == store.Failing:
		return onMessage
	}
	return onTopic
}

// callFailed puts the letters of a call back that came to nothing. When SNS takes
// others meanwhile, one of the letters may be to blame: they are sent one by one.
// One that is to blame rests, and not the topic.
func (l *line) callFailed(letters []*letter, fault error) blame {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.wake()
	l.count.Faults += uint64(len(letters))
	first, single := letters[0], len(letters) == 1
	byItself := single && l.isToBlame(first)
	l.tally.failed++
	switch {
	case single && (byItself && !isOfTopic(fault) || first.state == store.Failing):
		return max(l.failed(first, fault, byItself), onParked)
	case isOfTopic(fault):
	case single:
		first.inVain++
	case slices.ContainsFunc(letters, func(it *letter) bool { return l.tally.delivered > it.since.delivered }):
		alone(letters)
	}
	l.putBack(letters)
	return onTopic
}

// isToBlame reports whether the calls of others have nearly all worked since a
// letter failed last.
func (l *line) isToBlame(it *letter) bool {
	worked := l.tally.calls - it.since.calls
	others := l.tally.failed - it.since.failed - it.inVain
	return worked > 0 && worked >= flapping*others
}

// later lets a letter rest that could not be read from the log.
func (l *line) later(it *letter) (faults int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	it.faults++
	l.rest(it, l.pauses.after(it))
	return it.faults
}

func (l *line) rest(it *letter, pause time.Duration) {
	it.where = resting
	if l.ended {
		return
	}
	l.resting[it] = time.AfterFunc(pause, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.endRest(it)
		l.offer(it)
		l.wake()
	})
}

// endRest lets a letter wait for its turn again, if it rests.
func (l *line) endRest(it *letter) {
	if it.where != resting {
		return
	}
	if pause, set := l.resting[it]; set {
		pause.Stop()
		delete(l.resting, it)
	}
	it.where = waiting
}
