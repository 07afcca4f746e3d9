package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/google/uuid"

	"nonassociations/domain"
)

const (
	mappings   = "/mapping/non-associations"
	mappingFor = mappings + "/non-association-id/{}"
)

// NewMapping is the body of CreateMapping. The two numbers may be in either order.
type NewMapping struct {
	NonAssociationID  uuid.UUID             `json:"nonAssociationId"`
	FirstOffenderNo   domain.PrisonerNumber `json:"firstOffenderNo"`
	SecondOffenderNo  domain.PrisonerNumber `json:"secondOffenderNo"`
	NOMISTypeSequence int                   `json:"nomisTypeSequence"`
}

// MigratedParams are the parameters of MigratedMappings.
type MigratedParams struct {
	Read

	Page int
	Size int // 0: 20
}

// Delivery says whether NOMIS has a non-association as it is, also of a deleted one.
func (c *Client) Delivery(ctx context.Context, id string, ask Read) (Response[Delivery], error) {
	return get[Delivery](ctx, c, queryOf("/non-associations/{}/delivery", id), ask)
}

// CreateMapping records by which sequence NOMIS knows a non-association. Repeating is
// safe. A key that is taken is an [Error] with code 1409, whose MoreInfo has both
// mappings.
func (c *Client) CreateMapping(ctx context.Context, part Correlation, body NewMapping) (Response[Empty], error) {
	return send[Empty](ctx, c, request{method: http.MethodPost, path: mappings, header: part.headers(), body: body})
}

// DeleteMapping records that NOMIS no longer knows a non-association by its sequence.
// Repeating is safe.
func (c *Client) DeleteMapping(ctx context.Context, id string, part Correlation) (Response[Empty], error) {
	return send[Empty](ctx, c, request{method: http.MethodDelete, path: queryOf(mappingFor, id), header: part.headers()})
}

// MappingOf returns the mapping of a non-association. One that is not mapped is an
// [Error] with status 404.
func (c *Client) MappingOf(ctx context.Context, id string, ask Read) (Response[Mapping], error) {
	return get[Mapping](ctx, c, queryOf(mappingFor, id), ask)
}

// MappingHistory lists the sequences by which NOMIS has known a non-association, the
// oldest first.
func (c *Client) MappingHistory(ctx context.Context, id string, ask Read) (Response[[]MappingPeriod], error) {
	return get[[]MappingPeriod](ctx, c, queryOf(mappingFor+"/history", id), ask)
}

// MappingBySequence returns the mapping of a pair's sequence. The numbers may be in
// either order. A sequence of nothing is an [Error] with status 404.
func (c *Client) MappingBySequence(ctx context.Context, first, second domain.PrisonerNumber, sequence int, ask Read) (Response[Mapping], error) {
	path := queryOf(mappings+"/first-offender-no/{}", string(first)) + queryOf("/second-offender-no/{}", string(second)) +
		"/type-sequence/" + strconv.Itoa(sequence)
	return get[Mapping](ctx, c, path, ask)
}

// MigratedMappings returns a page of the mappings that the migration with a label made.
// The label may be its id.
func (c *Client) MigratedMappings(ctx context.Context, label string, ask MigratedParams) (Response[MappingPage], error) {
	query, header := ask.set(url.Values{"page": {strconv.Itoa(ask.Page)}})
	if ask.Size > 0 {
		query.Set("size", strconv.Itoa(ask.Size))
	}
	return send[MappingPage](ctx, c, request{
		method: http.MethodGet, path: queryOf(mappings+"/migration-id/{}", label), query: query, header: header,
	})
}

// LatestMigrated returns the last mapping that a migration made. Where there is none it
// is an [Error] with status 404.
func (c *Client) LatestMigrated(ctx context.Context, ask Read) (Response[Mapping], error) {
	return get[Mapping](ctx, c, mappings+"/migrated/latest", ask)
}

// get makes a read without parameters of its own.
func get[T any](ctx context.Context, c *Client, path string, ask Read) (Response[T], error) {
	query, header := ask.set(url.Values{})
	return send[T](ctx, c, request{method: http.MethodGet, path: path, query: query, header: header})
}
