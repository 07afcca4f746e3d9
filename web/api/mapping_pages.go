package api

import (
	"context"
	"math"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"nonassociations/queries"
	"nonassociations/web/auth"
)

// migratedMappings answers with a page of the mappings that a migration made. A label
// that no migration has gives an empty page.
func (a *API) migratedMappings(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	p, out, err := a.begin(r)
	if err != nil {
		return out, err
	}
	label, err := pathValue(r, "label")
	if err != nil {
		return out, err
	}
	size, number := p.number("size", 1, maxSize, defaultSize), p.number("page", 0, math.MaxInt32, 0)
	of := queries.MigratedRequest{Size: int(size), Offset: number * size, AtLeast: p.atLeast()}
	if err := p.result(); err != nil {
		return out, err
	}
	if err := a.waitFor(ctx, of.AtLeast); err != nil {
		return out, err
	}
	if of.Migration, err = a.migrationOf(ctx, label); err != nil {
		return out, err
	}
	found, err := a.mappings.Migrated(ctx, of)
	if err != nil {
		return out, unavailable(err)
	}
	content, err := a.shownMappings(ctx, found.Mappings.Mappings)
	if err != nil {
		return out, err
	}
	last := of.Offset+int64(len(content)) >= found.Total
	out.body, err = json.Marshal(springPage(content, found.Total, of.Size, number, last))
	out.position, out.etag = formatPosition(found.Position), etagOf(out.body)
	return out, err
}

// migrationOf returns the id of the migration with a label, which may be the id itself;
// the nil UUID when there is none, which no fact has as its correlation id.
func (a *API) migrationOf(ctx context.Context, label string) (uuid.UUID, error) {
	if id, err := parseID(label); err == nil {
		return id, nil
	}
	if a.labels == nil {
		return uuid.Nil, nil
	}
	id, _, err := a.labels.Migration(ctx, label)
	if err != nil {
		return uuid.Nil, unavailable(err)
	}
	return id, nil
}
