package localaws_test

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/internal/dev/localaws"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The real client is the judge of the protocol.
func client(t *testing.T, s *localaws.Server) *sqs.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return sqs.New(sqs.Options{
		Region: "eu-west-2", BaseEndpoint: aws.String(s.URL()), HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("x", "x", ""),
	})
}

func start(t *testing.T, options localaws.Options) *localaws.Server {
	t.Helper()
	s, err := localaws.Start(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	return s
}

func TestQueue_aMessageFromSendingToDeleting(t *testing.T) {
	s := start(t, localaws.Options{})
	c := client(t, s)
	_, err := c.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("q")})
	var missing *types.QueueDoesNotExist
	require.ErrorAs(t, err, &missing)
	created, err := c.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q")})
	require.NoError(t, err)
	require.Equal(t, s.Queue("q"), *created.QueueUrl)

	waiting := make(chan *sqs.ReceiveMessageOutput, 1)
	go func() {
		got, _ := c.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: created.QueueUrl, WaitTimeSeconds: 20})
		waiting <- got
	}()
	sent, err := c.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: created.QueueUrl, MessageBody: aws.String("é")})
	require.NoError(t, err)
	got := <-waiting
	require.Len(t, got.Messages, 1)
	require.Equal(t, *sent.MessageId, *got.Messages[0].MessageId)
	require.Equal(t, "é", *got.Messages[0].Body)

	none, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: created.QueueUrl})
	require.NoError(t, err)
	require.Empty(t, none.Messages, "it is hidden")
	_, err = c.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{
		QueueUrl: created.QueueUrl, ReceiptHandle: got.Messages[0].ReceiptHandle, VisibilityTimeout: 0,
	})
	require.NoError(t, err)
	again, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: created.QueueUrl, WaitTimeSeconds: 20})
	require.NoError(t, err)
	require.Len(t, again.Messages, 1)
	for range 2 { // deleting twice is no error
		_, err = c.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: created.QueueUrl, ReceiptHandle: again.Messages[0].ReceiptHandle})
		require.NoError(t, err)
	}
	require.Empty(t, s.Messages("q"))
}

func TestQueue_tooManyReceiptsLeadToTheDeadLetters(t *testing.T) {
	s := start(t, localaws.Options{})
	c := client(t, s)
	url := s.Queue("q")
	s.Hide("q", 0)
	s.Redrive("q", "dead", 2)
	s.Send("q", "poison")
	for _, expected := range []int{1, 1, 0} {
		got, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url})
		require.NoError(t, err)
		require.Len(t, got.Messages, expected)
	}
	require.Len(t, s.Messages("dead"), 1)
}

func TestQueue_messagesOutliveARunThatWasKilled(t *testing.T) {
	file := filepath.Join(t.TempDir(), "queues.json")
	first := start(t, localaws.Options{File: file})
	url := first.Queue("q")
	first.Send("q", "one")
	first.Send("q", "two")
	got, err := client(t, first).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url})
	require.NoError(t, err)
	_, err = client(t, first).DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: got.Messages[0].ReceiptHandle})
	require.NoError(t, err)

	second := start(t, localaws.Options{File: file})
	require.Len(t, second.Messages("q"), 1)
	require.Equal(t, "two", second.Messages("q")[0].Body)
}

func TestNotify_anEventPostedToAQueueComesInAnEnvelope(t *testing.T) {
	s := start(t, localaws.Options{})
	post := func(url, event string) int {
		answer, err := http.Post(url, "application/json", strings.NewReader(event))
		require.NoError(t, err)
		defer answer.Body.Close()
		return answer.StatusCode
	}
	url := s.Queue("q")
	require.Equal(t, http.StatusOK, post(url+"?MessageId=m", `{"eventType":"x"}`))
	require.Equal(t, http.StatusBadRequest, post(url, `{`))
	require.Equal(t, http.StatusBadRequest, post(s.URL()+"/000000000000/none", `{}`))
	http.DefaultClient.CloseIdleConnections()
	require.Len(t, s.Messages("q"), 1)
	var envelope struct {
		ID      string `json:"MessageId"`
		Message string
	}
	require.NoError(t, json.Unmarshal([]byte(s.Messages("q")[0].Body), &envelope))
	require.Equal(t, "m", envelope.ID)
	require.Equal(t, `{"eventType":"x"}`, envelope.Message)
}

func TestFail_answersAsScripted(t *testing.T) {
	s := start(t, localaws.Options{Fail: func(action string) (int, string) {
		if action == "SendMessage" {
			return http.StatusBadRequest, "OverLimit"
		}
		return 0, ""
	}})
	url := s.Queue("q")
	_, err := client(t, s).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("x")})
	var limit *types.OverLimit
	require.ErrorAs(t, err, &limit)
}

func TestStop_endsLongPolls(t *testing.T) {
	s := start(t, localaws.Options{})
	url := s.Queue("q")
	c := client(t, s)
	ended := make(chan error, 1)
	go func() {
		_, err := c.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 20})
		ended <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, s.Stop(ctx))
	select {
	case <-ended:
	case <-ctx.Done():
		t.Fatal("the poll went on")
	}
}
