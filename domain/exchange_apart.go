package domain

import "time"

// ApartSince returns when the first fact was recorded since which the record has been
// other than what NOMIS is known to hold. A deleted record is until it is released, when it
// has a sequence or NOMIS was known to hold it. The time is zero while both are the same.
func (e Exchange) ApartSince() time.Time { return e.apart }

// setApart notes when the record became other than what NOMIS is known to hold, or that it
// no longer is.
func (e *Exchange) setApart(recordedAt time.Time, after NonAssociation, pair Pair) {
	base, whole := e.WholeBase(pair)
	detail, _ := after.Detail()
	apart := !whole || !base.Equal(detail)
	if after.Deleted {
		apart = !e.released && (after.TypeSequence != 0 || e.HasBase())
	}
	switch {
	case !apart:
		e.apart = time.Time{}
	case e.apart.IsZero():
		e.apart = recordedAt
	}
}
