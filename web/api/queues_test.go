package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/localaws"
	"nonassociations/nomis"
	"nonassociations/nomis/store"
	"nonassociations/web/api"
)

const administrator = "OPERATOR:NON_ASSOCIATIONS_ADMIN:write"

// copies keeps purged messages in memory.
type copies struct {
	purges []store.Purge
	fault  error
}

func (c *copies) KeepPurged(_ context.Context, purge store.Purge, _ ...store.PurgedMessage) error {
	c.purges = append(c.purges, purge)
	return c.fault
}

// queueServer is a test server with two real queues of a stand-in.
type queueServer struct {
	*testServer

	aws    *localaws.Server
	copies *copies
	away   bool
}

func newQueueServer(t *testing.T) *queueServer {
	t.Helper()
	s := &queueServer{copies: &copies{}}
	aws, err := localaws.Start(t.Context(), localaws.Options{Fail: func(string) (int, string) {
		if s.away {
			return http.StatusForbidden, "AccessDenied: secret"
		}
		return 0, ""
	}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, aws.Stop(context.Background())) })
	aws.Redrive("one", "one-dlq", 3)
	aws.Redrive("other", "other-dlq", 3)
	queues, err := nomis.OpenQueues(t.Context(), s.copies, aws.Queue("one"), aws.Queue("other"))
	require.NoError(t, err)
	s.aws, s.testServer = aws, newTestServer(t, func(o *api.Options) { o.Queues = queues })
	return s
}

func (s *queueServer) asks(method, path string, status int, body string) {
	s.t.Helper()
	w := s.call(method, path, administrator, "")
	require.Equal(s.t, status, w.Code, "%s %s: %s", method, path, w.Body)
	if body != "" {
		require.JSONEq(s.t, body, w.Body.String())
	}
}

func TestQueueAdmin_retriesDeadLetters(t *testing.T) {
	s := newQueueServer(t)
	s.aws.Send("one-dlq", "a")
	s.aws.Send("one-dlq", "b")
	s.asks(http.MethodPut, "/queue-admin/retry-dlq/one-dlq", 200, `{"messagesFoundCount":2}`)
	require.Len(t, s.aws.Messages("one"), 2)
	s.aws.Send("other-dlq", "c")
	s.asks(http.MethodPut, "/queue-admin/retry-all-dlqs", 200, `[{"messagesFoundCount":0},{"messagesFoundCount":1}]`)
	require.Len(t, s.aws.Messages("other"), 1)
}

func TestQueueAdmin_purgesForAReason(t *testing.T) {
	s := newQueueServer(t)
	s.aws.Send("one", "a")
	s.aws.Send("one-dlq", "b")
	for name, query := range map[string]string{
		"none": "", "empty": "?reason=", "blank": "?reason=%20", "twice": "?reason=a&reason=b", "control": "?reason=%01", "long": "?reason=" + strings.Repeat("x", 241), "no query": "?%zz",
	} {
		w := s.call(http.MethodPut, "/queue-admin/purge-queue/one"+query, administrator, "")
		require.Equal(t, http.StatusBadRequest, w.Code, name)
		require.Equal(t, 102, errorIn(t, w).code(), name)
		if name != "no query" {
			require.Equal(t, []string{"reason"}, errorIn(t, w).sources(), name)
		}
	}
	require.Len(t, s.aws.Messages("one"), 1)
	for queue, reason := range map[string]string{"one": "a poison message", "one-dlq": "its copy"} {
		s.asks(http.MethodPut, "/queue-admin/purge-queue/"+queue+"?reason="+url.QueryEscape(reason), 200, `{"messagesFoundCount":1}`)
		require.Empty(t, s.aws.Messages(queue))
		require.Equal(t, store.Purge{Queue: queue, Reason: reason, By: "OPERATOR", At: noon}, s.copies.purges[len(s.copies.purges)-1])
	}
	s.aws.Send("one", "a")
	s.copies.fault = errors.New("Postgres is away")
	s.asks(http.MethodPut, "/queue-admin/purge-queue/one?reason=x", 503, "")
	require.Len(t, s.aws.Messages("one"), 1)
}

func TestQueueAdmin_showsDeadLetters(t *testing.T) {
	s := newQueueServer(t)
	s.asks(http.MethodGet, "/queue-admin/get-dlq-messages/one-dlq", 200, `{"messagesFoundCount":0,"messagesReturnedCount":0,"messages":[]}`)
	bodies := map[string]string{ // as they are shown
		`{"Type":"Notification","n":1}`: `{"Type":"Notification","n":1}`,
		`no JSON "at all"`:              `"no JSON \"at all\""`,
		`{"a":1,"a":2}`:                 `"{\"a\":1,\"a\":2}"`,
		"{\"a\":\"\u007f\"}":            `{"a":"\u007f"}`,
	}
	for body, shown := range bodies {
		id := s.aws.Send("one-dlq", body)
		s.asks(http.MethodGet, "/queue-admin/get-dlq-messages/one-dlq?maxMessages=1", 200,
			`{"messagesFoundCount":1,"messagesReturnedCount":1,"messages":[{"messageId":"`+id+`","body":`+shown+`}]}`)
		s.asks(http.MethodPut, "/queue-admin/purge-queue/one-dlq?reason=x", 200, "")
	}
	for range 12 {
		s.aws.Send("one-dlq", `{}`)
	}
	w := s.call(http.MethodGet, "/queue-admin/get-dlq-messages/one-dlq", administrator, "")
	require.Equal(t, 12, strings.Count(w.Body.String(), `"messageId"`))
	for _, most := range []string{"0", "1001", "-1", "x", ""} {
		w = s.call(http.MethodGet, "/queue-admin/get-dlq-messages/one-dlq?maxMessages="+most, administrator, "")
		require.Equal(t, http.StatusBadRequest, w.Code, most)
		require.Equal(t, []string{"maxMessages"}, errorIn(t, w).sources())
	}
}

// queueCalls are all of them, for a queue.
func queueCalls(queue string) map[string]string {
	return map[string]string{
		"/queue-admin/retry-dlq/" + queue: http.MethodPut, "/queue-admin/purge-queue/" + queue + "?reason=x": http.MethodPut,
		"/queue-admin/get-dlq-messages/" + queue: http.MethodGet,
	}
}

func TestQueueAdmin_anUnknownNameIsNotFound(t *testing.T) {
	for _, s := range []*testServer{newQueueServer(t).testServer, newTestServer(t)} {
		for path, method := range queueCalls("none") {
			w := s.call(method, path, administrator, "")
			require.Equal(t, http.StatusNotFound, w.Code, path)
			require.Equal(t, 404, errorIn(t, w).code())
		}
	}
	s := newQueueServer(t)
	s.asks(http.MethodPut, "/queue-admin/retry-dlq/one", 404, "")
	s.asks(http.MethodGet, "/queue-admin/get-dlq-messages/one", 404, "")
	newTestServer(t).call(http.MethodPut, "/queue-admin/retry-all-dlqs", administrator, "")
}

func TestQueueAdmin_saysWhenSQSDoesNotAnswer(t *testing.T) {
	s := newQueueServer(t)
	s.away = true
	calls := queueCalls("one-dlq")
	calls["/queue-admin/retry-all-dlqs"] = http.MethodPut
	for path, method := range calls {
		w := s.call(method, path, administrator, "")
		require.Equal(t, http.StatusServiceUnavailable, w.Code, path)
		require.Equal(t, "1", w.Header().Get("Retry-After"))
		require.NotContains(t, w.Body.String(), "secret")
	}
}

func TestQueueAdmin_changesNeedTheScope(t *testing.T) {
	s := newQueueServer(t)
	s.aws.Send("one", "a")
	s.aws.Send("one-dlq", "b")
	calls := queueCalls("one-dlq")
	calls["/queue-admin/retry-all-dlqs"] = http.MethodPut
	for path, method := range calls {
		w := s.call(method, path, "OPERATOR:NON_ASSOCIATIONS_ADMIN:read", "")
		require.Equal(t, method == http.MethodPut, w.Code == http.StatusForbidden, path)
	}
	require.Len(t, s.aws.Messages("one-dlq"), 1)
	require.Empty(t, s.copies.purges)
}
