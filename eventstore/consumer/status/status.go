package status

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Fault is why a consumer does not move.
type Fault struct {
	Category Category
	EventID  uuid.UUID // zero when no event is to blame, or it is not known which
	Type     string
	Position uint64 // 0: of none
	Since    time.Time
}

// Status is the row of a consumer. Positions are as the world sees them.
type Status struct {
	Consumer  string
	Build     string
	Store     uuid.UUID     // zero: not known
	Position  *uint64       // nil: it has none
	Head      *uint64       // the last fact of ours as the consumer read it last; nil: not yet
	Oldest    time.Time     // when the oldest fact was recorded that is being applied; zero: none
	Heartbeat time.Time     // by the clock of Postgres
	Age       time.Duration // of the heartbeat, by the same clock
	Fault     *Fault        // nil: none
}

// ErrNone says that a consumer has no row: it has never run, or the schema is not
// there.
var ErrNone = errors.New("the consumer has no row in consumer.status")

// Rows is a connection or a pool.
type Rows interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// ReadAll is every row, by the consumer's name.
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
