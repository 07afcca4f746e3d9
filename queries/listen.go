package queries

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"nonassociations/internal/pg"
)

const (
	// defaultPoll is how often the position is read although no notification came. It
	// is the safety net for notifications that are lost.
	defaultPoll = time.Second
	pollTime    = 5 * time.Second
	// pollStandbyEvery is how late a request may learn that a standby has reached its
	// position.
	pollStandbyEvery = 50 * time.Millisecond
	connectTime      = 5 * time.Second
	closeTime        = 250 * time.Millisecond
)

// listen keeps the watermark by one connection until the context ends.
//
// The loop is our own because jackc/pgxlisten loses three promises: it has no hook for
// a poll on the connection that listens, which is what finds a dead connection; on a
// standby, where LISTEN is refused, it only reconnects; and it waits a fixed time
// between two attempts.
func (r *Reader) listen(ctx context.Context, config *pgx.ConnConfig) {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval, wait.Multiplier = 50*time.Millisecond, 2*time.Second, 2
	once := func() (struct{}, error) { return struct{}{}, r.listenOnce(ctx, config, wait) }
	failed := func(err error, _ time.Duration) {
		// After a crash Postgres may come back without its last commits. Their rows
		// come again, but until the position has been read nothing is known.
		r.watermark.reset(r.watermark.position(), 0)
		r.log.WarnContext(ctx, "position of the read model unknown, listening again", "error", err)
	}
	_, _ = backoff.Retry(ctx, once, backoff.WithBackOff(wait), backoff.WithMaxElapsedTime(0), backoff.WithNotify(failed)) // ends with the context
}

// listenOnce connects and listens until something fails. It never returns nil.
func (r *Reader) listenOnce(ctx context.Context, config *pgx.ConnConfig, wait *backoff.ExponentialBackOff) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect to the read model: %w", err)
	}
	defer closeConn(ctx, conn)
	l := &listener{reader: r, conn: conn}
	_, err = conn.Exec(ctx, "LISTEN read")
	if inRecovery(err) {
		return l.pollStandby(ctx, wait)
	}
	if err != nil {
		return fmt.Errorf("listen to the read model: %w", err)
	}
	l.due = time.NewTicker(r.poll)
	defer l.due.Stop()
	if err := l.poll(ctx); err != nil {
		return err
	}
	// The read model has answered: the next failure is a new one, and is retried soon.
	wait.Reset()
	for {
		if err := l.next(ctx); err != nil {
			return err
		}
	}
}

// inRecovery reports whether a server refuses to listen because it is a standby, on
// which no session can notify.
func inRecovery(err error) bool {
	const readOnlyTransaction = "25006"
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == readOnlyTransaction
}

// closeConn closes a connection of a reader. A reader that ends waits for what a cancelled
// call has left of it, and one that connects again does not.
func closeConn(reader context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(reader), closeTime)
	defer cancel()
	if reader.Err() == nil {
		_ = conn.Close(ctx) // an error changes nothing: the connection is not used again
		return
	}
	pg.Close(ctx, conn)
}

// listener is one connection that keeps the watermark.
type listener struct {
	reader     *Reader
	conn       *pgx.Conn
	due        *time.Ticker // of the next poll, however many notifications come
	generation string       // the one that answers
}

// errPromoted ends the polling of a standby that can be listened to from now on.
var errPromoted = errors.New("the standby of the read model was promoted")

// pollStandby reads the position of a standby again and again, until the server is
// promoted.
func (l *listener) pollStandby(ctx context.Context, wait *backoff.ExponentialBackOff) error {
	l.reader.log.InfoContext(ctx, "the read model is on a standby, polling its position", "every", pollStandbyEvery)
	tick := time.NewTicker(pollStandbyEvery)
	defer tick.Stop()
	for standby := true; standby; {
		if err := l.poll(ctx); err != nil {
			return err
		}
		if err := l.conn.QueryRow(ctx, `SELECT pg_is_in_recovery()`).Scan(&standby); err != nil {
			return fmt.Errorf("ask whether the read model is on a standby: %w", err)
		}
		wait.Reset()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errPromoted
}

// next waits for one notification, and polls when the next poll is due.
func (l *listener) next(ctx context.Context) error {
	select {
	case <-l.due.C:
		return l.poll(ctx)
	default:
	}
	// A time-out of this wait is not a failure, unless pgx closed the connection for it.
	waiting, cancel := context.WithTimeout(ctx, l.reader.poll)
	defer cancel()
	note, err := l.conn.WaitForNotification(waiting)
	if waiting.Err() != nil && ctx.Err() == nil && !l.conn.IsClosed() {
		return l.poll(ctx)
	}
	if err != nil {
		return fmt.Errorf("wait for the read model: %w", err)
	}
	if l.isOld(note.Payload) {
		return nil
	}
	return l.poll(ctx)
}

// isOld reports whether a notification announces nothing new.
//
// A notification never moves the watermark itself. Any role that may connect can send
// one, and a watermark beyond the read model would pass old rows off as new. So a new
// position is always read from the table.
func (l *listener) isOld(payload string) bool {
	generation, position, _ := strings.Cut(payload, " ")
	at, err := strconv.ParseUint(position, 10, 64)
	return err == nil && generation == l.generation && at <= l.reader.watermark.position()
}

const pollSQL = `SELECT c.version::text, ` + rowPosition + checkpointSQL

// poll sets the watermark to the position of the table, 0 where there is no read
// model. An error of Postgres means that the connection is of no use any more.
func (l *listener) poll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pollTime)
	defer cancel()
	before := l.reader.watermark.position()
	var at uint64
	err := l.conn.QueryRow(ctx, pollSQL).Scan(&l.generation, &at)
	for range flips {
		if !errors.Is(err, pgx.ErrNoRows) {
			break
		}
		err = l.conn.QueryRow(ctx, pollSQL).Scan(&l.generation, &at)
	}
	missing := viewMissing(err) || errors.Is(err, pgx.ErrNoRows)
	l.reader.watermark.missing.Store(missing)
	if missing {
		l.generation = ""
		l.reader.watermark.reset(before, 0)
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the position of the read model: %w", err)
	}
	l.reader.watermark.reset(before, at)
	return nil
}
