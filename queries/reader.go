package queries

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"nonassociations/domain"
	"nonassociations/internal/pg"
)

// The errors of a Reader, for errors.Is, beside ErrOnePrisoner. All four are temporary:
// the same request may succeed later. Every read may return ErrAway.
var (
	ErrNotCaughtUp    = errors.New("the read model has not caught up with the log yet")
	ErrBehind         = errors.New("the read model has not reached the position")
	ErrTooManyWaiters = errors.New("too many requests wait for a position")
	ErrAway           = errors.New("the read model does not answer now")
)

// Options of a Reader.
type Options struct {
	Logger   *slog.Logger
	MaxConns int32 // of the pool; when 0 it is 8, or more on a large machine
	// Poll is how often the position is read although no notification came; 1 s when 0.
	Poll time.Duration
	// WaitTime is how long a read waits for the position that it must reflect; the
	// constant WaitTime when 0.
	WaitTime time.Duration
}

// minConns is the default of pgxpool on a machine with eight processors. With fewer
// connections a few long pages of staff would make every list wait.
const minConns = 8

// Reader reads the read model. It is safe for concurrent use. Open makes one.
type Reader struct {
	pool      *pgxpool.Pool
	lists     *lists
	log       *slog.Logger
	poll      time.Duration
	waitTime  time.Duration
	watermark watermark
	stop      context.CancelFunc
	running   sync.WaitGroup
}

// Open returns a Reader of the read model at dsn. It does not wait for Postgres, and the
// Reader recovers from outages by itself. The only errors are those of dsn. The caller
// must call Close.
func Open(ctx context.Context, dsn string, options Options) (*Reader, error) {
	config, err := pg.ParsePool(dsn, minConns, connectTime)
	if err != nil {
		return nil, fmt.Errorf("read the address of the read model: %w", err)
	}
	pg.ReadOnly(config.ConnConfig)
	pg.Set(config.ConnConfig, "application_name", "queries")
	// A batch is one transaction, which then reads from one snapshot.
	pg.Set(config.ConnConfig, "default_transaction_isolation", "repeatable read")
	pg.PreferIndexes(config.ConnConfig) // records and lists are found by a key
	if options.MaxConns > 0 {
		pg.Resize(config, options.MaxConns)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the read model: %w", err)
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &Reader{pool: pool, log: options.Logger, stop: stop}
	r.poll, r.waitTime = cmp.Or(options.Poll, defaultPoll), cmp.Or(options.WaitTime, WaitTime)
	r.lists = newLists(pool, running.Done())
	for range listWorkers {
		r.running.Go(func() { r.lists.run(running) })
	}
	r.running.Go(func() { r.listen(running, config.ConnConfig.Copy()) })
	return r, nil
}

// Close waits for the reads in flight and closes all connections. Later reads fail.
func (r *Reader) Close() {
	r.stop()
	r.running.Wait()
	r.pool.Close()
}

// Ping returns nil if Postgres answers.
func (r *Reader) Ping(ctx context.Context) error { return r.pool.Ping(ctx) }

// Position returns the watermark: a position up to which the read model holds all of
// our events. It is a lower bound, and 0 while it is unknown.
func (r *Reader) Position() uint64 { return r.watermark.position() }

// Advance raises the watermark to a position that a projector in this process has
// committed, without the detour by way of Postgres.
func (r *Reader) Advance(position uint64) { r.watermark.advance(position) }

// Wanted returns a channel that is closed as soon as a request of this process waits for a
// position, also when one waits already. A projector of the process then hurries.
func (r *Reader) Wanted() <-chan struct{} { return r.watermark.wanted() }

// List is the answer to GET /non-associations/{prisonerNumber}.
type List struct {
	Document []byte // the whole JSON body
	Position uint64 // the document reflects exactly this
	// Survivor is the number to ask for instead. It is set only when this number is
	// removed and its list is empty.
	Survivor domain.PrisonerNumber
}

// emptyListSQL reads merges and list in one snapshot. Taking a merge back brings the
// records first: an empty list from before it and no merge from after it would
// together hide them.
const emptyListSQL = `SELECT at.position, w.number, (SELECT document FROM read.prisoner WHERE prisoner_number = $2)
	FROM ` + positionFirst + ` CROSS JOIN ` + endSQL

// List reads the document of one prisoner. A number that was never seen has an empty
// list. For an empty list the merges of the number are read too, which costs a second
// round trip. Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) List(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (List, error) {
	list, err := reaching(ctx, r, atLeast, func(ctx context.Context) (List, uint64, error) {
		list, err := r.list(ctx, number)
		return list, list.Position, err
	})
	if err != nil {
		return List{}, fmt.Errorf("read a list: %w", mapFault(err))
	}
	return list, nil
}

func (r *Reader) list(ctx context.Context, number domain.PrisonerNumber) (List, error) {
	found := r.lists.fetch(ctx, number)
	if found.err != nil {
		return List{}, found.err
	}
	if !isEmpty(found.document) {
		return List{Document: found.document, Position: found.position}, nil
	}
	return r.emptyList(ctx, number)
}

// emptyList reads the merges of a number, and its list again.
func (r *Reader) emptyList(ctx context.Context, number domain.PrisonerNumber) (List, error) {
	var (
		at   *uint64
		end  domain.PrisonerNumber
		list List
	)
	err := r.pool.QueryRow(ctx, emptyListSQL, []string{string(number)}, string(number)).Scan(&at, &end, &list.Document)
	switch {
	case err != nil:
		return List{}, err
	case at == nil:
		return List{}, errNoRow
	}
	list.Position = *at
	if isEmpty(list.Document) {
		list.Document = []byte(`{"prisonerNumber":"` + string(number) + noItems)
		if end != number {
			list.Survivor = end
		}
	}
	return list, nil
}

// noItems is the end of a document without items. A document that has an item ends
// differently, whatever its texts are.
const noItems = `","nonAssociations":[]}`

// isEmpty reports whether a document has no items. A missing document has none.
func isEmpty(document []byte) bool {
	return len(document) == 0 || bytes.HasSuffix(document, []byte(noItems))
}

const pairOfSQL = `SELECT pair FROM read.non_association WHERE id = $1`

// PairOf finds the pair whose stream holds a non-association, also a deleted one. It
// returns false when the read model does not have it at a position of at least
// atLeast. Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) PairOf(ctx context.Context, id uuid.UUID, atLeast uint64) (domain.Pair, bool, error) {
	pairs, err := routed(ctx, r, atLeast, domain.ParsePair, pairOfSQL, [16]byte(id))
	if err != nil || len(pairs) == 0 {
		return domain.Pair{}, false, wrapped("find the pair of a non-association", err)
	}
	return pairs[0], true, nil
}

// mapFault turns the error of a missing view into ErrNotCaughtUp, because the views
// appear when the read model has caught up for the first time, and that of a server that
// does not answer into ErrAway.
func mapFault(err error) error {
	switch {
	case viewMissing(err):
		return ErrNotCaughtUp
	case pg.IsAway(err):
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	return err
}

// viewMissing reports whether Postgres knows no such view, schema or column. Views that
// lack a column are of an older build, and the projector of this one replaces them.
func viewMissing(err error) bool {
	const undefinedTable, invalidSchema, undefinedColumn = "42P01", "3F000", "42703"
	var refused *pgconn.PgError
	return errors.As(err, &refused) &&
		(refused.Code == undefinedTable || refused.Code == invalidSchema || refused.Code == undefinedColumn)
}
