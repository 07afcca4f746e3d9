package api

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// Mappings are the reads of what is known of records and NOMIS. Each answers from a
// snapshot at or after atLeast, and with its position. Errors are those of package
// queries.
type Mappings interface {
	// MappingOf returns the mapping of a record, or none.
	MappingOf(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Mappings, error)
	// MappingBySequence returns the mapping of a pair's sequence, or none.
	MappingBySequence(ctx context.Context, pair domain.Pair, sequence int, atLeast uint64) (queries.Mappings, error)
	// MappingHistory returns every mapping that a record has had, oldest first.
	MappingHistory(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Mappings, error)
	// Migrated returns a page of the mappings that a migration made.
	Migrated(ctx context.Context, of queries.MigratedRequest) (queries.MigratedPage, error)
	// LatestMigrated returns the last mapping that a migration made, or none.
	LatestMigrated(ctx context.Context, atLeast uint64) (queries.Mappings, error)
	// Delivery returns the delivery of a record, deleted or not, or none.
	Delivery(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Deliveries, error)
}

// MigrationLabels know the migrations by their labels. Implementations are safe for
// concurrent use.
type MigrationLabels interface {
	// Migration returns the id of the migration with a label; false when there is none.
	Migration(ctx context.Context, label string) (uuid.UUID, bool, error)
	// Label returns the label of a migration; "" when there is none.
	Label(ctx context.Context, migration uuid.UUID) (string, error)
}

const pathMappings = "/mapping/non-associations"

// mappingRoutes adds the paths of NOMIS's mapping service.
func (a *API) mappingRoutes(mux chi.Router) {
	const ofID = pathMappings + "/non-association-id/{id}"
	mux.Post(pathMappings, a.authenticated(scoped(a.createMapping), roleMapping, roleAdmin))
	mux.Delete(ofID, a.authenticated(scoped(a.deleteMapping), roleMapping, roleAdmin))
	mux.Get(ofID, a.authenticated(a.mappingOf, roleMapping, roleAdmin))
	mux.Get(ofID+"/history", a.authenticated(a.mappingHistory, roleMapping, roleAdmin))
	mux.Get(pathMappings+"/first-offender-no/{firstOffenderNo}/second-offender-no/{secondOffenderNo}/type-sequence/{typeSequence}",
		a.authenticated(a.mappingBySequence, roleMapping, roleAdmin))
	mux.Get(pathMappings+"/migration-id/{label}", a.authenticated(a.migratedMappings, roleMapping, roleAdmin))
	mux.Get(pathMappings+"/migrated/latest", a.authenticated(a.latestMigrated, roleMapping, roleAdmin))
}

// scoped is the middleware of a change that needs the scope write.
func scoped(do endpoint) endpoint {
	return func(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
		if !by.HasScope(scopeWrite) {
			return response{}, withoutScope()
		}
		return do(ctx, r, by)
	}
}

// mappingOf answers with the mapping of a record.
func (a *API) mappingOf(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return a.nothing(), err
	}
	return a.oneMapping(ctx, r, func(ctx context.Context, atLeast uint64) (queries.Mappings, error) {
		return a.mappings.MappingOf(ctx, id, atLeast)
	})
}

// mappingBySequence answers with the mapping of a pair's sequence.
func (a *API) mappingBySequence(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	pair, sequence, err := pathDetail(r)
	if err != nil {
		return a.nothing(), err
	}
	return a.oneMapping(ctx, r, func(ctx context.Context, atLeast uint64) (queries.Mappings, error) {
		return a.mappings.MappingBySequence(ctx, pair, sequence, atLeast)
	})
}

// latestMigrated answers with the last mapping that a migration made.
func (a *API) latestMigrated(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	return a.oneMapping(ctx, r, a.mappings.LatestMigrated)
}

// nothing is an answer of a read before it has read.
func (a *API) nothing() response {
	return response{status: http.StatusOK, position: formatPosition(a.reads.Position())}
}

// oneMapping answers with one mapping, or 404 once the whole log has been applied.
func (a *API) oneMapping(ctx context.Context, r *http.Request, read func(context.Context, uint64) (queries.Mappings, error)) (response, error) {
	out := a.nothing()
	found, err := a.readMappings(ctx, r, read)
	if err != nil {
		return out, err
	}
	out.position = formatPosition(found.Position)
	if len(found.Mappings) == 0 {
		return out, problemWith(http.StatusNotFound, domain.CodeNotFound, "Not found: no such mapping")
	}
	shown, err := a.shownMappings(ctx, found.Mappings)
	if err != nil {
		return out, err
	}
	out.body, err = json.Marshal(shown[0])
	out.etag = etagOf(out.body)
	return out, err
}

// readMappings reads mappings at the position that the request asks for.
func (a *API) readMappings(ctx context.Context, r *http.Request, read func(context.Context, uint64) (queries.Mappings, error)) (queries.Mappings, error) {
	least, err := atLeast(r.URL)
	if err != nil {
		return queries.Mappings{}, err
	}
	return readAtHead(ctx, a, least, func(ctx context.Context, atLeast uint64) (queries.Mappings, bool, error) {
		found, err := read(ctx, atLeast)
		return found, len(found.Mappings) > 0, err
	})
}

// mappingHistory answers with every sequence by which NOMIS has known a record. A record
// that was never mapped has none.
func (a *API) mappingHistory(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	out := a.nothing()
	id, err := pathID(r, "id")
	if err != nil {
		return out, err
	}
	found, err := a.readMappings(ctx, r, func(ctx context.Context, atLeast uint64) (queries.Mappings, error) {
		return a.mappings.MappingHistory(ctx, id, atLeast)
	})
	if err != nil {
		return out, err
	}
	london := a.clock().Location()
	periods := make([]shape.MappingPeriod, len(found.Mappings))
	for i, m := range found.Mappings {
		periods[i] = shape.MappingPeriod{
			TypeSequence: m.TypeSequence, Since: shape.Recorded(m.Since, london), Until: recordedOrNull(m.Until, london),
		}
	}
	out.body, err = json.Marshal(periods)
	out.position, out.etag = formatPosition(found.Position), etagOf(out.body)
	return out, err
}

// shownMappings returns mappings as answers show them, with the labels of migrations.
func (a *API) shownMappings(ctx context.Context, all []queries.Mapping) ([]shape.Mapping, error) {
	labels := map[uuid.UUID]string{}
	shown := make([]shape.Mapping, len(all))
	for i, m := range all {
		shown[i] = shape.NewMapping(m.NonAssociationID, m.Pair, m.TypeSequence, m.Type)
		shown[i].WhenCreated = domain.Local(m.Since.In(a.clock().Location()))
		if a.labels == nil || m.Type != domain.MappingMigrated {
			continue
		}
		label, known := labels[m.Correlation]
		if !known {
			var err error
			if label, err = a.labels.Label(ctx, m.Correlation); err != nil {
				return nil, unavailable(err)
			}
			labels[m.Correlation] = label
		}
		shown[i].Label = label
	}
	return shown, nil
}
