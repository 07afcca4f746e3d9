package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// NonAssociations is a prisoner's list in the words of NOMIS.
type NonAssociations struct {
	PrisonerNumber  domain.PrisonerNumber `json:"prisonerNumber"`
	NonAssociations []NonAssociation      `json:"nonAssociations"`
}

// NonAssociation is one of a prisoner's list in the words of NOMIS.
type NonAssociation struct {
	ReasonCode             domain.ReasonCode     `json:"reasonCode"`
	TypeCode               domain.TypeCode       `json:"typeCode"`
	EffectiveDate          domain.LocalDateTime  `json:"effectiveDate"`
	ExpiryDate             *domain.LocalDateTime `json:"expiryDate"`
	AuthorisedBy           *string               `json:"authorisedBy"`
	Comments               *string               `json:"comments"`
	PrisonerNonAssociation Side                  `json:"prisonerNonAssociation"`
}

// Side is the other prisoner in the words of NOMIS.
type Side struct {
	PrisonerNumber domain.PrisonerNumber `json:"prisonerNumber"`
	ReasonCode     domain.ReasonCode     `json:"reasonCode"`
}

// SyncRequest is what NOMIS tells of a prisoner. What is absent says nothing.
type SyncRequest struct {
	PrisonerNumber  domain.PrisonerNumber `json:"prisonerNumber"`
	NonAssociations []SyncItem            `json:"nonAssociations"`
}

// SyncItem is one non-association that NOMIS tells of.
type SyncItem struct {
	NonAssociation

	ID           *uuid.UUID `json:"id,omitempty"`           // ours, from an earlier answer
	TypeSequence *int       `json:"typeSequence,omitempty"` // NOMIS's

	// DAY when the caller knows days only: the times of both dates are then
	// 00:00:00, and a stored time of day stays. Empty: the dates are exact.
	DatePrecision domain.Precision `json:"datePrecision,omitempty"`
}

// Correlation joins a call to what it is part of; CorrelationID is a UUID.
type Correlation struct{ CorrelationID string }

// headers returns the header of a correlation id.
func (c Correlation) headers() http.Header { return headers("X-Correlation-Id", c.CorrelationID) }

// reference is the path of both a prisoner's list and one non-association.
const reference = "/non-associations/{}"

// NonAssociations is a prisoner's list in the words of NOMIS, of one never seen
// an empty one.
func (c *Client) NonAssociations(ctx context.Context, number string, ask Read) (Response[NonAssociations], error) {
	query, header := ask.set(url.Values{})
	return send[NonAssociations](ctx, c, request{method: http.MethodGet, path: queryOf(reference, number), query: query, header: header})
}

// Sync tells of a change in NOMIS. Repeating is safe.
func (c *Client) Sync(ctx context.Context, part Correlation, said SyncRequest) (Response[SyncResponse], error) {
	return send[SyncResponse](ctx, c, request{method: http.MethodPost, path: "/sync", header: part.headers(), body: said})
}

// Migrate tells of old data; the status is 201 when some of it was new.
// Repeating is safe.
func (c *Client) Migrate(ctx context.Context, part Correlation, said SyncRequest) (Response[SyncResponse], error) {
	return send[SyncResponse](ctx, c, request{method: http.MethodPost, path: "/migrate", header: part.headers(), body: said})
}

// DeleteSynced tells that NOMIS deleted one. Repeating is safe.
func (c *Client) DeleteSynced(ctx context.Context, id string, part Correlation) (Response[Empty], error) {
	return send[Empty](ctx, c, request{method: http.MethodDelete, path: queryOf("/sync/{}", id), header: part.headers()})
}
