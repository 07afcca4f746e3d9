package status

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Options of a Writer. All but Session, Shared, Now and Intervals must be given.
type Options struct {
	Consumer string // the key of the row
	Build    string
	DSN      string
	// Session replaces the DSN of a shared row. Its maker closes it after the last Run;
	// nil: each Run has one of its own.
	Session *Session
	Clock   func() time.Time
	Logger  *slog.Logger
	// Shared lets several processes write one row: those of a consumer without a
	// lease.
	Shared bool
	// Now returns the progress to write; nil: the row has none. It must not block.
	Now       func() Place
	Intervals Intervals
}

// Intervals are the times of a Writer. A zero field has its default.
type Intervals struct {
	// Write is how often the row is written: 1 s.
	Write time.Duration
	// LongStep is the age of a heartbeat after which Postgres is asked whether it is
	// still executing the loop's statement: 3 s.
	LongStep time.Duration
}

// Place is the progress of a consumer, in public positions.
type Place struct {
	Position, Head uint64    // a head of 0 is not read yet
	Oldest         time.Time // when the oldest fact in work was recorded; zero: none is in work
}

// Writer writes the row of a consumer at an interval. The heartbeat in the row is
// that of the loop which does the work and calls Beat: when the loop hangs, the row
// is still written and its heartbeat grows old. It is safe for concurrent use.
type Writer struct {
	Options

	holder uuid.UUID

	mu      sync.Mutex
	beat    time.Time
	moved   bool     // something was applied since Claim, which ends every fault
	fault   Category // of a shared row, as of the last Report
	failing bool     // the last write failed, and that was logged
}

// NewWriter makes a writer that does nothing until Claim or Run.
func NewWriter(options Options) *Writer {
	options.Intervals.Write = cmp.Or(options.Intervals.Write, time.Second)
	options.Intervals.LongStep = cmp.Or(options.Intervals.LongStep, 3*time.Second)
	return &Writer{Options: options, holder: uuid.New(), beat: options.Clock()}
}

// Beat records that the loop is at work.
func (w *Writer) Beat() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.beat = w.Clock()
}

// Report is Beat for the loop of a shared row, which stores with its heartbeat why it does
// nothing, "" for no fault. Of several loops the one that wrote last counts.
func (w *Writer) Report(fault Category) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.beat, w.fault = w.Clock(), fault
}

// Beaten returns when Beat was last called, or when the writer was made.
func (w *Writer) Beaten() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.beat
}

// Moved records that something was applied. The next write removes the fault.
func (w *Writer) Moved() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moved = true
}

// Claim makes this writer the holder of the row, in the session that holds the
// lease; writes of a former holder match no row from then on. store is the id of the
// log; the zero id keeps the stored one. A fault stays until something is applied.
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

// upsertSQL inserts the row or updates it, the latter only for its holder ($10 is
// Shared, $11 a claim). $9 removes the fault. Of several writers of a shared row the
// latest heartbeat and the fault of the last writer ($12) count.
const upsertSQL = `INSERT INTO consumer.status AS s (consumer, holder, build, store_id, position, head, oldest, heartbeat, fault_category, fault_since)
	VALUES ($1, $2, $3, $4, $5, $6, $7, clock_timestamp() - make_interval(secs => $8), $12, CASE WHEN $12::text IS NOT NULL THEN clock_timestamp() END)
	ON CONFLICT (consumer) DO UPDATE SET holder = excluded.holder, build = excluded.build,
		store_id = coalesce(excluded.store_id, s.store_id), position = excluded.position,
		head = coalesce(excluded.head, s.head), oldest = excluded.oldest,
		heartbeat = CASE WHEN $10 THEN greatest(s.heartbeat, excluded.heartbeat) ELSE excluded.heartbeat END,
		fault_category = CASE WHEN $10 THEN excluded.fault_category WHEN $9 THEN NULL ELSE s.fault_category END,
		fault_event = CASE WHEN $9 THEN NULL ELSE s.fault_event END,
		fault_type = CASE WHEN $9 THEN NULL ELSE s.fault_type END,
		fault_position = CASE WHEN $9 THEN NULL ELSE s.fault_position END,
		fault_since = CASE WHEN $10 AND s.fault_category IS DISTINCT FROM excluded.fault_category THEN excluded.fault_since
			WHEN $9 AND NOT $10 THEN NULL ELSE s.fault_since END
	WHERE $10 OR $11 OR s.holder = excluded.holder`

// row are the arguments of upsertSQL.
func (w *Writer) row(store uuid.UUID, claim bool) []any {
	var (
		position, head *uint64
		oldest         *time.Time
		id             *uuid.UUID
	)
	// moved is read before the position: the write that removes a fault must carry
	// the position that was reached with it.
	w.mu.Lock()
	holder, moved, beat := w.holder, w.moved, w.beat
	var fault *string
	if w.Shared && w.fault != "" {
		fault = new(string(w.fault))
	}
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
	return []any{w.Consumer, holder, w.Build, id, position, head, oldest, age, moved, w.Shared, claim, fault}
}

// Fail stores a fault in the row of a consumer with a lease. It stores no category but
// those of an event: an outage is shown while it lasts. Repeats of one fault keep the time of the first. It
// works with an ended context too, and takes at most a few seconds.
func (w *Writer) Fail(ctx context.Context, fault Fault) {
	switch fault.Category {
	case "", Away, Category(NOMISDenied), Category(NOMISRestored):
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	conn, err := connect(ctx, w.DSN)
	if err == nil {
		defer conn.Close(ctx)
		before, holder := w.fence()
		_, err = conn.Exec(ctx, `UPDATE consumer.status SET holder = $7, fault_category = $3, fault_event = $4, fault_type = nullif($5, ''), fault_position = $6,
			fault_since = CASE WHEN fault_category = $3 AND fault_event IS NOT DISTINCT FROM $4 AND fault_position = $6
				THEN fault_since ELSE clock_timestamp() END
			WHERE consumer = $1 AND holder = $2`,
			w.Consumer, before, string(fault.Category), idOrNull(fault.EventID), fault.Type, fault.Position, holder)
	}
	w.report(ctx, err)
}

// fence makes this writer a new holder and returns both. A write that is under way, which
// may say that something was applied before the fault, matches no row after it.
func (w *Writer) fence() (before, holder uuid.UUID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before = w.holder
	w.holder, w.moved = uuid.New(), false
	return before, w.holder
}

// idOrNull returns nil, which becomes NULL, for the zero id.
func idOrNull(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}
