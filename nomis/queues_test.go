package nomis_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore/memory"
	"nonassociations/internal/dev/localaws"
	"nonassociations/nomis"
	"nonassociations/nomis/store"
)

// copies keeps purged messages in memory, or fails.
type copies struct {
	purges []store.Purge
	kept   []store.PurgedMessage
	fault  error
}

func (c *copies) KeepPurged(_ context.Context, purge store.Purge, messages ...store.PurgedMessage) error {
	if c.fault != nil {
		return c.fault
	}
	c.purges, c.kept = append(c.purges, purge), append(c.kept, messages...)
	return nil
}

const (
	deadEvents = "nomis-events-dead"
	deadQueue  = "prisoner-events-dead"
)

// administers are two queues with dead letters and one without.
func (r *fixture) administers(keeper nomis.Keeper) *nomis.Queues {
	r.t.Helper()
	r.aws.Redrive(detailEvents, deadEvents, 1)
	r.aws.Redrive(queue, deadQueue, 1)
	queues, err := nomis.OpenQueues(r.t.Context(), keeper, r.aws.Queue(detailEvents), r.aws.Queue(queue), r.aws.Queue("bare"))
	require.NoError(r.t, err)
	return queues
}

// lacksMoveTasks makes the stand-in one that does not know StartMessageMoveTask.
func (r *fixture) lacksMoveTasks() {
	fail := func(action string) (int, string) {
		if action == "StartMessageMoveTask" {
			return http.StatusBadRequest, "UnknownOperationException"
		}
		return 0, ""
	}
	r.fail.Store(&fail)
}

func (r *fixture) fails(failing string) {
	fail := func(action string) (int, string) {
		if action == failing {
			return http.StatusForbidden, "AccessDenied"
		}
		return 0, ""
	}
	r.fail.Store(&fail)
}

// sends sends a message with attributes.
func (r *fixture) sends(name, body string) {
	r.t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	c := sqs.New(sqs.Options{
		Region: "eu-west-2", BaseEndpoint: aws.String(r.aws.URL()), HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("x", "x", ""),
	})
	_, err := c.SendMessage(r.t.Context(), &sqs.SendMessageInput{
		QueueUrl: aws.String(r.aws.Queue(name)), MessageBody: &body, MessageAttributes: map[string]types.MessageAttributeValue{
			"eventType": {DataType: aws.String("String"), StringValue: aws.String("x")},
			"bytes":     {DataType: aws.String("Binary"), BinaryValue: []byte{0, 255}},
		},
	})
	require.NoError(r.t, err)
}

func bodies(messages []localaws.Message) string {
	var all []string
	for _, m := range messages {
		all = append(all, m.Body)
	}
	return strings.Join(all, " ")
}

func TestQueues_tellHowTheyAre(t *testing.T) {
	r := newFixture(t, memory.New())
	queues := r.administers(&copies{})
	require.Equal(t, []string{detailEvents, queue, "bare"}, queues.Names())
	r.aws.Send(detailEvents, "one")
	r.aws.Send(deadEvents, "two")
	r.aws.Send(deadEvents, "three")
	status, err := queues.Status(t.Context(), detailEvents)
	require.NoError(t, err)
	require.Equal(t, nomis.QueueStatus{Name: detailEvents, Messages: 1, DeadLetterName: deadEvents, DeadLetters: 2}, status)
	status, err = queues.Status(t.Context(), "bare")
	require.NoError(t, err)
	require.Equal(t, nomis.QueueStatus{Name: "bare"}, status)
	for _, name := range []string{deadEvents, "none", ""} {
		_, err = queues.Status(t.Context(), name)
		require.ErrorIs(t, err, nomis.ErrUnknownQueue, name)
	}
	r.fails("GetQueueUrl")
	_, err = queues.Status(t.Context(), detailEvents)
	require.ErrorContains(t, err, "find the dead-letter queue")
}

func TestRetryDLQ_bringsMessagesBackWithTheirAttributes(t *testing.T) {
	for name, arrange := range map[string]func(*fixture){
		"by a task": func(*fixture) {}, "one by one": (*fixture).lacksMoveTasks,
	} {
		t.Run(name, func(t *testing.T) {
			r := newFixture(t, memory.New())
			queues := r.administers(&copies{})
			arrange(r)
			for n := range 12 { // more than a batch
				r.sends(deadEvents, strconv.Itoa(n))
			}
			found, err := queues.RetryDLQ(t.Context(), deadEvents)
			require.NoError(t, err)
			require.Equal(t, 12, found)
			require.Empty(t, r.aws.Messages(deadEvents))
			require.Equal(t, "0 1 2 3 4 5 6 7 8 9 10 11", bodies(r.aws.Messages(detailEvents)))
			require.Equal(t, localaws.Attribute{Type: "String", Value: "x"}, r.aws.Messages(detailEvents)[11].Attributes["eventType"])
			require.Equal(t, localaws.Attribute{Type: "Binary", Value: "AP8="}, r.aws.Messages(detailEvents)[11].Attributes["bytes"])
			found, err = queues.RetryDLQ(t.Context(), deadEvents)
			require.NoError(t, err)
			require.Zero(t, found)
			for _, unknown := range []string{detailEvents, "bare", "none"} {
				_, err = queues.RetryDLQ(t.Context(), unknown)
				require.ErrorIs(t, err, nomis.ErrUnknownQueue, unknown)
			}
		})
	}
}

// A message that cannot be sent is not deleted.
func TestRetryDLQ_losesNothingWhenItFails(t *testing.T) {
	r := newFixture(t, memory.New())
	queues := r.administers(&copies{})
	r.aws.Send(deadEvents, "one")
	r.fails("StartMessageMoveTask")
	_, err := queues.RetryDLQ(t.Context(), deadEvents)
	require.ErrorContains(t, err, "return the messages")
	fail := func(action string) (int, string) {
		switch action {
		case "StartMessageMoveTask":
			return http.StatusBadRequest, "UnknownOperationException"
		case "SendMessage":
			return http.StatusForbidden, "AccessDenied"
		}
		return 0, ""
	}
	r.fail.Store(&fail)
	_, err = queues.RetryDLQ(t.Context(), deadEvents)
	require.ErrorContains(t, err, "send to the queue")
	require.Len(t, r.aws.Messages(deadEvents), 1)
	require.Empty(t, r.aws.Messages(detailEvents))
}

func TestRetryAll_retriesEachDeadLetterQueueOnce(t *testing.T) {
	r := newFixture(t, memory.New())
	queues := r.administers(&copies{})
	r.aws.Send(deadEvents, "one")
	r.aws.Send(deadQueue, "two")
	r.aws.Send(deadQueue, "three")
	found, err := queues.RetryAll(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, found)
	require.Equal(t, "two three", bodies(r.aws.Messages(queue)))

	r.aws.Redrive("bare", deadQueue, 1) // shared
	found, err = queues.RetryAll(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{0, 0}, found)
	r.fails("GetQueueAttributes")
	_, err = queues.RetryAll(t.Context())
	require.Error(t, err)
	none, err := (&nomis.Queues{}).RetryAll(t.Context())
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestPurge_keepsACopyOfEachMessage(t *testing.T) {
	r, kept := newFixture(t, memory.New()), &copies{}
	queues := r.administers(kept)
	for n := range 12 {
		r.sends(detailEvents, strconv.Itoa(n))
	}
	r.aws.Send(deadEvents, "dead")
	purge := nomis.PurgeOrder{Reason: "why", By: "OPERATOR", At: noon}
	removed, err := queues.Purge(t.Context(), detailEvents, purge)
	require.NoError(t, err)
	require.Equal(t, 12, removed)
	require.Empty(t, r.aws.Messages(detailEvents))
	require.Len(t, kept.kept, 12)
	require.Equal(t, "11", kept.kept[11].Body)
	require.Equal(t, map[string]store.Attribute{"eventType": {Type: "String", Value: "x"}, "bytes": {Type: "Binary", Value: "AP8="}}, kept.kept[11].Attributes)
	require.Equal(t, store.Purge{Queue: detailEvents, Reason: "why", By: "OPERATOR", At: noon}, kept.purges[0])
	removed, err = queues.Purge(t.Context(), deadEvents, purge)
	require.NoError(t, err)
	require.Equal(t, 1, removed)
	require.Equal(t, deadEvents, kept.purges[2].Queue)
	_, err = queues.Purge(t.Context(), "none", purge)
	require.ErrorIs(t, err, nomis.ErrUnknownQueue)

	r.aws.Send(detailEvents, "stays")
	kept.fault = errors.New("Postgres is away")
	_, err = queues.Purge(t.Context(), detailEvents, purge)
	require.ErrorIs(t, err, kept.fault)
	require.Len(t, r.aws.Messages(detailEvents), 1, "what is not kept is not removed")
}

func TestDLQMessages_readsAndLeavesThem(t *testing.T) {
	r := newFixture(t, memory.New())
	queues := r.administers(&copies{})
	for n := range 12 {
		r.aws.Send(deadEvents, strconv.Itoa(n))
	}
	for _, c := range []struct{ most, expected int }{{3, 3}, {100, 12}, {11, 11}} {
		letters, err := queues.DLQMessages(t.Context(), deadEvents, c.most)
		require.NoError(t, err)
		require.Equal(t, 12, letters.Found)
		require.Len(t, letters.Messages, c.expected)
		require.Equal(t, nomis.DeadLetter{ID: r.aws.Messages(deadEvents)[1].ID, Body: "1"}, letters.Messages[1])
	}
	letters, err := queues.DLQMessages(t.Context(), deadQueue, 5)
	require.NoError(t, err)
	require.Zero(t, letters)
	for _, unknown := range []string{detailEvents, "none"} {
		_, err = queues.DLQMessages(t.Context(), unknown, 5)
		require.ErrorIs(t, err, nomis.ErrUnknownQueue)
	}
}

// An address that is no queue's is found out at start.
func TestOpenQueues_refusesABadAddress(t *testing.T) {
	_, err := nomis.OpenQueues(t.Context(), &copies{}, "orders")
	require.ErrorContains(t, err, "not the URL of a queue")
}
