package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"nonassociations/internal/dev/localaws"
)

// Names of what stands in for AWS here.
const (
	prisonerEvents = "prisoner-events"
	domainEvents   = "domain-events"
)

// maxReceived is how many domain events the queue here keeps for a curious reader.
const maxReceived = 1000

// localAWS is the stand-in for queues and topics, started for whoever needs it
// first.
func (a *standIns) localAWS(ctx context.Context, set settings) (*localaws.Server, error) {
	if a.aws != nil {
		return a.aws, nil
	}
	server, err := localaws.Start(ctx, localaws.Options{File: filepath.Join(set.DataDir, "queues.json")})
	if err != nil {
		return nil, err
	}
	a.aws = server
	a.stops = append(a.stops, server.Stop)
	return server, nil
}

// startQueue stands in for the queue that merges come from. What was sent to it
// is kept in the data folder until it has been worked on.
func (a *standIns) startQueue(ctx context.Context, set settings) error {
	server, err := a.localAWS(ctx, set)
	if err != nil {
		return err
	}
	a.environment["PRISONER_EVENTS_QUEUE_URL"] = server.Queue(prisonerEvents)
	a.queue = a.environment["PRISONER_EVENTS_QUEUE_URL"]
	return setEndpoint("AWS_ENDPOINT_URL_SQS", server)
}

// startTopic stands in for the topic of domain events, with a queue that hears
// the last of them.
func (a *standIns) startTopic(ctx context.Context, set settings) error {
	server, err := a.localAWS(ctx, set)
	if err != nil {
		return err
	}
	a.environment["SNS_TOPIC_ARN"] = server.Topic(domainEvents)
	a.receivedQueue = server.Bound(domainEvents, maxReceived)
	if err := server.Subscribe(a.environment["SNS_TOPIC_ARN"], domainEvents, true, ""); err != nil {
		return err
	}
	return setEndpoint("AWS_ENDPOINT_URL_SNS", server)
}

// setEndpoint tells the client of AWS, which reads the process's own environment; what
// that may say of another endpoint is not meant for what stands in here.
func setEndpoint(variable string, server *localaws.Server) error {
	if err := os.Setenv(variable, server.URL()); err != nil {
		return fmt.Errorf("name the local stand-in for AWS: %w", err)
	}
	return nil
}

// printQueues says how to hear what is told to the world, how to merge two
// prisoners, and how to take it back.
func printQueues(around *standIns) {
	if around.receivedQueue != "" {
		fmt.Printf(receiveExample, around.aws.URL(), around.receivedQueue, around.shell("DATABASE_URL", "EVENTSTORE_URL")+binary())
	}
	if around.queue != "" {
		fmt.Printf(mergeExample, around.queue, around.shell("DATABASE_URL", "EVENTSTORE_URL")+binary())
	}
}

// shell is what has to be said before a command for it to see the same values;
// what a shell knows already, and may be a secret, is left out.
func (a *standIns) shell(names ...string) string {
	var said strings.Builder
	for _, name := range names {
		if os.Getenv(name) == "" {
			fmt.Fprintf(&said, "%s=%s ", name, quoted(a.environment[name]))
		}
	}
	return said.String()
}

const receiveExample = `
  Hear what the world is told (SNS to SQS, here):
    curl -sS %s -H 'X-Amz-Target: AmazonSQS.ReceiveMessage' -d '{"QueueUrl": "%s", "MaxNumberOfMessages": 10}'

  How far that is:
    %s publish status
`

const mergeExample = `
  Say that two numbers are one prisoner; the answer, {"MessageId": "ID"}, names the message (?MessageId=ID sends it again):
    curl -sS %s -d '{
      "eventType": "prison-offender-events.prisoner.merged", "occurredAt": "2026-07-15T11:00:00+01:00",
      "additionalInformation": {"removedNomsNumber": "A0135GA", "nomsNumber": "B1234CD", "reason": "MERGE"}}'

  Take it back:
    %s nomis unmerge --message ID --reason 'two men of one name' --dry-run
`
