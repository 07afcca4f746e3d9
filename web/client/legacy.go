package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// LegacyParams are the parameters of LegacyList.
type LegacyParams struct {
	Read

	CurrentPrisonOnly bool // only records whose other prisoner is in the same prison
	ExcludeInactive   bool // only records that are not closed
}

// LegacyList returns a prisoner's list as prison-api answered it. While the list is off
// it is an [Error] with status 410, for a prisoner whom nobody knows one with 404.
//
// Deprecated: NonAssociations replaces it.
func (c *Client) LegacyList(ctx context.Context, number string, ask LegacyParams) (Response[LegacyList], error) {
	query, header := ask.set(url.Values{})
	query.Set("currentPrisonOnly", strconv.FormatBool(ask.CurrentPrisonOnly))
	query.Set("excludeInactive", strconv.FormatBool(ask.ExcludeInactive))
	return send[LegacyList](ctx, c, request{
		method: http.MethodGet, path: queryOf("/legacy/api/offenders/{}/non-association-details", number), query: query, header: header,
	})
}

// LegacyCallers returns the clients that called the legacy list, the one that called last
// first.
func (c *Client) LegacyCallers(ctx context.Context) (Response[[]LegacyCaller], error) {
	return send[[]LegacyCaller](ctx, c, request{method: http.MethodGet, path: "/nomis/legacy-callers"})
}
