package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/nomis/mappingcheck"
	"nonassociations/nomis/npa"
)

// MappingCheck is what an operator asks of [CheckMapping]. Found must be set.
type MappingCheck struct {
	At      time.Time // as of which the log counts; zero: each pair when it is read
	Against string    // the path of an extract; empty: NOMIS now
	// Found receives every difference, sorted by pair, sequence and field.
	Found func(audit.MappingDifference) error
	// Unread receives the pairs that NOMIS does not give. Progress is that of
	// [mappingcheck.Options]. Either may be nil.
	Unread   func(pair domain.Pair, err error)
	Progress func(stage mappingcheck.Stage, done, of int)
}

// CheckMapping compares what the log says that NOMIS holds with NOMIS, or with an extract.
// It needs neither the read model nor any right to write, and changes nothing. Pairs that
// could not be compared are an error, after all others were. The error is a sentence for an
// operator.
func CheckMapping(ctx context.Context, o Options, check MappingCheck) (result mappingcheck.Result, err error) {
	if err := checkAllGrants(ctx, o.Config.requirementsOf(grantsOfLog, nil)); err != nil {
		return result, err
	}
	theirs, done, err := openTheirs(ctx, o, check.Against)
	if err != nil {
		return result, err
	}
	defer done()
	log, err := openLog(ctx, o.Config, o.Scratch, o.Logger)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, closeLog(log)) }()
	// A log without an id was never written to: it is the wrong one, and not empty.
	if _, err := eventstore.ReadIdentity(ctx, log); err != nil {
		return result, fmt.Errorf("read the log's id: %w", err)
	}
	result, err = mappingcheck.Run(ctx, mappingcheck.Options{
		Log: audit.New(log, audit.Options{}), Theirs: theirs, At: check.At, InFlight: o.Config.NOMIS.InFlight,
		Found: check.Found, Unread: check.Unread, Progress: check.Progress, Wait: sleep,
	})
	if err != nil {
		return result, err
	}
	if live, is := theirs.(*mappingcheck.Live); is && live.Wrong() > 0 {
		return result, fmt.Errorf("NOMIS lists %d pairs of numbers that are no prisoner numbers: they were not compared", live.Wrong())
	}
	if result.Unread > 0 {
		return result, fmt.Errorf("%d pairs could not be read from NOMIS: they were not compared", result.Unread)
	}
	return result, nil
}

// openTheirs returns what the log is compared with, and a function that releases it.
func openTheirs(ctx context.Context, o Options, path string) (_ mappingcheck.Theirs, done func(), err error) {
	if path == "" {
		if o.Config.NOMIS.APIURL == "" {
			return nil, nil, errors.New("NOMIS_API_URL is not set: set it, or name an extract")
		}
		api := o.Config.NOMIS.open(o)
		return mappingcheck.NewLive(api.For(npa.Operator), api.Available, sleep), api.Close, nil
	}
	file, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, nil, fmt.Errorf("open the extract: %w", err)
	}
	extract, err := mappingcheck.ReadExtract(ctx, file)
	if err != nil {
		_ = file.Close() // the first error is returned
		return nil, nil, err
	}
	return extract, func() { _ = file.Close() }, nil // it was only read
}
