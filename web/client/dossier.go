package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// pathOfPair is what is known of a pair and NOMIS.
func pathOfPair(one, other string) string {
	return "/nomis/pairs/" + url.PathEscape(one) + "/" + url.PathEscape(other)
}

// Dossier returns all that is known of a pair and NOMIS.
func (c *Client) Dossier(ctx context.Context, one, other string) (Response[Dossier], error) {
	return send[Dossier](ctx, c, request{method: http.MethodGet, path: pathOfPair(one, other)})
}

// SynchroniseParams are how a turn is taken.
type SynchroniseParams struct {
	DryRun bool // plan it and write nothing
}

// Synchronise takes the turn of a pair now. Repeating is safe.
func (c *Client) Synchronise(ctx context.Context, one, other string, ask SynchroniseParams) (Response[Synchronised], error) {
	query := url.Values{"dryRun": {strconv.FormatBool(ask.DryRun)}}
	return send[Synchronised](ctx, c, request{method: http.MethodPost, path: pathOfPair(one, other) + "/synchronise", query: query})
}
