package nomis

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"nonassociations/nomis/store"
)

// PurgeOrder is an operator's decision to empty a queue. By is the user name.
type PurgeOrder struct {
	Reason, By string
	At         time.Time
}

// Purge removes the messages of a queue or of a dead-letter queue, and returns how many
// it removed: those that were visible when it began. A copy of each is kept first, so
// SQS's own purge is not used. Errors: ErrUnknownQueue, and faults; those removed by
// then stay removed, and repeating is safe.
func (s *Queues) Purge(ctx context.Context, name string, order PurgeOrder) (removed int, err error) {
	q, err := s.named(ctx, name)
	if err != nil {
		return 0, err
	}
	begun, err := q.attributes(ctx)
	if err != nil {
		return 0, err
	}
	purge := store.Purge{Queue: name, Reason: order.Reason, By: order.By, At: order.At}
	for removed < begun.visible {
		batch, err := q.take(ctx, begun.visible-removed)
		if err != nil || len(batch) == 0 {
			return removed, err
		}
		var copies []store.PurgedMessage
		var gone []sqsMessage
		for _, m := range batch {
			copies = append(copies, copyOf(m))
			gone = append(gone, sqsMessage{receipt: aws.ToString(m.ReceiptHandle)})
		}
		if err := s.keeper.KeepPurged(ctx, purge, copies...); err != nil {
			return removed, err
		}
		if err := q.deleteAll(ctx, gone); err != nil {
			return removed, err
		}
		removed += len(batch)
	}
	return removed, nil
}

// named returns a queue or a dead-letter queue by its name.
func (s *Queues) named(ctx context.Context, name string) (*Queue, error) {
	for _, q := range s.all {
		if q.Name() == name {
			return q, nil
		}
	}
	one, err := s.deadLetterQueue(ctx, name)
	return one.dead, err
}

// copyOf returns a message as it is kept. Postgres holds no NUL, and SQS delivers none.
func copyOf(m types.Message) store.PurgedMessage {
	attributes := map[string]store.Attribute{}
	for name, a := range m.MessageAttributes {
		value := aws.ToString(a.StringValue)
		if strings.HasPrefix(aws.ToString(a.DataType), "Binary") {
			value = base64.StdEncoding.EncodeToString(a.BinaryValue)
		}
		attributes[name] = store.Attribute{Type: aws.ToString(a.DataType), Value: value}
	}
	return store.PurgedMessage{MessageID: aws.ToString(m.MessageId), Body: aws.ToString(m.Body), Attributes: attributes}
}

// DeadLetter is a message in a dead-letter queue. ID is that of SQS.
type DeadLetter struct{ ID, Body string }

// DeadLetters are the first messages of a dead-letter queue. Found counts all of them.
type DeadLetters struct {
	Found    int
	Messages []DeadLetter
}

// showTime bounds the requests that show messages again.
const showTime = 3 * time.Second

// DLQMessages reads up to most messages of a dead-letter queue and leaves them there.
// While it reads, other consumers do not see them. Errors: ErrUnknownQueue, and faults
// of SQS.
func (s *Queues) DLQMessages(ctx context.Context, name string, most int) (DeadLetters, error) {
	one, err := s.deadLetterQueue(ctx, name)
	if err != nil {
		return DeadLetters{}, err
	}
	begun, err := one.dead.attributes(ctx)
	if err != nil {
		return DeadLetters{}, err
	}
	letters := DeadLetters{Found: begun.visible}
	var taken []types.Message
	defer func() { one.dead.show(ctx, taken) }()
	for most = min(most, begun.visible); len(taken) < most; {
		batch, err := one.dead.take(ctx, most-len(taken))
		if err != nil {
			return DeadLetters{}, err
		}
		if len(batch) == 0 {
			break
		}
		taken = append(taken, batch...)
	}
	for _, m := range taken {
		letters.Messages = append(letters.Messages, DeadLetter{aws.ToString(m.MessageId), aws.ToString(m.Body)})
	}
	return letters, nil
}

// show makes messages visible again, also for a caller who has left. One that cannot be
// shown becomes visible by itself after the queue's own time.
func (q *Queue) show(ctx context.Context, messages []types.Message) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), showTime)
	defer cancel()
	for _, m := range messages {
		_ = q.hide(ctx, sqsMessage{receipt: aws.ToString(m.ReceiptHandle)}, 0)
	}
}
