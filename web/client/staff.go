package client

import (
	"context"
	"net/http"
	"net/url"

	"nonassociations/domain"
)

// NewNonAssociation is the body of Open.
type NewNonAssociation struct {
	FirstPrisonerNumber  domain.PrisonerNumber `json:"firstPrisonerNumber"`
	FirstPrisonerRole    domain.Role           `json:"firstPrisonerRole"`
	SecondPrisonerNumber domain.PrisonerNumber `json:"secondPrisonerNumber"`
	SecondPrisonerRole   domain.Role           `json:"secondPrisonerRole"`
	Reason               domain.Reason         `json:"reason"`
	RestrictionType      domain.Restriction    `json:"restrictionType"`
	Comment              string                `json:"comment"`
}

// Amendment is the body of Amend. Fields that are nil stay as they are.
type Amendment struct {
	FirstPrisonerRole  *domain.Role        `json:"firstPrisonerRole,omitempty"`
	SecondPrisonerRole *domain.Role        `json:"secondPrisonerRole,omitempty"`
	Reason             *domain.Reason      `json:"reason,omitempty"`
	RestrictionType    *domain.Restriction `json:"restrictionType,omitempty"`
	Comment            *string             `json:"comment,omitempty"`
}

// Closing is the body of Close. Without ClosedAt it closes now, without ClosedBy by the
// token's user.
type Closing struct {
	ClosedReason string                `json:"closedReason"`
	ClosedAt     *domain.LocalDateTime `json:"closedAt,omitempty"`
	ClosedBy     *string               `json:"closedBy,omitempty"`
}

// Reopening is the body of Reopen.
type Reopening struct {
	ReopenReason string                `json:"reopenReason"`
	ReopenedAt   *domain.LocalDateTime `json:"reopenedAt,omitempty"`
	ReopenedBy   *string               `json:"reopenedBy,omitempty"`
}

// Deletion is the body of Delete.
type Deletion struct {
	DeletionReason                  string `json:"deletionReason"`
	StaffUserNameRequestingDeletion string `json:"staffUserNameRequestingDeletion"`
}

// Open records a new non-association. A second one that is not closed is an [Error]
// with code 101.
func (c *Client) Open(ctx context.Context, how Write, fresh NewNonAssociation) (Response[StaffNonAssociation], error) {
	return send[StaffNonAssociation](ctx, c, request{
		method: http.MethodPost, path: "/non-associations", header: how.headers(), body: fresh,
	})
}

// Amend changes a non-association that is not closed.
func (c *Client) Amend(ctx context.Context, id string, how Write, amendment Amendment) (Response[StaffNonAssociation], error) {
	return send[StaffNonAssociation](ctx, c, request{
		method: http.MethodPatch, path: queryOf(reference, id), header: how.headers(), body: amendment,
	})
}

// Close closes a non-association.
func (c *Client) Close(ctx context.Context, id string, how Write, closing Closing) (Response[StaffNonAssociation], error) {
	return send[StaffNonAssociation](ctx, c, request{
		method: http.MethodPut, path: queryOf(reference+"/close", id), header: how.headers(), body: closing,
	})
}

// Reopen takes a closing back. It is an [Error] with code 104 when the pair has another
// one that is not closed.
func (c *Client) Reopen(ctx context.Context, id string, how Write, reopening Reopening) (Response[StaffNonAssociation], error) {
	return send[StaffNonAssociation](ctx, c, request{
		method: http.MethodPut, path: queryOf(reference+"/reopen", id), header: how.headers(), body: reopening,
	})
}

// Delete hides a non-association from every read but the history.
func (c *Client) Delete(ctx context.Context, id string, how Write, deletion Deletion) (Response[Empty], error) {
	return send[Empty](ctx, c, request{
		method: http.MethodPost, path: queryOf(reference+"/delete", id), header: how.headers(), body: deletion,
	})
}

// Constants returns the vocabulary of DPS.
func (c *Client) Constants(ctx context.Context, ask Read) (Response[Constants], error) {
	query, header := ask.set(url.Values{})
	return send[Constants](ctx, c, request{method: http.MethodGet, path: "/constants", query: query, header: header})
}
