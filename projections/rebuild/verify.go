package rebuild

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/eventstore"
	"nonassociations/projections"
	"nonassociations/projections/generation"
)

// Verify builds a generation beside the one that answers, up to the same position,
// compares the two in one snapshot, and drops it. Of the answering generation it reads
// the views alone, and needs no right to write anything but the schema that it makes.
// A difference is in the Verification; an error means that nothing was compared. Errors:
// ErrBusy, ErrNoModel, ErrOtherLog, ErrShape, and those of the log and of Postgres.
func Verify(ctx context.Context, o Options) (v Verification, err error) {
	s, err := open(ctx, o)
	if err != nil {
		return Verification{}, err
	}
	defer s.close()
	if _, err := s.shown(ctx); err != nil {
		return Verification{}, err
	}
	defer func() { err = errors.Join(err, s.drop(ctx)) }()
	if err := s.drop(ctx); err != nil { // what a killed verification has left
		return Verification{}, err
	}
	s.expects = s.live.Facts
	s.Expects(s.expects, byFacts(s.expects))
	s.say("build")
	b, err := s.build(ctx, generation.Verification)
	if err != nil {
		return Verification{}, err
	}
	if err := s.nearLive(ctx, b); err != nil {
		return Verification{}, err
	}
	return s.verify(ctx, b)
}

// nearLive builds up to a position that the answering generation had a moment ago. It
// never passes the one that it has now.
func (s *session) nearLive(ctx context.Context, b *projections.Building) error {
	for {
		at := s.live.At
		if err := b.Through(ctx, &at); err != nil {
			return err
		}
		if _, err := s.shown(ctx); err != nil {
			return err
		}
		if s.live.Facts < b.Trail().Events+fewFacts {
			return nil
		}
	}
}

// verify brings the generation to the position that the views have in one snapshot, and
// compares there. The transaction sees its own rows beside those of the snapshot, so
// nobody has to wait for it.
func (s *session) verify(ctx context.Context, b *projections.Building) (Verification, error) {
	s.say("compare")
	var found compared
	err := s.inSnapshot(ctx, func(tx pgx.Tx) (err error) {
		if _, err := s.shownIn(ctx, tx); err != nil {
			return err
		}
		if _, err := b.ThroughIn(ctx, tx, s.live.At); err != nil {
			return err
		}
		with := comparing{live: "read", built: generation.Verification, limit: s.Limit, show: s.ShowValues}
		found, err = with.compare(ctx, tx)
		return err
	})
	if err != nil {
		return Verification{}, err
	}
	v := Verification{
		OK: found.total == 0, Store: s.log, Generation: int(s.live.Number), Shape: s.live.Shape, Position: s.live.At.Uint64(),
		Seconds: s.seconds(), Tables: []VerifiedTable{}, Differences: append([]Difference{}, found.differences...), Total: found.total,
	}
	for i, t := range generation.Tables {
		v.Tables = append(v.Tables, VerifiedTable{
			Table: t.Name, Rows: found.live[i].Rows, Digest: found.live[i].String(),
			ExpectedRows: found.built[i].Rows, ExpectedDigest: found.built[i].String(), Same: found.same(i),
		})
	}
	return v, nil
}

const shownSQL = `SELECT version, coalesce((to_jsonb(c) ->> 'shape')::int, 1), store_id, "commit", prepare, coalesce((to_jsonb(c) ->> 'facts')::bigint, 0)
	FROM read.checkpoint c`

// shown reads what the views say of the generation that answers.
func (s *session) shown(ctx context.Context) (eventstore.Position, error) {
	return s.shownIn(ctx, s.conn)
}

func (s *session) shownIn(ctx context.Context, db generation.Querier) (eventstore.Position, error) {
	var live generation.State
	err := db.QueryRow(ctx, shownSQL).Scan(&live.Number, &live.Shape, &live.Store, &live.At.Commit, &live.At.Prepare, &live.Facts)
	switch {
	case generation.ViewsAreMissing(err) || errors.Is(err, pgx.ErrNoRows):
		return eventstore.Position{}, ErrNoModel
	case err != nil:
		return eventstore.Position{}, fmt.Errorf("read the generation that answers: %w", err)
	case live.Store != s.log && live.Store != uuid.Nil:
		return eventstore.Position{}, fmt.Errorf("%w: it is of log %s, this is log %s; to take it over: nonassociations rebuild --adopt-log %s --yes",
			ErrOtherLog, live.Store, s.log, s.log)
	case live.Shape != generation.Shape:
		return eventstore.Position{}, fmt.Errorf("%w: it is %d, and this build writes shape %d; `nonassociations rebuild` makes it anew",
			ErrShape, live.Shape, generation.Shape)
	}
	s.live = live
	return live.At, nil
}

// drop drops the generation of a verification, also when the context has ended.
func (s *session) drop(ctx context.Context) error {
	if s.conn.IsClosed() {
		return nil // the next verification drops it
	}
	return pgx.BeginFunc(context.WithoutCancel(ctx), s.conn, func(tx pgx.Tx) error {
		return generation.Drop(context.WithoutCancel(ctx), tx, generation.Verification)
	})
}
