package nomis

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// RetryDLQ returns the messages of a dead-letter queue to the queue that they came
// from, with their attributes, and returns how many there were. SQS moves them in the
// background. Errors: ErrUnknownQueue, and faults of SQS; repeating is safe.
func (s *Queues) RetryDLQ(ctx context.Context, name string) (found int, err error) {
	one, err := s.deadLetterQueue(ctx, name)
	if err != nil {
		return 0, err
	}
	return one.retry(ctx)
}

// RetryAll is RetryDLQ of every dead-letter queue, in the order of their queues. After
// an error some may have been retried; those that it did not meet are.
func (s *Queues) RetryAll(ctx context.Context) (found []int, err error) {
	all, err := s.deadLetterQueues(ctx)
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, one := range all {
		n, err := one.retry(ctx)
		found, faults = append(found, n), append(faults, err)
	}
	return found, errors.Join(faults...)
}

// retry returns the dead letters to their queue.
func (d withDeadLetters) retry(ctx context.Context) (int, error) {
	letters, err := d.dead.attributes(ctx)
	if err != nil || letters.visible == 0 {
		return 0, err
	}
	_, err = d.dead.client.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &letters.arn})
	if isMissing(err) {
		return d.move(ctx, letters.visible)
	}
	if err != nil {
		return 0, fmt.Errorf("return the messages of the queue %s: %w", d.dead.Name(), err)
	}
	return letters.visible, nil
}

// missing are the codes by which stand-ins of SQS say that they lack an action.
var missing = []string{"UnknownOperationException", "UnknownOperation", "InvalidAction", "NotImplemented"}

// isMissing reports whether the endpoint lacks the action.
func isMissing(err error) bool {
	var fault interface{ ErrorCode() string }
	return errors.As(err, &fault) && slices.Contains(missing, fault.ErrorCode())
}

// move moves up to most messages one by one. Each is deleted after it was sent: it may
// come twice, and is never lost.
func (d withDeadLetters) move(ctx context.Context, most int) (moved int, err error) {
	for moved < most {
		batch, err := d.dead.take(ctx, most-moved)
		if err != nil || len(batch) == 0 {
			return moved, err
		}
		for _, m := range batch {
			_, err := d.queue.client.SendMessage(ctx, &sqs.SendMessageInput{
				QueueUrl: &d.queue.url, MessageBody: m.Body, MessageAttributes: m.MessageAttributes,
			})
			if err != nil {
				return moved, fmt.Errorf("send to the queue %s: %w", d.queue.Name(), err)
			}
			if err := d.dead.delete(ctx, sqsMessage{receipt: aws.ToString(m.ReceiptHandle)}); err != nil {
				return moved, err
			}
			moved++
		}
	}
	return moved, nil
}
