package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/internal/dev/nomismodel"
)

// Both staffs change one record at the same time, each field anew or not at all. Every
// change survives, but for a field that both changed: there the later expiry and the
// stricter type win, and otherwise NOMIS. A write of ours whose answer was lost in between
// is no change of NOMIS.
func TestProperty_changesOfBothSidesMeetFieldByField(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t)
		h.orderly, h.lag = true, 0
		h.pass(0)
		s := h.of(pair)
		of, with := s.names()
		if rapid.Bool().Draw(t, "from there") {
			h.nomis.Open(of, with, nomismodel.Values{
				Reason: "VIC", RecipReason: "PER", Type: "LAND", Effective: "2026-07-10", Comment: ptr("first"), AuthorisedBy: ptr("OFFICER"),
			}, "STAFF")
		} else {
			h.staff(s, domain.Open{
				FirstPrisoner: low, Comment: "first", Reason: domain.Threat, Restriction: domain.Landing,
				Roles: map[domain.PrisonerNumber]domain.Role{low: domain.Victim, high: domain.Perpetrator},
			})
		}
		h.calm()
		base := h.theirs(s)[0].Detail
		id := s.state.Items[0].ID
		for range rapid.IntRange(0, 2).Draw(t, "writes before") {
			h.staff(s, domain.Amend{ID: id, Comment: ptr(one(h, "written", words...))})
			h.turn(s, crash{at: one(h, "at", 0, 1), after: true})
		}
		if written := h.theirs(s)[0].Detail; !written.Equal(base) {
			base = written
		}
		ours := h.changesHere(s)
		theirs := h.changesThere(s)
		h.calm()

		want := base
		for _, f := range domain.DetailFields(s.pair) {
			switch before, here, there := base.Get(f), ours.Get(f), theirs.Get(f); {
			case equal(before, there):
				want = want.With(f, here)
			case equal(before, here), f == domain.DetailComment:
				want = want.With(f, there)
			case f == domain.DetailExpiryDate && there != nil:
				want = want.With(f, laterDay(here, there))
			case f == domain.DetailTypeCode && domain.TypeCode(*here).StricterThan(domain.TypeCode(*there)):
				want = want.With(f, here)
			default:
				want = want.With(f, there)
			}
		}
		require.Equal(t, []string{text(want)}, h.textsHere(s))
		require.Equal(t, h.textsHere(s), h.textsThere(s))
	})
}

// NOMIS's staff change a record between a write of the service and its reading back. They
// saw what was written, so what they made of it is what both hold in the end.
func TestProperty_aChangeRightAfterAWriteIsInBothSystems(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t)
		h.orderly, h.lag = true, 0
		s := h.of(pair)
		created := rapid.Bool().Draw(t, "it creates")
		var theirs domain.Detail
		change := func() { theirs = h.changesThere(s) }
		if created {
			h.meanwhile = change
		}
		h.staff(s, domain.Open{
			FirstPrisoner: low, Comment: "first", Reason: domain.Threat, Restriction: domain.Landing,
			Roles: map[domain.PrisonerNumber]domain.Role{low: domain.Victim, high: domain.Perpetrator},
		})
		h.calm()
		if !created {
			h.meanwhile = change
			h.changesHere(s)
			h.calm()
		}
		if h.meanwhile != nil { // nothing was to be written
			return
		}
		require.Equal(t, []string{text(theirs)}, h.textsThere(s))
		require.Equal(t, h.textsThere(s), h.textsHere(s))
		require.Empty(t, h.plan(s).Problems)
	})
}

// changesHere amends the record of staff, and may close it. It returns what it is then.
func (h *history) changesHere(s *stream) domain.Detail {
	id := s.state.Items[0].ID
	if rapid.Bool().Draw(h.T, "comments") {
		h.staff(s, domain.Amend{ID: id, Comment: ptr("here")})
	}
	if rapid.Bool().Draw(h.T, "restricts") {
		h.staff(s, domain.Amend{ID: id, Restriction: ptr(one(h, "restriction", domain.Cell, domain.Landing, domain.Wing))})
	}
	if rapid.Bool().Draw(h.T, "bullying") {
		h.staff(s, domain.Amend{ID: id, Reason: ptr(domain.Bullying)})
	}
	if rapid.Bool().Draw(h.T, "closes") {
		h.staff(s, domain.Close{ID: id, ClosedReason: "over"})
	}
	d, _ := s.state.Items[0].Detail()
	return d
}

// changesThere amends the record in NOMIS. It returns what NOMIS holds then.
func (h *history) changesThere(s *stream) domain.Detail {
	of, with := s.names()
	comments, types := rapid.Bool().Draw(h.T, "comments there"), rapid.Bool().Draw(h.T, "types there")
	codes, closes := rapid.Bool().Draw(h.T, "codes there"), rapid.Bool().Draw(h.T, "closes there")
	typed, day := one(h, "type", typesThere...), one(h, "day", "2026-07-12", "2026-07-18")
	h.nomis.Amend(of, with, 1, "STAFF", func(r *nomismodel.Row) {
		if comments {
			r.Comment = ptr("there")
		}
		if types {
			r.Type = typed
		}
		if codes && r.Of == of {
			r.Reason = "RIV"
		}
		if closes {
			r.Expiry = &day
			h.truth.end(r.Occurrence)
		}
	})
	return h.theirs(s)[0].Detail
}

var typesThere = []string{"CELL", "WING", "TNA"}

// equal reports whether two optional values are equal.
func equal(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }

// laterDay is the later of two days, none being the latest.
func laterDay(a, b *string) *string {
	if a == nil || b == nil {
		return nil
	}
	return ptr(max(*a, *b))
}
