package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"nonassociations/cmd/internal/app"
)

// screensCmd has the pages and what operators do about them.
type screensCmd struct {
	Run        screensRunCmd `cmd:"" default:"1" help:"Serve the pages until the process is stopped."`
	PruneViews pruneViewsCmd `cmd:"" help:"Remove old rows of who looked at whom."`
}

// Help is that of the role, which plain "screens" runs.
func (screensCmd) Help() string { return screensRunCmd{}.Help() }

// screensRunCmd is what plain "screens" runs: the pages and nothing else of the service.
type screensRunCmd struct{}

// Help shows an example and the variables.
func (screensRunCmd) Help() string {
	return `Examples:
  nonassociations screens
  SCREENS_ADDR=127.0.0.1:9080 nonassociations screens   on this machine, without SCREENS_PUBLIC_URL

Required: EVENTSTORE_URL, DATABASE_URL, AUTH_ISSUER, AUTH_JWKS_URL, AUTH_AUDIENCE, PRISONER_SEARCH_URL,
SCREENS_CLIENT_ID, SCREENS_SESSION_KEY (32 bytes in base64: openssl rand -base64 32), and SCREENS_PUBLIC_URL
unless SCREENS_ADDR is on loopback. Each that is missing is named.
SCREENS_ADDR=:9080 is where the pages are served, SCREENS_PUBLIC_URL=https://non-associations.example how
browsers reach them. SCREENS_CLIENT_SECRET is left out for a public client.
SCREENS_LIFETIME=12h, SCREENS_IDLE=60m end a session; SCREENS_KEEP_FORM=15m keeps what was typed after that.
SCREENS_AUTHORIZE_URL, SCREENS_TOKEN_URL, SCREENS_SIGN_OUT_URL replace what the issuer's discovery says.
USER_ROLES_API_URL has the caseloads of a token without them. COMPONENT_API_URL has the estate's header and
footer. DPS_URL, RUNBOOKS_URL and SECURITY_TXT_URL are for links.
AUDIT_QUEUE_URL is the SQS queue of the estate's audit, which gets each view at least once; without it views
stay in the table screens.view. Any number of processes may run. METRICS_ADDR, if it is set, answers /metrics.`
}

// Run serves the pages until SIGTERM. Errors: every variable that is missing or wrong, a
// port that is taken, a missing right, or a log that is another one than the read model's.
func (screensRunCmd) Run(ctx context.Context) error {
	return start(ctx, app.Roles{Screens: true})
}

// pruneViewsCmd removes old views. It is the only way in which a view is removed.
type pruneViewsCmd struct {
	actFlags

	Before string `required:"" placeholder:"DAY" help:"Remove views from before this day in London, such as 2026-01-01."`
	Reason string `required:"" placeholder:"TEXT" help:"Why, for the record of acts."`
	DryRun bool   `help:"Only say how many would be removed."`
	JSON   bool   `help:"Print one JSON object."`
}

// Help shows examples.
func (pruneViewsCmd) Help() string {
	return `Examples:
  nonassociations screens prune-views --before 2026-01-01 --reason "Kept for three years" --dry-run
  nonassociations screens prune-views --before 2026-01-01 --reason "Kept for three years"

Where AUDIT_QUEUE_URL is set, views stay that the audit queue has not taken yet. What was done, by whom and
why is kept in evidence.action. Without DATABASE_URL the development run of DATA_DIR is used.

Exit status: 0 done, 2 it could not be done, 80 a wrong command line.`
}

// Run removes the views and prints how many. An error that comes after the removal says
// that it is done.
func (c pruneViewsCmd) Run(ctx context.Context) error {
	of, err := c.check()
	if err != nil {
		return exitError{err, exitUsage}
	}
	o, err := options(app.Roles{})
	if err != nil {
		return exitError{err, 2}
	}
	removed, err := app.PruneViews(ctx, o, of)
	if err != nil {
		return exitError{err, 2}
	}
	return c.print(removed)
}

// check returns what is to be removed. Errors: what is wrong with the command line.
func (c pruneViewsCmd) check() (app.ViewPruning, error) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		return app.ViewPruning{}, fmt.Errorf("load the London time zone: %w", err)
	}
	before, err := time.ParseInLocation(time.DateOnly, c.Before, london)
	if err != nil || before.Year() < 1 {
		return app.ViewPruning{}, fmt.Errorf("--before %q is not a day such as 2026-01-01", c.Before)
	}
	if strings.TrimSpace(c.Reason) == "" {
		return app.ViewPruning{}, errors.New("--reason is empty")
	}
	user, err := c.name()
	return app.ViewPruning{Before: before, DryRun: c.DryRun, Act: app.Act{
		User: user, Action: "screens prune-views", Object: "views before " + c.Before, Reason: c.Reason,
	}}, err
}

// pruned is the answer as JSON.
type pruned struct {
	Removed     int  `json:"removed"`
	WouldRemove *int `json:"wouldRemove,omitempty"` // of a dry run alone
}

// print prints one JSON object, or a sentence.
func (c pruneViewsCmd) print(count int) error {
	switch {
	case !c.JSON && c.DryRun:
		fmt.Printf("%s would be removed. Nothing was done yet.\n", viewsText(count))
		return nil
	case !c.JSON:
		fmt.Println("Removed " + viewsText(count) + ".")
		return nil
	}
	answer := pruned{Removed: count}
	if c.DryRun {
		answer = pruned{WouldRemove: &count}
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return exitError{err, 2}
	}
	_, err = fmt.Fprintln(os.Stdout, string(text))
	return err
}

// viewsText counts views in words.
func viewsText(count int) string {
	if count == 1 {
		return "1 view"
	}
	return fmt.Sprintf("%d views", count)
}
