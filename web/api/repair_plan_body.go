package api

import (
	"bytes"

	"nonassociations/domain"
	"nonassociations/nomis/reconcile"
	"nonassociations/web/strictjson"
)

// filterBody is the filter of a plan, with the keys of the query of the list.
type filterBody struct {
	given          bool
	state          strictjson.Field[reconcile.State]
	bucket         strictjson.Field[reconcile.Bucket]
	problem, cause strictjson.Field[string]
	pair           domain.Pair
}

// read reads the filter. Only open differences can be repaired.
func (f *filterBody) read(d *strictjson.Decoder) error {
	problems := make([]string, 0, len(reconcile.Problems()))
	for _, problem := range reconcile.Problems() {
		problems = append(problems, string(problem))
	}
	found, err := d.Object(func(name string) error {
		switch name {
		case "state":
			return strictjson.Text(d, &f.state, oneOf(reconcile.States()[:1]))
		case "bucket":
			return strictjson.Text(d, &f.bucket, oneOf(reconcile.Buckets()))
		case "problem":
			return strictjson.Text(d, &f.problem, oneOf(problems))
		case "cause":
			return strictjson.Text(d, &f.cause, oneOf(reconcile.Causes()))
		case "pair":
			return readPair(d, &f.pair)
		}
		return d.Skip()
	})
	f.given = found != strictjson.Absent
	return err
}

// decodePlan parses which differences are to be repaired and in which direction.
func decodePlan(body *bytes.Buffer) (reconcile.PlanRequest, error) {
	var filter filterBody
	var from, deletes strictjson.Field[bool]
	var why strictjson.Field[string]
	d := strictjson.NewDecoder(body)
	err := readObject(d, func(name string) error {
		switch name {
		case "filter":
			return filter.read(d)
		case keyFrom:
			return strictjson.Text(d, &from, fromNOMIS)
		case keyReason:
			return strictjson.Text(d, &why, whyChanged)
		case "delete":
			return strictjson.Flag(d, &deletes)
		}
		return d.Skip()
	}, func() {
		if !filter.given {
			d.Lacks("filter")
		}
		strictjson.Need(d, from, keyFrom)
		strictjson.Need(d, why, keyReason)
	})
	return reconcile.PlanRequest{
		Filter:    reconcile.Filter{Bucket: filter.bucket.Value, Problem: filter.problem.Value, Cause: filter.cause.Value, Pair: filter.pair},
		FromNOMIS: from.Value, Reason: why.Value, Delete: deletes.Value,
	}, d.Result(err)
}
