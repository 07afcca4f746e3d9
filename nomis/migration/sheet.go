package migration

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// Sheets draw up what people compare with their own eyes and sign.
type Sheets struct {
	Store *store.Store
	Turns *turn.Turns
}

// errNotDone refuses a sheet of a run that is at work.
var errNotDone = errors.New("the migration is at work: a sheet shows what it came to")

// Write writes a sample of the pairs of a run as CSV: one line for each non-association
// that NOMIS holds of them now, with what is recorded here, or would be after a dry run.
// The same sample gives the same lines while neither side changes. It returns the number
// of lines below the heading. Errors: ErrNoRun, those of NOMIS and of the record, and
// faults of Postgres.
func (s *Sheets) Write(ctx context.Context, out io.Writer, id uuid.UUID, sample Sample) (lines int, err error) {
	run, err := s.Store.Migration(ctx, id)
	if err != nil {
		return 0, err
	}
	if run.IsAtWork() {
		return 0, errNotDone
	}
	pairs, err := s.Store.MigrationSample(ctx, id, sample)
	if err != nil {
		return 0, err
	}
	w := csv.NewWriter(out)
	w.UseCRLF = true // RFC 4180
	if err := w.Write(heading); err != nil {
		return 0, fmt.Errorf("write the sheet: %w", err)
	}
	for _, listed := range pairs {
		of, err := s.linesOf(ctx, run, listed)
		if err != nil {
			return lines, err
		}
		for _, line := range of {
			if err := w.Write(line.cells()); err != nil {
				return lines, fmt.Errorf("write the sheet: %w", err)
			}
			lines++
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return lines, fmt.Errorf("write the sheet: %w", err)
	}
	return lines, nil
}

// linesOf returns the lines of a pair. One that NOMIS lists and does not give has one
// line, which says so.
func (s *Sheets) linesOf(ctx context.Context, run Run, listed Failure) ([]line, error) {
	pair, is := pairOf(listed.Pair)
	if !is || listed.Outcome == store.PairUnreadable || listed.Outcome == "" {
		return []line{{pair: listed.Pair, outcome: strings.ToUpper(string(listed.Outcome)), why: listed.Why}}, nil
	}
	m, err := s.Turns.Migrate(ctx, pair, turn.Why{Cause: run.ID, DryRun: true})
	if err != nil {
		return nil, err
	}
	// After a dry run it is what would be recorded. Migrate has folded that into Ours.
	state := m.Ours.Exchanges.State()
	if !run.DryRun {
		ours, err := s.Turns.Record.Plan(ctx, pair)
		if err != nil {
			return nil, err
		}
		state = ours.Exchanges.State()
	}
	var all []line
	for i, t := range m.Theirs {
		sequence := *t.Detail.TypeSequence
		l := line{
			pair: listed.Pair, sequence: strconv.Itoa(sequence), low: rowOf(m.Rows.Forwards, sequence), high: rowOf(m.Rows.Backwards, sequence),
			ours: recordOf(state, m, sequence), numbers: pair.Numbers(), theirs: t, outcome: string(m.Items[i].Kind), reason: m.Items[i].Reason,
		}
		if l.outcome == "" {
			l.outcome = "FAILED"
		}
		all = append(all, l)
	}
	if len(all) == 0 {
		all = append(all, line{pair: listed.Pair, outcome: strings.ToUpper(string(listed.Outcome)), why: "NOMIS holds nothing of the pair any more."})
	}
	return all, nil
}

// recordOf returns the record that a detail of NOMIS is, nil when there is none.
func recordOf(s domain.State, m turn.Migrated, sequence int) *domain.NonAssociation {
	for _, match := range m.Plan.Matches {
		if match.Ours != nil && match.Theirs != nil && *match.Theirs.Detail.TypeSequence == sequence {
			if n, is := s.Item(match.Ours.ID); is && !n.Deleted {
				return &n
			}
		}
	}
	for _, n := range s.Items {
		if n.TypeSequence == sequence && !n.Deleted {
			return &n
		}
	}
	return nil
}
