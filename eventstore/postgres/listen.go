package postgres

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"
)

// listen receives the notifications of other processes' commits on a connection of
// its own, and returns when the store closes. Subscriptions poll as well: without
// notifications they are later, and otherwise correct.
//
// The loop is not jackc/pgxlisten's, which reconnects after a fixed delay, closes
// without a farewell to the server, and has no hook that runs on every break:
// whatever this process knows of the head must be forgotten then.
func (s *Store) listen() {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = 50*time.Millisecond, 5*time.Second
	_, _ = backoff.Retry(s.ctx, func() (struct{}, error) {
		err := s.listenOnce(waits.Reset)
		s.recent.forget()
		s.head.forget()
		return struct{}{}, err
	}, backoff.WithBackOff(waits), backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(err error, wait time.Duration) {
		s.log.Warn("LISTEN connection to the event store broke, reconnecting", "error", err, "retry_in", wait)
	}))
}

// listenOnce listens until the connection breaks, and never returns nil. It calls
// connected once the head was read, so that the next break is retried at once.
func (s *Store) listenOnce(connected func()) error {
	conn, err := pgx.ConnectConfig(s.ctx, s.reading.Config().ConnConfig)
	if err != nil {
		return err
	}
	// The store's context may have ended by now, so the farewell has its own.
	defer func() {
		farewell, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), time.Second)
		defer cancel()
		_ = conn.Close(farewell)
	}()
	if _, err := conn.Exec(s.ctx, "LISTEN eventstore"); err != nil {
		return err
	}
	s.log.Debug("listening to the event store")
	// What was committed before LISTEN sends no notification any more.
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
			position = math.MaxInt64 // perhaps of another build: still a reason to read
		}
		s.head.hint(position)
	}
}
