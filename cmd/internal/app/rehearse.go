package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"nonassociations/audit/rehearsal"
	"nonassociations/eventstore"
	"nonassociations/projections/generation"
	"nonassociations/queries"
)

// Rehearsal is what is asked of [Rehearse]. Its zero value reads the whole log.
type Rehearsal struct {
	Sample   int // pairs; 0: the whole log
	Seed     uint64
	Progress func(stage rehearsal.Stage, done, of int) // nil: nothing is told
	Words    io.Writer                                 // what is not compared, and why
}

// Rehearse tries this build on the log, and on the states of the read model where there
// is a Postgres. It writes nothing. An error means that it could not be judged, and is a
// sentence for an operator.
func Rehearse(ctx context.Context, o Options, of Rehearsal) (report rehearsal.Report, err error) {
	if err := checkAllGrants(ctx, o.Config.rehearsing()); err != nil {
		return report, err
	}
	log, err := openLog(ctx, o.Config, o.Scratch, o.Logger)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, closeLog(log)) }()
	id, err := eventstore.ReadIdentity(ctx, log)
	if err != nil {
		return report, fmt.Errorf("read the log's id: %w", err)
	}
	asked := rehearsal.Options{Log: log, London: o.Clock().Location(), Sample: of.Sample, Seed: of.Seed, Progress: of.Progress}
	if o.Config.DatabaseURL == "" {
		fmt.Fprintln(of.Words, "States are not compared: DATABASE_URL is not set.")
		return rehearsal.Run(ctx, asked)
	}
	reads, err := queries.Open(ctx, o.Config.readDSN(), queries.Options{Logger: o.Logger, MaxConns: 2})
	if err != nil {
		return report, err
	}
	defer reads.Close()
	if asked.Generation, err = answering(ctx, reads, id, of.Words); err != nil {
		return report, err
	}
	return rehearsal.Run(ctx, asked)
}

// rehearsing returns the rights of a rehearsal. Without DATABASE_URL it reads the log
// alone.
func (c Config) rehearsing() requirements {
	all := c.requirementsOf(grantsOfLog, nil)
	if c.DatabaseURL != "" {
		all.add(c.readDSN(), grantsOfRehearsing)
	}
	return all
}

// answering returns the read model whose states are compared. It is nil, with a word why,
// when there is none yet or when its tables mean something else. A read model of another
// log is an error.
func answering(ctx context.Context, reads *queries.Reader, id uuid.UUID, words io.Writer) (rehearsal.Generation, error) {
	g, err := reads.Generation(ctx)
	switch {
	case errors.Is(err, queries.ErrNotCaughtUp):
		fmt.Fprintln(words, "States are not compared: there is no read model that answers.")
		return nil, nil //nolint:nilnil // there is nothing to compare with
	case err != nil:
		return nil, err
	case g.Store != id:
		return nil, fmt.Errorf("the read model is of log %s, and EVENTSTORE_URL leads to log %s", g.Store, id)
	case g.Shape != generation.Shape:
		fmt.Fprintf(words, "States are not compared: the read model has shape %d, and this build's is %d.\n", g.Shape, generation.Shape)
		return nil, nil //nolint:nilnil // as above
	}
	return storedStates{reads}, nil
}

// storedStates are the states of the read model as a rehearsal reads them.
type storedStates struct{ *queries.Reader }

// Position returns the position up to which every fact is in the states.
func (s storedStates) Position(ctx context.Context) (uint64, error) {
	g, err := s.Generation(ctx)
	return g.Position, err
}

// Of returns the states of those of the pairs that it has.
func (s storedStates) Of(ctx context.Context, pairs []string) ([]rehearsal.Stored, error) {
	found, err := s.StatesOf(ctx, pairs)
	return statesAsStored(found), err
}

// Between returns states in the order of the pairs.
func (s storedStates) Between(ctx context.Context, after, upTo string, limit int) ([]rehearsal.Stored, error) {
	found, err := s.StatesBetween(ctx, after, upTo, limit)
	return statesAsStored(found), err
}

func statesAsStored(found []queries.PairState) []rehearsal.Stored {
	stored := make([]rehearsal.Stored, len(found))
	for i, s := range found {
		stored[i] = rehearsal.Stored(s)
	}
	return stored
}
