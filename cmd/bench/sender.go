package main

import (
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
)

// senderCmd is the baseline of publish: loops that send messages of the usual size. The
// harness spawns it.
type senderCmd struct {
	Topic string
	Count int
	Loops int
}

// Run sends Count messages and ends. The first loop also sends what the division leaves
// over. Errors: the first call that the SDK gave up.
func (c senderCmd) Run(ctx context.Context) error {
	loaded, err := config.LoadDefaultConfig(ctx, config.WithRegion(region),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("local", "local", "")))
	if err != nil {
		return err
	}
	client := sns.NewFromConfig(loaded, func(o *sns.Options) { o.HTTPClient = manyConnections(c.Loops) })
	group, ctx := errgroup.WithContext(ctx)
	for i := range c.Loops {
		batches := c.Count / perBatch / c.Loops
		if i == 0 {
			batches = c.Count/perBatch - batches*(c.Loops-1)
		}
		input := &sns.PublishBatchInput{TopicArn: &c.Topic, PublishBatchRequestEntries: readyEntries()}
		group.Go(func() error {
			for range batches {
				if _, err := client.PublishBatch(ctx, input); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// readyEntries returns one batch of messages with the attributes that the publisher
// sets. The event ids are new; the sink does not deduplicate.
func readyEntries() []types.PublishBatchRequestEntry {
	text := func(value string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	var entries []types.PublishBatchRequestEntry
	for i := range perBatch {
		entries = append(entries, types.PublishBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), Message: aws.String(readyBody),
			MessageAttributes: map[string]types.MessageAttributeValue{
				"eventType": text("prisoner.non-associations.created"), "eventId": text(uuid.NewString()), "source": text("NOMIS"),
				"prisonerNumbers": {DataType: aws.String("String.Array"), StringValue: aws.String(`["A0135GA","A9109UD"]`)},
			},
		})
	}
	return entries
}

// readyBody is a domain event as the service sends it. Its length is what matters: SNS
// and its client cost by the byte.
const readyBody = `{"eventType":"prisoner.non-associations.created","occurredAt":"2026-07-15T12:05:00","publishedAt":"2026-07-15T12:15:00.25+01:00",` +
	`"version":"1.0","description":"A non-association was opened","detailUrl":"https://non-associations.test/non-associations/902d4ad9-70db-5816-bfc4-b4bc15c0dde9",` +
	`"personReference":{"identifiers":[{"type":"NOMS","value":"A9109UD"},{"type":"NOMS","value":"A0135GA"}]},` +
	`"additionalInformation":{"prisonerNumber":"A9109UD","otherPrisonerNumber":"A0135GA","nonAssociationId":"902d4ad9-70db-5816-bfc4-b4bc15c0dde9",` +
	`"source":"NOMIS","change":"OPENED","eventId":"08f8f87a-80b4-5143-9c54-9f78c095e557","revision":0,"position":123456}}`
