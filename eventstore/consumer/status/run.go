package status

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/internal/pg"
)

const (
	writeTime   = 3 * time.Second // bounds one write, and the end of a session
	connectTime = 3 * time.Second // bounds a connect to a Postgres that does not answer
)

// Run writes the row at an interval until the context ends. It uses a session of its
// own, because that of the work may be inside a transaction. pid is the server
// process of the session that does the work; 0: none.
func (w *Writer) Run(ctx context.Context, pid uint32) {
	var conn *pgx.Conn
	defer func() { closeConn(ctx, conn) }()
	tick := time.NewTicker(w.Intervals.Write)
	defer tick.Stop()
	for {
		err := w.write(ctx, &conn, pid)
		w.report(ctx, err)
		if err != nil {
			closeConn(ctx, conn)
			conn = nil
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// closeConn closes a session, if there is one, also with an ended context.
func closeConn(ctx context.Context, conn *pgx.Conn) {
	if conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	_ = conn.Close(ctx) // the session has ended even if this fails
}

// write writes the row once. It opens the session on first use.
func (w *Writer) write(ctx context.Context, conn **pgx.Conn, pid uint32) error {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	if *conn == nil {
		made, err := w.connect(ctx)
		if err != nil {
			return err
		}
		*conn = made
	}
	if pid != 0 && w.Clock().Sub(w.Beaten()) > w.Intervals.LongStep {
		if err := w.ping(ctx, *conn, pid); err != nil {
			return err
		}
	}
	_, err := (*conn).Exec(ctx, upsertSQL, w.row(uuid.Nil, false)...)
	if err != nil {
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
func (w *Writer) connect(ctx context.Context) (*pgx.Conn, error) {
	config, err := pg.ParseConn(w.DSN, connectTime)
	if err != nil {
		return nil, fmt.Errorf("read the address of Postgres: %w", err)
	}
	pg.Set(config, "application_name", "status of "+w.Consumer)
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
