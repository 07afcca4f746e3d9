package nomis

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"nonassociations/internal/queue"
)

const (
	// pollTime is how long one request waits for a message, in seconds. It is the
	// most that SQS allows.
	pollTime = 20
	// callTime is the timeout of one request. It is longer than a poll, so that only a
	// dead connection exceeds it.
	callTime = 40 * time.Second
	// visibilityTimeout is how long SQS hides a message from other consumers after a
	// delivery or an extension. Keeping it short lets another process take over soon
	// after a crash.
	visibilityTimeout = 30 * time.Second
)

// Queue is one SQS queue. It is safe for concurrent use.
type Queue struct {
	client *sqs.Client
	url    string
}

// OpenQueue returns the queue of a URL. It sends no request. Errors: those of
// [queue.Open].
func OpenQueue(ctx context.Context, address string) (*Queue, error) {
	client, err := queue.Open(ctx, address, config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(callTime)))
	if err != nil {
		return nil, err
	}
	return &Queue{client: client, url: address}, nil
}

// sqsMessage is one delivery of an SQS message. receipt identifies the delivery.
type sqsMessage struct {
	id, body, receipt string
	trace             string // the attribute traceparent of a raw delivery, "" without one
}

// traceAttribute is the message attribute with the W3C trace parent.
const traceAttribute = "traceparent"

// maxBatch is the most messages that SQS delivers or deletes in one call.
const maxBatch = 10

// receive waits up to pollTime for messages (long polling), and returns up to limit of
// them, none when none arrived.
func (q *Queue) receive(ctx context.Context, limit int32) ([]sqsMessage, error) {
	answer, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, MaxNumberOfMessages: limit, WaitTimeSeconds: pollTime,
		MessageAttributeNames: []string{traceAttribute},
	})
	if err != nil {
		return nil, fmt.Errorf("receive from the queue: %w", err)
	}
	all := make([]sqsMessage, len(answer.Messages))
	for i, m := range answer.Messages {
		all[i] = sqsMessage{
			aws.ToString(m.MessageId), aws.ToString(m.Body), aws.ToString(m.ReceiptHandle),
			aws.ToString(m.MessageAttributes[traceAttribute].StringValue),
		}
	}
	return all, nil
}

// takeWait is how long one request of an operator's call waits for messages, in
// seconds: SQS then asks all its servers.
const takeWait = 1

// take receives up to most messages, at most maxBatch, with their attributes.
func (q *Queue) take(ctx context.Context, most int) ([]types.Message, error) {
	answer, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, MaxNumberOfMessages: int32(min(most, maxBatch)), WaitTimeSeconds: takeWait, //nolint:gosec // at most 10
		MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		return nil, fmt.Errorf("receive from the queue %s: %w", q.Name(), err)
	}
	return answer.Messages, nil
}

func (q *Queue) delete(ctx context.Context, l sqsMessage) error {
	if _, err := q.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: &l.receipt}); err != nil {
		return fmt.Errorf("delete from the queue: %w", err)
	}
	return nil
}

// deleteAll deletes up to maxBatch messages in one call. After an error some may be
// deleted.
func (q *Queue) deleteAll(ctx context.Context, messages []sqsMessage) error {
	if len(messages) == 0 {
		return nil
	}
	var entries []types.DeleteMessageBatchRequestEntry
	for i, m := range messages {
		entries = append(entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &m.receipt})
	}
	answer, err := q.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &q.url, Entries: entries})
	if err != nil {
		return fmt.Errorf("delete from the queue: %w", err)
	}
	if failed := len(answer.Failed); failed > 0 {
		return fmt.Errorf("delete from the queue: %d of %d messages, %s", failed, len(entries), aws.ToString(answer.Failed[0].Code))
	}
	return nil
}

// hide hides a message from other consumers for some seconds from now on; 0 shows it.
func (q *Queue) hide(ctx context.Context, l sqsMessage, seconds int32) error {
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &q.url, ReceiptHandle: &l.receipt, VisibilityTimeout: seconds,
	})
	if err != nil {
		return fmt.Errorf("hide a message of the queue: %w", err)
	}
	return nil
}
