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

// eventstoreCmd groups what an administrator of EventStoreDB does for the service.
type eventstoreCmd struct {
	Grant grantCmd `cmd:"" help:"Give the service's users their rights in EventStoreDB, as an administrator."`
	Check checkCmd `cmd:"" help:"Report rights that the service's own user lacks or should not have."`
}

// grantCmd sets the rights of the service's users.
type grantCmd struct {
	app.EventStoreUsers

	Admin  string `env:"EVENTSTORE_ADMIN_URL" help:"The cluster, with an administrator's user and password."  placeholder:"ESDB://…" required:""`
	DryRun bool   `help:"Print what would be changed, and change nothing."`
}

// Help returns the examples that kong prints below the options.
func (grantCmd) Help() string {
	return `Examples:
  nonassociations eventstore grant --admin 'esdb://admin:PASSWORD@one:2113,two:2113?tls=true' --dry-run
  EVENTSTORE_ADMIN_URL=esdb://admin:PASSWORD@one:2113 nonassociations eventstore grant
  nonassociations eventstore grant --serve app --screens app --listen app --work app --project app --publish app --evidence app

The users must exist already. Two rights are set: the metadata of $all lists the users that may read
and subscribe to it, and $settings those that may read and append to streams. Only $admins may delete,
tombstone or set metadata. Both hold for the whole cluster: a user who is not named, also one of another
service, can no longer do anything to ordinary streams. Rights that are already right are not written again.
Other processes can see the password of an option: EVENTSTORE_ADMIN_URL is visible to fewer of them.

Exit status: 0 done, 2 the rights could not be read or set.`
}

// Run sets the rights and prints one sentence for each. Sentences about rights that
// were set are printed also when a later one fails, since nothing takes them back.
func (c grantCmd) Run(ctx context.Context) error {
	sentences, err := app.Grant(ctx, "--admin", c.Admin, app.Environment(), c.EventStoreUsers, c.DryRun, quietLogger())
	for _, sentence := range sentences {
		fmt.Println(sentence)
	}
	return exitUnknown(err)
}

// checkCmd compares the rights of one user with those of its role. It is a probe for
// monitoring: status 1 is a finding, and 2 is no result.
type checkCmd struct {
	Role string `default:"serve" enum:"serve,screens,listen,work,project,publish,evidence" help:"The role whose user it is: serve, screens, listen, work, project, publish or evidence."`
	JSON bool   `help:"Print one JSON object."`
}

// Help returns the examples that kong prints below the options.
func (checkCmd) Help() string {
	return `Examples:
  nonassociations eventstore check
  EVENTSTORE_URL=esdb://nonassociations-project:PASSWORD@one:2113 nonassociations eventstore check --role project --json

Asks as the user of EVENTSTORE_URL for each right, in a way that is refused to every user after the
right was checked: nothing is written or removed. Every role reads streams and $all and subscribes
to it; serve, screens, listen and work append. Whatever else a user may do is too much.

Exit status: 0 the user has exactly its rights, 1 it has not, 2 they could not be checked.`
}

// Run prints the rights. It returns an error when they are not exactly those of the
// role. With --json the report is printed also when the check fails.
func (c checkCmd) Run(ctx context.Context) error {
	report, err := app.CheckRights(ctx, app.Environment(), c.Role, quietLogger())
	if err != nil {
		return exitUnknown(err)
	}
	if c.JSON {
		if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
			return fmt.Errorf("print the rights: %w", err)
		}
	} else {
		printRights(report)
	}
	// Too many rights fail the check as well: the log is append-only by rights.
	if !report.OK {
		return errors.New("the user has not exactly the rights of its role: nonassociations eventstore grant --help")
	}
	return nil
}

// printRights prints one line for each right, the ones that are as they should be
// included: an operator compares them with the list of the role.
func printRights(report app.RightsReport) {
	user := "no user (none is sent)"
	if report.User != nil {
		user = *report.User
	}
	fmt.Printf("%s, as %s:\n", user, report.Role)
	for _, one := range report.Rights {
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

// quietLogger logs warnings and errors only: these commands print their result.
func quietLogger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: app.MaskAttr}))
}
