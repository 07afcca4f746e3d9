package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"nonassociations/internal/dev/localaws"
)

// Names of the local queue and of the local topic. They are part of the URL and the ARN
// that a developer sees.
const (
	prisonerEvents = "prisoner-events"
	domainEvents   = "domain-events"
	ownEvents      = "nomis-domain-events" // the domain events that ring for NOMIS
)

// maxReceived is how many domain events the local queue keeps. Older ones are dropped:
// an unread queue must not grow without bound.
const maxReceived = 1000

// maxReceives is how often a message is delivered before it goes to the dead letters.
const maxReceives = 3

// localAWS returns the stand-in for queues and topics. The first call starts it. Its
// queue file lies in the data folder. It ends with the other stand-ins.
func (s *standIns) localAWS(ctx context.Context, set settings) (*localaws.Server, error) {
	if s.aws != nil {
		return s.aws, nil
	}
	server, err := localaws.Start(ctx, localaws.Options{File: filepath.Join(set.DataDir, "queues.json")})
	if err != nil {
		return nil, err
	}
	s.aws = server
	s.stops = append(s.stops, server.Stop)
	return server, nil
}

// startQueue makes the queue of prisoner merges. Messages are kept in the data folder
// until they are processed.
func (s *standIns) startQueue(ctx context.Context, set settings) error {
	server, err := s.localAWS(ctx, set)
	if err != nil {
		return err
	}
	s.environment["PRISONER_EVENTS_QUEUE_URL"] = server.Queue(prisonerEvents)
	server.Redrive(prisonerEvents, prisonerEvents+"-dlq", maxReceives)
	s.queue = s.environment["PRISONER_EVENTS_QUEUE_URL"]
	return setEndpoint("AWS_ENDPOINT_URL_SQS", server)
}

// startTopic makes the topic of domain events, and a queue that keeps the last of them
// for a developer to read.
func (s *standIns) startTopic(ctx context.Context, set settings) error {
	server, err := s.localAWS(ctx, set)
	if err != nil {
		return err
	}
	s.environment["SNS_TOPIC_ARN"] = server.Topic(domainEvents)
	s.receivedQueue = server.Bound(domainEvents, maxReceived)
	if err := server.Subscribe(s.environment["SNS_TOPIC_ARN"], domainEvents, true, ""); err != nil {
		return err
	}
	if s.environment["DOMAIN_EVENTS_QUEUE_URL"] == "" && s.queue != "" {
		s.environment["DOMAIN_EVENTS_QUEUE_URL"] = server.Queue(ownEvents)
		server.Redrive(ownEvents, ownEvents+"-dlq", maxReceives)
		if err := server.Subscribe(s.environment["SNS_TOPIC_ARN"], ownEvents, false, ""); err != nil {
			return err
		}
	}
	return setEndpoint("AWS_ENDPOINT_URL_SNS", server)
}

// setEndpoint points the AWS client of this process at the stand-in. The client reads
// the process's environment; an endpoint there is meant for the real AWS and is
// replaced.
func setEndpoint(variable string, server *localaws.Server) error {
	if err := os.Setenv(variable, server.URL()); err != nil {
		return fmt.Errorf("name the local stand-in for AWS: %w", err)
	}
	return nil
}

// printQueues prints how to read the published domain events, how to merge two
// prisoners and how to take that back. Each part is printed only if its stand-in runs.
func printQueues(local *standIns) {
	if local.receivedQueue != "" {
		fmt.Printf(receiveExample, local.aws.URL(), local.receivedQueue, local.shell("DATABASE_URL", "EVENTSTORE_URL")+binary())
	}
	if local.queue != "" {
		fmt.Printf(mergeExample, local.queue, local.shell("DATABASE_URL", "EVENTSTORE_URL")+binary())
	}
}

// shell returns the assignments that a command needs in front of it. Variables of the
// caller's shell are left out: the shell has them, and they may be secrets. Values are
// quoted, and the text ends with a blank unless it is empty.
func (s *standIns) shell(names ...string) string {
	var text strings.Builder
	for _, name := range names {
		if os.Getenv(name) == "" {
			fmt.Fprintf(&text, "%s=%s ", name, quoted(s.environment[name]))
		}
	}
	return text.String()
}

// The examples are formats: their verbs are the URL, the queue and the command, in the
// order of printQueues.
const receiveExample = `
  Receive the published domain events (SNS to SQS, local):
    curl -sS %s -H 'X-Amz-Target: AmazonSQS.ReceiveMessage' -d '{"QueueUrl": "%s", "MaxNumberOfMessages": 10}'

  Show how far the publisher is:
    %s publish status
`

const mergeExample = `
  The message of a merge alone, as if NOMIS had sent it; what NOMIS itself still has under the removed number it tells
  again, so merge there where the stand-in runs. The answer, {"MessageId": "ID"}, names the message (?MessageId=ID sends it again):
    curl -sS %s -d '{
      "eventType": "prison-offender-events.prisoner.merged", "occurredAt": "2026-07-15T11:00:00+01:00",
      "additionalInformation": {"removedNomsNumber": "A0135GA", "nomsNumber": "B1234CD", "reason": "MERGE"}}'

  Take it back:
    %s nomis unmerge --message ID --reason 'two men of one name' --dry-run
`
