package publisher

import (
	"slices"
	"time"

	"nonassociations/publisher/store"
)

// tally is what SNS has done on a topic.
type tally struct{ delivered, calls, failed uint64 }

// delivered takes letters off the line that SNS has acknowledged.
func (l *pipeline) delivered(letters ...*delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.calls++
	for _, it := range letters {
		l.count.Delivered++
		l.tally.delivered++
		l.markDelivered(it)
	}
	l.wake()
}

// failedAll takes a letter off the line of which this build tells nothing.
func (l *pipeline) failedAll(it *delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.markDelivered(it)
	l.wake()
}

func (l *pipeline) markDelivered(it *delivery) {
	if it.park != notParked {
		l.gone = append(l.gone, it.message.EventID)
	}
	l.finish(it)
}

// finish takes a letter off the line, wherever it is, and offers those behind it.
func (l *pipeline) finish(it *delivery) {
	if it.progress == ready {
		i := slices.Index(l.ready, it)
		l.ready = slices.Delete(l.ready, i, i+1)
	}
	l.resume(it)
	it.progress = done
	if it.park != notParked {
		delete(l.parkedDeliveries, it.message.EventID)
		signal(l.changed)
	}
	for _, on := range it.queues {
		on.remove(it)
		if len(on.deliveries) == 0 {
			delete(l.queues, on.pair)
		}
	}
	for _, on := range it.queues {
		if len(on.deliveries) > 0 {
			l.markReady(on.deliveries[0])
		}
	}
	l.closed(it)
}

// closed says that the checkpoint need not wait for a letter.
func (l *pipeline) closed(it *delivery) {
	if l.complete(it) {
		signal(l.changed)
		signal(l.capacity)
	}
}

func (l *pipeline) requeue(letters []*delivery) {
	for _, it := range letters {
		it.progress = ready
		l.ready = append(l.ready, it)
	}
}

// retryIndividually lets each of a batch that was refused as a whole be sent by itself.
func (l *pipeline) retryIndividually(letters []*delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	alone(letters)
	l.requeue(letters)
	l.wake()
}

func alone(letters []*delivery) {
	for _, it := range letters {
		it.alone = true
	}
}

// refuse parks a letter, and all behind it, since SNS calls its message invalid.
func (l *pipeline) refuse(it *delivery, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count.Refusals++
	it.progress, it.alone, it.faultsOfItsOwn = queued, false, 0
	it.attempts++
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
func (l *pipeline) fail(it *delivery, fault error) blame {
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

func (l *pipeline) failed(it *delivery, fault error, byItself bool) blame {
	known := it.state == store.Failing
	if byItself && !isOfTopic(fault) {
		it.since, it.failures, it.faults = l.tally, 0, 0
		it.faultsOfItsOwn++
	}
	if it.faultsOfItsOwn >= most || known && (it.faultsOfItsOwn > 0 || it.released) {
		it.attempts += it.faultsOfItsOwn
		it.faultsOfItsOwn = 0
		l.park(it, store.Failing, codeOf(fault))
	}
	it.faults++
	l.backOff(it, l.delays.after(it))
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
func (l *pipeline) callFailed(letters []*delivery, fault error) blame {
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
		first.failures++
	case slices.ContainsFunc(letters, func(it *delivery) bool { return l.tally.delivered > it.since.delivered }):
		alone(letters)
	}
	l.requeue(letters)
	return onTopic
}

// isToBlame reports whether the calls of others have nearly all worked since a
// letter failed last.
func (l *pipeline) isToBlame(it *delivery) bool {
	worked := l.tally.calls - it.since.calls
	others := l.tally.failed - it.since.failed - it.failures
	return worked > 0 && worked >= flapping*others
}

// delay lets a letter rest that could not be read from the log.
func (l *pipeline) delay(it *delivery) (faults int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	it.faults++
	l.backOff(it, l.delays.after(it))
	return it.faults
}

func (l *pipeline) backOff(it *delivery, pause time.Duration) {
	it.progress = backingOff
	if l.ended {
		return
	}
	l.resting[it] = time.AfterFunc(pause, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.resume(it)
		l.markReady(it)
		l.wake()
	})
}

// resume lets a letter wait for its turn again, if it rests.
func (l *pipeline) resume(it *delivery) {
	if it.progress != backingOff {
		return
	}
	if pause, set := l.resting[it]; set {
		pause.Stop()
		delete(l.resting, it)
	}
	it.progress = queued
}
