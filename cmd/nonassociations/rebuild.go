package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"nonassociations/cmd/internal/app"
)

// rebuildCmd drops the read model. Without --yes it does nothing, because reads are
// answered with 503 until a projector has read the whole log.
type rebuildCmd struct {
	actFlags

	AdoptLog string `placeholder:"ID" help:"Read the log with this id, although the read model was built from another one."`
	DryRun   bool   `help:"Print what would be done, and do nothing."`
	Yes      bool   `help:"Do it: reads are answered with 503 until a projector has read the whole log."`
}

// Help returns the examples that kong prints below the options.
func (rebuildCmd) Help() string {
	return `Examples:
  nonassociations rebuild --dry-run
  nonassociations rebuild --yes
  nonassociations rebuild --adopt-log 6f1c2f0e-3f0a-4a57-9a58-0d5d1c9c2b11 --dry-run
  nonassociations rebuild --adopt-log 6f1c2f0e-3f0a-4a57-9a58-0d5d1c9c2b11 --yes

The log itself is never changed. Before anything is done its facts are compared with those that the
read model was built from. Where they differ, the log was changed, and only --adopt-log proceeds.
Nothing has to be stopped: a projector that is running starts again from the beginning.

--adopt-log is for a log that was restored from a backup, or replaced. The id must be that of the log
at EVENTSTORE_URL, which a role that refused to start has logged. It also drops what is about the old
log: the idempotency keys, the publisher's checkpoints and the parked messages. The topics then
receive the log from its beginning.`
}

// Run prints what is done. Without --yes and without --dry-run it does nothing and
// fails. Each sentence that app.Rebuild returned is printed before its error, because
// the steps before the failing one were done.
func (c rebuildCmd) Run(ctx context.Context) error {
	adopt, err := c.adopted()
	if err != nil {
		return err
	}
	o, err := options(app.Roles{})
	if err != nil {
		return err
	}
	sentences, err := c.rebuild(ctx, o, adopt)
	for _, sentence := range sentences {
		fmt.Println(sentence)
	}
	switch {
	case err != nil:
		return err
	case c.DryRun:
		fmt.Println("Nothing was done yet: this is what --yes would do.")
	case !c.Yes:
		return errors.New("nothing was done: add --yes to do it, or --dry-run to see what would be done")
	}
	return nil
}

// rebuild records the act when another log is taken over.
func (c rebuildCmd) rebuild(ctx context.Context, o app.Options, adopt uuid.UUID) (sentences []string, err error) {
	if c.DryRun || !c.Yes || adopt == uuid.Nil {
		return app.Rebuild(ctx, o, adopt, c.DryRun || !c.Yes)
	}
	act := app.Act{Action: "rebuild --adopt-log", Object: "log " + adopt.String()}
	err = c.recorded(ctx, o, act, func() (err error) {
		sentences, err = app.Rebuild(ctx, o, adopt, false)
		return err
	})
	return sentences, err
}

// adopted returns the id in --adopt-log, zero for none. Only the usual spelling of a
// UUID is accepted: a shortened one could name another log.
func (c rebuildCmd) adopted() (uuid.UUID, error) {
	if c.AdoptLog == "" {
		return uuid.Nil, nil
	}
	id, err := uuid.Parse(c.AdoptLog)
	if err != nil || id == uuid.Nil || len(c.AdoptLog) != len(id.String()) {
		return uuid.Nil, fmt.Errorf("--adopt-log %q is not the id of a log", c.AdoptLog)
	}
	return id, nil
}
