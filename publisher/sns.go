package publisher

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"nonassociations/publisher/message"
)

// Limits of SNS for a batch.
const (
	batchEntries = 10
	batchBytes   = 256 << 10
)

// callTime bounds a call, so that a silent connection ends.
const callTime = 15 * time.Second

// Client publishes to one topic of SNS. It is safe for concurrent use.
type Client struct {
	client   *sns.Client
	arn      string
	fifo     bool
	callTime time.Duration
}

// Open returns a client for the topic of an ARN. It calls nothing: whether the
// topic exists and may be published to shows with the first message. Region,
// credentials and endpoint come from the standard AWS_ environment; the default
// region is the topic's. An endpoint on this machine needs no credentials. An error
// means that the ARN or the environment cannot be read.
func Open(ctx context.Context, topic string) (*Client, error) {
	parsed, err := arn.Parse(topic)
	if err != nil || parsed.Service != "sns" || parsed.Resource == "" {
		return nil, fmt.Errorf("%q is not the ARN of a topic", topic)
	}
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = senders // otherwise connections are made anew all the time
	})
	loaded, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(client), config.WithDefaultRegion(parsed.Region))
	if err != nil {
		return nil, fmt.Errorf("read the AWS environment: %w", err)
	}
	environment, err := config.NewEnvConfig()
	if err != nil {
		return nil, fmt.Errorf("read the AWS environment: %w", err)
	}
	return &Client{arn: topic, fifo: strings.HasSuffix(topic, ".fifo"), callTime: callTime, client: sns.NewFromConfig(loaded, func(o *sns.Options) {
		o.Retryer = aws.NopRetryer{} // the pipeline retries, and for longer
		if isLocal(o.BaseEndpoint) && !environment.Credentials.HasKeys() {
			o.Credentials = credentials.NewStaticCredentialsProvider("local", "local", "")
		}
	})}, nil
}

// isLocal reports whether an endpoint is on this machine, as in development and
// tests.
func isLocal(endpoint *string) bool {
	parsed, err := url.Parse(aws.ToString(endpoint))
	return err == nil && (parsed.Hostname() == "localhost" || net.ParseIP(parsed.Hostname()).IsLoopback())
}

// send sends one batch and returns a result for each message: nil, a *Refusal, or
// a fault. The second result is the error of the whole call; it is a *Refusal too
// when SNS calls the batch invalid.
func (c *Client) send(ctx context.Context, deliveries []*delivery) ([]error, error) {
	ctx, cancel := context.WithTimeout(ctx, c.callTime)
	defer cancel()
	input := &sns.PublishBatchInput{TopicArn: &c.arn, PublishBatchRequestEntries: make([]types.PublishBatchRequestEntry, len(deliveries))}
	for i, d := range deliveries {
		input.PublishBatchRequestEntries[i] = c.entry(i, d.message)
	}
	output, err := c.client.PublishBatch(ctx, input)
	if err != nil {
		return nil, faultOfCall(err)
	}
	results := make([]error, len(deliveries))
	for i := range results {
		results[i] = errNoAnswer
	}
	for _, s := range output.Successful {
		if i, ok := indexOf(s.Id, len(deliveries)); ok {
			results[i] = nil
		}
	}
	for _, f := range output.Failed {
		if i, ok := indexOf(f.Id, len(deliveries)); ok {
			results[i] = faultOf(aws.ToString(f.Code), aws.ToString(f.Message))
		}
	}
	return results, nil
}

var errNoAnswer = errors.New("SNS answered nothing for this entry")

// indexOf parses the id of an entry, which is its index in the batch. It reports
// false for an id that no entry of the batch has.
func indexOf(id *string, n int) (int, bool) {
	i, err := strconv.Atoi(aws.ToString(id))
	return i, err == nil && i >= 0 && i < n
}

// entry returns a message as entry i of a batch. On a FIFO topic the group is the
// pair, and the deduplication id is the event's: SNS drops a second sending within
// five minutes.
func (c *Client) entry(i int, m message.Message) types.PublishBatchRequestEntry {
	e := types.PublishBatchRequestEntry{
		Id: aws.String(strconv.Itoa(i)), Message: aws.String(string(m.Body)),
		MessageAttributes: make(map[string]types.MessageAttributeValue, len(m.Attributes)),
	}
	for name, a := range m.Attributes {
		e.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String(a.DataType()), StringValue: aws.String(a.Value())}
	}
	if c.fifo {
		e.MessageGroupId, e.MessageDeduplicationId = &m.Group, aws.String(m.EventID.String())
	}
	return e
}
