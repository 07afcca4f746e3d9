package domain

import "strconv"

// Changes returns every value in which two states of one non-association of a pair
// differ, in a fixed order.
func Changes(pair Pair, was, now NonAssociation) []Change { return diff(pair, was, now) }

// diff returns every value in which two states of one non-association differ. The order
// of the fields is fixed, so that the same difference gives the same event.
func diff(pair Pair, was, now NonAssociation) []Change {
	var changes []Change
	note := func(field Field, of PrisonerNumber, was, now *string) {
		if !equalText(was, now) {
			changes = append(changes, Change{Field: field, PrisonerNumber: of, Was: was, Now: now})
		}
	}
	for _, n := range pair.Numbers() {
		note(FieldReasonCode, n, text(was.Sides[n].ReasonCode), text(now.Sides[n].ReasonCode))
		note(FieldRole, n, text(was.Sides[n].Role), text(now.Sides[n].Role))
	}
	note(FieldReason, "", text(was.Reason), text(now.Reason))
	note(FieldTypeCode, "", text(was.TypeCode), text(now.TypeCode))
	note(FieldRestriction, "", text(was.Restriction), text(now.Restriction))
	note(FieldEffectiveDate, "", text(was.EffectiveDate), text(now.EffectiveDate))
	note(FieldExpiryDate, "", (*string)(was.ExpiryDate), (*string)(now.ExpiryDate))
	note(FieldAuthorisedBy, "", was.AuthorisedBy, now.AuthorisedBy)
	note(FieldComment, "", was.Comment, now.Comment)
	note(FieldTypeSequence, "", sequenceText(was.TypeSequence), sequenceText(now.TypeSequence))
	return changes
}

// text returns a pointer to a copy of a value as a string.
func text[T ~string](value T) *string {
	s := string(value)
	return &s
}

// sequenceText returns a sequence as text, or nil when it is unknown.
func sequenceText(sequence int) *string {
	if sequence == 0 {
		return nil
	}
	return text(strconv.Itoa(sequence))
}

// equalText reports whether two optional texts are equal. Two absent texts are equal.
func equalText(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
