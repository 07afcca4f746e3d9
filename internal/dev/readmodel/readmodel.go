// Package readmodel makes the read model of an empty log once for many tests, which get
// copies of it as a testdb.Template. Its tables take longer to make than most tests run.
package readmodel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"nonassociations/eventstore"
	"nonassociations/eventstore/consumer/status"
	"nonassociations/eventstore/memory"
	"nonassociations/projections"
)

// Log is the id of the log that the read model belongs to.
var Log = uuid.MustParse("5a4c8e0a-6f0d-4c55-9a43-2f0f8c1b7d11")

// NewLog returns an empty log in memory to which a read model of Migrate belongs.
func NewLog(ctx context.Context) (*memory.Store, error) {
	store := memory.New()
	if _, err := eventstore.WriteIdentity(ctx, store, Log); err != nil {
		return nil, fmt.Errorf("write the id of the log: %w", err)
	}
	return store, nil
}

// Migrate makes the read model of an empty log, and the table of the consumers' status. It
// ends once the read model has caught up.
func Migrate(ctx context.Context, dsn string) error {
	if err := status.Migrate(ctx, dsn); err != nil {
		return err
	}
	store, err := NewLog(ctx)
	if err != nil {
		return err
	}
	runner := projections.New(projections.Options{
		Store: store, DSN: dsn, Generation: projections.FirstGeneration, Clock: time.Now, Logger: slog.New(slog.DiscardHandler), Build: "test",
	})
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		defer cancel() // a refusal is not waited out
		ended <- runner.Run(running)
	}()
	err = WaitCaughtUp(ctx, runner)
	stop()
	return errors.Join(err, <-ended)
}

// WaitCaughtUp waits until a projector has caught up with its log. The error is that of
// the context.
func WaitCaughtUp(ctx context.Context, runner *projections.Runner) error {
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for !runner.Status().CaughtUp {
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for the read model: %w", ctx.Err())
		}
	}
	return nil
}
