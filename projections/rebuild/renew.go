package rebuild

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
	"nonassociations/projections"
	"nonassociations/projections/generation"
)

// Selection chooses the rows of Renew: those of a pair with the lists of its two
// prisoners, or those of one prisoner with every list that names them. One of the two is
// set.
type Selection struct {
	Pair     *domain.Pair
	Prisoner domain.PrisonerNumber
}

// Renew replaces the selected rows of the generation that answers by those that the log
// gives. It reads the whole log: which streams a row comes from, and whom a list names, is
// thereby never asked of the tables under repair. Of a pair only what its two prisoners
// have is built for that, in a generation of its own; of a prisoner everything is. The
// checkpoint is held while the rows are written. A number that the log does not know has
// no rows. Errors: as of Verify.
func Renew(ctx context.Context, o Options, of Selection) (r Report, err error) {
	s, err := open(ctx, o)
	if err != nil {
		return Report{}, err
	}
	defer s.close()
	if _, err := s.shown(ctx); err != nil {
		return Report{}, err
	}
	if err := s.look(ctx); err != nil {
		return Report{}, err
	}
	defer func() { _ = s.drop(ctx) }() // the next one drops what is left
	if of.Pair != nil {
		numbers := of.Pair.Numbers()
		if r, err = s.renewFrom(ctx, of, numbers[:]...); !errors.Is(err, errNotOfThePair) {
			return r, err
		}
	}
	return s.renewFrom(ctx, of)
}

// errNotOfThePair means that a row lies with the pair which the pair's facts do not give. It
// may belong to a pair of others, whose rows were not built.
var errNotOfThePair = errors.New("a row lies with the pair and is not the pair's")

// renewFrom builds the rows, of prisoners alone where some are named, and replaces those
// that are selected. Errors: errNotOfThePair too, and then nothing was replaced.
func (s *session) renewFrom(ctx context.Context, of Selection, alone ...domain.PrisonerNumber) (Report, error) {
	if err := s.drop(ctx); err != nil {
		return Report{}, err
	}
	s.say("read the log")
	b, err := s.build(ctx, generation.Verification, alone...)
	if err != nil {
		return Report{}, err
	}
	if err := s.nearLive(ctx, b); err != nil {
		return Report{}, err
	}
	live := s.live.Number
	r := Report{Status: Renewed, From: number(live), To: number(live), Shape: generation.Shape, Differences: []Difference{}}
	if r.Tables, err = s.renew(ctx, b, of, alone != nil); err != nil {
		return Report{}, err
	}
	return s.filled(r, b), nil
}

// renewedSQL makes a projector begin again that has read rows before they were renewed,
// and tells those who keep what they have read.
const renewedSQL = `UPDATE {schema}.checkpoint SET renewals = renewals + 1 WHERE name = $1`

// renew replaces the rows in one transaction. When only the rows of the selection were
// built, all that lie with it must be among them.
func (s *session) renew(ctx context.Context, b *projections.Building, of Selection, alone bool) (tables []TableReport, err error) {
	s.say("renew")
	committed := func() {}
	err = pgx.BeginFunc(ctx, s.conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL synchronous_commit = on`); err != nil {
			return err
		}
		live, err := generation.Lock(ctx, tx, s.live.Number)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `SET LOCAL lock_timeout = '10s'`); err != nil {
			return err
		}
		if committed, err = b.ThroughIn(ctx, tx, live.At); err != nil {
			return err
		}
		if err := plainTexts(ctx, tx); err != nil {
			return err
		}
		if alone {
			if err := s.requireOwn(ctx, tx, of); err != nil {
				return err
			}
		}
		if tables, err = s.replaceRows(ctx, tx, of); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, s.live.Number.SQL(renewedSQL), generation.Projection)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("renew rows: %w", err)
	}
	committed()
	return tables, nil
}

// requireOwn returns errNotOfThePair when a selected row is none that was built.
func (s *session) requireOwn(ctx context.Context, tx pgx.Tx, of Selection) error {
	for _, t := range generation.Tables {
		where, key := of.where(t.Name), strings.Join(t.Key, ", ")
		var strange bool
		err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT "+key+" FROM "+s.live.Number.Schema()+"."+t.Name+where+
			" EXCEPT SELECT "+key+" FROM "+generation.Verification.Schema()+"."+t.Name+where+")").Scan(&strange)
		if err != nil {
			return fmt.Errorf("look for rows of others in %s: %w", t.Name, err)
		}
		if strange {
			return errNotOfThePair
		}
	}
	return nil
}

// replaceRows replaces the rows of each table, and reports them after and before.
func (s *session) replaceRows(ctx context.Context, tx pgx.Tx, of Selection) ([]TableReport, error) {
	all := []TableReport{}
	live := s.live.Number.Schema()
	for _, t := range generation.Tables {
		where := of.where(t.Name)
		before, err := digestOf(ctx, tx, live, t, where)
		if err != nil {
			return nil, err
		}
		if err := replaceIn(ctx, tx, t, live, where); err != nil {
			return nil, err
		}
		after, err := digestOf(ctx, tx, live, t, where)
		if err != nil {
			return nil, err
		}
		digest, same := before.String(), before == after
		all = append(all, TableReport{Table: t.Name, Rows: after.Rows, Digest: after.String(), LiveDigest: &digest, Same: &same})
	}
	return all, nil
}

// replaceIn replaces the rows of one table. A row that lies with a wrong pair is found by
// its key, in both directions: one that belongs here, and one that belongs elsewhere.
func replaceIn(ctx context.Context, tx pgx.Tx, t generation.Table, live, where string) error {
	from, key := generation.Verification.Schema()+"."+t.Name, strings.Join(t.Key, ", ")
	rows, err := tx.Query(ctx, "DELETE FROM "+live+"."+t.Name+where+" OR ("+key+") IN (SELECT "+key+" FROM "+from+where+") RETURNING ROW("+key+")::text")
	if err != nil {
		return fmt.Errorf("remove rows of %s: %w", t.Name, err)
	}
	gone, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("remove rows of %s: %w", t.Name, err)
	}
	if _, err := tx.Exec(ctx, "INSERT INTO "+live+"."+t.Name+" SELECT * FROM "+from+where+" OR ROW("+key+")::text = ANY($1)", gone); err != nil {
		return fmt.Errorf("write rows of %s: %w", t.Name, err)
	}
	return nil
}

// where is the condition of the rows of a table. Numbers of prisoners are letters and
// digits, so they stand in the text safely.
func (of Selection) where(table string) string {
	first, second := of.numbers()
	either := "'" + strings.Join([]string{string(first), string(second)}, "', '") + "'"
	pair := "pair = '" + string(first) + "_" + string(second) + "'"
	if of.Pair == nil {
		either = "'" + string(of.Prisoner) + "'"
		pair = `("left"(pair, 7) = ` + either + ` OR "right"(pair, 7) = ` + either + ")"
	}
	switch table {
	case "prisoner":
		if of.Pair == nil { // the lists of the others name this one
			return " WHERE (prisoner_number = " + either + " OR position(" + either + " IN document) > 0)"
		}
		return " WHERE prisoner_number IN (" + either + ")"
	case "merge":
		if of.Pair == nil {
			return " WHERE (removed = " + either + " OR survivor = " + either + ")"
		}
		return " WHERE (removed IN (" + either + ") AND survivor IN (" + either + "))"
	}
	return " WHERE " + pair
}

func (of Selection) numbers() (first, second domain.PrisonerNumber) {
	if of.Pair == nil {
		return of.Prisoner, of.Prisoner
	}
	numbers := of.Pair.Numbers()
	return numbers[0], numbers[1]
}
