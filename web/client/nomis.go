package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// SyncRequest is what NOMIS holds of one prisoner. A stored record that is absent from
// it stays as it is.
type SyncRequest struct {
	PrisonerNumber  domain.PrisonerNumber `json:"prisonerNumber"`
	NonAssociations []SyncItem            `json:"nonAssociations"`
}

// SyncItem is one non-association that NOMIS holds.
type SyncItem struct {
	NonAssociation

	ID           *uuid.UUID `json:"id,omitempty"`           // ours, from an earlier answer
	TypeSequence *int       `json:"typeSequence,omitempty"` // NOMIS's

	// DAY when the caller knows days only: the times of both dates are then
	// 00:00:00, and a stored time of day stays. Empty: the dates are exact.
	DatePrecision domain.Precision `json:"datePrecision,omitempty"`
}

// Correlation joins a call to the work that it belongs to. CorrelationID is a UUID; ""
// is none.
type Correlation struct{ CorrelationID string }

// headers returns the header of a correlation id.
func (c Correlation) headers() http.Header { return headers("X-Correlation-Id", c.CorrelationID) }

// reference is the path of both a prisoner's list and one non-association.
const reference = "/non-associations/{}"

// NonAssociations returns a prisoner's list in the vocabulary of NOMIS; an empty one
// for a number never seen.
func (c *Client) NonAssociations(ctx context.Context, number string, ask Read) (Response[NonAssociations], error) {
	query, header := ask.set(url.Values{})
	return send[NonAssociations](ctx, c, request{method: http.MethodGet, path: queryOf(reference, number), query: query, header: header})
}

// Sync sends what NOMIS holds of a prisoner. Repeating is safe.
func (c *Client) Sync(ctx context.Context, part Correlation, body SyncRequest) (Response[SyncResponse], error) {
	return send[SyncResponse](ctx, c, request{method: http.MethodPost, path: "/sync", header: part.headers(), body: body})
}

// Migrate sends old data of NOMIS. The status is 201 when some of it was new. Repeating
// is safe.
func (c *Client) Migrate(ctx context.Context, part Correlation, body SyncRequest) (Response[SyncResponse], error) {
	return send[SyncResponse](ctx, c, request{method: http.MethodPost, path: "/migrate", header: part.headers(), body: body})
}

// DeleteSynced records that NOMIS deleted a non-association. Repeating is safe.
func (c *Client) DeleteSynced(ctx context.Context, id string, part Correlation) (Response[Empty], error) {
	return send[Empty](ctx, c, request{method: http.MethodDelete, path: queryOf("/sync/{}", id), header: part.headers()})
}
