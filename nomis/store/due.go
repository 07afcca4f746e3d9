package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// ErrNotDue means that the bell has no row of the pair.
var ErrNotDue = errors.New("the pair is not due")

// DuePair is a row of the bell. Version is another one after each ring.
type DuePair struct {
	Pair      domain.Pair
	Version   uuid.UUID
	FirstRing time.Time
	LastRing  time.Time
	NotBefore time.Time  // the earliest time of the next turn
	Tries     int        // failed turns in a row
	Problem   Problem    // of the last turn; zero when it did not fail
	Causes    []Cause    // the latest, oldest first
	Deletions []Deletion // by sequence
}

// Problem is why a turn failed. Why is a sentence without personal data.
type Problem struct{ Kind, Why string }

// Deletion is a sequence that delete messages of NOMIS named. ReceivedAt is that of the
// last one.
type Deletion struct {
	Sequence   int
	ReceivedAt time.Time
}

const dueColumns = `pair, version, first_ring, last_ring, not_before, tries, coalesce(problem, ''), coalesce(why, ''), causes, deletions`

// scanDue reads a row with the columns above.
func scanDue(row pgx.CollectableRow) (DuePair, error) {
	var (
		d                       DuePair
		pair, causes, deletions string
	)
	err := row.Scan(&pair, &d.Version, &d.FirstRing, &d.LastRing, &d.NotBefore, &d.Tries, &d.Problem.Kind, &d.Problem.Why, &causes, &deletions)
	if err != nil {
		return d, err
	}
	if d.Pair, err = domain.ParsePair(pair); err != nil {
		return d, err
	}
	if err := json.Unmarshal([]byte(causes), &d.Causes); err != nil {
		return d, err
	}
	d.Deletions, err = decodeDeletions(deletions)
	return d, err
}

// decodeDeletions reads the deletions of a row.
func decodeDeletions(text string) ([]Deletion, error) {
	var received map[string]time.Time
	if err := json.Unmarshal([]byte(text), &received); err != nil {
		return nil, err
	}
	var all []Deletion
	for sequence, at := range received {
		number, err := strconv.Atoi(sequence)
		if err != nil {
			return nil, err
		}
		all = append(all, Deletion{number, at})
	}
	slices.SortFunc(all, func(a, b Deletion) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return all, nil
}

// duePairs reads rows of the bell.
func (s *Store) duePairs(ctx context.Context, where string, args ...any) ([]DuePair, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+dueColumns+` FROM nomis.due_pair `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read the pairs that are due: %w", err)
	}
	all, err := pgx.CollectRows(rows, scanDue)
	if err != nil {
		return nil, fmt.Errorf("read the pairs that are due: %w", err)
	}
	return all, nil
}

// Get returns the row of a pair. Errors: ErrNotDue, and faults.
func (s *Store) Get(ctx context.Context, pair domain.Pair) (DuePair, error) {
	all, err := s.duePairs(ctx, `WHERE pair = $1`, pair.String())
	switch {
	case err != nil:
		return DuePair{}, err
	case len(all) == 0:
		return DuePair{}, ErrNotDue
	}
	return all[0], nil
}

// Backlog is what waits in the bell. Oldest is the first ring of the pair that waits
// longest, zero when none does.
type Backlog struct {
	Pending int
	Oldest  time.Time
}

// Backlog counts the pairs in the bell, put off or not.
func (s *Store) Backlog(ctx context.Context) (Backlog, error) {
	var (
		of     Backlog
		oldest *time.Time
	)
	err := s.pool.QueryRow(ctx, `SELECT count(*), min(first_ring) FROM nomis.due_pair`).Scan(&of.Pending, &oldest)
	if err != nil {
		return Backlog{}, fmt.Errorf("count the pairs that are due: %w", err)
	}
	if oldest != nil {
		of.Oldest = *oldest
	}
	return of, nil
}

// Next returns up to most rows whose time has come, the longest due first, after one in
// this order; the zero DuePair is before all.
func (s *Store) Next(ctx context.Context, now time.Time, after DuePair, most int) ([]DuePair, error) {
	var pair string
	if after.Pair != (domain.Pair{}) {
		pair = after.Pair.String()
	}
	return s.duePairs(ctx, `WHERE not_before <= $1 AND (not_before, pair) > ($2, $3) ORDER BY not_before, pair LIMIT $4`,
		now, after.NotBefore, pair, most)
}

// Claim locks up to most pairs whose turn has come, and returns their rows as they are
// under the lock. Pairs that another turn works on are passed over. The caller unlocks
// each. Errors: [ErrLocksLost], and faults; then no pair is locked.
func (s *Store) Claim(ctx context.Context, locks *PairLocks, now time.Time, most int) ([]DuePair, error) {
	var claimed []DuePair
	var after DuePair
	for len(claimed) < most {
		page, err := s.Next(ctx, now, after, most-len(claimed))
		if err == nil && len(page) > 0 {
			after = page[len(page)-1]
			page, err = s.lock(ctx, locks, now, page)
		} else if err == nil {
			return claimed, nil
		}
		if err != nil {
			locks.unlockAll(ctx, pairsOf(claimed))
			return nil, err
		}
		claimed = append(claimed, page...)
	}
	return claimed, nil
}

// lock locks those of the rows that it can, and reads them again: a turn of another
// process may have ended between the first read and the lock.
func (s *Store) lock(ctx context.Context, locks *PairLocks, now time.Time, rows []DuePair) ([]DuePair, error) {
	locked, err := locks.tryAll(ctx, pairsOf(rows))
	if err != nil || len(locked) == 0 {
		return nil, err
	}
	fresh, err := s.duePairs(ctx, `WHERE pair = ANY($1) AND not_before <= $2 ORDER BY not_before, pair`, texts(locked), now)
	if err != nil {
		locks.unlockAll(ctx, locked)
		return nil, err
	}
	due := pairsOf(fresh)
	locks.unlockAll(ctx, slices.DeleteFunc(locked, func(pair domain.Pair) bool { return slices.Contains(due, pair) }))
	return fresh, nil
}

// pairsOf returns the pairs of rows.
func pairsOf(rows []DuePair) []domain.Pair {
	pairs := make([]domain.Pair, len(rows))
	for i, row := range rows {
		pairs[i] = row.Pair
	}
	return pairs
}

// texts returns pairs as they are stored.
func texts(pairs []domain.Pair) []string {
	all := make([]string, len(pairs))
	for i, pair := range pairs {
		all[i] = pair.String()
	}
	return all
}
