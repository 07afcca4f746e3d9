package localaws_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/localaws"
)

func topics(t *testing.T, s *localaws.Server) *sns.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return sns.New(sns.Options{
		Region: "eu-west-2", BaseEndpoint: aws.String(s.URL()), HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("x", "x", ""), Retryer: aws.NopRetryer{},
	})
}

func text(value string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
}

func entry(id, message string) types.PublishBatchRequestEntry {
	return types.PublishBatchRequestEntry{Id: &id, Message: &message}
}

func TestTopic_toQueuesRawAndInAnEnvelopeThroughFilters(t *testing.T) {
	s := start(t, localaws.Options{})
	c := topics(t, s)
	made, err := c.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("world")})
	require.NoError(t, err)
	for queue, attributes := range map[string]map[string]string{
		"wrapped": {},
		"raw":     {"RawMessageDelivery": "true"},
		"some":    {"RawMessageDelivery": "true", "FilterPolicy": `{"numbers":["A0001AA"],"kind":["created","deleted"]}`},
	} {
		_, err = c.Subscribe(t.Context(), &sns.SubscribeInput{
			TopicArn: made.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String("arn:aws:sqs:eu-west-2:000000000000:" + queue), Attributes: attributes,
		})
		require.NoError(t, err)
	}
	send := func(body, kind, numbers string) string {
		sent, err := c.Publish(t.Context(), &sns.PublishInput{
			TopicArn: made.TopicArn, Message: &body, MessageAttributes: map[string]types.MessageAttributeValue{
				"kind": text(kind), "numbers": {DataType: aws.String("String.Array"), StringValue: &numbers},
			},
		})
		require.NoError(t, err)
		return *sent.MessageId
	}
	id := send("one é", "created", `["A0001AA","B0002BB"]`)
	send("two", "amended", `["A0001AA"]`)
	send("three", "created", `["C0003CC"]`)
	send("four", "deleted", `["A0001AA"]`)

	require.Len(t, s.Messages("raw"), 4)
	require.Equal(t, "one é", s.Messages("raw")[0].Body)
	require.Equal(t, localaws.Attribute{Type: "String", Value: "created"}, s.Messages("raw")[0].Attributes["kind"])
	var envelope struct {
		Message, TopicArn, MessageID string
		MessageAttributes            map[string]struct{ Type, Value string }
	}
	require.NoError(t, json.Unmarshal([]byte(s.Messages("wrapped")[0].Body), &envelope))
	require.Equal(t, "one é", envelope.Message)
	require.Equal(t, id, envelope.MessageID)
	require.Equal(t, *made.TopicArn, envelope.TopicArn)
	require.Equal(t, "created", envelope.MessageAttributes["kind"].Value)
	var passed []string
	for _, m := range s.Messages("some") {
		passed = append(passed, m.Body)
	}
	require.Equal(t, []string{"one é", "four"}, passed)
}

// TestFilterPolicy_ofTheDocumentsSelectsOnePrisonerWithoutEchoes takes the policy that
// docs/events/README.md recommends from the text itself.
func TestFilterPolicy_ofTheDocumentsSelectsOnePrisonerWithoutEchoes(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "events", "README.md"))
	require.NoError(t, err)
	printed := regexp.MustCompile("filter policy for one prisoner, without echoes: `([^`]+)`").FindSubmatch(page)
	require.NotNil(t, printed)
	s := start(t, localaws.Options{})
	arn, c := s.Topic("world"), topics(t, s)
	require.NoError(t, s.Subscribe(arn, "one", true, string(printed[1])))
	for body, attributes := range map[string][2]string{
		"hers": {`["A9109UD","A0135GA"]`, "DPS"}, "renumbered": {`["A0135GA","B0002BB","A9109UD"]`, "MERGE"},
		"an echo": {`["A9109UD","A0135GA"]`, "NOMIS"}, "another's": {`["A0135GA","B0002BB"]`, "DPS"},
	} {
		_, err := c.Publish(t.Context(), &sns.PublishInput{
			TopicArn: &arn, Message: &body, MessageAttributes: map[string]types.MessageAttributeValue{
				"prisonerNumbers": {DataType: aws.String("String.Array"), StringValue: &attributes[0]}, "source": text(attributes[1]),
			},
		})
		require.NoError(t, err)
	}
	var passed []string
	for _, m := range s.Messages("one") {
		passed = append(passed, m.Body)
	}
	require.ElementsMatch(t, []string{"hers", "renumbered"}, passed)
	require.Error(t, s.Subscribe(arn, "two", true, `{"source":[{"prefix":"D"}]}`), "an operator that is not supported")
}

func TestTopic_aBatchHasAnAnswerForEachEntry(t *testing.T) {
	s := start(t, localaws.Options{FailEntry: func(_ string, e localaws.Entry) (string, bool) {
		if e.Message == "throttled" {
			return "Throttled: too many", false
		}
		return "", false
	}})
	arn, c := s.Topic("world"), topics(t, s)
	require.NoError(t, s.Subscribe(arn, "q", true, ""))
	got, err := c.PublishBatch(t.Context(), &sns.PublishBatchInput{TopicArn: &arn, PublishBatchRequestEntries: []types.PublishBatchRequestEntry{
		entry("a", "good"), entry("b", "throttled"), entry("c", ""),
		{Id: aws.String("d"), Message: aws.String("x"), MessageAttributes: map[string]types.MessageAttributeValue{"k": {DataType: aws.String("String")}}},
	}})
	require.NoError(t, err)
	require.Len(t, got.Successful, 1)
	require.Equal(t, "a", *got.Successful[0].Id)
	codes := map[string]string{}
	for _, f := range got.Failed {
		codes[*f.Id] = *f.Code
		require.Equal(t, *f.Code == "Throttled", *f.Message == "too many")
		require.Equal(t, *f.Code == "InvalidParameter", f.SenderFault)
	}
	require.Equal(t, map[string]string{"b": "Throttled", "c": "InvalidParameter", "d": "InvalidParameter"}, codes)
	require.Len(t, s.Messages("q"), 1)
}

func TestTopic_aBatchThatFailsAsAWholeForWhatIsInIt(t *testing.T) {
	s := start(t, localaws.Options{FailBatch: func(_ string, entries []localaws.Entry) (int, string) {
		for _, e := range entries {
			if e.Message == "bad" {
				return http.StatusBadRequest, "SomethingNew: of the batch"
			}
		}
		return 0, ""
	}})
	arn, c := s.Topic("world"), topics(t, s)
	require.NoError(t, s.Subscribe(arn, "q", true, ""))
	for text, want := range map[string]string{"good": "", "bad": "SomethingNew: of the batch"} {
		_, err := c.PublishBatch(t.Context(), &sns.PublishBatchInput{TopicArn: &arn, PublishBatchRequestEntries: []types.PublishBatchRequestEntry{
			entry("a", "x"), entry("b", text),
		}})
		if want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, want)
		}
	}
	require.Len(t, s.Messages("q"), 2)
}

func TestTopic_theLimitsAndAMissingTopic(t *testing.T) {
	s := start(t, localaws.Options{})
	arn, c := s.Topic("world"), topics(t, s)
	batch := func(entries ...types.PublishBatchRequestEntry) error {
		_, err := c.PublishBatch(t.Context(), &sns.PublishBatchInput{TopicArn: &arn, PublishBatchRequestEntries: entries})
		return err
	}
	var long *types.BatchRequestTooLongException
	require.ErrorAs(t, batch(entry("a", strings.Repeat("x", 200<<10)), entry("b", strings.Repeat("x", 100<<10))), &long)
	var many *types.TooManyEntriesInBatchRequestException
	require.ErrorAs(t, batch(make([]types.PublishBatchRequestEntry, 0)...), new(*types.EmptyBatchRequestException))
	eleven := []types.PublishBatchRequestEntry{}
	for i := range 11 {
		eleven = append(eleven, entry(string(rune('a'+i)), "x"))
	}
	require.ErrorAs(t, batch(eleven...), &many)
	s.DropTopic(arn)
	var missing *types.NotFoundException
	require.ErrorAs(t, batch(entry("a", "x")), &missing)
}

func TestTopic_fifoKeepsGroupsAndTakesARepeatOnce(t *testing.T) {
	s := start(t, localaws.Options{})
	arn, c := s.Topic("world.fifo"), topics(t, s)
	require.NoError(t, s.Subscribe(arn, "q.fifo", true, ""))
	send := func(group, dedup *string) error {
		_, err := c.Publish(t.Context(), &sns.PublishInput{TopicArn: &arn, Message: aws.String("x"), MessageGroupId: group, MessageDeduplicationId: dedup})
		return err
	}
	var refused *types.InvalidParameterException
	require.ErrorAs(t, send(nil, nil), &refused)
	require.NoError(t, send(aws.String("pair"), aws.String("1")))
	require.NoError(t, send(aws.String("pair"), aws.String("1")))
	require.NoError(t, send(aws.String("pair"), aws.String("2")))
	require.Len(t, s.Messages("q.fifo"), 2)
	require.Equal(t, "pair", s.Messages("q.fifo")[0].Group)
}

func TestTopic_slowDownAndLostAnswers(t *testing.T) {
	delays := make(chan string, 2)
	var lose atomic.Bool
	lose.Store(true)
	s := start(t, localaws.Options{
		Delay: func(action string) time.Duration { delays <- action; return time.Millisecond },
		Lose:  func(string) bool { return lose.Load() },
	})
	arn, c := s.Topic("world"), topics(t, s)
	require.NoError(t, s.Subscribe(arn, "q", true, ""))
	_, err := c.Publish(t.Context(), &sns.PublishInput{TopicArn: &arn, Message: aws.String("x")})
	require.Error(t, err)
	require.Len(t, s.Messages("q"), 1, "it was done all the same")
	lose.Store(false)
	_, err = c.Publish(t.Context(), &sns.PublishInput{TopicArn: &arn, Message: aws.String("x")})
	require.NoError(t, err)
	require.Equal(t, "Publish", <-delays)
	require.Equal(t, "Publish", <-delays)

	down := start(t, localaws.Options{Fail: func(string) (int, string) { return http.StatusServiceUnavailable, "ServiceUnavailable" }})
	arn = down.Topic("world")
	_, err = topics(t, down).Publish(t.Context(), &sns.PublishInput{TopicArn: &arn, Message: aws.String("x")})
	require.ErrorContains(t, err, "ServiceUnavailable")
}

func TestQueue_aBoundedOneForgetsTheOldest(t *testing.T) {
	s := start(t, localaws.Options{})
	s.Bound("q", 2)
	for _, body := range []string{"1", "2", "3"} {
		s.Send("q", body)
	}
	require.Len(t, s.Messages("q"), 2)
	require.Equal(t, "2", s.Messages("q")[0].Body)
}

// As curl asks without a content type.
func TestQueue_isKnownByItsHeader(t *testing.T) {
	s := start(t, localaws.Options{})
	s.Send("q", "x")
	ask, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL(), strings.NewReader(`{"QueueUrl":"`+s.Queue("q")+`"}`))
	require.NoError(t, err)
	ask.Header.Set("X-Amz-Target", "AmazonSQS.ReceiveMessage")
	ask.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(ask)
	require.NoError(t, err)
	defer http.DefaultClient.CloseIdleConnections()
	defer answer.Body.Close()
	var got struct{ Messages []struct{ Body string } }
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&got))
	require.Equal(t, "x", got.Messages[0].Body)
}
