package plan_test

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/internal/dev/nomismodel"
)

// history draws what happens in a world.
type history struct {
	*rapid.T
	*world

	acts    int
	orderly bool // people are careful: what they do leaves no ambiguity and no damage
}

func newHistory(t *rapid.T) *history {
	h := &history{T: t, world: newWorld(t)}
	h.lag = time.Duration(rapid.IntRange(0, 2).Draw(t, "NOMIS is behind by hours")) * time.Hour
	h.pass(0)
	return h
}

// goes draws one thing that happens.
func (h *history) happens(acts []string) {
	h.acts++
	act := rapid.SampledFrom(acts).Draw(h.T, "act")
	s := h.of(pair)
	h.T.Logf("%d %s at %s", h.acts, act, h.now.Format(time.DateTime))
	switch act {
	case "here":
		h.staffHere(s)
	case "there":
		h.staffThere(s)
	case "damage":
		h.damage(s)
	case "time":
		h.pass(time.Duration(rapid.IntRange(1, 40).Draw(h.T, "hours")) * time.Hour)
	case "turn":
		h.turn(s, h.drawCrash())
	case "late":
		h.land()
	case "switch":
		h.inbound, h.outbound = rapid.Bool().Draw(h.T, "inbound"), rapid.Bool().Draw(h.T, "outbound")
		h.T.Logf("  inbound %v, outbound %v", h.inbound, h.outbound)
	case "booking":
		h.booking(s)
	case "mangle":
		h.nomis.Mangle = !h.nomis.Mangle
	case "sync":
		h.sync(s)
	}
}

func (h *history) drawCrash() crash {
	if !rapid.Bool().Draw(h.T, "crashes") {
		return noCrash
	}
	c := crash{at: rapid.IntRange(0, 6).Draw(h.T, "at call"), after: rapid.Bool().Draw(h.T, "after it")}
	c.late = !c.after && rapid.Bool().Draw(h.T, "lands late")
	return c
}

// land lets the writes of dead processes land.
func (h *history) land() {
	late := h.late
	h.late = nil
	for _, write := range late {
		write()
	}
}

var (
	words      = rapid.SampledFrom([]string{"one", "two", "three"})
	codesDrawn = rapid.SampledFrom([]string{"VIC", "PER", "BUL", "RIV"})
	typesDrawn = rapid.SampledFrom([]string{"CELL", "LAND", "WING", "TNA"})
	daysDrawn  = rapid.SampledFrom([]string{"2026-07-01", "2026-07-10", "2026-07-15", "2026-07-16", "2026-07-18"})
)

// staffHere sends a command of staff. It may be refused.
func (h *history) staffHere(s *stream) {
	var ids []uuid.UUID
	for _, n := range s.state.Items {
		ids = append(ids, n.ID)
	}
	if len(ids) == 0 || rapid.Bool().Draw(h.T, "opens") {
		numbers := s.pair.Numbers()
		h.staff(s, domain.Open{
			FirstPrisoner: numbers[0], Comment: fmt.Sprint("here ", h.acts),
			Reason:      rapid.SampledFrom([]domain.Reason{domain.Threat, domain.Bullying}).Draw(h.T, "reason"),
			Restriction: rapid.SampledFrom([]domain.Restriction{domain.Cell, domain.Wing}).Draw(h.T, "restriction"),
			Roles:       map[domain.PrisonerNumber]domain.Role{numbers[0]: domain.Victim, numbers[1]: domain.Perpetrator},
		})
		return
	}
	id := rapid.SampledFrom(ids).Draw(h.T, "which")
	switch rapid.IntRange(0, 5).Draw(h.T, "command") {
	case 0:
		h.staff(s, domain.Amend{ID: id, Comment: ptr(words.Draw(h.T, "comment"))})
	case 1:
		h.staff(s, domain.Amend{ID: id, Restriction: ptr(rapid.SampledFrom([]domain.Restriction{domain.Cell, domain.Wing}).Draw(h.T, "restriction"))})
	case 2:
		h.staff(s, domain.Close{ID: id, ClosedReason: "over"})
	case 3:
		h.staff(s, domain.Close{ID: id, ClosedReason: "over", ClosedAt: ptr(domain.LocalDateTime(daysDrawn.Draw(h.T, "day") + "T00:00:00"))})
	case 4:
		h.staff(s, domain.Reopen{ID: id, ReopenReason: "again"})
	default:
		h.staff(s, domain.Delete{ID: id})
	}
}

// staffThere does something at NOMIS's screens.
func (h *history) staffThere(s *stream) {
	of, with := s.names()
	sequence := h.drawSequence(s)
	if sequence == 0 || rapid.Bool().Draw(h.T, "opens") {
		h.opensThere(s)
		return
	}
	occurrence := h.occurrence(s, sequence)
	what := rapid.IntRange(0, 6).Draw(h.T, "edit")
	h.T.Logf("  there: edit %d of %d", what, sequence)
	if what == 6 {
		h.nomis.Remove(of, with, sequence)
		h.truth.end(occurrence)
		if h.orderly || rapid.Bool().Draw(h.T, "is told") {
			s.told(sequence, h.world)
		}
		return
	}
	value := words.Draw(h.T, "word")
	code, typed := codesDrawn.Draw(h.T, "code"), typesDrawn.Draw(h.T, "type")
	day := daysDrawn.Draw(h.T, "day")
	h.nomis.Amend(of, with, sequence, "STAFF", func(r *nomismodel.Row) {
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
			r.Expiry = nil
		}
	})
}

// opensThere opens one at NOMIS's screens, beside any other.
func (h *history) opensThere(s *stream) {
	of, with := s.names()
	v := nomismodel.Values{
		Reason: codesDrawn.Draw(h.T, "reason"), RecipReason: codesDrawn.Draw(h.T, "recip"), Type: typesDrawn.Draw(h.T, "type"),
		Effective: daysDrawn.Draw(h.T, "effective"), Comment: ptr(fmt.Sprint("there ", h.acts)), AuthorisedBy: ptr("STAFF"),
	}
	if rapid.Bool().Draw(h.T, "expires") {
		v.Expiry = ptr(daysDrawn.Draw(h.T, "expiry"))
	}
	sequence := h.nomis.Open(of, with, v, "STAFF")
	h.T.Logf("  there: opened %d %+v until %v", sequence, v, v.Expiry != nil)
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
	return rapid.SampledFrom(all).Draw(h.T, "sequence")
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
	day := daysDrawn.Draw(h.T, "day")
	what := rapid.IntRange(0, 4).Draw(h.T, "damage")
	h.T.Logf("  damage %d of %d of %s", what, sequence, of)
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
		h.nomis.Amend(of, with, sequence, "STAFF", func(r *nomismodel.Row) { r.Type = odd })
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
	source := rapid.SampledFrom([]domain.Source{domain.NOMIS, domain.Migration}).Draw(h.T, "source")
	told := domain.Sync{About: s.pair.Numbers()[0]}
	for _, t := range h.theirs(s) {
		if t.Disagreement == "" && t.NotHoldable == "" {
			told.Items = append(told.Items, itemOf(t.Detail))
		}
	}
	_, err := h.decide(s, source, "CALLER", told)
	h.T.Logf("  told: %v", err)
}
