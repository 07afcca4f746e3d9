package nightly

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/go-json-experiment/json"

	"nonassociations/audit/evidence/store"
	"nonassociations/internal/pg/lease"
)

// Runbook says what to do about a finding.
const Runbook = "docs/runbooks/CheckFailed.md"

// ErrNotYet means that there is nothing to check yet, for errors.Is.
var ErrNotYet = errors.New("there is nothing to check yet")

// Finding is what a check found. Result is kept as JSON.
type Finding struct {
	OK     bool
	Total  int64 // of what is wrong
	Result any
	// HeadSize is the size of the newest head when the check was good; nil: none.
	HeadSize *int64
}

// Check is one of the checks of the night. Judge gets the size of the head that the last
// good check ended with; 0: none. An error means that nothing was judged; its text is
// logged and has nothing personal.
type Check struct {
	Name  store.CheckName
	Judge func(ctx context.Context, from int64) (Finding, error)
}

// Kept is where results are kept.
type Kept interface {
	AddCheck(ctx context.Context, c store.Check) error
	LastChecks(ctx context.Context) ([]store.Check, error)
	LastGood(ctx context.Context, name store.CheckName) (c store.Check, found bool, err error)
}

// Options of Run. All but Intervals must be given.
type Options struct {
	DSN       string // of the Postgres with the lease; no transaction pooler may be in between
	Kept      Kept
	Checks    []Check
	At        TimeOfDay
	Clock     func() time.Time // in Europe/London
	Logger    *slog.Logger
	Intervals Intervals
}

// Intervals are how long Run waits; zero values stand for the defaults.
type Intervals struct {
	Look        time.Duration // between two looks at the clock: ten seconds
	First, Most time.Duration // between two tries: from a second up to five minutes
}

// Run makes each check when it is due, until the context ends. Outages are survived.
func Run(ctx context.Context, o Options) {
	look := cmp.Or(o.Intervals.Look, 10*time.Second)
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval = cmp.Or(o.Intervals.First, time.Second)
	waits.MaxInterval = cmp.Or(o.Intervals.Most, 5*time.Minute)
	for ctx.Err() == nil {
		err := o.turn(ctx)
		now := o.Clock()
		wait := min(Next(now, o.At).Sub(now), look)
		if err == nil {
			waits.Reset()
		} else {
			wait = waits.NextBackOff()
			o.report(ctx, err, wait)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// report logs why a check could not be made.
func (o Options) report(ctx context.Context, err error, wait time.Duration) {
	switch {
	case ctx.Err() != nil:
	case errors.Is(err, ErrNotYet):
		o.Logger.DebugContext(ctx, "a check of the night waits", "retry_in", wait, "error", err)
	default:
		o.Logger.WarnContext(ctx, "a check of the night could not be made, retrying", "retry_in", wait, "error", err)
	}
}

// turn makes the checks that are due. Errors: why one could not be made.
func (o Options) turn(ctx context.Context) error {
	due, err := o.due(ctx)
	if err != nil || len(due) == 0 {
		return err
	}
	var failed error
	err = lease.With(ctx, o.DSN, lease.Nightly, o.Logger, func(ctx context.Context) {
		// Another process may have made them meanwhile.
		if due, failed = o.due(ctx); failed != nil {
			return
		}
		for _, check := range due {
			failed = errors.Join(failed, o.make(ctx, check))
		}
	})
	return errors.Join(err, failed)
}

// due returns the checks that are due now.
func (o Options) due(ctx context.Context) ([]Check, error) {
	kept, err := o.Kept.LastChecks(ctx)
	if err != nil {
		return nil, err
	}
	last := map[store.CheckName]time.Time{}
	for _, c := range kept {
		last[c.Name] = c.At
	}
	var due []Check
	for now, i := o.Clock(), 0; i < len(o.Checks); i++ {
		if Due(now, last[o.Checks[i].Name], o.At) {
			due = append(due, o.Checks[i])
		}
	}
	return due, nil
}

// make makes a check and keeps its result, with the time at which it began.
func (o Options) make(ctx context.Context, check Check) error {
	begun := o.Clock()
	good, _, err := o.Kept.LastGood(ctx, check.Name)
	if err != nil {
		return err
	}
	var from int64
	if good.HeadSize != nil {
		from = *good.HeadSize
	}
	found, err := check.Judge(ctx, from)
	if err != nil {
		return fmt.Errorf("check of %s: %w", check.Name, err)
	}
	kept := store.Check{Name: check.Name, At: begun, OK: found.OK}
	if found.OK {
		kept.HeadSize = found.HeadSize
	}
	if kept.Result, err = json.Marshal(found.Result); err != nil {
		return fmt.Errorf("encode the result of the check of %s: %w", check.Name, err)
	}
	if err := o.Kept.AddCheck(ctx, kept); err != nil {
		return err
	}
	if found.OK {
		o.Logger.InfoContext(ctx, "the check of the night is good", "check", check.Name, "from", from)
		return nil
	}
	o.Logger.ErrorContext(ctx, "the check of the night found something wrong", "check", check.Name, "from", from, "total", found.Total, "runbook", Runbook)
	return nil
}
