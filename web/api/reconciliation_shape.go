package api

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"nonassociations/nomis/reconcile"
	"nonassociations/web/shape"
)

// reconciliationOf returns the JSON of a run.
func (a *API) reconciliationOf(run reconcile.Run) shape.Reconciliation {
	started := run.StartedAt
	if started.IsZero() {
		started = run.RequestedAt
	}
	of := func(b reconcile.Bucket) shape.BucketCount { return countOf(run.Counts.Buckets[b]) }
	r := shape.Reconciliation{
		ID: run.ID, Scope: string(run.Scope), Status: string(run.Status), StartedAt: a.moment(started), BucketCount: countOf(run.Counts.Total),
		Buckets: shape.ReconciliationBuckets{
			Same: of("same"), Differs: of("differs"), OnlyHere: of("onlyHere"), OnlyThere: of("onlyThere"),
			MirrorsDisagree: of("mirrorsDisagree"), Held: of("held"), Ignored: of("ignored"), Accepted: of("accepted"), Unchecked: of("unchecked"),
		},
		Failure: textOrNull(run.Failure), Requests: run.Requests, Seconds: run.Seconds, Position: run.Position,
		AllowUnchecked: run.AllowUnchecked, UncheckedCauses: []shape.UncheckedCause{},
		Pairs: shape.PairsDone{Total: run.Pairs, Done: run.Counts.Pairs},
	}
	if !run.EndedAt.IsZero() {
		ended := a.moment(run.EndedAt)
		r.EndedAt = &ended
	}
	for _, cause := range run.Counts.UncheckedCauses() {
		r.UncheckedCauses = append(r.UncheckedCauses, shape.UncheckedCause{Cause: cause, Count: run.Counts.Causes[cause]})
	}
	return r
}

func countOf(c reconcile.Column) shape.BucketCount {
	return shape.BucketCount{Ours: c.Ours, Theirs: c.Theirs, Union: c.Union}
}

// moment writes a time with London's offset.
func (a *API) moment(t time.Time) string { return t.In(a.clock().Location()).Format(time.RFC3339) }

// differenceOf returns the JSON of a difference.
func (a *API) differenceOf(d reconcile.Difference) shape.Difference {
	numbers := d.Pair.Numbers()
	of := shape.Difference{
		ID: d.ID, Version: d.Version, Pair: numbers[:], NonAssociationID: idOrNull(d.NonAssociationID), TypeSequence: numberOrNull(d.TypeSequence),
		Bucket: string(d.Bucket), Problem: textOrNull(d.Problem), Fields: []shape.DifferenceField{}, Why: d.Why, Cause: d.Cause,
		FirstSeen: a.moment(d.FirstSeen), LastSeen: a.moment(d.LastSeen), State: string(d.State),
		DecidedBy: textOrNull(d.DecidedBy), Reason: textOrNull(d.Reason), Until: textOrNull(d.Until),
	}
	for _, f := range d.Fields {
		field := shape.DifferenceField{Field: f.Field, PrisonerNumber: f.PrisonerNumber}
		if f.OfMirrors {
			field.Forwards, field.Backwards = jsonText(f.Ours), jsonText(f.Theirs)
		} else {
			field.Ours, field.Theirs = jsonText(f.Ours), jsonText(f.Theirs)
		}
		of.Fields = append(of.Fields, field)
	}
	return of
}

// stepOf returns the JSON of a step.
func stepOf(s reconcile.Step) shape.Step {
	return shape.Step{Step: string(s.Action), NonAssociationID: idOrNull(s.NonAssociationID), TypeSequence: numberOrNull(s.TypeSequence), Why: s.Why}
}

// jsonText writes a text as JSON, null for none.
func jsonText(text *string) jsontext.Value {
	if text == nil {
		return jsontext.Value("null")
	}
	quoted, _ := jsontext.AppendQuote(nil, *text) // what is not UTF-8 is replaced
	return quoted
}

func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func idOrNull(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

func numberOrNull(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}
