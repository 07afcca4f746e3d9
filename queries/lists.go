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
	// Two lanes keep Postgres at work while one of them reads what it has said; more
	// would only make the groups smaller.
	listLanes = 2
	// mostLists is how many lists one statement reads at most.
	mostLists = 64
	// listTime bounds a statement that no caller waits for any more.
	listTime = 10 * time.Second
)

// listsSQL reads many lists and the position of all of them, once.
const listsSQL = `SELECT n.i, (` + positionSQL + `), p.document FROM unnest($1::text[]) WITH ORDINALITY n(number, i)
	LEFT JOIN read.prisoner p ON p.prisoner_number = n.number COLLATE "C"`

// errClosed says that the Reader was closed under a read.
var errClosed = errors.New("the reader of the read model is closed")

// lists reads the lists that callers ask for at the same time in one statement, which
// is one snapshot: while one group is read the next one gathers. Who asks alone never
// waits. It is safe for concurrent use.
type lists struct {
	pool    *pgxpool.Pool
	waiting chan listRequest
	life    <-chan struct{} // closed when no more is read
}

type listRequest struct {
	number string
	answer chan<- listAnswer // takes one without waiting
}

// listAnswer is a document as it is stored, nil when there is none.
type listAnswer struct {
	document []byte
	position uint64
	err      error
}

func newLists(pool *pgxpool.Pool, life <-chan struct{}) *lists {
	return &lists{pool: pool, waiting: make(chan listRequest, mostLists), life: life}
}

// ask waits for one list. Errors: those of Postgres, ErrNotCaughtUp, the context's,
// and errClosed.
func (l *lists) ask(ctx context.Context, number domain.PrisonerNumber) listAnswer {
	answer := make(chan listAnswer, 1)
	select {
	case l.waiting <- listRequest{string(number), answer}:
	case <-ctx.Done():
		return listAnswer{err: ctx.Err()}
	case <-l.life:
		return listAnswer{err: errClosed}
	}
	select {
	case found := <-answer:
		return found
	case <-ctx.Done():
		return listAnswer{err: ctx.Err()}
	case <-l.life:
		return listAnswer{err: errClosed}
	}
}

// run reads group after group until the context ends.
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

// gather takes those who wait already.
func (l *lists) gather(first listRequest) []listRequest {
	group := []listRequest{first}
	for len(group) < mostLists {
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

func (l *lists) query(ctx context.Context, group []listRequest, found []listAnswer) error {
	numbers := make([]string, len(group))
	for i, request := range group {
		numbers[i] = request.number
	}
	rows, err := l.pool.Query(ctx, listsSQL, numbers)
	if err != nil {
		return mapMissingView(err)
	}
	var (
		i        int
		at       *uint64
		document []byte
	)
	_, err = pgx.ForEachRow(rows, []any{&i, &at, &document}, func() error {
		if at == nil {
			return ErrNotCaughtUp
		}
		found[i-1] = listAnswer{document: document, position: *at}
		return nil
	})
	return mapMissingView(err)
}
