package publisher

import (
	"context"
	"errors"
	"time"

	"nonassociations/eventstore/consumer/status"
)

// senders are how many batches are in flight at once.
const senders = 16

// send takes batches off the line until it ends. It rests while SNS takes
// nothing at all; an entry that fails among others rests by itself, and its pair
// with it.
func (s *session) send(ctx context.Context) {
	rests := s.delays.ofCalls()
	for {
		letters := s.pipeline.nextBatch()
		if len(letters) == 0 {
			return
		}
		s.step("taken")
		if s.sendBatch(ctx, letters) {
			rests.Reset()
			continue
		}
		if !remaining(ctx, rests.NextBackOff()) {
			return
		}
	}
}

// sendBatch tells whether there is any use in sending the next one at once.
func (s *session) sendBatch(ctx context.Context, letters []*delivery) bool {
	letters = s.whole(ctx, letters)
	if len(letters) == 0 {
		return true
	}
	answers, err := s.Client.send(ctx, letters)
	s.step("sent")
	var refused *Refusal
	switch {
	case errors.As(err, &refused) && len(letters) > 1:
		s.pipeline.retryIndividually(letters)
		return true
	case refused != nil:
		s.refused(ctx, letters[0], refused)
		return true
	case ctx.Err() != nil: // it was cut off here, and says nothing of SNS
		return false
	case err != nil:
		return s.blame(ctx, letters[0], err, s.pipeline.callFailed(letters, err))
	}
	return s.judge(ctx, letters, answers)
}

// blame says of what a fault is, and reports whether there is any use in sending
// on at once.
func (s *session) blame(ctx context.Context, it *delivery, why error, on blame) bool {
	switch on {
	case onTopic:
		s.trouble(ctx, why)
	case onMessage:
		s.Logger.ErrorContext(ctx, "a message fails by itself: it is parked and tried again, and its pair waits", "topic", s.Topic,
			"event", it.message.EventID, "position", it.message.Position.Uint64(), "code", codeOf(why))
	case onParked:
	}
	return on != onTopic
}

// judge deals with each entry by itself, and tells whether SNS took or refused
// any. What it took is known before an entry is judged that it did not take.
func (s *session) judge(ctx context.Context, letters []*delivery, answers []error) bool {
	var delivered []*delivery
	for i, it := range letters {
		if answers[i] == nil {
			delivered = append(delivered, it)
		}
	}
	if len(delivered) > 0 {
		s.recovered(ctx)
		s.pipeline.delivered(delivered...)
	}
	useful := len(delivered) > 0
	var (
		failed *delivery
		fault  error
	)
	for i, it := range letters {
		var refused *Refusal
		switch err := answers[i]; {
		case err == nil:
		case errors.As(err, &refused):
			s.refused(ctx, it, refused)
			useful = true
		default:
			if on := s.pipeline.fail(it, err); on == onTopic {
				failed, fault = it, err
			} else {
				useful = s.blame(ctx, it, err, on)
			}
		}
	}
	return useful || s.blame(ctx, failed, fault, onTopic)
}

// logEveryAttempts is after how many tries a message that cannot be made again is worth
// a line in the log, and again after as many more.
const logEveryAttempts = 20

// unreadable puts a letter back whose fact could not be read, after a while.
func (s *session) unreadable(ctx context.Context, it *delivery, why error) {
	if s.pipeline.delay(it)%logEveryAttempts == 1 {
		s.Logger.WarnContext(ctx, "a fact cannot be read again, and its pair waits", "topic", s.Topic,
			"event", it.message.EventID, "kind", status.KindOf(why))
	}
}

func (s *session) refused(ctx context.Context, it *delivery, why *Refusal) {
	s.Logger.ErrorContext(ctx, "SNS calls a message invalid: it is parked, and its pair waits for an operator",
		"topic", s.Topic, "event", it.message.EventID, "position", it.message.Position.Uint64(), "code", why.Code, "place", why.Part)
	s.pipeline.refuse(it, why.Error())
}

// remaining tells whether the context still lives.
func remaining(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
