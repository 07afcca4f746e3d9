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

// The errors of a Reader, for errors.Is, beside ErrOnePrisoner. All three pass: asking again later is
// right.
var (
	ErrNotCaughtUp    = errors.New("the read model has not caught up with the log yet")
	ErrBehind         = errors.New("the read model has not reached the position")
	ErrTooManyWaiters = errors.New("too many requests wait for a position")
)

// Options of a Reader.
type Options struct {
	Logger   *slog.Logger
	MaxConns int32 // of the pool; 8, or more on a large machine, when 0
	// Poll is how often the read model is asked how far it is, whatever it tells by
	// itself. 1 s.
	Poll time.Duration
}

// minConns is what pgxpool would give a machine of eight processors: with fewer, a
// few long pages of staff's would keep every list waiting.
const minConns = 8

// Reader reads the read model. It is safe for concurrent use.
type Reader struct {
	pool      *pgxpool.Pool
	lists     *lists
	log       *slog.Logger
	poll      time.Duration
	watermark watermark
	stop      context.CancelFunc
	running   sync.WaitGroup
}

// Open prepares a Reader of the read model at dsn. It does not wait for
// Postgres, and outlives its outages. Close must be called.
func Open(ctx context.Context, dsn string, options Options) (*Reader, error) {
	config, err := pg.ParsePool(dsn, minConns, connectTime)
	if err != nil {
		return nil, fmt.Errorf("read the address of the read model: %w", err)
	}
	pg.ReadOnly(config.ConnConfig)
	pg.Set(config.ConnConfig, "application_name", "queries")
	// A batch is a transaction: all that it reads is of one snapshot.
	pg.Set(config.ConnConfig, "default_transaction_isolation", "repeatable read")
	// A session keeps its plans, and one that was made for a read model of a dozen
	// rows would read all of it for each answer. (A way that is off counts as so
	// dear that jit would start for it.)
	for _, way := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "jit"} {
		pg.Set(config.ConnConfig, way, "off")
	}
	if options.MaxConns > 0 {
		pg.Resize(config, options.MaxConns)
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the read model: %w", err)
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &Reader{pool: pool, log: options.Logger, poll: cmp.Or(options.Poll, defaultPoll), stop: stop}
	r.lists = newLists(pool, running.Done())
	for range listLanes {
		r.running.Go(func() { r.lists.run(running) })
	}
	r.running.Go(func() { r.listen(running, config.ConnConfig.Copy()) })
	return r, nil
}

// Close ends the Reader when the reads in flight are over.
func (r *Reader) Close() {
	r.stop()
	r.running.Wait()
	r.pool.Close()
}

// Ping tells whether Postgres answers.
func (r *Reader) Ping(ctx context.Context) error { return r.pool.Ping(ctx) }

// Position is the watermark: everything of ours up to here is in the read
// model. It may be more by now. 0 when it is not known.
func (r *Reader) Position() uint64 { return r.watermark.position() }

// Advance tells the Reader of a position that a projector in this process has
// committed, so that nothing waits for Postgres to say it.
func (r *Reader) Advance(position uint64) { r.watermark.advance(position) }

// List is the answer to GET /non-associations/{prisonerNumber}.
type List struct {
	Document []byte // the whole JSON body
	Position uint64 // the document reflects exactly this
	// Survivor is the number to ask for instead: set only when this one is removed
	// and its list is empty.
	Survivor domain.PrisonerNumber
}

// In one moment: a merge that is taken back brings the records first, so that an
// empty list of before and no merge of after would hide them.
const emptyListSQL = routeSQL + `SELECT (` + positionSQL + `), ` + endSQL + `, (SELECT document FROM read.prisoner WHERE prisoner_number = $2)`

// List reads the document of one prisoner; of one never seen it is an empty
// list. One without an item costs a second look, at the merges of the number.
// Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) List(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (List, error) {
	list, err := reaching(ctx, atLeast, func(ctx context.Context) (List, uint64, error) {
		list, err := r.list(ctx, number)
		return list, list.Position, err
	})
	if err != nil {
		return List{}, fmt.Errorf("read a list: %w", mapMissingView(err))
	}
	return list, nil
}

func (r *Reader) list(ctx context.Context, number domain.PrisonerNumber) (List, error) {
	found := r.lists.ask(ctx, number)
	if found.err != nil {
		return List{}, found.err
	}
	if !isEmpty(found.document) {
		return List{Document: found.document, Position: found.position}, nil
	}
	return r.emptyList(ctx, number)
}

// emptyList looks at the merges of a number, and again at its list.
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
		return List{}, ErrNotCaughtUp
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

// noItems is how the document of a list without an item ends; one that has an
// item ends otherwise, whatever its texts say.
const noItems = `","nonAssociations":[]}`

// isEmpty reports whether a document has no item; one that is not there has none.
func isEmpty(document []byte) bool {
	return len(document) == 0 || bytes.HasSuffix(document, []byte(noItems))
}

const pairOfSQL = `SELECT pair FROM read.non_association WHERE id = $1`

// PairOf finds the pair whose stream holds a non-association, also a deleted
// one; false when the read model has not seen it up to a position. Errors:
// ErrNotCaughtUp, ErrBehind.
func (r *Reader) PairOf(ctx context.Context, id uuid.UUID, atLeast uint64) (domain.Pair, bool, error) {
	pairs, err := routed(ctx, r, atLeast, domain.ParsePair, pairOfSQL, [16]byte(id))
	if err != nil || len(pairs) == 0 {
		return domain.Pair{}, false, wrapped("find the pair of a non-association", err)
	}
	return pairs[0], true, nil
}

// mapMissingView turns "there is no such view" into ErrNotCaughtUp: the views
// appear when the read model has caught up for the first time.
func mapMissingView(err error) error {
	if viewMissing(err) {
		return ErrNotCaughtUp
	}
	return err
}

// viewMissing: undefined_table, invalid_schema_name.
func viewMissing(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && (refused.Code == "42P01" || refused.Code == "3F000")
}
