package queries

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// Delivery says of one record whether NOMIS has it as it is.
type Delivery struct {
	NonAssociationID uuid.UUID
	Pair             domain.Pair
	Deleted          bool
	EffectiveDay     string     // 2026-07-05
	TypeSequence     *int       // by which NOMIS knows it; nil: by none
	DiffersSince     *time.Time // nil: what NOMIS is known to have is the record, or for a deleted one nothing
	DeliveredAt      *time.Time // when NOMIS was last known to have it; nil: never
	Revision         *uint64    // that it had then, of the pair's stream
	Shortened        bool       // NOMIS cannot hold the whole of a text
}

// IsHeld reports whether the record is not yet to be written on a day, because it takes
// effect only later. NOMIS accepts no date to come.
func (d Delivery) IsHeld(today string) bool {
	return d.DiffersSince != nil && !d.Deleted && d.EffectiveDay > today
}

// Deliveries are the deliveries of one answer, which reflects exactly the position.
type Deliveries struct {
	Deliveries []Delivery
	Position   uint64
}

const (
	deliverySQL = `SELECT pair, deleted, left(when_created, 10), type_sequence, differs_since, delivered_at, delivered_revision, shortened
		FROM read.non_association WHERE id = $1`

	// Pending is what differs and is not held. $1 is tomorrow's beginning: a record of
	// an earlier date is not held today.
	pendingSQL = ` FROM read.non_association WHERE differs_since IS NOT NULL AND (deleted OR when_created < $1)`

	pendingPairsSQL = `SELECT DISTINCT pair` + pendingSQL + ` AND differs_since < $2 AND pair > $3
		AND ($5::timestamptz IS NULL OR floor(extract(epoch FROM $2 - differs_since) / $6) > floor(extract(epoch FROM $5 - differs_since) / $6))
		ORDER BY pair LIMIT $4`
	oldestPendingSQL = `SELECT min(differs_since)` + pendingSQL

	// This reads all rows. It is asked once a day, and an index on either date would
	// cost every write.
	pairsOnDaysSQL = `SELECT DISTINCT pair FROM read.non_association WHERE NOT deleted
		AND (when_created >= $1 AND when_created < $2 OR expires >= $1 AND expires < $2) ORDER BY pair`
)

// Delivery reads the delivery of a record, deleted or not. The answer holds none for an
// id that was never seen. Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) Delivery(ctx context.Context, id uuid.UUID, atLeast uint64) (Deliveries, error) {
	found, err := reaching(ctx, r, atLeast, func(ctx context.Context) (found Deliveries, position uint64, err error) {
		found.Position, err = r.snapshot(ctx, func(rows pgx.Rows) (err error) {
			found.Deliveries, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Delivery, error) { return scanDelivery(row, id) })
			return err
		}, deliverySQL, [16]byte(id))
		return found, found.Position, err
	})
	return found, wrapped("read the delivery of a non-association", err)
}

func scanDelivery(row pgx.CollectableRow, id uuid.UUID) (Delivery, error) {
	d := Delivery{NonAssociationID: id}
	var pair string
	err := row.Scan(&pair, &d.Deleted, &d.EffectiveDay, &d.TypeSequence, &d.DiffersSince, &d.DeliveredAt, &d.Revision, &d.Shortened)
	if err != nil {
		return Delivery{}, err
	}
	d.Pair, err = domain.ParsePair(pair)
	return d, err
}

// PendingRequest asks for the pairs that have a record which is not in step with NOMIS
// since before a time, and which is not held.
//
// With Last, which is the Before of an earlier request, those are left out that were
// listed by then: a pair is listed when it becomes late, and again after each Every.
type PendingRequest struct {
	Before  time.Time
	Last    time.Time     // zero: there was no earlier request
	Every   time.Duration // more than 0 with Last
	Today   string        // the day, as [domain.Today] writes it
	After   string        // the pairs after this one, in their order; "" for all
	Limit   int           // of pairs
	AtLeast uint64
}

// Pending lists pairs whose writing to NOMIS is late. Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) Pending(ctx context.Context, of PendingRequest) ([]domain.Pair, error) {
	var last *time.Time
	if !of.Last.IsZero() {
		last = &of.Last
	}
	pairs, err := routed(ctx, r, of.AtLeast, domain.ParsePair, pendingPairsSQL,
		endOfDay(of.Today), of.Before, of.After, of.Limit, last, max(of.Every, time.Microsecond).Seconds())
	return pairs, wrapped("list what is pending", err)
}

// OldestPending returns since when the record that waits longest is not in step with
// NOMIS. It returns false when none is. Errors: ErrNotCaughtUp, ErrBehind.
func (r *Reader) OldestPending(ctx context.Context, today string, atLeast uint64) (time.Time, bool, error) {
	since, err := reaching(ctx, r, atLeast, func(ctx context.Context) (since *time.Time, position uint64, err error) {
		position, err = r.snapshot(ctx, func(rows pgx.Rows) (err error) {
			since, err = pgx.CollectOneRow(rows, pgx.RowTo[*time.Time])
			return err
		}, oldestPendingSQL, endOfDay(today))
		return since, position, err
	})
	if err != nil || since == nil {
		return time.Time{}, false, wrapped("find what is pending longest", err)
	}
	return *since, true, nil
}

// errDays is a fault of the caller.
var errDays = errors.New("the first day must not be after the last")

// PairsOnDays lists the pairs with a record that takes effect or expires on one of the
// days from first to last, both included. Deleted records do not count. Errors:
// ErrNotCaughtUp, ErrBehind, and one for days in the wrong order.
func (r *Reader) PairsOnDays(ctx context.Context, first, last string, atLeast uint64) ([]domain.Pair, error) {
	if first > last {
		return nil, wrapped("list the pairs of a day", errDays)
	}
	pairs, err := routed(ctx, r, atLeast, domain.ParsePair, pairsOnDaysSQL, first, endOfDay(last))
	return pairs, wrapped("list the pairs of a day", err)
}

// endOfDay sorts after every time of a day and before the next day: times have a T
// after the date.
func endOfDay(day string) string { return day + "U" }
