package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"nonassociations/commands/idempotency"
)

// bindKeys binds the idempotency keys to the log before the first request: a key must
// never stand for a command in another log. It retries through outages. Errors: the
// context's, and errOtherLog when the keys belong to another log.
func (p *process) bindKeys(ctx context.Context, log uuid.UUID) error {
	return retryUntilAnswered(ctx, p.Logger, "idempotency keys not reachable yet, retrying", func(ctx context.Context) error {
		err := p.keys.BindToLog(ctx, log)
		if errors.Is(err, idempotency.ErrForeign) {
			return fmt.Errorf("%w: %w", errOtherLog, err)
		}
		return err
	})
}
