package app

import (
	"context"

	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/nomis/store"
)

// nomisProblems answers what the comparison with NOMIS has found, from the differences
// that turns and reconciliations keep. It implements the Problems of the API and of the
// pages.
type nomisProblems struct{ kept *store.Store }

// OfRecord is what both ask. A problem of the whole pair is a problem of each of its
// records.
func (n nomisProblems) OfRecord(ctx context.Context, pair domain.Pair, id uuid.UUID, sequence int) (nomis.Findings, error) {
	living, err := n.kept.Living(ctx, pair)
	if err != nil {
		return nomis.Findings{}, err
	}
	var found nomis.Findings
	for _, d := range living {
		own := d.NonAssociationID == id || d.NonAssociationID == uuid.Nil && d.TypeSequence != 0 && d.TypeSequence == sequence
		ofPair := d.NonAssociationID == uuid.Nil && d.TypeSequence == 0
		if d.Bucket == store.IgnoredHere && d.TypeSequence != 0 {
			found.AlsoOpen = append(found.AlsoOpen, d.TypeSequence)
		}
		if d.State != store.StateOpen || !own && !ofPair {
			continue
		}
		found.Held = found.Held || own && d.Bucket == store.Held && !d.NotBefore.IsZero()
		if d.Problem != "" && (own || found.Problem == nil) {
			found.Problem = &nomis.FoundProblem{Problem: d.Problem, Why: d.Why, Since: d.FirstSeen}
		}
	}
	return found, nil
}
