package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"

	"nonassociations/cmd/internal/app"
)

// actFlags are those of a command that is kept in evidence.action.
type actFlags struct {
	User *string `placeholder:"NAME" help:"Who does it, for the record of acts; by default the user of this machine."`
}

// name returns the user name. Errors: an empty one.
func (f actFlags) name() (string, error) {
	if f.User != nil {
		if strings.TrimSpace(*f.User) == "" {
			return "", exitError{errors.New("--user is empty"), exitUsage}
		}
		return *f.User, nil
	}
	who, err := user.Current()
	if err != nil {
		return "", fmt.Errorf("find out who you are, or give --user: %w", err)
	}
	return who.Username, nil
}

// recorded does an act and records it.
func (f actFlags) recorded(ctx context.Context, o app.Options, act app.Act, do func() error) error {
	var err error
	if act.User, err = f.name(); err != nil {
		return err
	}
	return o.RecordAct(ctx, act, do)
}

// recordedCall is recorded for an act that is a call over HTTP. Where no Postgres is
// configured the act is done all the same, and stderr says that it is not in the record:
// the service itself keeps who decided on a difference.
func (f actFlags) recordedCall(ctx context.Context, act app.Act, do func() error) error {
	if app.CommandEnvironment()["DATABASE_URL"] == "" {
		if _, err := f.name(); err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "nonassociations: DATABASE_URL is not set, so this is not added to evidence.action")
		return do()
	}
	o, err := options(app.Roles{})
	if err != nil {
		return err
	}
	return f.recorded(ctx, o, act, do)
}
