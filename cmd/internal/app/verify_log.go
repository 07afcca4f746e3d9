package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/google/uuid"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/logcheck"
	kept "nonassociations/audit/evidence/store"
	"nonassociations/domain"
	"nonassociations/eventstore"
)

// LogCheck is what VerifyLog is asked.
type LogCheck struct {
	Keys evidence.Keys // known keys, see KnownKeys
	From int64         // size of the head whose tree is trusted; 0: none
	// Against is the text of a checkpoint or a proof from outside; "": none.
	Against string
	Archive logcheck.Archive // nil: none
	// Expect and Progress may be nil, see logcheck.Options.
	Expect   func(logcheck.Expected)
	Progress func(facts int64)
}

// alone reports whether the log can be judged without what Postgres has of it.
func (c LogCheck) alone() bool { return c.Against != "" }

// VerifyLog compares the log with what was kept of it. With a checkpoint from outside it needs
// the log alone, and uses what is in Postgres where that is there. An error means that nothing
// was judged; it is a sentence for an operator.
func VerifyLog(ctx context.Context, o Options, c LogCheck) (r logcheck.Result, err error) {
	if !c.alone() { // all that is missing is named at once
		if err := checkAllGrants(ctx, o.Config.requirementsOf(grantsOfLog, grantsOfProving)); err != nil {
			return r, err
		}
	}
	log, err := openLogToRead(ctx, o)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, closeLog(log)) }()
	if o.Config.DatabaseURL == "" {
		return o.checkLog(ctx, log, nil, c)
	}
	if err := checkAllGrants(ctx, o.Config.requirementsOf(nil, grantsOfProving)); err != nil {
		o.Logger.WarnContext(ctx, "what is kept of the log cannot be read, and is left out", "error", err)
		return o.checkLog(ctx, log, nil, c)
	}
	opened, err := kept.Open(ctx, o.Config.DatabaseURL)
	if err != nil {
		return r, err
	}
	defer opened.Close()
	tree := opened.Tree()
	return o.checkLog(ctx, log, &tree, c)
}

// checkLog compares a log that is open with its tree; nil: there is none, and a checkpoint
// from outside is needed. It is what the check of every night calls. Errors: those of
// logcheck.Check, and a tree of another log.
func (o Options) checkLog(ctx context.Context, log eventstore.Store, tree *kept.Tree, c LogCheck) (logcheck.Result, error) {
	id, err := eventstore.ReadIdentity(ctx, log)
	if err != nil {
		return logcheck.Result{}, fmt.Errorf("read the log's id: %w", err)
	}
	options := logcheck.Options{
		Log: log, Prefixes: domain.StreamPrefixes(), StoreID: id, Keys: c.Keys, From: c.From,
		Against: c.Against, Archive: c.Archive, Clock: o.Clock, Expect: c.Expect, Progress: c.Progress,
	}
	if tree != nil {
		state, err := tree.State(ctx)
		if err != nil {
			return logcheck.Result{}, err
		}
		if state.StoreID != id && state.StoreID != uuid.Nil {
			return logcheck.Result{}, fmt.Errorf("the leaves in Postgres are of log %s, this is log %s", state.StoreID, id)
		}
		options.Kept = keptTree{*tree}
	}
	return logcheck.Check(ctx, options)
}

// KnownKeys returns the given keys, or else those of EVIDENCE_KEY_FILE, EVIDENCE_OLD_KEYS and
// WITNESS_KEY. Errors name the variable, and never show a private key.
func KnownKeys(environment map[string]string, given evidence.Keys) (evidence.Keys, error) {
	if len(given) > 0 {
		return given, nil
	}
	var keys evidence.Keys
	if path := environment["EVIDENCE_KEY_FILE"]; path != "" {
		text, err := os.ReadFile(path) //nolint:gosec // the operator names the file
		if err != nil {
			return nil, fmt.Errorf("read EVIDENCE_KEY_FILE: %w", errors.Unwrap(err))
		}
		private, err := evidence.ParseKeyFile(string(text))
		if err != nil {
			return nil, fmt.Errorf("read EVIDENCE_KEY_FILE: %w", err)
		}
		for _, key := range private {
			keys = append(keys, key.Key)
		}
	}
	for _, name := range []string{"EVIDENCE_OLD_KEYS", "WITNESS_KEY"} {
		for vkey := range strings.SplitSeq(environment[name], ",") {
			if vkey = strings.TrimSpace(vkey); vkey == "" {
				continue
			}
			key, err := evidence.ParseKey(vkey)
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", name, err)
			}
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("no key is known: give --key, or set EVIDENCE_KEY_FILE, EVIDENCE_OLD_KEYS and WITNESS_KEY")
	}
	return keys, nil
}

// keptTree is a tree in Postgres as logcheck reads it.
type keptTree struct{ tree kept.Tree }

func (k keptTree) Heads(ctx context.Context, after int64, limit int) ([]logcheck.Head, error) {
	rows, err := k.tree.Heads(ctx, after, limit)
	heads := make([]logcheck.Head, len(rows))
	for i, row := range rows {
		heads[i] = logcheck.Head(row)
	}
	return heads, err
}

func (k keptTree) Leaves(ctx context.Context, from int64, limit int) ([]logcheck.LeafRow, error) {
	rows, err := k.tree.Leaves(ctx, from, limit)
	leaves := make([]logcheck.LeafRow, len(rows))
	for i, row := range rows {
		leaves[i] = logcheck.LeafRow(row)
	}
	return leaves, err
}

func (k keptTree) Tree(ctx context.Context, size int64) (evidence.Tree, error) {
	return k.tree.Edge(ctx, size)
}

func (k keptTree) Cosignatures(ctx context.Context, from, below int64) ([]logcheck.CosignatureRow, error) {
	rows, err := k.tree.Cosignatures(ctx, from, below)
	lines := make([]logcheck.CosignatureRow, len(rows))
	for i, row := range rows {
		lines[i] = logcheck.CosignatureRow{Size: row.Size, Line: row.Line}
	}
	return lines, err
}
