package app

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"nonassociations/audit"
	"nonassociations/eventstore"
	"nonassociations/web/api"
	"nonassociations/web/shape"
)

// ReadLogConfig is [ReadConfig] for a command that reads the log alone: DATABASE_URL is
// required only where the log lies in it.
func ReadLogConfig(environment map[string]string) (Config, error) {
	log := environment["EVENTSTORE_URL"]
	if environment["DATABASE_URL"] != "" || log == "" || log == Embedded {
		return ReadConfig(environment, Roles{})
	}
	environment = maps.Clone(environment)
	environment["DATABASE_URL"] = "postgres://localhost/unused" // so that the rest is checked as ever
	config, err := ReadConfig(environment, Roles{})
	config.DatabaseURL = ""
	return config, err
}

// Replayed is the answer of [ReplayAsOf].
type Replayed struct {
	Records  []audit.RecordAsOf
	Position uint64      // of the newest fact of ours that was read
	Facts    int         // of ours in the log, up to there
	Head     *shape.Head // the newest signed one; nil when there is none, or it cannot be read
}

// ReplayAsOf answers a question about the past from a scan of the log. progress, if set, is
// called after each thousand facts. Errors are sentences for an operator.
func ReplayAsOf(ctx context.Context, o Options, question api.AsOfQuestion, progress func(facts int, at eventstore.Position)) (r Replayed, err error) {
	log, err := openLogToRead(ctx, o)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, closeLog(log)) }()
	id, err := eventstore.ReadIdentity(ctx, log)
	if err != nil {
		return r, fmt.Errorf("read the log's id: %w", err)
	}
	r.Head = o.headBeside(ctx, id) // before the scan: what it covers is read
	scan := audit.NewScan(log, audit.Options{London: o.Clock().Location()}, progress)
	var at eventstore.Position
	if question.Number != "" {
		r.Records, at, err = scan.Prisoner(ctx, question.Number, question.At)
	} else {
		r.Records, at, err = scan.Pair(ctx, question.Pair, question.At)
	}
	r.Position, r.Facts = at.Uint64(), scan.Facts()
	return r, err
}

// openLogToRead opens the log for a command that reads nothing else. A log without an id was
// never written to: it is the wrong one, and not empty.
func openLogToRead(ctx context.Context, o Options) (*openedLog, error) {
	if err := checkAllGrants(ctx, o.Config.requirementsOf(grantsOfLog, nil)); err != nil {
		return nil, err
	}
	log, err := openLog(ctx, o.Config, o.Scratch, o.Logger)
	if err != nil {
		return nil, err
	}
	if _, err := eventstore.ReadIdentity(ctx, log); err != nil {
		return nil, errors.Join(fmt.Errorf("read the log's id: %w", err), closeLog(log))
	}
	return log, nil
}
