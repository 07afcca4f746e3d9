package postgres

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"
)

// listen hears of what other processes commit, on a connection of its own, and
// returns with the store. Subscriptions poll as well; they lose time without it
// and nothing else.
func (s *Store) listen() {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 50*time.Millisecond, 5*time.Second
	for s.ctx.Err() == nil {
		err := s.listenOnce(pause.Reset)
		s.tail.forget()
		s.head.forget()
		if s.ctx.Err() != nil {
			return
		}
		wait := pause.NextBackOff()
		s.log.Warn("the connection that listens to the event store broke", "error", err, "again_in", wait)
		select {
		case <-time.After(wait):
		case <-s.ctx.Done():
		}
	}
}

// listenOnce listens until the connection breaks.
func (s *Store) listenOnce(connected func()) error {
	conn, err := pgx.ConnectConfig(s.ctx, s.reading.Config().ConnConfig)
	if err != nil {
		return err
	}
	// The store's context may have ended; the farewell is short all the same.
	defer func() {
		farewell, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), time.Second)
		defer cancel()
		_ = conn.Close(farewell)
	}()
	if _, err := conn.Exec(s.ctx, "LISTEN eventstore"); err != nil {
		return err
	}
	s.log.Debug("listening to the event store")
	// What was committed before has no notification to come.
	head, err := s.readHead(s.ctx)
	if err != nil {
		return err
	}
	s.head.reached(uint64(head)) //nolint:gosec // never negative
	connected()
	for {
		notification, err := conn.WaitForNotification(s.ctx)
		if err != nil {
			return err
		}
		position, err := strconv.ParseUint(notification.Payload, 10, 63)
		if err != nil {
			position = math.MaxInt64 // of another build perhaps: as good a reason to look
		}
		s.head.hint(position)
	}
}
