package api

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/queries"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// Problems are what the comparison with NOMIS has found. Implementations are safe for
// concurrent use.
type Problems interface {
	// OfRecord returns what is found of one record; the zero Findings for nothing. sequence
	// is that by which NOMIS knows it, 0 for none: what NOMIS still holds of a deleted record
	// is found under it.
	OfRecord(ctx context.Context, pair domain.Pair, id uuid.UUID, sequence int) (nomis.Findings, error)
}

// delivery answers whether NOMIS has a non-association as it is. It knows deleted ones
// too.
func (a *API) delivery(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	out := response{status: http.StatusOK, position: formatPosition(a.reads.Position())}
	id, err := pathID(r, "id")
	if err != nil {
		return out, err
	}
	least, err := atLeast(r.URL)
	if err != nil {
		return out, err
	}
	found, err := readAtHead(ctx, a, least, func(ctx context.Context, atLeast uint64) (queries.Deliveries, bool, error) {
		found, err := a.mappings.Delivery(ctx, id, atLeast)
		return found, len(found.Deliveries) > 0, err
	})
	if err != nil {
		return out, err
	}
	out.position = formatPosition(found.Position)
	if len(found.Deliveries) == 0 {
		return out, domain.NotFound(id)
	}
	shown, err := a.shownDelivery(ctx, found.Deliveries[0])
	if err != nil {
		return out, err
	}
	out.body, err = json.Marshal(shown)
	out.etag = etagOf(out.body)
	return out, err
}

// shownDelivery returns a delivery as answers show it, with what the comparison with NOMIS
// has found of the record.
func (a *API) shownDelivery(ctx context.Context, d queries.Delivery) (shape.Delivery, error) {
	var findings nomis.Findings
	if a.problems != nil {
		var sequence int
		if d.TypeSequence != nil {
			sequence = *d.TypeSequence
		}
		var err error
		if findings, err = a.problems.OfRecord(ctx, d.Pair, d.NonAssociationID, sequence); err != nil {
			return shape.Delivery{}, unavailable(err)
		}
	}
	return deliveryOf(nomis.DeliveryOf(d, findings, a.today()), a.clock().Location()), nil
}

// deliveryOf returns the JSON of a delivery.
func deliveryOf(d nomis.Delivery, london *time.Location) shape.Delivery {
	answer := shape.Delivery{
		State: string(d.State), Since: recordedOrNull(d.Since, london), Until: d.Until, TypeSequence: d.TypeSequence,
		DeliveredAt: recordedOrNull(d.DeliveredAt, london), DeliveredRevision: d.Revision, Shortened: d.Shortened,
		AlsoOpenInNOMIS: d.AlsoOpen,
	}
	if d.Problem != nil {
		answer.Problem = &shape.DeliveryProblem{
			Problem: d.Problem.Problem, Why: d.Problem.Why, Since: shape.Recorded(d.Problem.Since, london),
		}
	}
	return answer
}

// recordedOrNull returns a time as answers show it, nil for nil.
func recordedOrNull(at *time.Time, london *time.Location) *string {
	if at == nil {
		return nil
	}
	text := shape.Recorded(*at, london)
	return &text
}

// readAtHead reads what a caller asks for. When it is not there, it reads again after
// the whole log has been applied: only then is it known not to exist.
func readAtHead[T any](ctx context.Context, a *API, atLeast uint64, read func(ctx context.Context, atLeast uint64) (T, bool, error)) (T, error) {
	var none T
	if err := a.waitFor(ctx, atLeast); err != nil {
		return none, err
	}
	found, there, err := read(ctx, atLeast)
	if err == nil && !there {
		head, late := a.reachHead(ctx)
		if late != nil {
			return none, late
		}
		found, _, err = read(ctx, max(head, atLeast))
	}
	if err != nil {
		return none, unavailable(err)
	}
	return found, nil
}
