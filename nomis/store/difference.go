package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

// Errors of a decision about a difference.
var (
	ErrNoDifference = errors.New("there is no such difference")
	ErrStale        = errors.New("the difference has changed since it was read")
)

// State is where a difference stands. The values are stored and part of the API: never
// change one.
type State string

// The states. A difference is living while it is open or accepted.
const (
	StateOpen     State = "OPEN"
	StateHealed   State = "HEALED"   // gone by itself
	StateAccepted State = "ACCEPTED" // a person left it as it is
	StateRepaired State = "REPAIRED" // gone by a person's repair
)

// Bucket is what a comparison counts a non-association under. The values are part of the
// API: never change one.
type Bucket string

// The buckets. The first two are no differences, and unchecked is not known to be one.
const (
	Same            Bucket = "same"
	Unchecked       Bucket = "unchecked"
	Differs         Bucket = "differs"
	OnlyHere        Bucket = "onlyHere"
	OnlyThere       Bucket = "onlyThere"
	MirrorsDisagree Bucket = "mirrorsDisagree"
	Held            Bucket = "held"
	IgnoredHere     Bucket = "ignored"
	AcceptedAsIs    Bucket = "accepted"
)

// CauseUnknown is the cause of a difference whose cause is not known. It is stored: never
// change it.
const CauseUnknown = "UNKNOWN"

// Field is one value in which two sides differ. Of mirrors that disagree, Ours is the
// value of the lower number's row and Theirs that of the other.
type Field struct {
	Field          string                `json:"field"`
	PrisonerNumber domain.PrisonerNumber `json:"prisonerNumber,omitempty"`
	Ours           *string               `json:"ours"`
	Theirs         *string               `json:"theirs"`
	OfMirrors      bool                  `json:"ofMirrors,omitzero"`
}

// Finding is one non-association that is not in step. It is identified within its pair
// by the id, else by the sequence, else by the effective day in NOMIS; one without any is of
// the whole pair.
type Finding struct {
	NonAssociationID uuid.UUID // the nil UUID: only NOMIS has it
	TypeSequence     int       // 0: NOMIS does not have it
	Bucket           Bucket
	Problem          string // "" when a step solves it
	Fields           []Field
	Why              string         // one sentence
	Cause            string         // what is thought to have caused it
	Ours, Theirs     *domain.Detail // nil: that side has none
	NotBefore        time.Time      // of one that NOMIS refused for now; zero: not by itself
	Words            string         // of NOMIS, when it refused
	// Stays says that only a person ends it: both sides hold the same by now. Ours is what
	// the record was before.
	Stays bool
}

// identity is the key of a finding within its pair.
func (f Finding) identity() string {
	switch {
	case f.NonAssociationID != uuid.Nil:
		return f.NonAssociationID.String()
	case f.TypeSequence != 0:
		return "#" + strconv.Itoa(f.TypeSequence)
	case f.Theirs != nil:
		return "@" + f.Theirs.EffectiveDate
	}
	return "pair"
}

// IsOf reports whether it is about the same non-association as another finding of its pair.
func (f Finding) IsOf(other Finding) bool { return f.identity() == other.identity() }

// sameSides reports whether both sides are what they are in another finding.
func (f Finding) sameSides(other Finding) bool {
	return sameDetail(f.Ours, other.Ours) && sameDetail(f.Theirs, other.Theirs)
}

func sameDetail(a, b *domain.Detail) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

// Difference is a finding with what became of it. Version is another one after each
// change but that of LastSeen.
type Difference struct {
	Finding

	ID        uuid.UUID
	Version   int
	Pair      domain.Pair
	State     State
	FirstSeen time.Time
	LastSeen  time.Time
	DecidedBy string // user name; "" when no person decided
	Reason    string
	Until     string // the last day of one that is accepted; "" for no end
}

// HasExpired reports whether the last day of an accepted difference has passed.
func (d Difference) HasExpired(today string) bool {
	return d.State == StateAccepted && d.Until != "" && d.Until < today
}

const differenceColumns = `id, version, pair, non_association_id, coalesce(type_sequence, 0), bucket, coalesce(problem, ''), fields, why, cause,
	state, first_seen, last_seen, ours, theirs, not_before, words, coalesce(decided_by, ''), coalesce(reason, ''), coalesce(until::text, ''), stays`

// scanDifference reads a row with the columns above.
func scanDifference(row pgx.CollectableRow) (Difference, error) {
	var (
		d            Difference
		pair, fields string
		id           *uuid.UUID
		ours, theirs *string
		notBefore    *time.Time
	)
	err := row.Scan(&d.ID, &d.Version, &pair, &id, &d.TypeSequence, &d.Bucket, &d.Problem, &fields, &d.Why, &d.Cause,
		&d.State, &d.FirstSeen, &d.LastSeen, &ours, &theirs, &notBefore, &d.Words, &d.DecidedBy, &d.Reason, &d.Until, &d.Stays)
	if err != nil {
		return d, err
	}
	if id != nil {
		d.NonAssociationID = *id
	}
	if notBefore != nil {
		d.NotBefore = *notBefore
	}
	if d.Pair, err = domain.ParsePair(pair); err != nil {
		return d, err
	}
	if err = json.Unmarshal([]byte(fields), &d.Fields); err != nil {
		return d, err
	}
	if d.Ours, err = decodeDetail(ours); err != nil {
		return d, err
	}
	d.Theirs, err = decodeDetail(theirs)
	return d, err
}

func decodeDetail(text *string) (*domain.Detail, error) {
	if text == nil {
		return nil, nil //nolint:nilnil // that side has none
	}
	var d domain.Detail
	err := json.Unmarshal([]byte(*text), &d)
	return &d, err
}

func encodeDetail(d *domain.Detail) (*string, error) {
	if d == nil {
		return nil, nil //nolint:nilnil // that side has none
	}
	text, err := json.Marshal(d, json.Deterministic(true))
	encoded := string(text)
	return &encoded, err
}

// Living returns the open and the accepted differences of a pair.
func (s *Store) Living(ctx context.Context, pair domain.Pair) ([]Difference, error) {
	return differences(ctx, s.pool, `WHERE pair = $1 AND state IN ('OPEN', 'ACCEPTED') ORDER BY identity`, pair.String())
}

// Difference returns one. Errors: ErrNoDifference, and faults.
func (s *Store) Difference(ctx context.Context, id uuid.UUID) (Difference, error) {
	all, err := differences(ctx, s.pool, `WHERE id = $1`, id)
	if err == nil && len(all) == 0 {
		err = ErrNoDifference
	}
	if err != nil {
		return Difference{}, err
	}
	return all[0], nil
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// differences reads rows.
func differences(ctx context.Context, from querier, where string, args ...any) ([]Difference, error) {
	rows, err := from.Query(ctx, `SELECT `+differenceColumns+` FROM nomis.difference `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read differences: %w", err)
	}
	all, err := pgx.CollectRows(rows, scanDifference)
	if err != nil {
		return nil, fmt.Errorf("read differences: %w", err)
	}
	return all, nil
}
