package turn

import (
	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
)

// SwitchedFinding returns the difference that a fact of NOMIS makes which came while
// inbound was not allowed. before is the record that the fact is about, nil for one that
// only NOMIS has. What both sides are is what they were then: the next turn compares them.
func SwitchedFinding(pair domain.Pair, event domain.Ignored, before *domain.NonAssociation) store.Finding {
	f := store.Finding{
		NonAssociationID: event.NonAssociationID, Bucket: store.Differs, Problem: string(plan.ChangedAfterSwitch), Cause: EditAfterSwitch,
		Why: "NOMIS changed the record while its changes are not allowed.",
	}
	if before != nil {
		ours, _ := before.Detail()
		f.Ours, f.TypeSequence = &ours, before.TypeSequence
	}
	switch {
	case event.Item == nil:
		f.Bucket, f.TypeSequence, f.Why = store.OnlyHere, 0, "NOMIS deleted the record while its changes are not allowed."
		return f
	case event.NonAssociationID == uuid.Nil:
		f.Bucket, f.TypeSequence, f.Why = store.OnlyThere, event.Item.TypeSequence, "NOMIS told of the record while its changes are not allowed."
	case event.Item.TypeSequence != 0:
		f.TypeSequence = event.Item.TypeSequence
	}
	theirs := event.Item.Detail(pair)
	f.Theirs = &theirs
	if f.Ours != nil {
		f.Fields = fieldsOf(pair, *f.Ours, theirs)
	}
	return f
}
