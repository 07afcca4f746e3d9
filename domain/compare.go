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

// hasBegun reports whether the item is effective on a day or before.
func (i Item) hasBegun(today string) bool { return i.EffectiveDate.Date() <= today }

// lastStage is the least sure one.
const lastStage = 5

// stage is which of its names an item and a stored one have in common, from 1,
// the surest, to 5; 0 when none. Two sequences that differ keep apart what has
// the same date, until a merge has brought records to the pair: then NOMIS
// numbers all of them anew.
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

// echoes reports whether the item has the effective day and the reason codes of
// a stored one.
func (i Item) echoes(pair Pair, n *NonAssociation) bool {
	return i.EffectiveDate.Date() == n.EffectiveDate.Date() && i.hasCodesOf(pair, n)
}

// hasCodesOf reports whether both prisoners have the reason codes of a stored
// record.
func (i Item) hasCodesOf(pair Pair, n *NonAssociation) bool {
	return i.ReasonCodes[pair.low] == n.Sides[pair.low].ReasonCode && i.ReasonCodes[pair.high] == n.Sides[pair.high].ReasonCode
}

// agreesWith reports whether the item holds nothing new about a stored record, apart
// from a sequence that is not known yet.
func (i Item) agreesWith(pair Pair, n *NonAssociation) bool {
	return sameDate(i.DatePrecision, i.EffectiveDate, n.EffectiveDate) &&
		sameExpiry(i.DatePrecision, i.ExpiryDate, n.ExpiryDate) &&
		(i.TypeSequence == 0 || n.TypeSequence == 0 || i.TypeSequence == n.TypeSequence) &&
		i.TypeCode == n.TypeCode && i.hasCodesOf(pair, n) &&
		equalText(i.AuthorisedBy, n.AuthorisedBy) && equalText(i.Comment, n.Comment)
}

// equals reports whether two items are equal in all but id and sequence. Where
// one of them knows days only, dates are equal by day.
func (i Item) equals(pair Pair, other Item) bool {
	precision := cmp.Or(i.DatePrecision, other.DatePrecision)
	return sameDate(precision, i.EffectiveDate, other.EffectiveDate) &&
		sameExpiry(precision, i.ExpiryDate, other.ExpiryDate) &&
		i.TypeCode == other.TypeCode &&
		i.ReasonCodes[pair.low] == other.ReasonCodes[pair.low] && i.ReasonCodes[pair.high] == other.ReasonCodes[pair.high] &&
		equalText(i.AuthorisedBy, other.AuthorisedBy) && equalText(i.Comment, other.Comment)
}

// compareRecorded sorts items by when they were: by effective date, then expiry,
// none last. Sequence, content and id make the order total.
func (i Item) compareRecorded(pair Pair, other Item) int {
	return cmp.Or(
		cmp.Compare(i.EffectiveDate, other.EffectiveDate),
		compareExpiry(i.ExpiryDate, other.ExpiryDate),
		compareSequence(i.TypeSequence, other.TypeSequence),
		i.compareContent(pair, other),
		compareID(other.ID, i.ID), // the one that counts first
	)
}

// compareRequest sorts items by what they hold beside their content: first those that
// name a record, then those with a time of day.
func (i Item) compareRequest(other Item) int {
	return cmp.Or(
		compareBool(!i.isNumbered(), !other.isNumbered()),
		compareBool(i.DatePrecision == Day, other.DatePrecision == Day),
	)
}

// compareCounting is positive when the item counts before another that is not
// closed either: the latest that has begun by a day, and when none has begun the
// earliest that is yet to come. Sequence, content and id make the order total.
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

// compareContent compares everything but the dates.
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

// sameDate compares two dates, by day where the caller knows days only.
func sameDate(precision Precision, one, other LocalDateTime) bool {
	return one == other || precision == Day && one.Date() == other.Date()
}

// sameExpiry compares two expiry dates in the same way. None equals none alone.
func sameExpiry(precision Precision, one, other *LocalDateTime) bool {
	if one == nil || other == nil {
		return one == other
	}
	return sameDate(precision, *one, *other)
}

// compareExpiry sorts none last: it never comes.
func compareExpiry(one, other *LocalDateTime) int {
	if one == nil || other == nil {
		return compareBool(one == nil, other == nil)
	}
	return cmp.Compare(*one, *other)
}

// compareSequence sorts what has none last.
func compareSequence(one, other int) int {
	return cmp.Or(compareBool(one == 0, other == 0), cmp.Compare(one, other))
}

// compareID sorts none first.
func compareID(one, other uuid.UUID) int { return bytes.Compare(one[:], other[:]) }

// compareText sorts none first.
func compareText(one, other *string) int {
	if one == nil || other == nil {
		return compareBool(one != nil, other != nil)
	}
	return strings.Compare(*one, *other)
}
