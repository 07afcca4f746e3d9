package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdb"
)

// EventStoreUsers are the users of EventStoreDB under which each role connects. A role
// may have several, and several roles may share one.
type EventStoreUsers struct {
	Serve   []string `default:"nonassociations-serve"   help:"Users of serve, which reads and appends: ${default}."       placeholder:"NAME"`
	Screens []string `default:"nonassociations-screens" help:"Users of screens, which reads and appends: ${default}."     placeholder:"NAME"`
	Listen  []string `default:"nonassociations-listen"  help:"Users of nomis listen, which reads and appends: ${default}." placeholder:"NAME"`
	Work    []string `default:"nonassociations-work"    help:"Users of nomis work and of commands about NOMIS, which read and append: ${default}." placeholder:"NAME"`
	Project []string `default:"nonassociations-project" help:"Users of project, which reads: ${default}."                 placeholder:"NAME"`
	Publish []string `default:"nonassociations-publish" help:"Users of publish, its status and replay, which read: ${default}." placeholder:"NAME"`
	Sign    []string `default:"nonassociations-evidence" help:"Users of evidence sign, which reads: ${default}." name:"evidence" placeholder:"NAME"`
}

// users groups the users by the rights that their roles need.
func (u EventStoreUsers) users() esdb.Users {
	return esdb.Users{
		Append: slices.Concat(u.Serve, u.Screens, u.Listen, u.Work),
		Read:   slices.Concat(u.Project, u.Publish, u.Sign),
	}
}

// rightsTimeout bounds a command about rights, which makes a few calls.
const rightsTimeout = 15 * time.Second

// ErrRightsUnknown means that the rights could not be read or set. It is not the same as
// rights that are wrong, and commands exit with another status.
var ErrRightsUnknown = errors.New("the rights could not be checked")

// Grant sets the rights of the roles' users in EventStoreDB and returns one sentence for
// each right. It connects with admin, the address of an administrator, which came from
// the variable or option called name. With dryRun it changes nothing. Errors:
// ErrRightsUnknown, or a user name that EventStoreDB would not accept.
func Grant(ctx context.Context, name, admin string, environment map[string]string, users EventStoreUsers, dryRun bool, logger *slog.Logger) ([]string, error) {
	if err := users.users().Check(); err != nil {
		return nil, err
	}
	store, err := openForRights(ctx, name, admin, environment, logger)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, rightsTimeout)
	defer cancel()
	settings, err := store.Grant(asking, users.users(), dryRun)
	err = errors.Join(err, closers{store.Close}.within(flushTime))
	var sentences []string
	for _, setting := range settings {
		sentences = append(sentences, describeRights(setting, dryRun))
	}
	return sentences, rightsUnknown(err)
}

// describeRights returns the sentence for one setting.
func describeRights(setting esdb.Setting, dryRun bool) string {
	was := setting.Was
	if was == "" {
		was = "nothing"
	}
	switch {
	case !setting.Changed:
		return fmt.Sprintf("%s is as it should be: %s", setting.Stream, oneLine(was))
	case dryRun:
		return fmt.Sprintf("%s would be changed from %s to %s", setting.Stream, oneLine(was), setting.Is)
	}
	return fmt.Sprintf("%s was changed from %s to %s", setting.Stream, oneLine(was), setting.Is)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// RightsReport compares the rights of the user of EVENTSTORE_URL with those of a role.
// It is printed as JSON: its keys never change.
type RightsReport struct {
	OK      bool         `json:"ok"`
	Role    string       `json:"role"`
	User    *string      `json:"user"` // null when none is sent
	Rights  []esdb.Held  `json:"rights"`
	Missing []esdb.Right `json:"missing"`
	TooMuch []esdb.Right `json:"tooMuch"`
}

// CheckRights finds out the rights of the user of EVENTSTORE_URL and compares them with
// what role needs: serve, screens, listen, work, project or publish. It writes nothing. Errors:
// ErrRightsUnknown, also for a log that is not in EventStoreDB.
func CheckRights(ctx context.Context, environment map[string]string, role string, logger *slog.Logger) (RightsReport, error) {
	store, err := openForRights(ctx, "EVENTSTORE_URL", environment["EVENTSTORE_URL"], environment, logger)
	if err != nil {
		return RightsReport{}, err
	}
	asking, cancel := context.WithTimeout(ctx, rightsTimeout)
	defer cancel()
	held, err := store.Rights(asking, slices.Contains([]string{"serve", "screens", "listen", "work"}, role))
	if err = errors.Join(err, closers{store.Close}.within(flushTime)); err != nil {
		return RightsReport{}, rightsUnknown(err)
	}
	return report(role, store.User(), held), nil
}

// report sorts the rights into those that are missing and those that are too much.
func report(role, user string, held []esdb.Held) RightsReport {
	r := RightsReport{Role: role, Rights: held, Missing: []esdb.Right{}, TooMuch: []esdb.Right{}}
	if user != "" {
		r.User = &user
	}
	for _, one := range held {
		switch {
		case one.Wanted && !one.Has:
			r.Missing = append(r.Missing, one.Right)
		case one.Has && !one.Wanted:
			r.TooMuch = append(r.TooMuch, one.Right)
		}
	}
	r.OK = len(r.Missing)+len(r.TooMuch) == 0
	return r
}

// openForRights opens an EventStoreDB for a command that needs only its address, not a
// whole configuration. The address is checked like that of a role, plain text included.
func openForRights(ctx context.Context, name, address string, environment map[string]string, logger *slog.Logger) (*esdb.Store, error) {
	var f faults
	switch {
	case address == "":
		return nil, fmt.Errorf("%w: %s is not set", ErrRightsUnknown, name)
	case address == Embedded || hasScheme(address, postgresSchemes):
		return nil, fmt.Errorf("%w: %s is no EventStoreDB; where the log is in Postgres its rights are those of deploy/postgres", ErrRightsUnknown, name)
	}
	f.eventStore(name, address)
	config := Config{EventStoreURL: address, PlainTextAllowed: environment["PLAIN_TEXT_ALLOWED"]}
	config.checkPlainText(&f)
	if len(f) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrRightsUnknown, strings.ReplaceAll(strings.Join(f, "; "), "EVENTSTORE_URL", name))
	}
	config.WarnOfPlainText(ctx, logger)
	store, err := esdb.Open(ctx, address, esdb.Options{Logger: logger})
	return store, rightsUnknown(err)
}

// rightsUnknown wraps an error of the log in ErrRightsUnknown.
func rightsUnknown(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, eventstore.ErrConflict):
		return fmt.Errorf("%w: the rights were changed at the same moment: %w", ErrRightsUnknown, err)
	}
	return fmt.Errorf("%w: %w", ErrRightsUnknown, err)
}
