package app

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
)

// admitTraffic opens the gate when the rights, the log's id and the idempotency keys are
// verified. It then reports when the read model has caught up, and keeps comparing the
// read model with the log until ctx ends.
func (p *process) admitTraffic(ctx context.Context) error {
	if err := p.waitForRights(ctx); err != nil {
		return err
	}
	id, err := ensureLogID(ctx, p.log, p.Config.DatabaseURL, p.Logger)
	if err != nil {
		return err
	}
	if err := p.bindKeys(ctx, id); err != nil {
		return err
	}
	if err := p.openWhenVerified(ctx, id); err != nil {
		return err
	}
	p.Logger.InfoContext(ctx, "serving", "address", p.address(), "log", id)
	if err := p.announceReady(ctx); err != nil {
		return err
	}
	return p.watchReadModelLog(ctx)
}

// announceReady calls Options.Ready when the read model has caught up.
func (p *process) announceReady(ctx context.Context) error {
	if p.Ready == nil {
		return nil
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !p.isCaughtUp(ctx) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	if p.pages.server != nil && p.ScreensAt != nil {
		p.ScreensAt(p.pages.server.address())
	}
	p.Ready(p.address())
	return nil
}

// address returns the address of the API, or that of the pages where this process has
// no API.
func (p *process) address() string {
	if p.server != nil {
		return p.server.address()
	}
	return p.pages.server.address()
}

// openWhenVerified opens the gate unless the read model shows events that are not in the
// log. While the two cannot be compared, commands pass and reads do not: a command needs
// no read model.
func (p *process) openWhenVerified(ctx context.Context, log uuid.UUID) error {
	err := p.compareReadModel(ctx)
	if errors.Is(err, errOtherLog) {
		return err
	}
	p.gate.open(log)
	if err != nil {
		err = retryUntilAnswered(ctx, p.Logger, "read model not comparable with the log yet, retrying", p.compareReadModel)
	}
	p.gate.compared.Store(err == nil)
	return err
}

// compareReadModel compares the read model with the log once. Errors: errOtherLog when
// it does not belong to the log; any other error means that the comparison failed.
func (p *process) compareReadModel(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	return verifyReadModel(ctx, p.log, p.Config.readDSN())
}

// compareInterval is how often a serving process compares the read model with the log,
// because the tables may be restored or replaced while it runs.
const compareInterval = 5 * time.Second

// watchReadModelLog refuses reads while the read model shows events that are not in the
// log. A comparison that fails changes nothing. It returns the context's error.
func (p *process) watchReadModelLog(ctx context.Context) error {
	tick := time.NewTicker(compareInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		err := p.compareReadModel(ctx)
		foreign := errors.Is(err, errOtherLog)
		if !foreign && err != nil {
			continue
		}
		if was := p.gate.compared.Swap(!foreign); was == foreign {
			p.logReadModel(ctx, err)
		}
	}
}

// logReadModel logs that the read model belongs to another log, or again to this one.
func (p *process) logReadModel(ctx context.Context, err error) {
	if err == nil {
		p.Logger.InfoContext(ctx, "read model belongs to the log again")
		return
	}
	p.Logger.ErrorContext(ctx, "read model belongs to another log, reads refused", "error", err)
}

// isCaughtUp reports whether lists are answered and reflect the whole log as it was when
// the call began. After a restart everything that was acknowledged before is visible
// then.
func (p *process) isCaughtUp(ctx context.Context) bool {
	head, err := p.commands.Head(ctx)
	return err == nil && p.checkReadModel(ctx) == nil && p.reads.Position() >= head.Uint64()
}
