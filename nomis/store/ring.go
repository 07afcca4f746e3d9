package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"nonassociations/domain"
)

// CauseKind is what rang for a pair.
type CauseKind string

// The kinds of causes. They are stored: never change one. The first three are messages.
const (
	OurEvent       CauseKind = "our-event"      // a domain event of this service
	NOMISUpserted  CauseKind = "nomis-upserted" // NOMIS changed or made a detail
	NOMISDeleted   CauseKind = "nomis-deleted"  // NOMIS deleted a detail
	Swept          CauseKind = "swept"          // a record was pending for long
	DayCame        CauseKind = "day-came"       // an effective day or an expiry, or another try
	Reconciliation CauseKind = "reconciliation" // a scheduled run found a step
	Resumed        CauseKind = "resumed"        // a person let turns go on
	Switched       CauseKind = "switched"       // NOMIS told what it may not change
	Asked          CauseKind = "asked"          // a person asked for the turn
)

// Cause is why a pair is due. ID is the SNS message id, "" for what rings by itself.
// Text has no personal data. Trace is the W3C trace parent of a message, "" for one that was
// not traced.
type Cause struct {
	Kind CauseKind `json:"kind"`
	ID   string    `json:"id,omitempty"`
	Text string    `json:"text,omitempty"`

	Trace string `json:"trace,omitempty"`
}

// Ring is one ring of the bell. Deleted is the type sequence that a delete message of
// NOMIS names, 0 for everything else.
type Ring struct {
	Pair    domain.Pair
	Cause   Cause
	Deleted int
}

// mostCauses bounds the causes that a row keeps. The latest stay.
const mostCauses = 20

// ringSQL adds or renews the rows of a batch. A message that is in the row already has
// rung: its repeat changes nothing. What rings by itself has no id, and always rings.
// A message makes its pair due at once, because it is news; what rings by itself leaves
// a pair put off. Sorted rows keep two batches from a deadlock. That a message of NOMIS
// came is kept for reconciliation, which compares what was touched.
const ringSQL = `
WITH rung AS MATERIALIZED (
    SELECT pair, causes::jsonb, deletions::jsonb FROM unnest($2::text[], $3::text[], $4::text[]) AS rung(pair, causes, deletions) ORDER BY pair),
touched AS (
    INSERT INTO nomis.touched_pair AS t (pair, at)
    SELECT pair, $1 FROM rung WHERE causes @? '$[*] ? (@.kind starts with "nomis-")' ORDER BY pair
    ON CONFLICT (pair) DO UPDATE SET at = greatest(t.at, excluded.at))
INSERT INTO nomis.due_pair AS d (pair, version, first_ring, last_ring, not_before, causes, deletions)
SELECT pair, gen_random_uuid(), $1, $1, $1, causes, deletions FROM rung ORDER BY pair
ON CONFLICT (pair) DO UPDATE SET
    version = excluded.version, last_ring = excluded.last_ring,
    not_before = CASE WHEN excluded.causes @? '$[*] ? (exists(@.id))' THEN least(d.not_before, excluded.not_before) ELSE d.not_before END,
    causes = (SELECT jsonb_agg(cause ORDER BY place) FROM (
        SELECT cause, place FROM jsonb_array_elements(
            (SELECT coalesce(jsonb_agg(had), '[]') FROM jsonb_array_elements(d.causes) had WHERE NOT excluded.causes @> jsonb_build_array(had))
            || excluded.causes) WITH ORDINALITY AS every(cause, place)
        ORDER BY place DESC LIMIT $5) latest),
    deletions = d.deletions || excluded.deletions
WHERE NOT d.causes @> excluded.causes OR excluded.causes @? '$[*] ? (!exists(@.id))'`

// Ring makes pairs due, all or none in one statement. It is idempotent: a message that
// rang for a pair whose row is still there changes nothing. now is when the messages
// were received.
func (s *Store) Ring(ctx context.Context, now time.Time, rings ...Ring) error {
	if len(rings) == 0 {
		return nil
	}
	now = now.Truncate(time.Microsecond) // as Postgres has it: the same time is compared in JSON and in columns
	pairs, causes, deletions := columnsOf(rings, now)
	if _, err := s.pool.Exec(ctx, ringSQL, now, pairs, causes, deletions, mostCauses); err != nil {
		return fmt.Errorf("ring for pairs: %w", err)
	}
	return nil
}

// columnsOf returns one row a pair, as Postgres takes no row twice in a statement.
func columnsOf(rings []Ring, now time.Time) (pairs, causes, deletions []string) {
	type row struct {
		causes    []Cause
		deletions map[string]time.Time
	}
	rows := map[string]row{}
	for _, r := range rings {
		of := rows[r.Pair.String()]
		if !slices.Contains(of.causes, r.Cause) {
			of.causes = append(of.causes, r.Cause)
		}
		if of.deletions == nil {
			of.deletions = map[string]time.Time{}
		}
		if r.Deleted > 0 {
			of.deletions[strconv.Itoa(r.Deleted)] = now
		}
		rows[r.Pair.String()] = of
	}
	for _, pair := range slices.Sorted(maps.Keys(rows)) {
		pairs = append(pairs, pair)
		causes = append(causes, encoded(rows[pair].causes[max(0, len(rows[pair].causes)-mostCauses):]))
		deletions = append(deletions, encoded(rows[pair].deletions))
	}
	return pairs, causes, deletions
}

// encoded returns a value as JSON.
func encoded(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic("a row of nomis is not JSON: " + err.Error()) // a bug: texts and times only
	}
	return string(text)
}
