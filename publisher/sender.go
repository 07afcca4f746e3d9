package publisher

import (
	"context"
	"errors"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// senders are how many batches are in flight at once.
const senders = 16

// Pauses after faults. A topic that is back must be used within seconds.
const (
	quickest = 100 * time.Millisecond
	slowest  = 5 * time.Second
)

// send takes batches off the line until it ends. It rests while SNS takes
// nothing at all; an entry that fails among others rests by itself, and its pair
// with it.
func (s *session) send(ctx context.Context) {
	rests := newRests()
	for {
		letters := s.line.take()
		if len(letters) == 0 {
			return
		}
		s.step("taken")
		if s.sendBatch(ctx, letters) {
			rests.Reset()
			continue
		}
		if !rest(ctx, rests.NextBackOff()) {
			return
		}
	}
}

// sendBatch tells whether there is any use in sending the next one at once.
func (s *session) sendBatch(ctx context.Context, letters []*letter) bool {
	letters = s.whole(ctx, letters)
	if len(letters) == 0 {
		return true
	}
	answers, err := s.Destination.send(ctx, letters)
	s.step("sent")
	var refused *Refusal
	switch {
	case errors.As(err, &refused) && len(letters) > 1:
		s.line.singly(letters)
		return true
	case refused != nil:
		s.refused(ctx, letters[0], refused)
		return true
	case err != nil:
		s.line.undone(len(letters))
		s.trouble(ctx, err)
		s.line.again(letters...)
		return false
	}
	return s.judge(ctx, letters, answers)
}

// judge deals with each entry by itself, and tells whether SNS took or refused
// any.
func (s *session) judge(ctx context.Context, letters []*letter, answers []error) bool {
	var delivered []*letter
	var fault error
	useful := false
	for i, it := range letters {
		var refused *Refusal
		switch err := answers[i]; {
		case err == nil:
			delivered, useful = append(delivered, it), true
		case errors.As(err, &refused):
			s.refused(ctx, it, refused)
			useful = true
		default:
			fault = err
			s.line.undone(1)
			s.later(ctx, it, err)
		}
	}
	if len(delivered) > 0 {
		s.recovered(ctx)
		s.line.delivered(delivered...)
	}
	if fault != nil && !useful {
		s.trouble(ctx, fault)
	}
	return useful
}

// stubborn is after how many tries a message that fails by itself is worth a line
// in the log, and again after as many more.
const stubborn = 20

// later puts an entry back that failed by itself, after a while of its own.
func (s *session) later(ctx context.Context, it *letter, why error) {
	wait := min(quickest<<min(it.tries, 10), slowest)
	if it.tries++; it.tries%stubborn == 0 {
		s.Logger.WarnContext(ctx, "a message fails by itself, and its pair waits", "topic", s.Topic,
			"event", it.message.EventID, "tries", it.tries, "error", why)
	}
	time.AfterFunc(wait, func() { s.line.again(it) })
}

func (s *session) refused(ctx context.Context, it *letter, why *Refusal) {
	s.Logger.ErrorContext(ctx, "SNS calls a message invalid: it is parked, and its pair waits for an operator",
		"topic", s.Topic, "event", it.message.EventID, "pairs", pairsOf(it.message.Pairs), "position", it.message.Position.Outside(),
		"code", why.Code, "reason", why.Message)
	s.line.refuse(it, why.Error())
}

func newRests() *backoff.ExponentialBackOff {
	rests := backoff.NewExponentialBackOff()
	rests.InitialInterval, rests.MaxInterval, rests.Multiplier = quickest, slowest, 2
	rests.Reset()
	return rests
}

// rest tells whether the context still lives.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
