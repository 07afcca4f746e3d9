package store

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// Record makes the living differences of a pair those that a comparison found. A new one
// opens. One that is gone is healed, or repaired when it is the repaired one. An
// accepted one opens again when a side changed, or when its last day has passed on
// today. It is one transaction.
func (s *Store) Record(ctx context.Context, pair domain.Pair, now time.Time, today string, repaired uuid.UUID, found ...Finding) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		living, err := differences(ctx, tx, `WHERE pair = $1 AND state IN ('OPEN', 'ACCEPTED') FOR UPDATE`, pair.String())
		if err != nil {
			return err
		}
		batch := &pgx.Batch{}
		if err := queueChanges(batch, pair, now, today, repaired, living, found); err != nil || batch.Len() == 0 {
			return err
		}
		return tx.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		return fmt.Errorf("record the differences of %s: %w", pair.Stream(), err)
	}
	return nil
}

// queueChanges queues the statements that lead from the living differences to the found
// ones.
func queueChanges(batch *pgx.Batch, pair domain.Pair, now time.Time, today string, repaired uuid.UUID, living []Difference, found []Finding) error {
	known := map[string]Difference{}
	for _, d := range living {
		known[d.identity()] = d
	}
	for _, f := range found {
		d, is := known[f.identity()]
		if d.isKept() && !f.Stays {
			continue // it goes first: a record has one difference at a time
		}
		delete(known, f.identity())
		if !is {
			d = newDifference(pair, now)
		}
		if err := queueFinding(batch, d, f, now, today, is); err != nil {
			return err
		}
	}
	for _, gone := range known {
		state := StateHealed
		switch {
		case gone.ID == repaired:
			state = StateRepaired
		case gone.Stays && gone.HasExpired(today):
			batch.Queue(`UPDATE nomis.difference SET state = 'OPEN', version = version + 1, first_seen = $2, last_seen = $2,
				decided_by = NULL, reason = NULL, until = NULL WHERE id = $1`, gone.ID, now)
			continue
		case gone.Stays:
			batch.Queue(`UPDATE nomis.difference SET last_seen = $2 WHERE id = $1`, gone.ID, now)
			continue
		}
		batch.Queue(`UPDATE nomis.difference SET state = $2, version = version + 1, ended_at = $3 WHERE id = $1`, gone.ID, string(state), now)
	}
	return nil
}

func newDifference(pair domain.Pair, now time.Time) Difference {
	return Difference{ID: uuid.New(), Pair: pair, State: StateOpen, FirstSeen: now}
}

// queueFinding queues an insert, an update, or the time at which it was seen again.
func queueFinding(batch *pgx.Batch, d Difference, f Finding, now time.Time, today string, is bool) error {
	reopens := d.State == StateAccepted && (!d.sameSides(f) || d.HasExpired(today))
	if is {
		f.inherit(d.Finding, now)
	}
	if is && !reopens && (d.State == StateAccepted || reflect.DeepEqual(d.comparable(), f.comparable())) {
		batch.Queue(`UPDATE nomis.difference SET last_seen = $2 WHERE id = $1`, d.ID, now)
		return nil
	}
	if reopens {
		d.DecidedBy, d.Reason, d.Until, d.FirstSeen = "", "", "", now
	}
	fields, err := json.Marshal(f.Fields)
	if err != nil {
		return err
	}
	ours, err := encodeDetail(f.Ours)
	if err != nil {
		return err
	}
	theirs, err := encodeDetail(f.Theirs)
	if err != nil {
		return err
	}
	batch.Queue(`INSERT INTO nomis.difference (id, pair, non_association_id, type_sequence, identity, bucket, problem, fields, why, cause,
			state, first_seen, last_seen, ours, theirs, not_before, words, stays)
		VALUES ($1, $2, nullif($3::uuid, '00000000-0000-0000-0000-000000000000'), nullif($4, 0), $5, $6, nullif($7, ''), $8, $9, $10,
			'OPEN', $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT (id) DO UPDATE SET version = nomis.difference.version + 1, type_sequence = excluded.type_sequence, bucket = excluded.bucket,
			problem = excluded.problem, fields = excluded.fields, why = excluded.why, cause = excluded.cause, state = 'OPEN',
			first_seen = excluded.first_seen, last_seen = excluded.last_seen, ours = excluded.ours, theirs = excluded.theirs,
			not_before = excluded.not_before, words = excluded.words, stays = excluded.stays, decided_by = NULL, reason = NULL, until = NULL`,
		d.ID, d.Pair.String(), f.NonAssociationID, f.TypeSequence, f.identity(), string(f.Bucket), f.Problem, string(fields), f.Why, f.Cause,
		d.FirstSeen, now, ours, theirs, timeOrNull(f.NotBefore), f.Words, f.Stays)
	return nil
}

// isKept reports whether a person has to end the difference, and has not decided yet.
func (d Difference) isKept() bool { return d.Stays && d.State == StateOpen }

// inherit takes over what an earlier comparison knew of the same difference and this one
// does not: its cause, what NOMIS said when it refused the record, and for how long.
func (f *Finding) inherit(earlier Finding, now time.Time) {
	if !f.sameSides(earlier) {
		return
	}
	if f.Cause == CauseUnknown && f.Bucket == earlier.Bucket {
		f.Cause = earlier.Cause
	}
	if f.Words == "" && f.Problem == earlier.Problem {
		f.Words = earlier.Words
	}
	if f.NotBefore.IsZero() && f.Bucket == earlier.Bucket && now.Before(earlier.NotBefore) {
		f.NotBefore = earlier.NotBefore
	}
}

// comparable is the finding without the order of its maps and the location of its times.
func (f Finding) comparable() any {
	ours, _ := encodeDetail(f.Ours)
	theirs, _ := encodeDetail(f.Theirs)
	f.Ours, f.Theirs, f.NotBefore = nil, nil, f.NotBefore.UTC()
	if len(f.Fields) == 0 {
		f.Fields = nil
	}
	return []any{f, ours, theirs}
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
