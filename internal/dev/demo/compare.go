package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"nonassociations/web/client"
)

// compare runs a migration and a reconciliation, and prints what they count beside what
// was planted. Errors: a run that was cancelled or has failed. Other counts than the
// planted ones are no error: the run may have records of its own.
//
// A migration of all would take over what differs, and would leave a reconciliation
// nothing to show. So the one of all is a dry run. The one that writes takes only pairs
// that are not known here, and shows that they are the same afterwards. No message tells
// of what was planted, and none of it waits to be delivered before a reconciliation has
// seen it: no turn takes it over in between.
func (l *loader) compare(ctx context.Context, v *view) error {
	known, err := l.knownArrivals(ctx, v)
	if err != nil {
		return err
	}
	fmt.Fprint(l.Out, "\na migration of all that NOMIS has, as a dry run: another one would take over what differs\n")
	run, err := l.migrate(ctx, client.MigrationRequest{DryRun: true})
	if err != nil {
		return err
	}
	l.printCounts("pairs", v.outcomes(known), outcomesOf(run))
	fmt.Fprintf(l.Out, "\na migration of the %d pairs that only NOMIS has until now\n", len(v.arrivals.pairs))
	request := client.MigrationRequest{}
	for _, of := range v.arrivals.pairs {
		request.Pairs = append(request.Pairs, []string{string(of[0]), string(of[1])})
	}
	if run, err = l.migrate(ctx, request); err != nil {
		return err
	}
	l.printCounts("pairs", []count{{created, len(v.arrivals.pairs) - known}, {unchanged, known}}, outcomesOf(run))
	fmt.Fprint(l.Out, "\na reconciliation of everything\n")
	reconciled, err := l.reconcile(ctx)
	if err != nil {
		return err
	}
	l.printCounts("non-associations", v.buckets(), bucketsOf(reconciled))
	return nil
}

// knownArrivals counts the pairs to migrate that are known here. All are, when this is
// not the first demonstration in the run.
func (l *loader) knownArrivals(ctx context.Context, v *view) (int, error) {
	known := 0
	for _, of := range v.arrivals.pairs {
		found, err := l.between(ctx, of)
		if err != nil {
			return 0, fmt.Errorf("look for the pair of %s: %w", of[0], err)
		}
		known += min(len(found), 1)
	}
	return known, nil
}

// migrate runs a migration and returns it when it has ended.
func (l *loader) migrate(ctx context.Context, what client.MigrationRequest) (client.Migration, error) {
	id, err := l.startMigration(ctx, what)
	if err != nil {
		return client.Migration{}, fmt.Errorf("start a migration: %w", err)
	}
	run, err := l.followMigration(ctx, id)
	if err == nil && run.Status != "COMPLETED" {
		err = fmt.Errorf("it is %s", run.Status)
	}
	if err != nil {
		return run, fmt.Errorf("migration %s: %w", id, err)
	}
	return run, nil
}

// startMigration requests a migration and returns its id. Another one that is at work, such
// as that of a demonstration that was interrupted, is waited for.
func (l *loader) startMigration(ctx context.Context, what client.MigrationRequest) (id string, err error) {
	for {
		started, err := l.service.StartMigration(ctx, what)
		if !isStatus(err, http.StatusConflict) {
			return started.Body.MigrationID.String(), err
		}
		other, err := l.service.ActiveMigration(ctx)
		if isStatus(err, http.StatusNotFound) {
			continue // it has ended in between
		}
		if err == nil {
			fmt.Fprintln(l.Out, "another migration is at work, and ends first")
			_, err = l.followMigration(ctx, other.Body.MigrationID.String())
		}
		if err != nil {
			return "", err
		}
	}
}

// isStatus reports whether an error is an answer of the service with this status.
func isStatus(err error, status int) bool {
	var refused *client.Error
	return errors.As(err, &refused) && refused.Status == status
}

// followMigration returns a migration when it has ended.
func (l *loader) followMigration(ctx context.Context, id string) (client.Migration, error) {
	return follow(ctx, l, func(ctx context.Context) (client.Response[client.Migration], error) {
		return l.service.Migration(ctx, id)
	},
		func(run client.Migration) progress {
			return progress{run.Pairs.Total, run.EstimatedRecordCount, run.WhenEnded != nil}
		})
}

// reconcile runs a reconciliation of all pairs and returns it when it has ended. In a run
// that goes on meanwhile a record may be in flight, and is then counted as unchecked.
func (l *loader) reconcile(ctx context.Context) (client.Reconciliation, error) {
	requested, err := l.service.RequestReconciliation(ctx, client.ReconciliationRequest{Scope: "ALL", AllowUnchecked: true})
	if err != nil {
		return client.Reconciliation{}, fmt.Errorf("request a reconciliation: %w", err)
	}
	id := requested.Body.ID.String()
	run, err := follow(ctx, l, func(ctx context.Context) (client.Response[client.Reconciliation], error) {
		return l.service.Reconciliation(ctx, id)
	},
		func(run client.Reconciliation) progress {
			return progress{run.Pairs.Done, run.Pairs.Total, run.EndedAt != nil}
		})
	if err == nil && run.Failure != nil {
		err = fmt.Errorf("it has failed: %s", *run.Failure)
	}
	if err != nil {
		return run, fmt.Errorf("reconciliation %s: %w", id, err)
	}
	return run, nil
}

// progress is how far a run is, in pairs. total is 0 until some are known.
type progress struct {
	done, total int
	ended       bool
}

const (
	// lookAgain is the time between two looks at a run.
	lookAgain = 300 * time.Millisecond
	// standstill is how long a run may make no progress. A reconciliation makes none until
	// the one before it has ended.
	standstill = 5 * time.Minute
)

// errStandstill says where a run tells why it makes no progress.
var errStandstill = fmt.Errorf("no progress for %s: GET /health says whether NOMIS answers and looks restored", standstill)

// follow looks at a run until it has ended, and shows how far it is. Errors: those of look,
// the context's, and errStandstill.
func follow[T any](ctx context.Context, l *loader, look func(context.Context) (client.Response[T], error), of func(T) progress) (T, error) {
	bar, before, still := l.bar("compared", 1), 0, time.Duration(0)
	for {
		run, err := retry(ctx, l, look)
		if err != nil {
			return run.Body, err
		}
		now := of(run.Body)
		if still += lookAgain; now.done != before {
			before, still = now.done, 0
		}
		if now.total > 1 && !bar.IsFinished() {
			bar.ChangeMax(now.total)
		}
		if now.ended {
			return run.Body, bar.Finish()
		}
		if still >= standstill {
			return run.Body, errStandstill
		}
		if now.done < now.total {
			err = bar.Set(now.done)
		}
		if err == nil {
			err = l.pause(ctx, lookAgain)
		}
		if err != nil {
			return run.Body, err
		}
	}
}
