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
)

const (
	// defaultPoll is the safety net below LISTEN.
	defaultPoll = time.Second
	pollTime    = 5 * time.Second
	// pollStandbyEvery is how late a request may learn that a standby has reached
	// its position.
	pollStandbyEvery = 50 * time.Millisecond
	connectTime      = 5 * time.Second
)

// listen keeps the watermark by one connection until the context ends.
func (r *Reader) listen(ctx context.Context, config *pgx.ConnConfig) {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval, wait.Multiplier = 50*time.Millisecond, 2*time.Second, 2
	wait.Reset()
	for {
		err := r.listenOnce(ctx, config, wait)
		if ctx.Err() != nil {
			return
		}
		// Postgres may come back from a crash without its last commits, whose
		// rows then come again: until it has said so, nothing is known.
		r.watermark.reset(r.watermark.position(), 0)
		r.log.WarnContext(ctx, "position of the read model unknown, listening again", "error", err)
		timer := time.NewTimer(wait.NextBackOff())
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

func (r *Reader) listenOnce(ctx context.Context, config *pgx.ConnConfig, wait *backoff.ExponentialBackOff) error {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect to the read model: %w", err)
	}
	defer closeConn(conn)
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
	wait.Reset()
	for {
		if err := l.next(ctx); err != nil {
			return err
		}
	}
}

// inRecovery reports whether a server refuses to listen because it is a standby,
// where nobody can notify.
func inRecovery(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == "25006" // read_only_sql_transaction
}

// pollStandby asks again and again how far a standby is, until it is one no more.
func (l *listener) pollStandby(ctx context.Context, wait *backoff.ExponentialBackOff) error {
	l.reader.log.InfoContext(ctx, "the read model is on a standby, which is asked again and again", "every", pollStandbyEvery)
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

// errPromoted says that a standby can be listened to now.
var errPromoted = errors.New("the standby of the read model was promoted")

type listener struct {
	reader  *Reader
	conn    *pgx.Conn
	due     *time.Ticker // of the next poll, however many notifications come
	version string       // that answers; notifications of others say nothing here
}

// next takes one notification, or polls when it is time to.
func (l *listener) next(ctx context.Context) error {
	select {
	case <-l.due.C:
		return l.poll(ctx)
	default:
	}
	waiting, cancel := context.WithTimeout(ctx, l.reader.poll)
	defer cancel()
	note, err := l.conn.WaitForNotification(waiting)
	if waiting.Err() != nil && ctx.Err() == nil && !l.conn.IsClosed() {
		return l.poll(ctx)
	}
	if err != nil {
		return fmt.Errorf("wait for the read model: %w", err)
	}
	if l.known(note.Payload) {
		return nil
	}
	return l.poll(ctx)
}

// known reports whether a notification says nothing new. It is never believed
// when it does, because anybody who may connect can send one: a watermark beyond
// the read model would pass old rows off as new. How far the rows are only their
// table says.
func (l *listener) known(payload string) bool {
	version, position, _ := strings.Cut(payload, " ")
	at, err := strconv.ParseUint(position, 10, 64)
	return err == nil && version == l.version && at <= l.reader.watermark.position()
}

const pollSQL = `SELECT c.version::text, ` + rowPosition + ` FROM read.checkpoint c`

func (l *listener) poll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pollTime)
	defer cancel()
	was := l.reader.watermark.position()
	var at uint64
	err := l.conn.QueryRow(ctx, pollSQL).Scan(&l.version, &at)
	missing := viewMissing(err) || errors.Is(err, pgx.ErrNoRows)
	l.reader.watermark.missing.Store(missing)
	if missing {
		l.version = ""
		l.reader.watermark.reset(was, 0)
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the position of the read model: %w", err)
	}
	l.reader.watermark.reset(was, at)
	return nil
}

func closeConn(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), connectTime) //nolint:forbidigo // the reader's own context has ended
	defer cancel()
	_ = conn.Close(ctx) // whatever it says, the connection is over
}
