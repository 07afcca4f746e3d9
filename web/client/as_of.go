package client

import (
	"context"
	"net/http"
	"net/url"
)

// AsOfParams are the times of a question about the past, each a day, a time in London or
// RFC 3339. TrueAt "" is KnownAt, KnownAt "" is now, and with ToldAt "" what NOMIS held is
// not asked.
type AsOfParams struct{ TrueAt, KnownAt, ToldAt string }

// query returns the parameters that are set.
func (p AsOfParams) query() url.Values {
	query := url.Values{}
	set(query, "trueAt", p.TrueAt)
	set(query, "knownAt", p.KnownAt)
	set(query, "toldAt", p.ToldAt)
	return query
}

// AuditPrisoner returns the records of a prisoner as they were at a time.
func (c *Client) AuditPrisoner(ctx context.Context, number string, ask AsOfParams) (Response[AsOf], error) {
	return send[AsOf](ctx, c, request{method: http.MethodGet, path: queryOf("/audit/prisoner/{}", number), query: ask.query()})
}

// AuditPair returns the records of a pair as they were at a time. The order of the numbers
// does not matter.
func (c *Client) AuditPair(ctx context.Context, one, other string, ask AsOfParams) (Response[AsOf], error) {
	return send[AsOf](ctx, c, request{method: http.MethodGet, path: queryOf(queryOf("/audit/pair/{}/{}", one), other), query: ask.query()})
}
