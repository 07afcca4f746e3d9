package plan_test

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"nonassociations/domain"
)

// history draws what happens in a world.
type history struct {
	*rapid.T
	*world

	acts    int
	orderly bool // people are careful: what they do leaves no ambiguity and no damage
	removed bool // people there deleted one, which is no fact yet
	prompt  bool // no write lands late: what was created twice is not known after a merge
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
	h.Logf("%d %s at %s", h.acts, act, h.now.Format(time.DateTime))
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
		h.Logf("  inbound %v, outbound %v", h.inbound, h.outbound)
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
	c.late = !c.after && !h.orderly && !h.prompt && rapid.Bool().Draw(h.T, "lands late")
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
