package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"nonassociations/cmd/internal/app"
)

// eventstoreCmd is what an administrator of EventStoreDB does for the service.
type eventstoreCmd struct {
	Grant grantCmd `cmd:"" help:"Give the service's users their rights in EventStoreDB, as an administrator."`
	Check checkCmd `cmd:"" help:"Say which right the service's own user lacks, or has too much."`
}

type grantCmd struct {
	app.EventStoreUsers

	Admin  string `env:"EVENTSTORE_ADMIN_URL" help:"The cluster, with an administrator's user and password."  placeholder:"ESDB://…" required:""`
	DryRun bool   `help:"Only tell what would be changed."`
}

// Help is kong's.
func (grantCmd) Help() string {
	return `Examples:
  nonassociations eventstore grant --admin 'esdb://admin:PASSWORD@one:2113,two:2113?tls=true' --dry-run
  EVENTSTORE_ADMIN_URL=esdb://admin:PASSWORD@one:2113 nonassociations eventstore grant
  nonassociations eventstore grant --serve app --listen app --project app --publish app

The users must be there already. Two rights are set: the metadata of $all names who may read and
subscribe to it, and $settings names who may read and append to streams; nobody but $admins may delete,
tombstone or set metadata. Both hold for the whole cluster: a user who is not named, also one of another
service, can no longer do anything to ordinary streams. What is as it should be is not written again.
Another process sees an option's password: EVENTSTORE_ADMIN_URL is seen by fewer.

Exit status: 0 done, 2 the rights could not be asked for or set.`
}

// Run is kong's.
func (c grantCmd) Run(ctx context.Context) error {
	told, err := app.Grant(ctx, "--admin", c.Admin, environment(), c.EventStoreUsers, c.DryRun, quietLogger())
	for _, sentence := range told {
		fmt.Println(sentence)
	}
	return notJudged(err)
}

type checkCmd struct {
	Role string `default:"serve" enum:"serve,listen,project,publish" help:"The role whose user it is: serve, listen, project or publish."`
	JSON bool   `help:"Print one JSON object."`
}

// Help is kong's.
func (checkCmd) Help() string {
	return `Examples:
  nonassociations eventstore check
  EVENTSTORE_URL=esdb://nonassociations-project:PASSWORD@one:2113 nonassociations eventstore check --role project --json

Asks as the user of EVENTSTORE_URL for each right, in a way that is refused to everybody after the
right was looked at: nothing is written or removed. Every role reads streams and $all and subscribes
to it; serve and listen append. Whatever else a user may do is too much.

Exit status: 0 the user has exactly its rights, 1 it has not, 2 they could not be asked for.`
}

// Run is kong's.
func (c checkCmd) Run(ctx context.Context) error {
	told, err := app.CheckRights(ctx, environment(), c.Role, quietLogger())
	if err != nil {
		return notJudged(err)
	}
	if c.JSON {
		if err := json.NewEncoder(os.Stdout).Encode(told); err != nil {
			return fmt.Errorf("print the rights: %w", err)
		}
	} else {
		say(told)
	}
	if !told.OK {
		return errors.New("the user has not exactly the rights of its role: nonassociations eventstore grant --help")
	}
	return nil
}

func say(told app.RightsReport) {
	user := "nobody (no user is sent)"
	if told.User != nil {
		user = *told.User
	}
	fmt.Printf("%s, as %s:\n", user, told.Role)
	for _, one := range told.Rights {
		verdict := "as it should be"
		switch {
		case one.Wanted && !one.Has:
			verdict = "missing"
		case one.Has && !one.Wanted:
			verdict = "too much"
		}
		may := "may not"
		if one.Has {
			may = "may"
		}
		fmt.Printf("  %s %s: %s\n", may, one.Right, verdict)
	}
}

// quietLogger tells of what is worth a warning only: these commands print what they find.
func quietLogger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: app.MaskAttr}))
}

// exitStatus is an error with the status that the process ends with.
type exitStatus struct {
	error

	code int
}

// ExitCode is what run asks for.
func (e exitStatus) ExitCode() int { return e.code }

func (e exitStatus) Unwrap() error { return e.error }

// notJudged ends a command with 2 when what it is about could not be asked for.
func notJudged(err error) error {
	if errors.Is(err, app.ErrNotJudged) {
		return exitStatus{err, 2}
	}
	return err
}
