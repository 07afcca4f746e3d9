// Command nonassociations is the one production binary; each subcommand is a
// role. It is configured by the environment alone. It contains no stand-in of the
// development run and signs no tokens.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // London must be known where the system has no time zones

	"github.com/alecthomas/kong"

	"nonassociations/cmd/internal/app"
	"nonassociations/internal/tracing"
)

// cli is the command line. Its texts are part of the contract with operators, whose
// scripts use the names and the flags: never change one.
type cli struct {
	Serve   serveCmd   `cmd:"" help:"Answer requests."`
	Screens screensCmd `cmd:"" help:"Serve the pages of staff, operators and auditors."`
	Project projectCmd `cmd:"" help:"Build the read model from the log, continuously."`
	Rebuild rebuildCmd `cmd:"" help:"Build the read model anew beside the one that answers."`
	Verify  verifyCmd  `cmd:"" help:"Compare stored data with the log."`
	Replay  replayCmd  `cmd:"" help:"Show records as they were, from the log alone."`
	Show    showCmd    `cmd:"" help:"Show again what the API answered at a position of the log."`
	Export  exportCmd  `cmd:"" help:"Write what the log holds about a prisoner, with its proofs, for an inquiry or a subject."`
	Status  statusCmd  `cmd:"" help:"Say how every part is, also while Postgres is away."`
	Publish publishCmd `cmd:"" help:"Publish domain events to SNS."`
	Nomis   nomisCmd   `cmd:"" help:"NOMIS operations."`
	Migrate migrateCmd `cmd:"" help:"Take over NOMIS's stock of old data."`
	Schema  schemaCmd  `cmd:"" help:"Manage the tables in Postgres."`

	Archive   archiveCmd   `cmd:"" help:"Keep the facts outside of every store, and restore them."`
	Rehearse  rehearseCmd  `cmd:"" help:"Try this build on the log before it is released."`
	Reconcile reconcileCmd `cmd:"" help:"Compare the record with NOMIS, and decide what to do."`

	Evidence evidenceCmd `cmd:"" help:"Sign heads of the tree over the log, and manage the keys."`

	Eventstore eventstoreCmd `cmd:"" help:"Manage the rights in EventStoreDB."`

	Token   tokenCmd   `cmd:"" help:"Print a token for a development run."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// description is printed above the commands.
const description = `The record of prisoners who must be kept apart.

Configuration comes from the environment: EVENTSTORE_URL, DATABASE_URL and, for serve,
AUTH_ISSUER, AUTH_JWKS_URL, AUTH_AUDIENCE, LISTEN_ADDR; each role's --help names its own. An error names
every variable that is missing.
An address beyond this machine without TLS is refused, unless PLAIN_TEXT_ALLOWED names its variable.`

func main() {
	os.Exit(run(os.Args[1:]))
}

// run runs one command and returns the exit status. It returns instead of exiting, so
// that deferred calls run.
func run(args []string) int {
	var commands cli
	parser, err := kong.New(&commands, kong.Name("nonassociations"), kong.Description(description),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return fail(err)
	}
	// Without a command the help is more useful than an error about a missing one.
	if len(args) == 0 {
		args = []string{"--help"}
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		return fail(err)
	}
	// The first signal ends ctx, and the role then stops in order. It also restores the
	// default, so that a second signal ends the process at once.
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, restore)
	defer restore()
	chosen.BindTo(ctx, (*context.Context)(nil))
	if err := chosen.Run(); err != nil {
		return fail(err)
	}
	return 0
}

// fail prints an error and returns the exit status for it. 2 is an outcome that could
// not be checked, and kong's 80 a wrong command line.
func fail(err error) int {
	if text := err.Error(); text != "" {
		fmt.Fprintln(os.Stderr, "nonassociations:", text)
	}
	var exit interface{ ExitCode() int } // an exitError, or kong's for a wrong command line
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 1
}

// options reads the configuration and makes what every role needs from outside: the
// London clock, which no other package makes, and the logger. Errors name every
// variable that is missing. A connection in plain text is logged here, once for each
// process.
func options(roles app.Roles) (app.Options, error) {
	environment := app.Environment()
	if roles == (app.Roles{}) {
		environment = app.CommandEnvironment()
	}
	config, err := app.ReadConfig(environment, roles)
	return optionsOf(config, roles, err)
}

// logOptions is options for a command that needs the log alone.
func logOptions() (app.Options, error) {
	config, err := app.ReadLogConfig(app.CommandEnvironment())
	return optionsOf(config, app.Roles{}, err)
}

// london returns the time zone of every answer.
func london() (*time.Location, error) {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		return nil, fmt.Errorf("load the London time zone: %w", err)
	}
	return zone, nil
}

// optionsOf completes a configuration that was read, unless an error says that it was not.
func optionsOf(config app.Config, roles app.Roles, err error) (app.Options, error) {
	if err != nil {
		return app.Options{}, err
	}
	london, err := london()
	if err != nil {
		return app.Options{}, err
	}
	logger := slog.New(tracing.Handler(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{ReplaceAttr: app.MaskAttr})))
	config.WarnOfPlainText(context.Background(), logger)
	return app.Options{
		Config: config,
		Roles:  roles,
		Clock:  func() time.Time { return time.Now().In(london) },
		Logger: logger,
	}, nil
}
