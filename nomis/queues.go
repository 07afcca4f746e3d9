package nomis

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/go-json-experiment/json"

	"nonassociations/nomis/store"
)

// ErrUnknownQueue means that no configured queue, or dead-letter queue of one, has the
// name.
var ErrUnknownQueue = errors.New("no such queue")

// Keeper keeps copies of purged messages. [store.Store] implements it.
type Keeper interface {
	KeepPurged(ctx context.Context, purge store.Purge, messages ...store.PurgedMessage) error
}

// Queues are the configured queues with their dead-letter queues, for operators. It is
// safe for concurrent use. The zero value has no queue.
type Queues struct {
	all    []*Queue
	keeper Keeper
}

// OpenQueues returns the queues at the given URLs, in their order. It sends no request.
func OpenQueues(ctx context.Context, keeper Keeper, addresses ...string) (*Queues, error) {
	all := &Queues{keeper: keeper}
	for _, address := range addresses {
		q, err := OpenQueue(ctx, address)
		if err != nil {
			return nil, err
		}
		all.all = append(all.all, q)
	}
	return all, nil
}

// Name returns the last part of the queue's URL.
func (q *Queue) Name() string { return path.Base(q.url) }

// Names returns the names of the queues, without those of dead letters.
func (s *Queues) Names() []string {
	names := make([]string, len(s.all))
	for i, q := range s.all {
		names[i] = q.Name()
	}
	return names
}

// QueueStatus is how a queue is doing. The numbers are approximate, as SQS's are.
// DeadLetterName is "" when the queue has no redrive policy: a message that cannot be
// read then comes again for ever.
type QueueStatus struct {
	Name           string
	Messages       int
	InFlight       int
	DeadLetterName string
	DeadLetters    int
}

// Status asks a configured queue, and its dead-letter queue, for their numbers. Errors:
// ErrUnknownQueue, and faults of SQS.
func (s *Queues) Status(ctx context.Context, name string) (QueueStatus, error) {
	for _, q := range s.all {
		if q.Name() != name {
			continue
		}
		attributes, err := q.attributes(ctx)
		if err != nil {
			return QueueStatus{}, err
		}
		status := QueueStatus{Name: name, Messages: attributes.visible, InFlight: attributes.hidden}
		dead, err := q.deadLetters(ctx, attributes)
		if err != nil || dead == nil {
			return status, err
		}
		letters, err := dead.attributes(ctx)
		status.DeadLetterName, status.DeadLetters = dead.Name(), letters.visible
		return status, err
	}
	return QueueStatus{}, ErrUnknownQueue
}

// attributes are what is asked about a queue.
type attributes struct {
	arn             string
	visible, hidden int
	deadLetterARN   string // "" without a redrive policy
}

// attributes asks SQS about the queue.
func (q *Queue) attributes(ctx context.Context) (attributes, error) {
	answer, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		return attributes{}, fmt.Errorf("ask about the queue %s: %w", q.Name(), err)
	}
	of := attributes{arn: answer.Attributes[string(types.QueueAttributeNameQueueArn)]}
	// A number that is missing or no number counts as none.
	of.visible, _ = strconv.Atoi(answer.Attributes[string(types.QueueAttributeNameApproximateNumberOfMessages)])
	of.hidden, _ = strconv.Atoi(answer.Attributes[string(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible)])
	if policy := answer.Attributes[string(types.QueueAttributeNameRedrivePolicy)]; policy != "" {
		var redrive struct {
			Target string `json:"deadLetterTargetArn"`
		}
		if err := json.Unmarshal([]byte(policy), &redrive); err != nil {
			return attributes{}, fmt.Errorf("read the redrive policy of the queue %s: %w", q.Name(), err)
		}
		of.deadLetterARN = redrive.Target
	}
	return of, nil
}

// deadLetters returns the dead-letter queue, nil when there is none. It may belong to
// another account, which its ARN names.
func (q *Queue) deadLetters(ctx context.Context, of attributes) (*Queue, error) {
	parts := strings.Split(of.deadLetterARN, ":") // arn:aws:sqs:region:account:name
	if len(parts) != 6 {
		return nil, nil //nolint:nilnil // having none is an answer
	}
	answer, err := q.client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &parts[5], QueueOwnerAWSAccountId: &parts[4]})
	if err != nil {
		return nil, fmt.Errorf("find the dead-letter queue %s: %w", parts[5], err)
	}
	return &Queue{client: q.client, url: aws.ToString(answer.QueueUrl)}, nil
}

// withDeadLetters is a queue and its dead-letter queue.
type withDeadLetters struct {
	queue, dead *Queue
}

// deadLetterQueues returns each dead-letter queue once, with a queue that it is of.
func (s *Queues) deadLetterQueues(ctx context.Context) ([]withDeadLetters, error) {
	var found []withDeadLetters
	seen := map[string]bool{}
	for _, q := range s.all {
		attributes, err := q.attributes(ctx)
		if err != nil {
			return nil, err
		}
		dead, err := q.deadLetters(ctx, attributes)
		if err != nil {
			return nil, err
		}
		if dead != nil && !seen[dead.url] {
			seen[dead.url] = true
			found = append(found, withDeadLetters{q, dead})
		}
	}
	return found, nil
}

// deadLetterQueue returns the dead-letter queue with a name. Errors: ErrUnknownQueue,
// and faults of SQS.
func (s *Queues) deadLetterQueue(ctx context.Context, name string) (withDeadLetters, error) {
	all, err := s.deadLetterQueues(ctx)
	if err != nil {
		return withDeadLetters{}, err
	}
	for _, one := range all {
		if one.dead.Name() == name {
			return one, nil
		}
	}
	return withDeadLetters{}, ErrUnknownQueue
}
