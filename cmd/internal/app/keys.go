package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"nonassociations/commands/idempotency"
)

// bindKeys ties the idempotency keys to the log before the first request is let
// in: a key must never stand for a command that is in another log. It outlives
// outages; its errors are the context's and errOtherLog.
func (p *process) bindKeys(ctx context.Context, log uuid.UUID) error {
	return retryUntilAnswered(ctx, p.Logger, "the idempotency keys cannot be reached yet, waiting", func(ctx context.Context) error {
		err := p.keys.BindToLog(ctx, log)
		if errors.Is(err, idempotency.ErrForeign) {
			return fmt.Errorf("%w: %w", errOtherLog, err)
		}
		return err
	})
}
