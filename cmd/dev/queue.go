package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"nonassociations/internal/localaws"
)

const prisonerEvents = "prisoner-events"

// startQueue stands in for the queue that merges come from. What was sent to it
// is kept in the data folder until it has been worked on.
func (a *around) startQueue(ctx context.Context, set settings) error {
	server, err := localaws.Start(ctx, localaws.Options{File: filepath.Join(set.DataDir, "queues.json")})
	if err != nil {
		return err
	}
	a.stops = append(a.stops, server.Stop)
	a.environment["PRISONER_EVENTS_QUEUE_URL"] = server.Queue(prisonerEvents)
	a.queue = a.environment["PRISONER_EVENTS_QUEUE_URL"]
	// The client of AWS reads the process's own environment, and what it may say
	// of another endpoint is not meant for this queue.
	if err := os.Setenv("AWS_ENDPOINT_URL_SQS", server.URL()); err != nil {
		return fmt.Errorf("name the local queue: %w", err)
	}
	return nil
}

// announceQueue says how to merge two prisoners, and how to take it back.
func announceQueue(around *around) {
	if around.queue != "" {
		fmt.Printf(howToMerge, around.queue, around.shell("DATABASE_URL", "EVENTSTORE_URL")+binary())
	}
}

// shell is what has to be said before a command for it to see the same values;
// what a shell knows already, and may be a secret, is left out.
func (a *around) shell(names ...string) string {
	var said strings.Builder
	for _, name := range names {
		if os.Getenv(name) == "" {
			fmt.Fprintf(&said, "%s=%s ", name, quoted(a.environment[name]))
		}
	}
	return said.String()
}

const howToMerge = `
  Say that two numbers are one prisoner; the answer is the message's id (?MessageId=ID sends one again):
    curl -sS %s -d '{
      "eventType": "prison-offender-events.prisoner.merged", "occurredAt": "2026-07-15T11:00:00+01:00",
      "additionalInformation": {"removedNomsNumber": "A0135GA", "nomsNumber": "B1234CD", "reason": "MERGE"}}'

  Take it back:
    %s nomis unmerge --message ID --reason 'two men of one name' --dry-run
`
