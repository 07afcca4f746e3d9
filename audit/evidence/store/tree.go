package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"nonassociations/audit/evidence"
	"nonassociations/eventstore"
)

// DB is a pool or a connection.
type DB interface {
	Begin(ctx context.Context) (pgx.Tx, error)
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// Tree reads and adds leaves, nodes, heads and cosignatures. It is as safe for concurrent
// use as its DB. On and Store.Tree make one.
type Tree struct{ db DB }

// On returns the tree of a pool or a connection.
func On(db DB) Tree { return Tree{db} }

// Tree returns the tree in the database of the store.
func (s *Store) Tree() Tree { return Tree{s.pool} }

// State is how far the tree is. The zero State is that of no tree yet.
type State struct {
	StoreID uuid.UUID // of the log
	Size    int64     // number of leaves
	// At is the position up to which every fact has its leaf.
	At eventstore.Position
	// EventID, Stream and Revision are of the last leaf; a zero id: none.
	EventID  uuid.UUID
	Stream   string
	Revision uint64
}

// Leaf is a leaf as it is kept. The text is not checked.
type Leaf struct {
	Index   int64
	EventID uuid.UUID
	At      eventstore.Position
	Text    []byte
}

// ErrMoved means that another signer has added leaves: nothing was written.
var ErrMoved = errors.New("the tree is not as large as this signer knows it")

// State returns how far the tree is.
func (t Tree) State(ctx context.Context) (s State, err error) {
	err = t.db.QueryRow(ctx, `SELECT log_id, size, commit_position, prepare_position, event_id, stream, revision FROM evidence.tree`).
		Scan(&s.StoreID, &s.Size, &s.At.Commit, &s.At.Prepare, &s.EventID, &s.Stream, &s.Revision)
	if errors.Is(err, pgx.ErrNoRows) {
		return State{}, nil
	}
	if err != nil {
		return State{}, fmt.Errorf("read how far the tree is: %w", err)
	}
	return s, nil
}

// Append adds the leaves after from and the nodes that they complete, and moves the tree on
// to the state to: all, or nothing. Errors: ErrMoved, those of Postgres.
func (t Tree) Append(ctx context.Context, from, to State, leaves []Leaf, nodes []evidence.Node) error {
	tx, err := t.db.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin to add leaves: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // after a commit it does nothing
	if err := moveOn(ctx, tx, from, to); err != nil {
		return err
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{schema, "leaf"}, []string{"index", "event_id", "commit_position", "prepare_position", "text"},
		pgx.CopyFromSlice(len(leaves), func(i int) ([]any, error) {
			l := leaves[i]
			return []any{l.Index, l.EventID, l.At.Commit, l.At.Prepare, string(l.Text)}, nil
		}))
	if err != nil {
		return fmt.Errorf("add leaves: %w", err)
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{schema, "node"}, []string{"level", "n", "hash"},
		pgx.CopyFromSlice(len(nodes), func(i int) ([]any, error) { return []any{nodes[i].Level, nodes[i].N, nodes[i].Hash[:]}, nil }))
	if err != nil {
		return fmt.Errorf("add nodes: %w", err)
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("keep leaves: %w", err)
	}
	return nil
}

// moveOn writes the row of the tree, if it is still that of from. Errors: ErrMoved.
func moveOn(ctx context.Context, tx pgx.Tx, from, to State) error {
	values := []any{to.StoreID, to.Size, to.At.Commit, to.At.Prepare, to.EventID, to.Stream, to.Revision}
	sql := `UPDATE evidence.tree SET log_id = $1, size = $2, commit_position = $3, prepare_position = $4, event_id = $5, stream = $6, revision = $7
		WHERE log_id = $8 AND size = $9 AND (commit_position, prepare_position) <= ($3, $4)`
	if from == (State{}) {
		sql = `INSERT INTO evidence.tree (log_id, size, commit_position, prepare_position, event_id, stream, revision)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`
	} else {
		values = append(values, from.StoreID, from.Size)
	}
	tag, err := tx.Exec(ctx, sql, values...)
	switch {
	case err != nil:
		return fmt.Errorf("move the tree on: %w", err)
	case tag.RowsAffected() != 1:
		return ErrMoved
	}
	return nil
}

// scanLeaf scans the columns of LeavesOf.
func scanLeaf(row pgx.CollectableRow) (l Leaf, err error) {
	var text string
	err = row.Scan(&l.Index, &l.EventID, &l.At.Commit, &l.At.Prepare, &text)
	l.Text = []byte(text)
	return l, err
}

// LeafText is the text of a leaf, as it is kept, and its place.
type LeafText struct {
	Index int64
	Text  []byte
}

// textBlock is how many bytes of texts have their memory together.
const textBlock = 64 << 10

// Leaves returns the texts of at most limit leaves from an index on, in their order.
func (t Tree) Leaves(ctx context.Context, from int64, limit int) ([]LeafText, error) {
	rows, err := t.db.Query(ctx, `SELECT index, text FROM evidence.leaf WHERE index >= $1 ORDER BY index LIMIT $2`, from, limit)
	if err != nil {
		return nil, fmt.Errorf("read leaves: %w", err)
	}
	var all []LeafText
	var block []byte
	var index int64
	var text pgtype.DriverBytes
	_, err = pgx.ForEachRow(rows, []any{&index, &text}, func() error {
		if cap(block)-len(block) < len(text) {
			block = make([]byte, 0, max(min(textBlock, limit*evidence.MaxLeaf), len(text)))
		}
		begin := len(block)
		block = append(block, text...)
		all = append(all, LeafText{index, slices.Clip(block[begin:])})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read leaves: %w", err)
	}
	return all, nil
}

// LeavesOf returns the leaves of events, in the order of the tree. An event without a leaf
// is left out; of one that is twice in the log both are there.
func (t Tree) LeavesOf(ctx context.Context, events []uuid.UUID) ([]Leaf, error) {
	rows, err := t.db.Query(ctx, `SELECT index, event_id, commit_position, prepare_position, text FROM evidence.leaf WHERE event_id = ANY($1) ORDER BY index`, events)
	if err != nil {
		return nil, fmt.Errorf("read leaves: %w", err)
	}
	all, err := pgx.CollectRows(rows, scanLeaf)
	if err != nil {
		return nil, fmt.Errorf("read leaves: %w", err)
	}
	return all, nil
}
