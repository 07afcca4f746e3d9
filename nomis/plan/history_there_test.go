package plan_test

import (
	"fmt"
	"slices"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/internal/dev/nomismodel"
)

// staffThere does something at NOMIS's screens.
func (h *history) staffThere(s *stream) {
	of, with := s.names()
	sequence := h.drawSequence(s)
	if sequence == 0 || seldom(h, "opens") {
		h.opensThere(s, sequence)
		return
	}
	occurrence := h.occurrence(s, sequence)
	days, mayOpen := h.days(), !h.orderly || h.openThere(s) == 0
	what := one(h, "edit", 0, 1, 2, 3, 4, 5, 6)
	h.Logf("  there: edit %d of %d", what, sequence)
	if what == 6 {
		h.nomis.Remove(of, with, sequence)
		h.truth.end(occurrence)
		h.removed = true
		if h.orderly || rapid.Bool().Draw(h.T, "is told") {
			s.told(sequence, h.world)
		}
		return
	}
	value := one(h, "word", words...)
	code, typed := one(h, "code", codes...), one(h, "type", types...)
	day := one(h, "day", days...)
	if h.truth.isPosted(occurrence) {
		h.truth.posted[occurrence] = uuid.Nil // by itself it no longer tells which record it is
	}
	h.nomis.Amend(of, with, sequence, h.author(), func(r *nomismodel.Row) {
		switch what {
		case 0:
			r.Comment = &value
		case 1:
			r.Type = typed
		case 2:
			r.Reason = code
		case 3:
			r.Effective = day
		case 4:
			r.Expiry = &day
			h.truth.end(occurrence)
		case 5:
			if mayOpen {
				r.Expiry = nil
			}
		}
	})
}

// author is who writes in NOMIS: somebody else each time. What one author of NOMIS wrote
// twice the planner takes for a twin of the service, because it does not know its own name.
func (h *history) author() string { return fmt.Sprint("STAFF ", h.acts) }

// days are those that staff there may write: careful people write none to come.
func (h *history) days() []string {
	if !h.orderly {
		return days
	}
	return slices.DeleteFunc(slices.Clone(days), func(day string) bool { return day > h.nomis.Today })
}

// openThere counts what is not closed in NOMIS.
func (h *history) openThere(s *stream) int {
	open := 0
	for _, t := range h.theirs(s) {
		if !t.Detail.IsClosed(h.nomis.Today) {
			open++
		}
	}
	return open
}

// opensThere opens one at NOMIS's screens, beside any other. It may equal one that is there
// to the last letter, but for who wrote it: that alone tells it from a twin.
func (h *history) opensThere(s *stream, copied int) {
	of, with := s.names()
	days, by := h.days(), h.author()
	v := nomismodel.Values{
		Reason: one(h, "reason", codes...), RecipReason: one(h, "recip", codes...), Type: one(h, "type", types...),
		Effective: one(h, "effective", days...), Comment: ptr(fmt.Sprint("there ", h.acts)), AuthorisedBy: ptr("STAFF"),
	}
	if rapid.Bool().Draw(h.T, "expires") || h.orderly && h.openThere(s) > 0 {
		v.Expiry = ptr(one(h, "expiry", days...))
	}
	for _, t := range h.theirs(s) {
		if *t.Detail.TypeSequence == copied && t.Disagreement == "" && !h.orderly && seldom(h, "copies") {
			v = valuesOf(s.pair, t.Detail)
		}
	}
	sequence := h.nomis.Open(of, with, v, by)
	h.Logf("  there: opened %d %s", sequence, asJSON(v))
	if v.Expiry != nil {
		h.truth.end(h.occurrence(s, sequence))
	}
}

// drawSequence draws one that NOMIS has, or 0 when it has none.
func (h *history) drawSequence(s *stream) int {
	var all []int
	for _, t := range h.theirs(s) {
		all = append(all, *t.Detail.TypeSequence)
	}
	if len(all) == 0 {
		return 0
	}
	return one(h, "sequence", all...)
}

// damage changes one row alone, or writes what the service cannot hold.
func (h *history) damage(s *stream) {
	sequence := h.drawSequence(s)
	if sequence == 0 {
		return
	}
	of, with := s.names()
	if rapid.Bool().Draw(h.T, "of the other") {
		of, with = with, of
	}
	occurrence := h.occurrence(s, sequence)
	day := one(h, "day", days...)
	what := one(h, "damage", 0, 1, 2, 3, 4)
	h.Logf("  damage %d of %d of %s", what, sequence, of)
	switch what {
	case 0:
		h.nomis.RemoveOne(of, with, sequence)
	case 1:
		h.nomis.AmendOne(of, with, sequence, func(r *nomismodel.Row) { r.Expiry = &day })
	case 2:
		h.nomis.AmendOne(of, with, sequence, func(r *nomismodel.Row) { r.Comment = ptr("other") })
	case 3:
		h.nomis.AmendOne(of, with, sequence, func(r *nomismodel.Row) { r.Expiry = nil })
	case 4:
		if h.truth.isPosted(occurrence) {
			h.truth.posted[occurrence] = uuid.Nil // by itself it no longer tells which record it is
		}
		h.nomis.Amend(of, with, sequence, h.author(), func(r *nomismodel.Row) { r.Type = odd })
	}
	h.truth.end(occurrence)
}

// booking deletes all rows with a booking, and says so.
func (h *history) booking(s *stream) {
	of, _ := s.names()
	for _, t := range h.theirs(s) {
		h.truth.end(h.occurrence(s, *t.Detail.TypeSequence))
	}
	h.nomis.DeleteBooking(of)
	s.spend(h.world)
}

// sync sends what NOMIS holds as a caller from outside does, by sequence.
func (h *history) sync(s *stream) {
	if !h.inbound {
		return
	}
	source := one(h, "source", domain.NOMIS, domain.Migration)
	told := domain.Sync{About: s.pair.Numbers()[0]}
	for _, t := range h.theirs(s) {
		if t.Disagreement == "" && t.NotHoldable == "" {
			told.Items = append(told.Items, itemOf(t.Detail))
		}
	}
	_, err := h.decide(s, source, "CALLER", told)
	h.Logf("  told: %v", err)
}
