package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"nonassociations/internal/pg"
	"nonassociations/projections/generation"
	"nonassociations/projections/rebuild"
)

// rebuildOtherShape rebuilds a read model that a build of another shape has left. Reads
// are 503 until the flip. It tries until it succeeds: Postgres may not be up yet, or a
// command may be rebuilding. Where no generation answers there is nothing to do, because
// the projector builds the first one.
func (p *process) rebuildOtherShape(ctx context.Context) error {
	select {
	case <-p.gate.opened:
	case <-ctx.Done():
		return nil
	}
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = 100*time.Millisecond, 3*time.Second
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, p.tryOtherShape(ctx) },
		backoff.WithBackOff(waits), backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(err error, wait time.Duration) {
			p.Logger.WarnContext(ctx, "the read model is not rebuilt yet, retrying", "in", wait, "error", err)
		}))
	if errors.Is(err, rebuild.ErrOtherLog) {
		return nil // the projector refuses such a log in words
	}
	return err
}

func (p *process) tryOtherShape(ctx context.Context) error {
	answers, shape, err := p.published(ctx)
	if err != nil || answers == 0 || shape == generation.Shape {
		return err
	}
	p.Logger.WarnContext(ctx, "the read model has another shape: rebuilding it; reads are 503 meanwhile", "shape", shape, "wanted", generation.Shape)
	report, err := rebuild.Run(ctx, rebuild.Options{
		DSN: p.Config.DatabaseURL, Store: p.log, London: p.Clock().Location(), Clock: p.Clock, Logger: p.Logger,
	})
	if errors.Is(err, rebuild.ErrOtherLog) {
		return backoff.Permanent(err)
	}
	if err != nil {
		return withoutText(err)
	}
	p.Logger.WarnContext(ctx, "the read model is rebuilt", "generation", report.To, "facts", report.Facts, "seconds", report.Seconds)
	return nil
}

// published returns the generation that answers, 0 for none, and its shape.
func (p *process) published(ctx context.Context) (generation.Number, int, error) {
	conn, err := pg.Connect(ctx, p.Config.DatabaseURL)
	if err != nil {
		return 0, 0, fmt.Errorf("find the shape of the read model: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return generation.Published(ctx, conn)
}
