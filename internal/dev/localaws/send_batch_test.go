package localaws_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/localaws"
)

func TestQueue_takesABatchWithTheLimitsOfSQS(t *testing.T) {
	s := start(t, localaws.Options{FailEntry: func(queue string, e localaws.Entry) (string, bool) {
		if queue == "q" && e.Message == "busy" {
			return "InternalFailure", false
		}
		return "", false
	}})
	c, url := client(t, s), s.Queue("q")
	send := func(bodies ...string) (*sqs.SendMessageBatchOutput, error) {
		var entries []types.SendMessageBatchRequestEntry
		for i, body := range bodies {
			entries = append(entries, types.SendMessageBatchRequestEntry{Id: aws.String(string(rune('a' + i))), MessageBody: aws.String(body)})
		}
		return c.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: entries})
	}
	got, err := send("é", "busy", "a\x01b", "\uFFFF")
	require.NoError(t, err)
	require.Len(t, got.Successful, 1)
	require.Len(t, got.Failed, 3)
	require.False(t, got.Failed[0].SenderFault)
	require.Equal(t, "InvalidMessageContents", *got.Failed[1].Code)
	require.True(t, got.Failed[2].SenderFault)
	require.Len(t, s.Messages("q"), 1)
	_, err = send(strings.Split(strings.Repeat("x", 11), "")...)
	require.ErrorContains(t, err, "TooManyEntriesInBatchRequest")
	_, err = send(strings.Repeat("x", 200<<10), strings.Repeat("x", 100<<10))
	require.ErrorContains(t, err, "BatchRequestTooLong")
	require.Len(t, s.Messages("q"), 1)
}
