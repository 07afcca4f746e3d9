package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/google/uuid"

	"nonassociations/audit"
	"nonassociations/cmd/internal/app"
	"nonassociations/cmd/internal/past"
	"nonassociations/eventstore"
	"nonassociations/web/screens/govuk"
)

// showCmd shows an answer again.
type showCmd struct {
	Request  string  `placeholder:"ID" xor:"what" help:"A page of the screens, by the X-Request-ID of its answer."`
	Get      string  `placeholder:"PATH" xor:"what" help:"A read of records of the API, with its query."`
	Position *string `placeholder:"N" help:"With --get: the log counts up to here, as X-Position of an answer gives it."`
	At       *string `placeholder:"TIME" help:"With --get: when it was asked, by which records are open or closed; without it now."`
	JSON     bool    `help:"Print one JSON object: the page as HTML under page, or what the API answers."`
}

// Help returns the examples that kong prints below the options.
func (showCmd) Help() string {
	return `Examples:
  nonassociations show --request 6f1c2f0e-3f0a-4a57-9a58-0d5d1c9c2b11
  nonassociations show --get /non-associations/A1234BC --position 1042
  nonassociations show --get "/prisoner/A1234BC/non-associations?includeClosed=true" --position 1042 --at "2026-07-15 09:00"

The log is read up to N and folded in memory; this build then answers from it, without names. Nothing
is written, and no read model is read. N need not be the position of an event. What the API answers
from elsewhere, such as a delivery to NOMIS, is not shown again. The answer is personal data.

A page is found by its request id in screens.view, which has its position, its time and its question.
It is drawn by today's templates, with numbers for names, as for staff who may read everywhere. Forms,
pages of a prison and pages of operators show what is not in the log: they say so, with status 2.

Variables: EVENTSTORE_URL, and DATABASE_URL for --request and where the log lies in it. Without DATABASE_URL the
development run of DATA_DIR is read.

Exit status: 0 shown, 1 no such request id, or the API knew no such record, 2 the log could not be read or does not go as
far, 80 wrong usage.`
}

// Validate refuses what can be seen to be wrong before anything is opened.
func (c *showCmd) Validate() error {
	zone, err := london()
	if err != nil {
		return err
	}
	if c.Request != "" {
		return c.validateRequest()
	}
	if c.Get == "" {
		return errors.New("needs --request or --get")
	}
	if err := past.CheckPath(c.Get); err != nil {
		return fmt.Errorf("--get %w", err)
	}
	if c.Position == nil {
		return errors.New("--get needs --position")
	}
	if _, err := eventstore.ParsePosition(*c.Position); err != nil {
		return errors.New("--position must be a position as X-Position gives it")
	}
	_, err = c.moment(time.Now().In(zone))
	return err
}

// validateRequest refuses an id that is none, and what belongs to --get.
func (c *showCmd) validateRequest() error {
	if c.Position != nil || c.At != nil {
		return errors.New("--position and --at belong to --get: a request has its own")
	}
	if id, err := uuid.Parse(c.Request); err != nil || len(c.Request) != len(id.String()) {
		return errors.New("--request must be a UUID, as X-Request-ID gives it")
	}
	return nil
}

// moment returns when it was asked.
func (c *showCmd) moment(now time.Time) (time.Time, error) {
	if c.At == nil {
		return now, nil
	}
	at, err := audit.ParseMoment(*c.At, now.Location())
	if err != nil {
		return now, fmt.Errorf("--at %w", err)
	}
	return at.At, nil
}

// Run prints the answer.
func (c *showCmd) Run(ctx context.Context) error {
	if c.Request != "" {
		return c.showRequest(ctx)
	}
	return c.showGet(ctx)
}

// showRequest prints a page, as text or as HTML in JSON.
func (c *showCmd) showRequest(ctx context.Context) error {
	o, err := options(app.Roles{})
	if err != nil {
		return exitError{err, 2}
	}
	meter := scanMeter{next: time.Now().Add(scanEvery)}
	page, err := app.ShowRequest(ctx, o, uuid.MustParse(c.Request), meter.show)
	switch {
	case errors.Is(err, app.ErrUnknownRequest):
		return exitError{err, 1}
	case err != nil:
		return exitError{err, 2}
	case c.JSON:
		return json.NewEncoder(os.Stdout).Encode(map[string]string{"page": string(page)})
	}
	fmt.Println(govuk.PageText(page))
	return nil
}

// showGet prints an answer of the API.
func (c *showCmd) showGet(ctx context.Context) error {
	o, err := logOptions()
	if err != nil {
		return exitError{err, 2}
	}
	at, err := c.moment(o.Clock())
	if err != nil {
		return exitError{err, 2}
	}
	position, err := eventstore.ParsePosition(*c.Position)
	if err != nil {
		return exitError{err, 2}
	}
	meter := scanMeter{next: time.Now().Add(scanEvery)}
	shown, err := app.ShowGet(ctx, o, c.Get, position, at, meter.show)
	if err != nil {
		return exitError{err, 2}
	}
	switch {
	case shown.Status >= http.StatusInternalServerError:
		return exitError{fmt.Errorf("the API cannot answer this from position %d: %s", position, shown.Body), 2}
	case shown.Status == http.StatusBadRequest:
		return exitError{fmt.Errorf("the API refuses this: %s", shown.Body), 80}
	}
	if len(shown.Body) > 0 {
		fmt.Println(string(shown.Body))
	}
	if shown.Status != http.StatusOK {
		fmt.Fprintf(os.Stderr, "the API answered %d\n", shown.Status)
	}
	if shown.Status == http.StatusNotFound {
		return exitError{nil, 1}
	}
	return nil
}
