package plan_test

import (
	"fmt"
	"slices"
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

// length draws how many things happen. A single range would nearly always give a few.
func (h *history) length() int {
	return rapid.IntRange(1, 16).Draw(h.T, "acts") + one(h, "more acts", 0, 4, 8, 16)
}

// kinds draws what happens in a history, as often as it is listed. A history has few of
// the disturbances: where all occur, most of what is found is a problem that hides the rest.
func (h *history) kinds() []string {
	acts := []string{"here", "here", "here", "there", "there", "there", "turn", "turn", "turn", "time"}
	for _, disturbance := range []string{"late", "switch", "booking", "damage", "mangle", "sync"} {
		if seldom(h, disturbance) {
			acts = append(acts, disturbance)
		}
	}
	return acts
}

// happens draws one thing that happens.
func (h *history) happens(acts []string) {
	h.acts++
	act := one(h, "act", acts...)
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
		h.pass(time.Duration(one(h, "hours", 1, 6, 12, 24, 40)) * time.Hour)
	case "turn":
		h.turn(s, h.drawCrash())
	case "late":
		h.land()
	case "switch":
		h.inbound, h.outbound = !seldom(h, "inbound off"), !seldom(h, "outbound off")
		h.T.Logf("  inbound %v, outbound %v", h.inbound, h.outbound)
	case "booking":
		h.booking(s)
	case "mangle":
		h.nomis.Mangle = seldom(h, "mangles")
	case "sync":
		h.sync(s)
	}
}

func (h *history) drawCrash() crash {
	if !seldom(h, "crashes") {
		return noCrash
	}
	c := crash{at: one(h, "at call", 0, 1, 2, 3), after: rapid.Bool().Draw(h.T, "after it")}
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
	words = []string{"one", "two", "three"}
	codes = []string{"VIC", "PER", "BUL", "RIV"}
	types = []string{"CELL", "LAND", "WING", "TNA"}
	days  = []string{"2026-07-01", "2026-07-10", "2026-07-15", "2026-07-16", "2026-07-18"}
)

// one draws one of some values, each as likely as the others. The generators of rapid
// prefer the first ones, and a long history is then of one kind.
func one[T any](h *history, what string, values ...T) T {
	n := 0
	for _, bit := range rapid.SliceOfN(rapid.Bool(), 6, 6).Draw(h.T, what) {
		n *= 2
		if bit {
			n++
		}
	}
	return values[n*len(values)/64]
}

// seldom is true once in four times.
func seldom(h *history, what string) bool { return one(h, what, false, false, false, true) }

// staffHere sends a command of staff. It may be refused.
func (h *history) staffHere(s *stream) {
	var ids []uuid.UUID
	for _, n := range s.state.Items {
		ids = append(ids, n.ID)
	}
	if len(ids) == 0 || seldom(h, "opens") {
		numbers := s.pair.Numbers()
		h.staff(s, domain.Open{
			FirstPrisoner: numbers[0], Comment: fmt.Sprint("here ", h.acts),
			Reason:      one(h, "reason", domain.Threat, domain.Bullying),
			Restriction: one(h, "restriction", domain.Cell, domain.Wing),
			Roles:       map[domain.PrisonerNumber]domain.Role{numbers[0]: domain.Victim, numbers[1]: domain.Perpetrator},
		})
		return
	}
	id := one(h, "which", ids...)
	switch one(h, "command", 0, 1, 2, 3, 4, 5) {
	case 0:
		h.staff(s, domain.Amend{ID: id, Comment: ptr(one(h, "comment", words...))})
	case 1:
		h.staff(s, domain.Amend{ID: id, Restriction: ptr(one(h, "restriction", domain.Cell, domain.Wing))})
	case 2:
		h.staff(s, domain.Close{ID: id, ClosedReason: "over"})
	case 3:
		h.staff(s, domain.Close{ID: id, ClosedReason: "over", ClosedAt: ptr(domain.LocalDateTime(one(h, "day", days...) + "T00:00:00"))})
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
	if sequence == 0 || seldom(h, "opens") {
		h.opensThere(s)
		return
	}
	occurrence := h.occurrence(s, sequence)
	days, mayOpen := h.days(), !h.orderly || h.openThere(s) == 0
	what := one(h, "edit", 0, 1, 2, 3, 4, 5, 6)
	h.T.Logf("  there: edit %d of %d", what, sequence)
	if what == 6 {
		h.nomis.Remove(of, with, sequence)
		h.truth.end(occurrence)
		if h.orderly || rapid.Bool().Draw(h.T, "is told") {
			s.told(sequence, h.world)
		}
		return
	}
	value := one(h, "word", words...)
	code, typed := one(h, "code", codes...), one(h, "type", types...)
	day := one(h, "day", days...)
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
			if mayOpen {
				r.Expiry = nil
			}
		}
	})
}

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

// opensThere opens one at NOMIS's screens, beside any other.
func (h *history) opensThere(s *stream) {
	of, with := s.names()
	days := h.days()
	v := nomismodel.Values{
		Reason: one(h, "reason", codes...), RecipReason: one(h, "recip", codes...), Type: one(h, "type", types...),
		Effective: one(h, "effective", days...), Comment: ptr(fmt.Sprint("there ", h.acts)), AuthorisedBy: ptr("STAFF"),
	}
	if rapid.Bool().Draw(h.T, "expires") || h.orderly && h.openThere(s) > 0 {
		v.Expiry = ptr(one(h, "expiry", days...))
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
	source := one(h, "source", domain.NOMIS, domain.Migration)
	told := domain.Sync{About: s.pair.Numbers()[0]}
	for _, t := range h.theirs(s) {
		if t.Disagreement == "" && t.NotHoldable == "" {
			told.Items = append(told.Items, itemOf(t.Detail))
		}
	}
	_, err := h.decide(s, source, "CALLER", told)
	h.T.Logf("  told: %v", err)
}
