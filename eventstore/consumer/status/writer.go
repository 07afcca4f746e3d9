package status

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Options of a Writer. All but Shared and Now must be given.
type Options struct {
	Consumer string // whose row
	Build    string
	DSN      string
	Clock    func() time.Time
	Logger   *slog.Logger
	// Shared lets several processes write one row, where no lease makes one of them
	// the only one.
	Shared bool
	// Now is what the row says of the place; nil: it has none. It must not wait.
	Now func() Place
}

// Place is how far a consumer is. Positions are as the world sees them.
type Place struct {
	Position, Head uint64    // a head of 0 is not read yet
	Oldest         time.Time // when the oldest fact was recorded that is being applied; zero: none
}

// Writer writes the row of a consumer about once a second. The heartbeat is that
// of the loop that does the work and calls Beat: when the loop hangs, the row goes
// on saying when it last did not.
type Writer struct {
	Options

	holder uuid.UUID

	mu      sync.Mutex
	beat    time.Time
	moved   bool // something was applied: there is no fault any more
	failing bool // the last write failed, which was told
}

// NewWriter makes a writer that does nothing until Claim or Run.
func NewWriter(options Options) *Writer {
	return &Writer{Options: options, holder: uuid.New(), beat: options.Clock()}
}

// Beat says that the loop is at work. It is safe to call at any time.
func (w *Writer) Beat() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.beat = w.Clock()
}

// Beaten is when Beat was last called.
func (w *Writer) Beaten() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.beat
}

// Moved says that something was applied, which ends every fault.
func (w *Writer) Moved() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moved = true
}

// Claim makes the row this writer's, in the session that holds the lease: whoever
// wrote it before writes no more. A fault stays until something is applied.
func (w *Writer) Claim(ctx context.Context, conn *pgx.Conn, store uuid.UUID) error {
	w.mu.Lock()
	w.holder, w.moved, w.beat = uuid.New(), false, w.Clock()
	w.mu.Unlock()
	_, err := conn.Exec(ctx, upsertSQL, w.row(store, true)...)
	if err != nil {
		return fmt.Errorf("claim the status row of %s: %w", w.Consumer, err)
	}
	return nil
}

const upsertSQL = `INSERT INTO consumer.status AS s (consumer, holder, build, store_id, position, head, oldest, heartbeat)
	VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp() - make_interval(secs => $8))
	ON CONFLICT (consumer) DO UPDATE SET holder = excluded.holder, build = excluded.build,
		store_id = coalesce(excluded.store_id, s.store_id), position = excluded.position,
		head = coalesce(excluded.head, s.head), oldest = excluded.oldest,
		heartbeat = CASE WHEN $10 THEN greatest(s.heartbeat, excluded.heartbeat) ELSE excluded.heartbeat END,
		fault_category = CASE WHEN $9 THEN NULL ELSE s.fault_category END,
		fault_event = CASE WHEN $9 THEN NULL ELSE s.fault_event END,
		fault_type = CASE WHEN $9 THEN NULL ELSE s.fault_type END,
		fault_position = CASE WHEN $9 THEN NULL ELSE s.fault_position END,
		fault_since = CASE WHEN $9 THEN NULL ELSE s.fault_since END
	WHERE $10 OR $11 OR s.holder = excluded.holder`

// row are the arguments of upsertSQL.
func (w *Writer) row(store uuid.UUID, claim bool) []any {
	var (
		position, head *uint64
		oldest         *time.Time
		id             *uuid.UUID
	)
	// Whether it moved is read before where it is: a fault ends only with the place
	// that ended it.
	w.mu.Lock()
	holder, moved, beat := w.holder, w.moved, w.beat
	w.mu.Unlock()
	if w.Now != nil {
		now := w.Now()
		position = &now.Position
		if now.Head > 0 {
			head = &now.Head
		}
		if !now.Oldest.IsZero() {
			oldest = &now.Oldest
		}
	}
	if store != uuid.Nil {
		id = &store
	}
	age := max(0, w.Clock().Sub(beat)).Seconds()
	return []any{w.Consumer, holder, w.Build, id, position, head, oldest, age, moved, w.Shared, claim}
}

// Fail writes a fault, unless it is one that is not kept. The time since when is
// that of the first of the same. It returns soon, whatever the context says.
func (w *Writer) Fail(ctx context.Context, fault Fault) {
	if fault.Category == Away || fault.Category == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	conn, err := w.connect(ctx)
	if err == nil {
		defer conn.Close(ctx)
		w.mu.Lock()
		holder := w.holder
		w.mu.Unlock()
		_, err = conn.Exec(ctx, `UPDATE consumer.status SET fault_category = $3, fault_event = $4, fault_type = nullif($5, ''), fault_position = $6,
			fault_since = CASE WHEN fault_category = $3 AND fault_event IS NOT DISTINCT FROM $4 AND fault_position = $6
				THEN fault_since ELSE clock_timestamp() END
			WHERE consumer = $1 AND holder = $2`,
			w.Consumer, holder, string(fault.Category), idOrNull(fault.EventID), fault.Type, fault.Position)
	}
	w.report(ctx, err)
}

func idOrNull(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}
