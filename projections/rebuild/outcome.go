package rebuild

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nonassociations/internal/pg/lease"
	"nonassociations/projections/generation"
)

// askPause is how long Postgres is left alone before it is asked again.
const askPause = 100 * time.Millisecond

// errNotKnown says that a flip may have happened: the connection was lost with its
// commit, and Postgres did not come back.
var errNotKnown = errors.New("the connection was lost while the new generation was to answer, and Postgres does not say which one does: when it is back, run the command again")

// outcome returns nil when the generation next answers although its flip returned an
// error: a commit may succeed whose answer is lost. It asks on a connection of its own,
// also when ctx has ended.
func (s *session) outcome(ctx context.Context, next generation.Number, failed error) error {
	if failed == nil || !s.conn.IsClosed() {
		return failed
	}
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), waitTime)
	defer cancel()
	for {
		answers, err := s.asked(asking)
		switch {
		case err == nil && answers == next:
			return nil
		case err == nil:
			return failed
		}
		select {
		case <-asking.Done():
			return fmt.Errorf("%w: %w", errNotKnown, failed)
		case <-time.After(askPause):
		}
	}
}

// asked returns the generation that answers, on a new connection.
func (s *session) asked(ctx context.Context) (generation.Number, error) {
	conn, err := lease.Connect(ctx, s.DSN, lockName)
	if err != nil {
		return 0, err
	}
	defer lease.Close(conn)
	n, _, err := generation.Published(ctx, conn)
	return n, err
}
