package store

// PairOutcome is what became of a pair in a run of the migration. The values are stored
// and part of the API: never change one.
type PairOutcome string

// The outcomes. A pair has the first of these that is true of it.
const (
	PairFailed     PairOutcome = "failed"
	PairUnreadable PairOutcome = "unreadable" // NOMIS lists it and does not give it
	PairCreated    PairOutcome = "created"
	PairAmended    PairOutcome = "amended"
	PairIgnored    PairOutcome = "ignored"
	PairUnchanged  PairOutcome = "unchanged"
)

// ItemCounts counts details of NOMIS by what became of them.
type ItemCounts struct{ Created, Amended, Unchanged, Ignored int }

// MigrationCounts counts the rows of a run.
type MigrationCounts struct {
	Known      int // pairs of the run, with an outcome or without
	Total      int // pairs with an outcome
	Created    int
	Amended    int
	Unchanged  int
	Ignored    int
	Failed     int
	Unreadable int
	Items      ItemCounts
}

// Migrated counts the pairs that were read and recorded.
func (c MigrationCounts) Migrated() int { return c.Created + c.Amended + c.Unchanged + c.Ignored }

// Lost counts the pairs that were not.
func (c MigrationCounts) Lost() int { return c.Failed + c.Unreadable }

// The columns of the counts, in the order of into, and the statement that counts the rows
// of the run m.
const (
	countColumns = `c.known, c.total, c.created, c.amended, c.unchanged, c.ignored, c.failed, c.unreadable,
	c.items_created, c.items_amended, c.items_unchanged, c.items_ignored`
	countSQL = `SELECT count(*) AS known, count(outcome) AS total,
		count(*) FILTER (WHERE outcome = 'created') AS created, count(*) FILTER (WHERE outcome = 'amended') AS amended,
		count(*) FILTER (WHERE outcome = 'unchanged') AS unchanged, count(*) FILTER (WHERE outcome = 'ignored') AS ignored,
		count(*) FILTER (WHERE outcome = 'failed') AS failed, count(*) FILTER (WHERE outcome = 'unreadable') AS unreadable,
		coalesce(sum(p.created), 0) AS items_created, coalesce(sum(p.amended), 0) AS items_amended,
		coalesce(sum(p.unchanged), 0) AS items_unchanged, coalesce(sum(p.ignored), 0) AS items_ignored
		FROM nomis.migration_pair p WHERE p.migration_id = m.id`
)

// into returns where the columns are scanned to.
func (c *MigrationCounts) into() []any {
	return []any{
		&c.Known, &c.Total, &c.Created, &c.Amended, &c.Unchanged, &c.Ignored, &c.Failed, &c.Unreadable,
		&c.Items.Created, &c.Items.Amended, &c.Items.Unchanged, &c.Items.Ignored,
	}
}
