package publisher

import (
	"slices"
	"time"

	"nonassociations/publisher/store"
)

// delivered completes deliveries that SNS has acknowledged in one call.
func (p *pipeline) delivered(deliveries ...*delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tally.calls++
	for _, d := range deliveries {
		p.count.Delivered++
		p.tally.delivered++
		p.markDelivered(d)
	}
	p.wake()
}

// drop completes a delivery for which this build has no message.
func (p *pipeline) drop(d *delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.markDelivered(d)
	p.wake()
}

// markDelivered completes a delivery, and has its row deleted if it was parked.
func (p *pipeline) markDelivered(d *delivery) {
	if d.park != notParked {
		p.gone = append(p.gone, d.message.EventID)
	}
	p.finish(d)
}

// finish removes a delivery from the pipeline, whatever its state, and makes the
// next ones of its pairs ready.
func (p *pipeline) finish(d *delivery) {
	if d.progress == ready {
		i := slices.Index(p.ready, d)
		p.ready = slices.Delete(p.ready, i, i+1)
	}
	p.resume(d)
	d.progress = done
	if d.park != notParked {
		delete(p.parkedDeliveries, d.message.EventID)
		signal(p.changed)
	}
	for _, queue := range d.queues {
		queue.remove(d)
		if len(queue.deliveries) == 0 {
			delete(p.queues, queue.pair)
		}
	}
	for _, queue := range d.queues {
		if len(queue.deliveries) > 0 {
			p.markReady(queue.deliveries[0])
		}
	}
	p.release(d)
}

// release lets the checkpoint pass a delivery.
func (p *pipeline) release(d *delivery) {
	if p.complete(d) {
		signal(p.changed)
		signal(p.capacity)
	}
}

// requeue makes deliveries ready again that were in flight. They stay first in
// their pairs all the time, so that nothing of these pairs can overtake them.
func (p *pipeline) requeue(deliveries []*delivery) {
	for _, d := range deliveries {
		d.progress = ready
		p.ready = append(p.ready, d)
	}
}

// retryIndividually sends each delivery of a batch again in a batch of its own. SNS
// refused them as a whole, which does not say which one is invalid.
func (p *pipeline) retryIndividually(deliveries []*delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	sendAlone(deliveries)
	p.requeue(deliveries)
	p.wake()
}

// sendAlone marks deliveries to be sent in batches of their own from now on. It
// stays so until SNS refuses one or takes it: after a fault of a whole batch, any
// of them may be its cause.
func sendAlone(deliveries []*delivery) {
	for _, d := range deliveries {
		d.alone = true
	}
}

// refuse parks a delivery, and everything behind it, whose message SNS calls
// invalid.
func (p *pipeline) refuse(d *delivery, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count.Refusals++
	d.progress, d.alone, d.faultsOfItsOwn = queued, false, 0
	d.attempts++
	p.park(d, store.Refused, reason)
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
func (p *pipeline) fail(d *delivery, fault error) blame {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count.Faults++
	return p.failed(d, fault, p.tally.delivered > d.since.delivered)
}

// blame is what a fault is attributed to. The answer decides whether the sender
// backs off (the topic), or whether it goes on at once (one message).
type blame int

const (
	onTopic   blame = iota // perhaps the topic
	onParked               // a message that was parked as failing before
	onMessage              // a message that is parked as failing from now on
)

// failed counts a fault of a delivery and backs it off. byItself is whether SNS
// took other messages meanwhile. After maxOwnFaults of these the delivery is parked
// as failing. One that is failing already gets its row updated at its first own
// fault, or when the attempt was an operator's request: parked list then shows its result.
func (p *pipeline) failed(d *delivery, fault error, byItself bool) blame {
	known := d.state == store.Failing
	if byItself && !isOfTopic(fault) {
		d.since, d.failures, d.faults = p.tally, 0, 0
		d.faultsOfItsOwn++
	}
	if d.faultsOfItsOwn >= maxOwnFaults || known && (d.faultsOfItsOwn > 0 || d.released) {
		d.attempts += d.faultsOfItsOwn
		d.faultsOfItsOwn = 0
		p.park(d, store.Failing, codeOf(fault))
	}
	d.faults++
	p.backOff(d, p.delays.after(d))
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
func (p *pipeline) callFailed(deliveries []*delivery, fault error) blame {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.wake()
	p.count.Faults += uint64(len(deliveries))
	first, single := deliveries[0], len(deliveries) == 1
	byItself := single && p.isToBlame(first)
	p.tally.failed++
	switch {
	case single && (byItself && !isOfTopic(fault) || first.state == store.Failing):
		return max(p.failed(first, fault, byItself), onParked)
	case isOfTopic(fault):
	case single:
		first.failures++
	case slices.ContainsFunc(deliveries, func(d *delivery) bool { return p.tally.delivered > d.since.delivered }):
		sendAlone(deliveries)
	}
	p.requeue(deliveries)
	return onTopic
}

// isToBlame reports whether nearly all calls with other deliveries have worked since
// this one last failed.
func (p *pipeline) isToBlame(d *delivery) bool {
	worked := p.tally.calls - d.since.calls
	others := p.tally.failed - d.since.failed - d.failures
	return worked > 0 && worked >= callsPerFault*others
}

// delay backs off a delivery whose fact could not be read from the log again. It
// returns how often that has happened.
func (p *pipeline) delay(d *delivery) (faults int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d.faults++
	p.backOff(d, p.delays.after(d))
	return d.faults
}

// backOff lets a delivery rest for a pause. Its pairs wait with it, because it
// stays first in them. When the pipeline has ended no timer is set: it would
// outlive the session.
func (p *pipeline) backOff(d *delivery, pause time.Duration) {
	d.progress = backingOff
	if p.ended {
		return
	}
	p.resting[d] = time.AfterFunc(pause, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.resume(d)
		p.markReady(d)
		p.wake()
	})
}

// resume ends the backoff of a delivery, if there is one.
func (p *pipeline) resume(d *delivery) {
	if d.progress != backingOff {
		return
	}
	if pause, set := p.resting[d]; set {
		pause.Stop()
		delete(p.resting, d)
	}
	d.progress = queued
}

// counts returns the totals of this session.
func (p *pipeline) counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}
