package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/uuid"

	"nonassociations/commands/keys"
)

// tieKeys ties the idempotency keys to the log before the first request is let
// in: a key must never stand for a command that is in another log. It outlives
// outages; its errors are the context's and errForeign.
func (p *process) tieKeys(ctx context.Context, log uuid.UUID) error {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = 50*time.Millisecond, 2*time.Second
	for {
		err := p.keys.Belong(ctx, log)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if errors.Is(err, keys.ErrForeign) {
			return fmt.Errorf("%w: %w", errForeign, err)
		}
		wait := waits.NextBackOff()
		p.Logger.WarnContext(ctx, "the idempotency keys cannot be reached yet, waiting", "again", wait, "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}
