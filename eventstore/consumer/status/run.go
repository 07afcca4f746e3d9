package status

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/internal/pg"
)

const (
	writeTime   = 3 * time.Second // bounds one write, and the end of a session
	connectTime = 3 * time.Second // bounds a connect to a Postgres that does not answer
)

// Session is a session of Postgres for the rows of one process: a session of its own for
// each writer would cost more than all that they write. One statement runs at a time. The
// session is opened when it is first needed, and anew after a failure. It is safe for
// concurrent use.
type Session struct {
	dsn  string
	mu   sync.Mutex
	conn *pgx.Conn
}

// NewSession returns a session that is not open yet. The caller ends it with Close.
func NewSession(dsn string) *Session { return &Session{dsn: dsn} }

// Close ends the session; the next use opens another one. It works with an ended context.
func (s *Session) Close(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	pg.Close(ctx, s.conn)
	s.conn = nil
}

// use runs some statements in the session.
func (s *Session) use(ctx context.Context, do func(context.Context, *pgx.Conn) error) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	if s.conn == nil {
		if s.conn, err = connect(ctx, s.dsn); err != nil {
			return err
		}
	}
	if err = do(ctx, s.conn); err != nil {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
		defer cancel()
		_ = s.conn.Close(ending) // the next use has another one, and waits for nothing of this
		s.conn = nil
	}
	return err
}

// Run writes the row at an interval until the context ends. It does not use the session of
// the work, because that may be inside a transaction. pid is the server process of the
// session that does the work; 0: none.
func (w *Writer) Run(ctx context.Context, pid uint32) {
	session := w.Session
	if session == nil {
		session = NewSession(w.DSN)
		defer session.Close(ctx)
	}
	tick := time.NewTicker(w.Intervals.Write)
	defer tick.Stop()
	for {
		w.report(ctx, session.use(ctx, func(ctx context.Context, conn *pgx.Conn) error { return w.write(ctx, conn, pid) }))
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// write writes the row once.
func (w *Writer) write(ctx context.Context, conn *pgx.Conn, pid uint32) error {
	if pid != 0 && w.Clock().Sub(w.Beaten()) > w.Intervals.LongStep {
		if err := w.ping(ctx, conn, pid); err != nil {
			return err
		}
	}
	if _, err := conn.Exec(ctx, upsertSQL, w.row(uuid.Nil, false)...); err != nil {
		return fmt.Errorf("write the status of %s: %w", w.Consumer, err)
	}
	return nil
}

// ping counts a long statement as a heartbeat while the server executes it: an index
// over millions of rows takes minutes. A statement that waits for a lock or for its
// client does not count.
func (w *Writer) ping(ctx context.Context, conn *pgx.Conn, pid uint32) error {
	var busy bool
	err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND state = 'active'
		AND (wait_event_type IS NULL OR wait_event_type IN ('IO', 'LWLock', 'IPC', 'BufferPin')))`, int64(pid)).Scan(&busy)
	if err != nil {
		return fmt.Errorf("ask what the session of %s does: %w", w.Consumer, err)
	}
	if busy {
		w.Beat()
	}
	return nil
}

// connect opens the session of the writes. It does not wait for the disk: a row lost
// in a crash is written again a second later.
func connect(ctx context.Context, dsn string) (*pgx.Conn, error) {
	config, err := pg.ParseConn(dsn, connectTime)
	if err != nil {
		return nil, fmt.Errorf("read the address of Postgres: %w", err)
	}
	pg.Set(config, "application_name", "consumer status")
	pg.Set(config, "synchronous_commit", "off") // the next write repeats it
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	return conn, nil
}

// report logs the first of several failed writes. The work goes on: health reports
// DOWN once the heartbeat is too old.
func (w *Writer) report(ctx context.Context, err error) {
	if err != nil && ctx.Err() != nil && KindOf(err) != TimedOut {
		return
	}
	w.mu.Lock()
	was := w.failing
	w.failing = err != nil
	w.mu.Unlock()
	if err != nil && !was {
		w.Logger.WarnContext(ctx, "consumer status not written", "consumer", w.Consumer, "kind", KindOf(err), "error", err)
	}
}
