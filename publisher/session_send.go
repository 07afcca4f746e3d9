package publisher

import (
	"context"
	"errors"

	"nonassociations/eventstore/consumer"
	"nonassociations/eventstore/consumer/status"
)

// send sends batches until the pipeline ends. It backs off while SNS takes nothing
// at all. An entry that fails among others is backed off by itself, and its pair
// with it.
func (s *session) send(ctx context.Context) {
	delay := s.delays.ofCalls()
	for {
		deliveries := s.pipeline.nextBatch()
		if len(deliveries) == 0 {
			return
		}
		s.step("taken")
		if s.sendBatch(ctx, deliveries) {
			delay.Reset()
			continue
		}
		if !consumer.Sleep(ctx, delay.NextBackOff()) {
			return
		}
	}
}

// sendBatch sends one batch and reports whether the next may follow at once.
func (s *session) sendBatch(ctx context.Context, deliveries []*delivery) bool {
	deliveries = s.withBodies(ctx, deliveries)
	if len(deliveries) == 0 {
		return true
	}
	end := trace(ctx, deliveries)
	results, err := s.Client.send(ctx, deliveries)
	end(results, err)
	s.step("sent")
	var refused *Refusal
	switch {
	case errors.As(err, &refused) && len(deliveries) > 1:
		s.pipeline.retryIndividually(deliveries)
		return true
	case refused != nil:
		s.refused(ctx, deliveries[0], refused)
		return true
	case ctx.Err() != nil: // the call was cancelled here, which says nothing of SNS
		return false
	case err != nil:
		return s.blame(ctx, deliveries[0], err, s.pipeline.callFailed(deliveries, err))
	}
	return s.judgeEntries(ctx, deliveries, results)
}

// blame logs a fault by its cause, and reports whether the next batch may follow at
// once.
func (s *session) blame(ctx context.Context, d *delivery, why error, cause blame) bool {
	switch cause {
	case onTopic:
		s.health.failed(ctx, why)
	case onMessage:
		s.Logger.ErrorContext(ctx, "message fails by itself: parked and retried, its pair waits", "topic", s.Topic,
			"event", d.message.EventID, "position", d.message.Position.Uint64(), "code", codeOf(why))
	case onParked:
	}
	return cause != onTopic
}

// judgeEntries handles each entry of an answer, and reports whether the next batch
// may follow at once: SNS took or refused at least one entry, or a failed one is to
// blame itself. Delivered entries are counted first, because they decide whether a
// failed entry is the message's own fault.
func (s *session) judgeEntries(ctx context.Context, deliveries []*delivery, results []error) bool {
	var delivered []*delivery
	for i, d := range deliveries {
		if results[i] == nil {
			delivered = append(delivered, d)
		}
	}
	if len(delivered) > 0 {
		s.health.recovered(ctx)
		s.pipeline.delivered(delivered...)
	}
	useful := len(delivered) > 0
	var (
		failed *delivery
		fault  error
	)
	for i, d := range deliveries {
		var refused *Refusal
		switch err := results[i]; {
		case err == nil:
		case errors.As(err, &refused):
			s.refused(ctx, d, refused)
			useful = true
		default:
			if cause := s.pipeline.fail(d, err); cause == onTopic {
				failed, fault = d, err
			} else {
				useful = s.blame(ctx, d, err, cause)
			}
		}
	}
	return useful || s.blame(ctx, failed, fault, onTopic)
}

// logEveryAttempts limits the log: a fact that stays unreadable is logged once in
// that many attempts.
const logEveryAttempts = 20

// unreadable backs off a delivery whose fact could not be read again.
func (s *session) unreadable(ctx context.Context, d *delivery, why error) {
	if s.pipeline.delay(d)%logEveryAttempts == 1 {
		s.Logger.WarnContext(ctx, "fact cannot be read again, its pair waits", "topic", s.Topic,
			"event", d.message.EventID, "kind", status.KindOf(why))
	}
}

// refused parks a delivery whose message SNS calls invalid, and logs it as an
// error: an operator has to decide. The log has the code of SNS and never its text,
// which quotes the message.
func (s *session) refused(ctx context.Context, d *delivery, why *Refusal) {
	s.Logger.ErrorContext(ctx, "SNS refused a message as invalid: parked, its pair waits for an operator",
		"topic", s.Topic, "event", d.message.EventID, "position", d.message.Position.Uint64(), "code", why.Code, "place", why.Part)
	s.pipeline.refuse(d, why.Error())
}
