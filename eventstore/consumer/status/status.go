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
	// EventID and Type are of the event at fault. They are zero when no event is, or
	// when only its batch is known.
	EventID uuid.UUID
	Type    string
	// Position is that of the event, or the end of its batch; 0: none.
	Position uint64
	// Since is when the same fault was first stored, by the clock of Postgres.
	Since time.Time
}

// Status is the row of a consumer. Positions are public ones, see eventstore.Position.
type Status struct {
	Consumer string
	Build    string
	// Store is the id of the log; zero: not known.
	Store uuid.UUID
	// Position is the public position up to which everything is applied; nil: the
	// consumer has none. Head is the last fact as the consumer last read it; nil: not
	// read yet.
	Position, Head *uint64
	// Oldest is when the oldest fact in work was recorded; zero: none is in work.
	Oldest time.Time
	// Heartbeat is when the consumer's loop last worked, and Age how long ago that was.
	// Both are by the clock of Postgres.
	Heartbeat time.Time
	Age       time.Duration
	// Fault is why the consumer applies nothing; nil: no fault that is stored.
	Fault *Fault
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
