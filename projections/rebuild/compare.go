package rebuild

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"nonassociations/projections/generation"
)

// comparing compares two generations that stand at the same position, in one snapshot.
type comparing struct {
	live  string // the schema of the one that answers, or of its views; "" compares nothing
	built generation.Number
	limit int // most rows that are named
	show  bool
}

// compared is the result.
type compared struct {
	live, built []Digest // in the order of generation.Tables
	differences []Difference
	total       int // rows that differ
}

func (c compared) same(i int) bool { return c.live[i] == c.built[i] }

// compare computes the digests of all tables, and names the rows of those that differ. Both
// sides are read at the same time, see digestsBeside.
func (c comparing) compare(ctx context.Context, tx pgx.Tx) (found compared, err error) {
	if err := plainTexts(ctx, tx); err != nil {
		return compared{}, err
	}
	var live errgroup.Group
	if c.live != "" {
		snapshot, err := exportSnapshot(ctx, tx)
		if err != nil {
			return compared{}, err
		}
		config := tx.Conn().Config()
		live.Go(func() (err error) {
			found.live, err = digestsBeside(ctx, config, snapshot, c.live)
			return err
		})
	}
	built, err := digestsOf(ctx, tx, c.built.Schema())
	if failed := live.Wait(); err == nil {
		err = failed
	}
	if found.built = built; err != nil || c.live == "" {
		return found, err
	}
	for i, t := range generation.Tables {
		if found.same(i) {
			continue
		}
		if err := c.name(ctx, tx, t, &found); err != nil {
			return compared{}, err
		}
	}
	err = c.nameFacts(ctx, tx, &found)
	return found, err
}

// factsSQL compares which facts the rows were built from. A model of an older build
// counted none.
const factsSQL = `SELECT l.counted IS NULL OR l.counted = b.facts AND l.trail = b.trail FROM
	(SELECT (to_jsonb(c) ->> 'facts')::bigint AS counted, (to_jsonb(c) ->> 'trail')::bytea AS trail FROM {live}.checkpoint c) l,
	(SELECT facts, trail FROM {built}.checkpoint) b`

// nameFacts adds a difference when the rows were built from other facts than the log has.
func (c comparing) nameFacts(ctx context.Context, tx pgx.Tx, found *compared) error {
	same := false
	sql := strings.NewReplacer("{live}", c.live, "{built}", c.built.Schema()).Replace(factsSQL)
	if err := tx.QueryRow(ctx, sql).Scan(&same); err != nil {
		return fmt.Errorf("compare which facts the read model was built from: %w", err)
	}
	if same {
		return nil
	}
	trail := "trail"
	found.total++
	found.differences = append(found.differences, Difference{Table: "checkpoint", Key: generation.Projection, Kind: Changed, Column: &trail})
	return nil
}

// differingSQL finds the rows of a table that differ, by their key.
func (c comparing) differingSQL(t generation.Table, columns string) string {
	var on []string
	for _, k := range t.Key {
		on = append(on, "l."+k+" = b."+k)
	}
	of := func(alias string) string {
		named := make([]string, len(t.Columns))
		for i, column := range t.Columns {
			named[i] = alias + "." + column
		}
		return "(" + strings.Join(named, ", ") + ")"
	}
	return "SELECT " + columns + " FROM " + c.live + "." + t.Name + " l FULL JOIN " + c.built.Schema() + "." + t.Name + " b ON " +
		strings.Join(on, " AND ") +
		" WHERE " + of("l") + " IS DISTINCT FROM " + of("b")
}

// name counts the rows of a table that differ and describes the first of them.
func (c comparing) name(ctx context.Context, tx pgx.Tx, t generation.Table, found *compared) error {
	count := 0
	if err := tx.QueryRow(ctx, c.differingSQL(t, "count(*)")).Scan(&count); err != nil {
		return fmt.Errorf("count the rows of %s that differ: %w", t.Name, err)
	}
	if count == 0 { // the same rows, some of them more often
		count = 1
		found.differences = append(found.differences, Difference{Table: t.Name, Kind: Changed})
	}
	room := c.limit - found.total
	found.total += count
	if room <= 0 {
		return nil
	}
	// The marks say on which side the row is.
	columns := []string{"l." + t.Key[0] + " IS NOT NULL", "b." + t.Key[0] + " IS NOT NULL"}
	for _, side := range []string{"l.", "b."} {
		for _, column := range t.Columns {
			columns = append(columns, side+column)
		}
	}
	sql := c.differingSQL(t, strings.Join(columns, ", ")) + " ORDER BY " + order(t) + fmt.Sprintf(" LIMIT %d", room)
	result := tx.Conn().PgConn().ExecParams(ctx, sql, nil, nil, nil, nil)
	for result.NextRow() {
		values := result.Values()
		row := differingRow{table: t, hasLive: string(values[0]) == "t", hasBuilt: string(values[1]) == "t", show: c.show}
		row.live, row.built = values[2:2+len(t.Columns)], values[2+len(t.Columns):]
		found.differences = append(found.differences, row.describe()...)
	}
	if _, err := result.Close(); err != nil {
		return fmt.Errorf("read the rows of %s that differ: %w", t.Name, err)
	}
	return nil
}

func order(t generation.Table) string {
	all := make([]string, len(t.Key))
	for i, k := range t.Key {
		all[i] = "coalesce(l." + k + ", b." + k + ")"
	}
	return strings.Join(all, ", ")
}
