package queries

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"nonassociations/domain"
)

const (
	// Two workers keep Postgres at work while one of them reads a result. More would
	// only make the groups smaller.
	listWorkers = 2
	// maxLists limits the lists that one statement reads.
	maxLists = 64
	// listTime limits a statement. It has a limit of its own because it runs on when
	// all callers have left.
	listTime = 10 * time.Second
)

// listsSQL reads many lists, and with each row the position that all of them reflect.
const listsSQL = `SELECT n.i, at.position, p.document FROM ` + positionFirst + `
	CROSS JOIN unnest($1::text[]) WITH ORDINALITY n(number, i)
	LEFT JOIN read.prisoner p ON p.prisoner_number = n.number COLLATE "C"`

// errClosed says that the Reader was closed during a read.
var errClosed = errors.New("the reader of the read model is closed")

// lists is a batcher: lists that are requested at the same time are read by one statement,
// which is one snapshot. While one group is read the next one gathers. A single request
// is read at once. It is safe for concurrent use.
type lists struct {
	pool    *pgxpool.Pool
	waiting chan listRequest
	done    <-chan struct{} // closed when the Reader is
}

// listRequest is one caller that waits for a list.
type listRequest struct {
	number string
	answer chan<- listAnswer // buffered: an answer never blocks
}

// listAnswer holds a document as it is stored; nil when there is none.
type listAnswer struct {
	document []byte
	position uint64
	err      error
}

// newLists returns a batcher without workers. done ends the waiting of its callers.
func newLists(pool *pgxpool.Pool, done <-chan struct{}) *lists {
	return &lists{pool: pool, waiting: make(chan listRequest, maxLists), done: done}
}

// fetch requests one list and waits for it. A caller that leaves takes nothing from the
// others of its group. Errors: those of Postgres, ErrNotCaughtUp, the context's, and
// errClosed.
func (l *lists) fetch(ctx context.Context, number domain.PrisonerNumber) listAnswer {
	// The buffer lets a worker answer a caller that has left.
	answer := make(chan listAnswer, 1)
	select {
	case l.waiting <- listRequest{string(number), answer}:
	case <-ctx.Done():
		return listAnswer{err: ctx.Err()}
	case <-l.done:
		return listAnswer{err: errClosed}
	}
	select {
	case found := <-answer:
		return found
	case <-ctx.Done():
		return listAnswer{err: ctx.Err()}
	case <-l.done:
		return listAnswer{err: errClosed}
	}
}

// run is one worker: it reads group after group until the context ends.
func (l *lists) run(ctx context.Context) {
	for {
		select {
		case first := <-l.waiting:
			l.read(ctx, l.gather(first))
		case <-ctx.Done():
			return
		}
	}
}

// gather adds the requests that are waiting already, and waits for no further ones.
func (l *lists) gather(first listRequest) []listRequest {
	group := []listRequest{first}
	for len(group) < maxLists {
		select {
		case next := <-l.waiting:
			group = append(group, next)
		default:
			return group
		}
	}
	return group
}

// read answers every request of a group.
func (l *lists) read(ctx context.Context, group []listRequest) {
	ctx, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	found := make([]listAnswer, len(group))
	err := l.query(ctx, group, found)
	for i, request := range group {
		if err != nil {
			found[i] = listAnswer{err: err}
		}
		request.answer <- found[i]
	}
}

// query fills in found, in the order of group.
func (l *lists) query(ctx context.Context, group []listRequest, found []listAnswer) error {
	numbers := make([]string, len(group))
	for i, request := range group {
		numbers[i] = request.number
	}
	// The position comes with every row, as NULL where there is no checkpoint: that is a
	// read model between the drop and the rebuild.
	rows, err := l.pool.Query(ctx, listsSQL, numbers)
	if err != nil {
		return mapFault(err)
	}
	var (
		i        int
		at       *uint64
		document []byte
	)
	_, err = pgx.ForEachRow(rows, []any{&i, &at, &document}, func() error {
		if at == nil {
			return errNoRow
		}
		found[i-1] = listAnswer{document: document, position: *at}
		return nil
	})
	return mapFault(err)
}
