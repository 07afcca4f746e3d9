package app

import (
	"context"

	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/queries/whereabouts"
	"nonassociations/web/api"
)

// openWhereabouts makes what answers who is where, for calls and for pages. Without a
// directory nobody is anywhere, and there is none.
func (p *process) openWhereabouts() {
	if p.directory.pages == nil {
		return
	}
	p.whereabouts = whereabouts.New(whereabouts.Options{
		Reads: gatedOpenRecords{&p.gate, p.reads}, Directory: p.directory.pages, WingParts: p.Config.Edge.WingParts,
		Clock: p.Clock, Head: p.head, Logger: p.Logger,
	})
}

// moveChecks returns what the API checks moves with; nil without a directory.
func (p *process) moveChecks() api.Whereabouts {
	if p.whereabouts == nil {
		return nil // a nil pointer in the interface would not be nil
	}
	return p.whereabouts
}

// readWingParts returns how many parts the names of wings have, by prison. A fault names
// the entry by its place, and not the value.
func readWingParts(environment map[string]string, f *faults) domain.WingParts {
	parts, err := domain.ParseWingParts(environment["WING_PARTS"])
	if err != nil {
		f.add("WING_PARTS " + err.Error())
	}
	return parts
}

// gatedOpenRecords fails with queries.ErrNotCaughtUp while reads are refused.
type gatedOpenRecords struct {
	gate *readinessGate
	whereabouts.Reads
}

// OpenOf is refused while reads are.
func (r gatedOpenRecords) OpenOf(ctx context.Context, numbers []domain.PrisonerNumber, today string, atLeast uint64) (queries.OpenRecords, error) {
	return ifReadsAllowed(r.gate, func() (queries.OpenRecords, error) { return r.Reads.OpenOf(ctx, numbers, today, atLeast) })
}

// Version is refused while reads are.
func (r gatedOpenRecords) Version(ctx context.Context, atLeast uint64) (version queries.Version, position uint64, err error) {
	version, err = ifReadsAllowed(r.gate, func() (queries.Version, error) {
		version, position, err = r.Reads.Version(ctx, atLeast)
		return version, err
	})
	return version, position, err
}

// PairsOf is refused while reads are.
func (r gatedOpenRecords) PairsOf(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.Pair, error) {
	return ifReadsAllowed(r.gate, func() ([]domain.Pair, error) { return r.Reads.PairsOf(ctx, number, atLeast) })
}

// MergedWith is refused while reads are.
func (r gatedOpenRecords) MergedWith(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error) {
	return ifReadsAllowed(r.gate, func() ([]domain.PrisonerNumber, error) { return r.Reads.MergedWith(ctx, number, atLeast) })
}
