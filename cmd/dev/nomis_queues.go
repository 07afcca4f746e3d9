package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"nonassociations/internal/dev/nomisapi"
)

// nomisQueues sets where the stand-in for NOMIS sends its messages. The queue of changes
// is a local one where the environment names none. Where it names an endpoint of SQS, the
// client of this process would look for a local queue there: then there is none, and a
// warning says so.
func (s *standIns) nomisQueues(ctx context.Context, set settings, options *nomisapi.Options, logger *slog.Logger) error {
	endpoint := cmp.Or(s.environment["AWS_ENDPOINT_URL_SQS"], s.environment["AWS_ENDPOINT_URL"])
	switch {
	case s.environment["NOMIS_EVENTS_QUEUE_URL"] != "":
	case s.queue == "" && endpoint != "":
		logger.WarnContext(ctx, "NOMIS_EVENTS_QUEUE_URL is not set beside an endpoint of SQS: changes in NOMIS ring nothing")
	default:
		server, err := s.localAWS(ctx, set)
		if err != nil {
			return err
		}
		s.environment["NOMIS_EVENTS_QUEUE_URL"] = server.Queue(nomisEvents)
		server.Redrive(nomisEvents, nomisEvents+"-dlq", maxReceives)
	}
	options.Events = s.sender(s.environment["NOMIS_EVENTS_QUEUE_URL"], logger)
	options.Merges = s.sender(s.environment["PRISONER_EVENTS_QUEUE_URL"], logger)
	return nil
}

// sendTime bounds the sending of one message to a queue that is not local.
const sendTime = 5 * time.Second

// sender returns a function that sends to a queue, nil when there is none. A message that
// cannot be sent is lost, as NOMIS's would be, and logged without its text.
func (s *standIns) sender(queue string, logger *slog.Logger) func(message string) {
	switch {
	case queue == "":
		return nil
	case s.aws != nil && strings.HasPrefix(queue, s.aws.URL()+"/"):
		return func(message string) { s.aws.Send(path.Base(queue), message) }
	}
	return func(message string) {
		ctx, cancel := context.WithTimeout(context.Background(), sendTime)
		defer cancel()
		if err := sendTo(ctx, queue, message); err != nil {
			logger.WarnContext(ctx, "a message of NOMIS is lost", "error", err)
		}
	}
}

// sendTo sends a message to a queue that the environment names, by the standard AWS_
// variables. The endpoint is the host of the URL, unless that is one of AWS: the variable
// for it may have been set to the local queues since.
func sendTo(ctx context.Context, queue, message string) error {
	loaded, err := config.LoadDefaultConfig(ctx, config.WithDefaultRegion("eu-west-2"))
	if err != nil {
		return fmt.Errorf("read the AWS environment: %w", err)
	}
	scheme, rest, _ := strings.Cut(queue, "://")
	host, _, _ := strings.Cut(rest, "/")
	client := sqs.NewFromConfig(loaded, func(o *sqs.Options) {
		if !strings.HasSuffix(host, ".amazonaws.com") {
			o.BaseEndpoint = aws.String(scheme + "://" + host)
		}
		if strings.HasPrefix(host, "127.0.0.1") || strings.HasPrefix(host, "localhost") {
			o.Credentials = credentials.NewStaticCredentialsProvider("local", "local", "")
		}
	})
	_, err = client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(queue), MessageBody: aws.String(message)})
	return err
}
