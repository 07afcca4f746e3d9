package turn

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
)

// readBack reads what NOMIS holds after a write, and records that.
func (r *run) readBack(ctx context.Context, in plan.Input, s plan.Step, sequence int) error {
	held, t, is, err := r.find(ctx, in, sequence)
	if err != nil || !is || t.Disagreement != "" || t.NotHoldable != "" {
		return err // the next plan says what there is
	}
	if held.Equal(s.Detail) {
		if err := r.authors.learn(ctx, r.Store, t.UpdatedBy, in.Now); err != nil {
			return err
		}
	}
	return r.deliver(ctx, in, s, sequence, r.asWritten(in, s, t))
}

// find reads a detail of NOMIS.
func (r *run) find(ctx context.Context, in plan.Input, sequence int) (domain.Detail, plan.Theirs, bool, error) {
	rows, err := r.NOMIS.Rows(ctx, r.pair)
	if err != nil {
		return domain.Detail{}, plan.Theirs{}, false, err
	}
	for _, t := range plan.FromMirrors(r.pair, rows, domain.Today(in.Now)) {
		if *t.Detail.TypeSequence == sequence {
			return t.Detail, t, true, nil
		}
	}
	return domain.Detail{}, plan.Theirs{}, false, nil
}

// asWritten returns what is recorded of what was read back after a write. It is what was
// read, but for values that NOMIS's staff changed between the write and the read: of these
// it is what was sent. NOMIS held it for a moment, and the next plan finds their change.
func (r *run) asWritten(in plan.Input, s plan.Step, read plan.Theirs) domain.Detail {
	var before plan.Theirs // the zero Theirs when it was created
	for _, t := range in.Theirs {
		if *t.Detail.TypeSequence == *read.Detail.TypeSequence {
			before = t
		}
	}
	authors := r.policy.Authors
	detail := read.Detail
	for _, f := range s.Detail.Differences(r.pair, read.Detail) {
		sent, got := s.Detail.Get(f), read.Detail.Get(f)
		switch {
		case slices.Contains(authors, read.UpdatedBy): // the service, and NOMIS did not take its value
		case len(authors) > 0 && before.UpdatedBy != read.UpdatedBy: // somebody else, since the write
			detail = detail.With(f, sent)
		case before.Detail.TypeSequence != nil && sameValue(before.Detail.Get(f), got): // nothing was written
		case !isAltered(sent, got):
			detail = detail.With(f, sent)
		}
	}
	return detail
}

// isAltered reports whether a value that was read back looks like what a database made of
// the one that was sent, in other letters or cut off, and not like what a person wrote.
func isAltered(sent, got *string) bool {
	if sent == nil || got == nil {
		return sent != nil // it was lost
	}
	return strings.HasPrefix(letters(*sent), letters(*got))
}

// letters returns the letters and digits of a text that every database holds.
func letters(text string) string {
	return strings.Map(func(c rune) rune {
		if c > unicode.MaxASCII || !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return -1
		}
		return unicode.ToLower(c)
	}, text)
}
