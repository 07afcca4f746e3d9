package outbox

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

// OpenQueue returns the queue of a URL. It sends no request. Errors: those of
// [queue.Open].
func OpenQueue(ctx context.Context, address string) (*Queue, error) {
	client, err := queue.Open(ctx, address, config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(callTime)), config.WithRetryMaxAttempts(tries))
	if err != nil {
		return nil, err
	}
	return &Queue{client: client, url: address}, nil
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
