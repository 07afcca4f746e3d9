package localaws_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/localaws"
)

func attributesOf(t *testing.T, c *sqs.Client, url string) map[string]string {
	t.Helper()
	got, err := c.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	require.NoError(t, err)
	return got.Attributes
}

func TestQueueAttributes_countAndNameTheDeadLetters(t *testing.T) {
	s := start(t, localaws.Options{})
	c, url := client(t, s), s.Queue("q")
	require.Empty(t, attributesOf(t, c, url)["RedrivePolicy"])
	s.Redrive("q", "dead", 3)
	s.Send("q", "one")
	s.Send("q", "two")
	_, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url})
	require.NoError(t, err)
	got := attributesOf(t, c, url)
	require.Equal(t, "1", got["ApproximateNumberOfMessages"])
	require.Equal(t, "1", got["ApproximateNumberOfMessagesNotVisible"])
	require.Equal(t, "30", got["VisibilityTimeout"])
	require.Equal(t, "arn:aws:sqs:eu-west-2:000000000000:q", got["QueueArn"])
	require.JSONEq(t, `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-2:000000000000:dead","maxReceiveCount":3}`, got["RedrivePolicy"])
}

func TestSendMessage_keepsAttributes(t *testing.T) {
	s := start(t, localaws.Options{})
	c, url := client(t, s), s.Queue("q")
	sent := map[string]types.MessageAttributeValue{
		"eventType": {DataType: aws.String("String"), StringValue: aws.String("x")},
		"bytes":     {DataType: aws.String("Binary"), BinaryValue: []byte{0, 255}},
	}
	_, err := c.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("b"), MessageAttributes: sent})
	require.NoError(t, err)
	got, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MessageAttributeNames: []string{"All"}})
	require.NoError(t, err)
	require.Equal(t, sent, got.Messages[0].MessageAttributes)
}

func TestDeleteMessageBatch_deletesAndIsRepeatable(t *testing.T) {
	s := start(t, localaws.Options{})
	c, url := client(t, s), s.Queue("q")
	for _, body := range []string{"one", "two", "three"} {
		s.Send("q", body)
	}
	got, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 2})
	require.NoError(t, err)
	entries := []types.DeleteMessageBatchRequestEntry{
		{Id: aws.String("0"), ReceiptHandle: got.Messages[0].ReceiptHandle}, {Id: aws.String("1"), ReceiptHandle: got.Messages[1].ReceiptHandle},
	}
	for range 2 {
		deleted, err := c.DeleteMessageBatch(t.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: entries})
		require.NoError(t, err)
		require.Len(t, deleted.Successful, 2)
		require.Empty(t, deleted.Failed)
	}
	require.Len(t, s.Messages("q"), 1)
	require.Equal(t, "three", s.Messages("q")[0].Body)
}

func TestMoveTask_bringsDeadLettersBack(t *testing.T) {
	s := start(t, localaws.Options{})
	c, url := client(t, s), s.Queue("q")
	s.Redrive("q", "dead", 1)
	s.Hide("q", 0)
	s.Send("q", "poison")
	for range 2 {
		_, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url})
		require.NoError(t, err)
	}
	require.Len(t, s.Messages("dead"), 1)
	_, err := c.StartMessageMoveTask(t.Context(), &sqs.StartMessageMoveTaskInput{SourceArn: aws.String("arn:aws:sqs:eu-west-2:000000000000:dead")})
	require.NoError(t, err)
	require.Empty(t, s.Messages("dead"))
	require.Zero(t, s.Messages("q")[0].Received)
}
