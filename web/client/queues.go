package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// PurgeParams has why a queue is purged.
type PurgeParams struct{ Reason string }

// DLQParams bounds the messages of DeadLetters. 0 stands for 100.
type DLQParams struct{ MaxMessages int }

// RetryDLQ returns the messages of a dead-letter queue to their queue. Repeating is
// safe.
func (c *Client) RetryDLQ(ctx context.Context, dlq string) (Response[MessagesFound], error) {
	return send[MessagesFound](ctx, c, request{method: http.MethodPut, path: queryOf("/queue-admin/retry-dlq/{}", dlq)})
}

// RetryAllDLQs is RetryDLQ of every dead-letter queue.
func (c *Client) RetryAllDLQs(ctx context.Context) (Response[[]MessagesFound], error) {
	return send[[]MessagesFound](ctx, c, request{method: http.MethodPut, path: "/queue-admin/retry-all-dlqs"})
}

// PurgeQueue removes the messages of a queue or of a dead-letter queue. The service
// keeps a copy of each.
func (c *Client) PurgeQueue(ctx context.Context, queue string, why PurgeParams) (Response[MessagesFound], error) {
	return send[MessagesFound](ctx, c, request{
		method: http.MethodPut, path: queryOf("/queue-admin/purge-queue/{}", queue), query: url.Values{"reason": {why.Reason}},
	})
}

// DeadLetters reads messages of a dead-letter queue and leaves them there.
func (c *Client) DeadLetters(ctx context.Context, dlq string, ask DLQParams) (Response[DeadLetters], error) {
	query := url.Values{}
	if ask.MaxMessages > 0 {
		query.Set("maxMessages", strconv.Itoa(ask.MaxMessages))
	}
	return send[DeadLetters](ctx, c, request{method: http.MethodGet, path: queryOf("/queue-admin/get-dlq-messages/{}", dlq), query: query})
}
