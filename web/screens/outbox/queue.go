package outbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	// callTime is the timeout of one try of a call.
	callTime = 5 * time.Second
	// tries is how often the client of AWS tries one call. The sender tries again anyway.
	tries = 2
	// maxEntries and maxBytes are the most that SQS takes in one call; some is left for what
	// AWS adds.
	maxEntries = 10
	maxBytes   = 250 << 10
)

// Queue is the audit queue. It is safe for concurrent use.
type Queue struct {
	client *sqs.Client
	url    string
}

// OpenQueue returns the queue of a URL. It sends no request. Region, credentials and
// endpoint come from the standard AWS_ variables. When these name no endpoint and the URL
// is not one of AWS, the host of the URL is the endpoint: a local stand-in. Errors: a text
// that is no URL, and an environment that cannot be read.
func OpenQueue(ctx context.Context, address string) (*Queue, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return nil, errors.New("that is not the URL of a queue")
	}
	settings := []func(*config.LoadOptions) error{
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(callTime)), config.WithDefaultRegion("eu-west-2"),
		config.WithRetryMaxAttempts(tries),
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

// isLoopback reports whether a host is this machine. Only then are dummy credentials used.
func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// send sends up to maxEntries messages of together at most maxBytes, and returns the code
// of each that the queue did not take, by its index. After an error it is not known which
// were taken.
func (q *Queue) send(ctx context.Context, bodies []string) (refused map[int]string, err error) {
	entries := make([]types.SendMessageBatchRequestEntry, len(bodies))
	for i := range bodies {
		entries[i] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: &bodies[i]}
	}
	answer, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: entries})
	if err != nil {
		return nil, fmt.Errorf("send to the audit queue: %w", err)
	}
	taken := map[string]bool{}
	for _, entry := range answer.Successful {
		taken[aws.ToString(entry.Id)] = true
	}
	codes := map[string]string{}
	for _, entry := range answer.Failed {
		codes[aws.ToString(entry.Id)] = aws.ToString(entry.Code)
	}
	refused = map[int]string{}
	for i := range bodies {
		if id := strconv.Itoa(i); !taken[id] { // one that the answer does not name may be lost
			refused[i] = codes[id]
		}
	}
	return refused, nil
}
