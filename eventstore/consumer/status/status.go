package status

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Fault is why a consumer applies nothing.
type Fault struct {
	Category Category
	EventID  uuid.UUID // zero when no event is at fault, or it is not known which
	Type     string
	Position uint64 // of the event, or of the end of its batch; 0: none
	Since    time.Time
}

// Status is the row of a consumer. Positions are public ones, see eventstore.Position.
type Status struct {
	Consumer  string
	Build     string
	Store     uuid.UUID     // zero: not known
	Position  *uint64       // everything up to here is applied; nil: the consumer has none
	Head      *uint64       // the last fact, as the consumer last read it; nil: not read yet
	Oldest    time.Time     // when the oldest fact in work was recorded; zero: none is in work
	Heartbeat time.Time     // by the clock of Postgres
	Age       time.Duration // of the heartbeat, by the same clock
	Fault     *Fault        // nil: none
}

// ErrNone means that a consumer has no row: it has never run, or the schema does not
// exist.
var ErrNone = errors.New("the consumer has no row in consumer.status")

// Rows is what ReadAll needs of a connection or a pool.
type Rows interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// ReadAll returns every row by the name of its consumer. Ages are computed by the
// clock of Postgres, so a reader's clock does not matter. Errors: those of the query.
func ReadAll(ctx context.Context, db Rows) (map[string]Status, error) {
	rows, err := db.Query(ctx, `SELECT consumer, build, coalesce(store_id, '00000000-0000-0000-0000-000000000000'), position, head, oldest, heartbeat,
		extract(epoch FROM clock_timestamp() - heartbeat)::float8,
		coalesce(fault_category, ''), fault_event, coalesce(fault_type, ''), coalesce(fault_position, 0), fault_since
		FROM consumer.status`)
	if err != nil {
		return nil, fmt.Errorf("read the status of the consumers: %w", err)
	}
	all, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, fmt.Errorf("read the status of the consumers: %w", err)
	}
	named := make(map[string]Status, len(all))
	for _, s := range all {
		named[s.Consumer] = s
	}
	return named, nil
}

// scan reads one row. A fault without a category is none.
func scan(row pgx.CollectableRow) (Status, error) {
	var (
		s             Status
		f             Fault
		oldest, since *time.Time
		event         *uuid.UUID
		seconds       float64
	)
	err := row.Scan(&s.Consumer, &s.Build, &s.Store, &s.Position, &s.Head, &oldest, &s.Heartbeat, &seconds,
		&f.Category, &event, &f.Type, &f.Position, &since)
	if oldest != nil {
		s.Oldest = *oldest
	}
	s.Age = time.Duration(seconds * float64(time.Second))
	if f.Category == "" || since == nil {
		return s, err
	}
	f.Since = *since
	if event != nil {
		f.EventID = *event
	}
	s.Fault = &f
	return s, err
}
