package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
	"nonassociations/internal/pg/lease"
)

// ErrLocksLost means that the session which held the locks is gone, and all its locks
// with it. Another process may hold them by now.
var ErrLocksLost = errors.New("the session of the pairs' locks is lost")

const (
	// lockTime bounds one statement. A session that does not answer counts as lost.
	lockTime = 3 * time.Second
	// heartbeat is how often an idle session is asked whether it is there.
	heartbeat = time.Second
)

// PairLocks are locks on pairs that this process holds, one for each turn. They are
// advisory locks of one session of Postgres, and end with it, however that ends. It is
// safe for concurrent use. Close must be called.
type PairLocks struct {
	mu   sync.Mutex
	conn *pgx.Conn
	held map[domain.Pair]bool // Postgres would give a session its own lock again

	lost    chan struct{}
	loss    sync.Once
	stop    context.CancelFunc
	beating sync.WaitGroup
}

// OpenPairLocks opens a session of its own for locks. After it is lost a new one is
// opened. Errors: those of a bad address and of the connect.
func OpenPairLocks(ctx context.Context, dsn string) (*PairLocks, error) {
	return openPairLocks(ctx, dsn, heartbeat)
}

// openPairLocks is OpenPairLocks with another heartbeat, for tests.
func openPairLocks(ctx context.Context, dsn string, every time.Duration) (*PairLocks, error) {
	conn, err := lease.Connect(ctx, dsn, "nonassociations nomis pairs")
	if err != nil {
		return nil, fmt.Errorf("open the session of the pairs' locks: %w", err)
	}
	beating, stop := context.WithCancel(context.WithoutCancel(ctx))
	l := &PairLocks{conn: conn, held: map[domain.Pair]bool{}, lost: make(chan struct{}), stop: stop}
	l.beating.Go(func() { l.beat(beating, every) })
	return l, nil
}

// Lost is closed when the session is found to be lost, at the latest 4 s after a break.
func (l *PairLocks) Lost() <-chan struct{} { return l.lost }

// WithLocks returns a context that ends with [ErrLocksLost] as its cause when the
// session is lost. A write that has not begun by then must not begin.
func (l *PairLocks) WithLocks(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	var waiting sync.WaitGroup
	waiting.Go(func() {
		select {
		case <-l.lost:
			cancel(ErrLocksLost)
		case <-ctx.Done():
		}
	})
	return ctx, func() { cancel(context.Canceled); waiting.Wait() }
}

// TryLock takes the lock of a pair, and reports whether it did. It does not wait: false
// means that another turn has it, here or in another process. Errors: ErrLocksLost.
func (l *PairLocks) TryLock(ctx context.Context, pair domain.Pair) (bool, error) {
	locked, err := l.tryAll(ctx, []domain.Pair{pair})
	return len(locked) > 0, err
}

// Unlock gives the lock of a pair back. It does nothing when the lock is not held here,
// or when the session is lost.
func (l *PairLocks) Unlock(ctx context.Context, pair domain.Pair) {
	l.unlockAll(ctx, []domain.Pair{pair})
}

// Confirm asks the session whether it is there, and with it all locks. A turn asks
// before each write: Lost is closed a moment after a break. Errors: ErrLocksLost.
func (l *PairLocks) Confirm(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.run(ctx, l.conn.Ping)
}

// lockKey is the key of a pair's lock, of the name of its stream. The prefix keeps the
// keys apart from those of leases.
const lockKey = `hashtextextended('nomis ' || stream, 0)`

// tryAll takes the locks of the pairs that are free, and returns these.
func (l *PairLocks) tryAll(ctx context.Context, pairs []domain.Pair) ([]domain.Pair, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var asked []domain.Pair
	for _, pair := range pairs {
		if !l.held[pair] {
			asked = append(asked, pair)
		}
	}
	var places []int
	err := l.run(ctx, func(ctx context.Context) error {
		rows, err := l.conn.Query(ctx, `SELECT place FROM unnest($1::text[]) WITH ORDINALITY AS every(stream, place)
			WHERE pg_try_advisory_lock(`+lockKey+`)`, streams(asked))
		if err != nil {
			return err
		}
		places, err = pgx.CollectRows(rows, pgx.RowTo[int])
		return err
	})
	if err != nil {
		return nil, err
	}
	locked := make([]domain.Pair, len(places))
	for i, place := range places {
		locked[i] = asked[place-1]
		l.held[locked[i]] = true
	}
	return locked, nil
}

// unlockAll gives locks back that are held here.
func (l *PairLocks) unlockAll(ctx context.Context, pairs []domain.Pair) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var given []domain.Pair
	for _, pair := range pairs {
		if l.held[pair] {
			delete(l.held, pair)
			given = append(given, pair)
		}
	}
	if len(given) == 0 {
		return
	}
	_ = l.run(ctx, func(ctx context.Context) error { // a lost session holds no lock
		_, err := l.conn.Exec(ctx, `SELECT pg_advisory_unlock(`+lockKey+`) FROM unnest($1::text[]) stream`, streams(given))
		return err
	})
}

// run runs a statement in the session. The caller's context does not end it: a
// statement that is cut off breaks the session, and with it the locks of all turns.
func (l *PairLocks) run(ctx context.Context, do func(context.Context) error) error {
	select {
	case <-l.lost:
		return ErrLocksLost
	default:
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lockTime)
	defer cancel()
	if err := do(ctx); err != nil {
		l.loss.Do(func() { close(l.lost) })
		lease.Close(l.conn)
		return fmt.Errorf("%w: %w", ErrLocksLost, err)
	}
	return nil
}

// beat asks an idle session whether it is there, until the context ends or it is lost.
func (l *PairLocks) beat(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.lost:
			return
		case <-tick.C:
		}
		_ = l.Confirm(ctx) // it closes Lost
	}
}

// Close ends the session, and with it all locks. Lost is then closed.
func (l *PairLocks) Close() {
	l.stop()
	l.beating.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loss.Do(func() { close(l.lost) })
	lease.Close(l.conn)
}

// streams returns the names of the pairs' streams.
func streams(pairs []domain.Pair) []string {
	all := make([]string, len(pairs))
	for i, pair := range pairs {
		all[i] = pair.Stream()
	}
	return all
}
