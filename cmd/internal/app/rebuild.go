package app

import (
	"context"
	"errors"

	"nonassociations/domain"
	"nonassociations/eventstore/consumer"
	"nonassociations/projections/rebuild"
)

// RebuildRequest says what Rebuild is to do. Of DryRun, Back, Pair and Prisoner one at
// most is set; none: the next generation is built.
type RebuildRequest struct {
	DryRun   bool
	Back     bool
	Pair     *domain.Pair
	Prisoner domain.PrisonerNumber
	Accept   bool // flip although rows differ from the log
	Limit    int  // most rows that are named; 20 when 0
	Progress func(rebuild.Progress)
}

// Rebuild builds the read model beside the one that answers and flips, or does another
// part of that work. It reports rows that differ in a Report with the status
// rebuild.Differs. Errors are sentences for an operator and wrap those of
// projections/rebuild.
func Rebuild(ctx context.Context, o Options, request RebuildRequest) (report rebuild.Report, err error) {
	err = o.withReadModel(ctx, grantsOfRebuilding, func(with rebuild.Options) (err error) {
		with.Accept, with.Limit, with.Progress = request.Accept, request.Limit, request.Progress
		switch {
		case request.DryRun:
			report, err = rebuild.Estimate(ctx, with)
		case request.Back:
			report, err = rebuild.Back(ctx, with)
		case request.Pair != nil || request.Prisoner != "":
			report, err = rebuild.Renew(ctx, with, rebuild.Selection{Pair: request.Pair, Prisoner: request.Prisoner})
		default:
			report, err = rebuild.Run(ctx, with)
		}
		return err
	})
	return report, err
}

// VerifyRequest says how VerifyReadModel reports.
type VerifyRequest struct {
	ShowValues bool
	Limit      int // most rows that are named; 20 when 0
	Expects    func(facts uint64, expected rebuild.Expected)
	Progress   func(rebuild.Progress)
}

// VerifyReadModel builds the read model anew beside the one that answers, up to the same
// position, compares the two and drops it. The answering tables are only read. A
// difference is reported in the result. An error means that no comparison was made; it
// is a sentence for an operator and wraps those of projections/rebuild.
func VerifyReadModel(ctx context.Context, o Options, request VerifyRequest) (found rebuild.Verification, err error) {
	err = o.withReadModel(ctx, grantsOfComparing, func(with rebuild.Options) (err error) {
		with.ShowValues, with.Limit = request.ShowValues, request.Limit
		with.Expects, with.Progress = request.Expects, request.Progress
		found, err = rebuild.Verify(ctx, with)
		return err
	})
	return found, err
}

// withReadModel checks the rights, opens the log and calls work.
func (o Options) withReadModel(ctx context.Context, rights []grant, work func(rebuild.Options) error) (err error) {
	if err := checkAllGrants(ctx, o.Config.requirementsOf(grantsOfLog, rights)); err != nil {
		return err
	}
	log, err := openLog(ctx, o.Config, o.Scratch, o.Logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLog(log)) }()
	return withoutText(work(rebuild.Options{
		DSN: o.Config.DatabaseURL, Store: log, London: o.Clock().Location(), Clock: o.Clock, Logger: o.Logger,
	}))
}

// withoutText leaves the text of a poisoned event's fault out: it may quote a comment or
// a name.
func withoutText(err error) error {
	var poison *consumer.Poison
	if !errors.As(err, &poison) {
		return err
	}
	named := *poison
	named.Err = errors.New("docs/runbooks/ProjectorStopped.md says what to do")
	return &named
}
