package turn

import (
	"context"
	"errors"
	"fmt"

	"nonassociations/domain"
	"nonassociations/nomis/mirror"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/plan"
)

// read reads both sides and the policy. Ours comes first: what is appended meanwhile rings
// the bell again.
func (r *run) read(ctx context.Context) (plan.Input, error) {
	ours, err := r.Record.Plan(ctx, r.pair)
	if err != nil {
		return plan.Input{}, err
	}
	in := plan.Input{Pair: r.pair, Exchanges: ours.Exchanges, Revision: ours.Revision, Now: r.Clock(), Source: r.source}
	if in.Theirs, in.Unknown, err = r.theirs(ctx, domain.Today(in.Now)); err != nil {
		return plan.Input{}, err
	}
	if r.why.Asked && r.askedAt == nil {
		r.askedAt = &in.Revision
	}
	r.result.Ours, r.result.Theirs, r.result.Unknown = ours, in.Theirs, in.Unknown
	if err := r.readPolicy(ctx, in); err != nil {
		return plan.Input{}, err
	}
	in.Policy = r.policy
	return in, nil
}

// theirs reads both mirrors. Rows that disagree are read a second time, because a write
// of NOMIS may have been between its two rows; they disagree only if they do so twice.
func (r *run) theirs(ctx context.Context, today string) (all []plan.Theirs, unknown string, err error) {
	rows, err := r.NOMIS.Rows(ctx, r.pair)
	if errors.Is(err, npa.ErrPrisonerUnknown) {
		r.result.Rows = mirror.Rows{}
		numbers := r.pair.Numbers()
		return nil, fmt.Sprintf("NOMIS does not know %s or %s, or no booking of theirs.", numbers[0], numbers[1]), nil
	}
	if err == nil && disagree(r.pair, rows) {
		if err := r.Pause(ctx); err != nil {
			return nil, "", err
		}
		rows, err = r.NOMIS.Rows(ctx, r.pair)
	}
	if err != nil {
		return nil, "", err
	}
	r.result.Rows = rows
	return plan.FromMirrors(r.pair, rows, today), "", nil
}

// disagree reports whether any rows of the two mirrors disagree.
func disagree(pair domain.Pair, rows mirror.Rows) bool {
	for _, d := range mirror.Details(pair, rows) {
		if d.Disagrees() {
			return true
		}
	}
	return false
}
