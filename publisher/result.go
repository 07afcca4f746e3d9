package publisher

import (
	"slices"
	"time"

	"nonassociations/publisher/store"
)

// tally counts what SNS has done on a topic, to tell its faults from those of one
// message.
type tally struct{ delivered, calls, failed uint64 }

// delivered completes deliveries that SNS has acknowledged in one call.
func (l *pipeline) delivered(deliveries ...*delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tally.calls++
	for _, d := range deliveries {
		l.count.Delivered++
		l.tally.delivered++
		l.markDelivered(d)
	}
	l.wake()
}

// drop completes a delivery for which this build has no message.
func (l *pipeline) drop(d *delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.markDelivered(d)
	l.wake()
}

func (l *pipeline) markDelivered(d *delivery) {
	if d.park != notParked {
		l.gone = append(l.gone, d.message.EventID)
	}
	l.finish(d)
}

// finish removes a delivery from the pipeline, whatever its state, and makes the
// next ones of its pairs ready.
func (l *pipeline) finish(d *delivery) {
	if d.progress == ready {
		i := slices.Index(l.ready, d)
		l.ready = slices.Delete(l.ready, i, i+1)
	}
	l.resume(d)
	d.progress = done
	if d.park != notParked {
		delete(l.parkedDeliveries, d.message.EventID)
		signal(l.changed)
	}
	for _, queue := range d.queues {
		queue.remove(d)
		if len(queue.deliveries) == 0 {
			delete(l.queues, queue.pair)
		}
	}
	for _, queue := range d.queues {
		if len(queue.deliveries) > 0 {
			l.markReady(queue.deliveries[0])
		}
	}
	l.release(d)
}

// release lets the checkpoint pass a delivery.
func (l *pipeline) release(d *delivery) {
	if l.complete(d) {
		signal(l.changed)
		signal(l.capacity)
	}
}

func (l *pipeline) requeue(deliveries []*delivery) {
	for _, d := range deliveries {
		d.progress = ready
		l.ready = append(l.ready, d)
	}
}

// retryIndividually sends each delivery of a batch again in a batch of its own. SNS
// refused them as a whole, which does not say which one is invalid.
func (l *pipeline) retryIndividually(deliveries []*delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sendAlone(deliveries)
	l.requeue(deliveries)
	l.wake()
}

func sendAlone(deliveries []*delivery) {
	for _, d := range deliveries {
		d.alone = true
	}
}

// refuse parks a delivery, and everything behind it, whose message SNS calls
// invalid.
func (l *pipeline) refuse(d *delivery, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count.Refusals++
	d.progress, d.alone, d.faultsOfItsOwn = queued, false, 0
	d.attempts++
	l.park(d, store.Refused, reason)
}

const (
	// maxOwnFaults is how many faults of its own a message has before it is parked.
	maxOwnFaults = 5
	// callsPerFault is how many calls must have worked for each failed one before
	// the fault of a call counts as that of its only message.
	callsPerFault = 10
)

// fail backs off a delivery whose entry SNS did not take. The fault counts as the
// message's own when SNS has taken another message since the last such fault. A
// fault that names the topic never counts.
func (l *pipeline) fail(d *delivery, fault error) blame {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count.Faults++
	return l.failed(d, fault, l.tally.delivered > d.since.delivered)
}

// blame is what a fault is attributed to.
type blame int

const (
	onTopic   blame = iota // perhaps the topic
	onParked               // a message that was parked as failing before
	onMessage              // a message that is parked as failing from now on
)

func (l *pipeline) failed(d *delivery, fault error, byItself bool) blame {
	known := d.state == store.Failing
	if byItself && !isOfTopic(fault) {
		d.since, d.failures, d.faults = l.tally, 0, 0
		d.faultsOfItsOwn++
	}
	if d.faultsOfItsOwn >= maxOwnFaults || known && (d.faultsOfItsOwn > 0 || d.released) {
		d.attempts += d.faultsOfItsOwn
		d.faultsOfItsOwn = 0
		l.park(d, store.Failing, codeOf(fault))
	}
	d.faults++
	l.backOff(d, l.delays.after(d))
	switch {
	case known:
		return onParked
	case d.state == store.Failing:
		return onMessage
	}
	return onTopic
}

// callFailed requeues the deliveries of a call that failed as a whole. When SNS
// takes others meanwhile, one of the deliveries may be the cause: they are then
// sent one by one. A single delivery that is the cause is backed off by itself, so
// that the topic is not.
func (l *pipeline) callFailed(deliveries []*delivery, fault error) blame {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.wake()
	l.count.Faults += uint64(len(deliveries))
	first, single := deliveries[0], len(deliveries) == 1
	byItself := single && l.isToBlame(first)
	l.tally.failed++
	switch {
	case single && (byItself && !isOfTopic(fault) || first.state == store.Failing):
		return max(l.failed(first, fault, byItself), onParked)
	case isOfTopic(fault):
	case single:
		first.failures++
	case slices.ContainsFunc(deliveries, func(d *delivery) bool { return l.tally.delivered > d.since.delivered }):
		sendAlone(deliveries)
	}
	l.requeue(deliveries)
	return onTopic
}

// isToBlame reports whether nearly all calls with other deliveries have worked since
// this one last failed.
func (l *pipeline) isToBlame(d *delivery) bool {
	worked := l.tally.calls - d.since.calls
	others := l.tally.failed - d.since.failed - d.failures
	return worked > 0 && worked >= callsPerFault*others
}

// delay backs off a delivery whose fact could not be read from the log again. It
// returns how often that has happened.
func (l *pipeline) delay(d *delivery) (faults int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d.faults++
	l.backOff(d, l.delays.after(d))
	return d.faults
}

func (l *pipeline) backOff(d *delivery, pause time.Duration) {
	d.progress = backingOff
	if l.ended {
		return
	}
	l.resting[d] = time.AfterFunc(pause, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.resume(d)
		l.markReady(d)
		l.wake()
	})
}

// resume ends the backoff of a delivery, if there is one.
func (l *pipeline) resume(d *delivery) {
	if d.progress != backingOff {
		return
	}
	if pause, set := l.resting[d]; set {
		pause.Stop()
		delete(l.resting, d)
	}
	d.progress = queued
}
