// Package plan is the one comparison of the two systems. [Make] takes what the log says
// of a pair and what NOMIS holds, and returns the steps that bring the two together and
// the problems that no step may solve. Whatever compares the two uses it: a turn carries
// its steps out, reconciliation counts them, and a dry run prints them. It is pure: the
// same input always gives the same plan.
package plan

import (
	"time"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/mirror"
)

// Input is all that a plan depends on.
type Input struct {
	Pair domain.Pair
	// Exchanges are folded from all facts of the pair's stream, and Revision is that of
	// its last fact, -1 without facts.
	Exchanges *domain.Exchanges
	Revision  int64
	// Theirs are ordered by sequence.
	Theirs []Theirs
	// Unknown says why NOMIS does not know one of the two prisoners. It is empty when it
	// knows both.
	Unknown string
	Now     time.Time // in Europe/London
	Policy  Policy
	// Source is that of the facts of a take. "" stands for [domain.NOMIS].
	Source domain.Source
}

// Theirs is one non-association as NOMIS holds it, read from both of its rows.
type Theirs struct {
	// Detail has its sequence. A side without a row has no code.
	Detail domain.Detail
	// Texts, if any, has the texts as NOMIS holds them, not cut to what it can be sent.
	Texts     *domain.Detail
	UpdatedBy string // of the lower number's row
	// OtherUpdatedBy is of the higher number's row. It is empty when one of the two is
	// missing.
	OtherUpdatedBy string
	// Open reports whether either row has no expiry date. NOMIS then creates no other.
	Open bool
	// Disagreement says how the two rows differ. It is empty when they agree.
	Disagreement  string
	Disagreements []mirror.Disagreement // by value; empty when a row is missing
	RowMissing    bool
	OneRowClosed  bool
	// NotHoldable says what the service cannot hold of it. It is empty when it can.
	NotHoldable string
}

// sequence returns NOMIS's number of the detail.
func (t Theirs) sequence() int { return *t.Detail.TypeSequence }

// Policy is what neither side says of itself.
type Policy struct {
	// Inbound allows what NOMIS says to change the record. Outbound allows writes to
	// NOMIS.
	Inbound, Outbound bool
	// Authors are the names by which NOMIS records what the service writes. Without one
	// nothing is known to be written by the service.
	Authors []string
	// Deletions are what messages say about details that NOMIS's staff deleted, by
	// sequence. A deletion whose time has come is evidence.
	Deletions map[int]time.Time
	// CreateAfter is a time until which nothing of NOMIS is created here, because a merge
	// is expected to bring it. It is zero when none is.
	CreateAfter time.Time
	// Decisions are the open and accepted differences of the pair with the values that
	// they were decided on.
	Decisions []Decision
	// Repair, if any, is the direction that a person chose for one difference.
	Repair *Repair
	// AskedAt is the revision of the stream at which a person asked for the turn, nil when
	// nobody did. What NOMIS accepted before it and did not take is sent once more.
	AskedAt *int64
	// Restored, if any, is what a person decided when NOMIS looked restored.
	Restored *Restored
}

// Restored is which side is right after NOMIS looked restored from a backup. It counts for
// the records of which NOMIS is not known to have held anything since At.
type Restored struct {
	At time.Time
	// FromNOMIS takes older forms over, uncounted. Otherwise a record that has an older
	// form of its own in NOMIS is written there.
	FromNOMIS bool
}

// Kind is what was decided about a difference.
type Kind string

// The kinds of decisions.
const (
	Accepted Kind = "ACCEPTED" // a person left it as it is
	Refusal  Kind = "REFUSED"  // NOMIS refused to take ours
	Future   Kind = "FUTURE"   // NOMIS says that the effective day is in the future, until a time
	Switched Kind = "SWITCHED" // theirs came while inbound was not allowed
)

// Decision is what was decided about one difference, and on which values. A Decision
// counts only while both sides are what they were; one of kind Switched counts for each
// field in which theirs is what it was.
type Decision struct {
	Kind             Kind
	NonAssociationID uuid.UUID // the nil UUID for one that is only in NOMIS
	TypeSequence     int       // of one that is only in NOMIS; 0 when it was told without: Theirs tells it
	Ours, Theirs     *domain.Detail
	Until            time.Time // of kind Future
	Words            string    // of NOMIS
}

// Repair tells a plan whose values one difference is to get.
type Repair struct {
	NonAssociationID uuid.UUID // the nil UUID for one that is only in NOMIS
	TypeSequence     int       // of one that is only in NOMIS
	FromNOMIS        bool      // theirs is right; otherwise ours
	// Former, if any, is what the record is to be again here: it took an older form over,
	// and ours is what it was before. It names the record by its id.
	Former *domain.Item
}
