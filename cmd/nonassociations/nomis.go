package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"nonassociations/cmd/internal/app"
)

// nomisCmd groups the commands about NOMIS, the legacy system.
type nomisCmd struct {
	Listen  listenCmd  `cmd:"" help:"Keep pairs in step with NOMIS and process prisoner merges, continuously."`
	Work    workCmd    `cmd:"" help:"Carry out migrations and reconciliations, continuously."`
	Unmerge unmergeCmd `cmd:"" help:"Take a wrong merge back."`
	Resume  resumeCmd  `cmd:"" help:"Go on after NOMIS looked restored from a backup."`
	Mapping mappingCmd `cmd:"" help:"Check the mapping between the record and NOMIS."`
}

// listenCmd consumes the queue of prisoner merges and booking moves.
type listenCmd struct{}

// Help returns the examples that kong prints below the options.
func (listenCmd) Help() string {
	return `Example:
  nonassociations nomis listen

Reads the queue at PRISONER_EVENTS_QUEUE_URL with the standard AWS_ variables. The queue must be
this service's own, with a visibility timeout of more than 5 s. Any number may run. A message is
deleted when everything that it asks for is in the log, and when it asks for nothing; one that
cannot be understood is left for the queue's redrive.

With NOMIS_API_URL it also keeps pairs in step with NOMIS: DOMAIN_EVENTS_QUEUE_URL and
NOMIS_EVENTS_QUEUE_URL are the queues whose messages name a pair. NOMIS_API_TOKEN_URL,
NOMIS_API_CLIENT_ID and NOMIS_API_CLIENT_SECRET get its token. NOMIS_RATE=50 and NOMIS_IN_FLIGHT=8
bound what a process asks of it, NOMIS_DELETE_AFTER=1h is how long a deletion there waits, and
NOMIS_SWEEP=15m is how long a record may be pending before it is looked at again.`
}

// Run processes messages and takes turns until SIGTERM. A message that is cut off by it becomes visible
// again and is repeated, which changes nothing.
func (listenCmd) Run(ctx context.Context) error {
	return start(ctx, app.Roles{Listen: true})
}

// workCmd carries out what is requested of all pairs.
type workCmd struct{}

// Help returns the examples that kong prints below the options.
func (workCmd) Help() string {
	return `Example:
  nonassociations nomis work

Carries out the migrations and reconciliations that are requested: see "migrate run" and "reconcile
run". Any number may run: one of them works, the others take over. A run that was cut off goes on
where it was. NOMIS_API_URL must be set; the other variables are those of "nomis listen".
RECONCILE_SCHEDULE="30 2 * * 2" is when a reconciliation of all begins by itself, in the five fields
of cron and in London. Each night it also renews which prisons the directory gives.`
}

// Run works until SIGTERM. A run that is cut off by it goes on with the next process.
func (workCmd) Run(ctx context.Context) error {
	return start(ctx, app.Roles{Work: true})
}

// unmergeCmd takes a merge back that NOMIS made by mistake. It is a compensating
// command: the facts of the merge stay in the log.
type unmergeCmd struct {
	Message string `required:"" placeholder:"ID" help:"MessageId of the message in its SNS envelope; it is the commandId of the facts that came of it."`
	Reason  string `required:"" placeholder:"TEXT" help:"Why, for the history."`
	DryRun  bool   `help:"Print what would be done, and do nothing."`
}

// Help returns the examples that kong prints below the options.
func (unmergeCmd) Help() string {
	return `Examples:
  nonassociations nomis unmerge --message b3f5c1d2-8d7e-5f64-9c1a-9a2f4a0c7e11 --reason "two men of one name" --dry-run
  nonassociations nomis unmerge --message b3f5c1d2-8d7e-5f64-9c1a-9a2f4a0c7e11 --reason "two men of one name"

Records return to the pairs of the removed number, what the merge closed or deleted is as it was,
and reads by the number are answered for itself again; what else was changed meanwhile is kept. Nothing is rewritten: these are new facts. Repeating
it changes nothing.`
}

// Run prints each change, one line a record, in a form for scripts. New facts take the
// merge back; a repetition prints that nothing is left to do.
func (c unmergeCmd) Run(ctx context.Context) error {
	// The reason becomes part of a fact and is shown in the history for ever.
	if strings.TrimSpace(c.Reason) == "" {
		return errors.New("--reason must say why")
	}
	o, err := options(app.Roles{})
	if err != nil {
		return err
	}
	// An error may come with changes: those were made, and a repetition makes the rest.
	undone, err := app.Unmerge(ctx, o, c.Message, c.Reason, c.DryRun)
	for _, change := range undone.Changes {
		fmt.Printf("%s %s %s -> %s\n", change.Action, change.NonAssociationID, change.From, change.To)
	}
	if undone.Returned != "" {
		fmt.Printf("RETURNED %s: it is a removed number no more\n", undone.Returned)
	}
	switch {
	case err != nil:
		return err
	case len(undone.Changes) == 0 && undone.Returned == "":
		fmt.Println("nothing is left to do")
	case c.DryRun:
		fmt.Println("nothing was done yet: this is what would be")
	}
	return nil
}
