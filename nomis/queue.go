package nomis

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

const (
	// pollTime is how long one request waits for a message, in seconds; SQS
	// allows no more.
	pollTime = 20
	// callTime is more than a poll takes, so that a silent connection ends.
	callTime = 40 * time.Second
	// visibilityTimeout is for how long a message is hidden from others while it is
	// worked on; it is extended in time.
	visibilityTimeout = 30 * time.Second
)

// Queue is one queue of SQS.
type Queue struct {
	client *sqs.Client
	url    string
}

// OpenQueue prepares a queue by its URL; it does not call it. Region,
// credentials and endpoint are those of the standard AWS_ environment. Where
// that names no endpoint and the URL is not one of AWS's, the queue is called
// at its own host.
func OpenQueue(ctx context.Context, address string) (*Queue, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return nil, fmt.Errorf("%q is not the URL of a queue", address)
	}
	settings := []func(*config.LoadOptions) error{
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(callTime)),
		config.WithDefaultRegion("eu-west-2"),
	}
	environment, err := config.NewEnvConfig()
	if err != nil {
		return nil, fmt.Errorf("read the AWS environment: %w", err)
	}
	if isLoopback(parsed.Hostname()) && !environment.Credentials.HasKeys() {
		settings = append(settings, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("local", "local", "")))
	}
	loaded, err := config.LoadDefaultConfig(ctx, settings...)
	if err != nil {
		return nil, fmt.Errorf("read the AWS environment: %w", err)
	}
	client := sqs.NewFromConfig(loaded, func(o *sqs.Options) {
		if o.BaseEndpoint == nil && !strings.HasSuffix(parsed.Hostname(), ".amazonaws.com") {
			o.BaseEndpoint = aws.String(parsed.Scheme + "://" + parsed.Host)
		}
	})
	return &Queue{client: client, url: address}, nil
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// sqsMessage is a message as it lies in the queue.
type sqsMessage struct{ id, body, receipt string }

// receive waits a while for one; none is no error.
func (q *Queue) receive(ctx context.Context) (sqsMessage, bool, error) {
	answer, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, MaxNumberOfMessages: 1, WaitTimeSeconds: pollTime,
	})
	if err != nil {
		return sqsMessage{}, false, fmt.Errorf("receive from the queue: %w", err)
	}
	if len(answer.Messages) == 0 {
		return sqsMessage{}, false, nil
	}
	m := answer.Messages[0]
	return sqsMessage{aws.ToString(m.MessageId), aws.ToString(m.Body), aws.ToString(m.ReceiptHandle)}, true, nil
}

func (q *Queue) delete(ctx context.Context, l sqsMessage) error {
	if _, err := q.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: &l.receipt}); err != nil {
		return fmt.Errorf("delete from the queue: %w", err)
	}
	return nil
}

// extendVisibility keeps the message to this reader for visibilityTimeout from now.
func (q *Queue) extendVisibility(ctx context.Context, l sqsMessage) error {
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &q.url, ReceiptHandle: &l.receipt, VisibilityTimeout: int32(visibilityTimeout / time.Second),
	})
	if err != nil {
		return fmt.Errorf("hide a message of the queue: %w", err)
	}
	return nil
}
