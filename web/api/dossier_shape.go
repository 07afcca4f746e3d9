package api

import (
	"context"

	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/nomis/reconcile"
	"nonassociations/web/shape"
)

// dossierOf returns the JSON of a dossier. Errors: those of the open problems.
func (a *API) dossierOf(ctx context.Context, d nomis.Dossier) (shape.Dossier, error) {
	numbers := d.Pair.Numbers()
	of := shape.Dossier{
		Pair: numbers[:], Ours: make([]shape.DossierRecord, len(d.Ours)), Theirs: theirsOf(d.Theirs), Mapping: mapped(d.Mapping, a.periodOf),
		Differences: mapped(d.Differences, a.differenceOf),
	}
	for i, record := range d.Ours {
		delivery, err := a.shownDelivery(ctx, record.Delivery)
		if err != nil {
			return shape.Dossier{}, err
		}
		of.Ours[i] = shape.DossierRecord{Detail: record.Detail, NonAssociationID: record.ID, State: stateOf(record), Delivery: delivery}
	}
	if d.Plan != nil {
		of.Plan = &shape.DossierPlan{Steps: mapped(d.Plan.Steps, stepOf), Problems: mapped(d.Plan.Problems, problemInPlan)}
	}
	return of, nil
}

// stateOf returns what has become of a record.
func stateOf(r nomis.DossierRecord) shape.RecordState {
	switch {
	case r.Delivery.Deleted:
		return shape.RecordDeleted
	case r.Closed:
		return shape.RecordClosed
	}
	return shape.RecordOpen
}

// theirsOf returns the JSON of what NOMIS holds. Without a reading there is no list: an
// empty one would say that NOMIS holds nothing.
func theirsOf(t nomis.DossierTheirs) shape.DossierTheirs {
	of := shape.DossierTheirs{Read: t.Read, Why: t.Why}
	if t.Read {
		of.Forwards, of.Backwards = mapped(t.Forwards, rowOf), mapped(t.Backwards, rowOf)
	}
	return of
}

func rowOf(r nomis.Row) shape.NOMISRow { return shape.NOMISRow(r) }

// periodOf returns the JSON of a mapping.
func (a *API) periodOf(p domain.MappingPeriod) shape.DossierMapping {
	london := a.clock().Location()
	of := shape.DossierMapping{
		NonAssociationID: p.ID, MappingPeriod: shape.MappingPeriod{TypeSequence: p.TypeSequence, Since: shape.Recorded(p.Since, london)},
	}
	if !p.Until.IsZero() {
		until := shape.Recorded(p.Until, london)
		of.Until = &until
	}
	return of
}

// problemInPlan returns the JSON of a problem of a plan.
func problemInPlan(p reconcile.Problem) shape.PlanProblem {
	return shape.PlanProblem{
		Problem: string(p.Kind), NonAssociationID: idOrNull(p.NonAssociationID), TypeSequence: numberOrNull(p.TypeSequence), Why: p.Why,
	}
}
