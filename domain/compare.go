package domain

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/google/uuid"
)

// isNumbered reports whether the item names a non-association by id or sequence.
func (i Item) isNumbered() bool { return i.ID != uuid.Nil || i.TypeSequence != 0 }

// isClosed reports whether the item is closed on a day.
func (i Item) isClosed(today string) bool { return isClosed(i.ExpiryDate, today) }

// hasBegun reports whether the item is effective on a day or before it.
func (i Item) hasBegun(today string) bool { return i.EffectiveDate.Date() <= today }

// lastStage is the least certain stage of matching.
const lastStage = 5

// stage returns how certain it is that an item and a stored record are the same: from
// 1, the surest, to 5. It returns 0 when they are different. Two different sequences
// keep records of the same date apart. That ends when a merge has brought records to
// the pair, because NOMIS then numbers all of them anew. ADR 0004 has the rule.
func (i Item) stage(n *NonAssociation, numberedAnew bool) int {
	sameSequence := i.TypeSequence != 0 && i.TypeSequence == n.TypeSequence
	numberedApart := !sameSequence && i.TypeSequence != 0 && n.TypeSequence != 0
	switch {
	case i.ID != uuid.Nil && i.ID == n.ID:
		return 1
	case sameSequence && i.EffectiveDate.Date() == n.EffectiveDate.Date():
		return 2
	case !numberedApart && sameDate(i.DatePrecision, i.EffectiveDate, n.EffectiveDate):
		return 3
	case sameSequence:
		return 4
	case numberedAnew && sameDate(i.DatePrecision, i.EffectiveDate, n.EffectiveDate):
		return lastStage
	default:
		return 0
	}
}

// echoes reports whether the item has the effective day and the reason codes of a
// stored record.
func (i Item) echoes(pair Pair, n *NonAssociation) bool {
	return i.EffectiveDate.Date() == n.EffectiveDate.Date() && i.hasCodesOf(pair, n)
}

// hasCodesOf reports whether the reason codes of both sides are those of a stored
// record.
func (i Item) hasCodesOf(pair Pair, n *NonAssociation) bool {
	return i.ReasonCodes[pair.low] == n.Sides[pair.low].ReasonCode && i.ReasonCodes[pair.high] == n.Sides[pair.high].ReasonCode
}

// agreesWith reports whether the item equals a stored record. A sequence that one of
// the two does not know counts as equal.
func (i Item) agreesWith(pair Pair, n *NonAssociation) bool {
	return sameDate(i.DatePrecision, i.EffectiveDate, n.EffectiveDate) &&
		sameExpiry(i.DatePrecision, i.ExpiryDate, n.ExpiryDate) &&
		(i.TypeSequence == 0 || n.TypeSequence == 0 || i.TypeSequence == n.TypeSequence) &&
		i.TypeCode == n.TypeCode && i.hasCodesOf(pair, n) &&
		equalText(i.AuthorisedBy, n.AuthorisedBy) && equalText(i.Comment, n.Comment)
}

// equals reports whether two items are equal in all but id and sequence. When one of
// them knows days only, dates are compared by day.
func (i Item) equals(pair Pair, other Item) bool {
	precision := cmp.Or(i.DatePrecision, other.DatePrecision)
	return sameDate(precision, i.EffectiveDate, other.EffectiveDate) &&
		sameExpiry(precision, i.ExpiryDate, other.ExpiryDate) &&
		i.TypeCode == other.TypeCode &&
		i.ReasonCodes[pair.low] == other.ReasonCodes[pair.low] && i.ReasonCodes[pair.high] == other.ReasonCodes[pair.high] &&
		equalText(i.AuthorisedBy, other.AuthorisedBy) && equalText(i.Comment, other.Comment)
}

// compareRecorded orders items as they were recorded: by effective date, then by expiry
// date. Sequence, content and id make the order total, so that the result does not
// depend on the order of the request.
func (i Item) compareRecorded(pair Pair, other Item) int {
	return cmp.Or(
		cmp.Compare(i.EffectiveDate, other.EffectiveDate),
		compareExpiry(i.ExpiryDate, other.ExpiryDate),
		compareSequence(i.TypeSequence, other.TypeSequence),
		i.compareContent(pair, other),
		compareID(other.ID, i.ID), // the one that counts first
	)
}

// compareRequest orders items by how much they identify beside their content: first
// those that name a record, then those that know the time of day.
func (i Item) compareRequest(other Item) int {
	return cmp.Or(
		compareBool(!i.isNumbered(), !other.isNumbered()),
		compareBool(i.DatePrecision == Day, other.DatePrecision == Day),
	)
}

// compareCounting is positive when the item takes precedence over another one that is
// not closed either. The latest item that has begun comes first. When none has begun,
// the earliest one comes first. Sequence, content and id make the order total.
func (i Item) compareCounting(pair Pair, other Item, today string) int {
	date := cmp.Compare(i.EffectiveDate, other.EffectiveDate)
	if !i.hasBegun(today) {
		date = -date
	}
	return cmp.Or(
		compareBool(i.hasBegun(today), other.hasBegun(today)),
		date,
		cmp.Compare(i.TypeSequence, other.TypeSequence),
		compareExpiry(i.ExpiryDate, other.ExpiryDate), // what keeps apart longer
		i.compareContent(pair, other),
		compareID(i.ID, other.ID),
	)
}

// compareContent compares items by everything but their dates, sequences and ids.
func (i Item) compareContent(pair Pair, other Item) int {
	return cmp.Or(
		cmp.Compare(i.TypeCode, other.TypeCode),
		cmp.Compare(i.ReasonCodes[pair.low], other.ReasonCodes[pair.low]),
		cmp.Compare(i.ReasonCodes[pair.high], other.ReasonCodes[pair.high]),
		compareText(i.AuthorisedBy, other.AuthorisedBy),
		compareText(i.Comment, other.Comment),
		cmp.Compare(i.DatePrecision, other.DatePrecision),
	)
}

// sameDate reports whether two dates are equal at a precision.
func sameDate(precision Precision, one, other LocalDateTime) bool {
	return one == other || precision == Day && one.Date() == other.Date()
}

// sameExpiry reports whether two optional dates are equal at a precision. Two absent
// dates are equal.
func sameExpiry(precision Precision, one, other *LocalDateTime) bool {
	if one == nil || other == nil {
		return one == other
	}
	return sameDate(precision, *one, *other)
}

// compareExpiry orders optional dates. An absent date is last, because it never comes.
func compareExpiry(one, other *LocalDateTime) int {
	if one == nil || other == nil {
		return compareBool(one == nil, other == nil)
	}
	return cmp.Compare(*one, *other)
}

// compareSequence orders sequences. An absent one is last.
func compareSequence(one, other int) int {
	return cmp.Or(compareBool(one == 0, other == 0), cmp.Compare(one, other))
}

// compareID orders ids. The nil UUID is first.
func compareID(one, other uuid.UUID) int { return bytes.Compare(one[:], other[:]) }

// compareText orders optional texts. An absent one is first.
func compareText(one, other *string) int {
	if one == nil || other == nil {
		return compareBool(one != nil, other != nil)
	}
	return strings.Compare(*one, *other)
}
