package projections

import (
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
)

const (
	factColumnNames = "commit prepare day actor source pair"

	// A batch that Postgres refused comes again event by event, so rows may be there.
	insertFactsSQL = `INSERT INTO {schema}.fact_index ("commit", prepare, day, actor, source, pair)
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::date[], $4::text[], $5::text[], $6::text[])
		ON CONFLICT ("commit", prepare) DO NOTHING`
)

// factIndex is the part of a batch that goes into the table fact_index, column by column.
type factIndex struct {
	commits, prepares []int64
	days              []time.Time
	actors, sources   []string
	pairs             []*string
}

// add takes any fact.
func (x *factIndex) add(f *fact, london *time.Location) {
	x.commits = append(x.commits, int64(f.Position.Commit))    //nolint:gosec // positions stay below 2⁶³
	x.prepares = append(x.prepares, int64(f.Position.Prepare)) //nolint:gosec // positions stay below 2⁶³
	year, month, day := f.RecordedAt.In(london).Date()
	x.days = append(x.days, time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
	x.actors, x.sources = append(x.actors, f.Meta.Actor), append(x.sources, string(f.Meta.Source))
	x.pairs = append(x.pairs, pairOf(f))
}

// pairOf returns the two numbers that a fact is about; nil for one of the switch-over.
func pairOf(f *fact) *string {
	pair, between := f.Pair, domain.Renumbering{}
	switch e := f.Event.(type) {
	case domain.PrisonerMerged:
		between = e.Renumbering
	case domain.PrisonerUnmerged:
		between = e.Renumbering
	default:
	}
	if between != (domain.Renumbering{}) {
		pair, _ = domain.NewPair(between.Previous, between.Number) // a number is never merged into itself
	}
	if pair == (domain.Pair{}) {
		return nil
	}
	name := pair.String()
	return &name
}

// none reports whether there is nothing to write.
func (x *factIndex) none() bool { return x == nil || len(x.commits) == 0 }

// queue adds the statement.
func (x *factIndex) queue(batch *pgx.Batch, g Generation) {
	if !x.none() {
		batch.Queue(g.SQL(insertFactsSQL), x.commits, x.prepares, x.days, x.actors, x.sources, x.pairs)
	}
}

// forCopy renders the rows, in the order of factColumnNames.
func (x *factIndex) forCopy() [][]any {
	if x.none() {
		return nil
	}
	all := make([][]any, len(x.commits))
	for i := range all {
		all[i] = []any{x.commits[i], x.prepares[i], x.days[i], x.actors[i], x.sources[i], x.pairs[i]}
	}
	return all
}
