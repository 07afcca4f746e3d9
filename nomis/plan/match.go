package plan

import (
	"cmp"
	"maps"
	"slices"

	"nonassociations/domain"
)

// match finds out which of ours is which of theirs, stage by stage from the surest to
// the least sure. Within a stage ours come in recorded order, the deleted ones last, and
// theirs by sequence.
func (p *planner) match() {
	for _, same := range []func(*record, *Theirs) bool{
		bySequenceAndForm(p.Pair), byCreation, bySequenceAndDay, byForm(p.Pair), p.unlessTwin(p.unlessTaken(byDayAndCodes)), p.unlessTwin(p.bySequence),
	} {
		for _, i := range p.liveFirst() {
			if p.records[i].theirs != none {
				continue
			}
			for k := range p.Theirs {
				if p.partner[k] == none && !p.isElsewhere(&p.records[i], &p.Theirs[k]) && same(&p.records[i], &p.Theirs[k]) {
					p.join(i, k)
					break
				}
			}
		}
	}
	p.matchOpen()
	p.partRepaired()
}

// partRepaired parts a deleted record from the detail that a person chose to take over: it
// is a record of its own from then on. The deleted one is released, and claims nothing.
func (p *planner) partRepaired() {
	for k, i := range p.partner {
		if i == none || !p.records[i].Deleted {
			continue
		}
		if fromNOMIS, chosen := p.repairs(nil, &p.Theirs[k]); chosen && fromNOMIS {
			p.records[i].theirs, p.partner[k] = none, none
			p.state = domain.Evolve(p.state, domain.Fact{Event: domain.SequenceReleased{
				NonAssociationID: p.records[i].ID, TypeSequence: p.records[i].TypeSequence,
			}})
		}
	}
}

// liveFirst returns the indexes of ours in recorded order, the deleted ones last: a live
// record must never be lost to a deleted one.
func (p *planner) liveFirst() []int {
	order := make([]int, len(p.records))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return compareBool(p.records[a].Deleted, p.records[b].Deleted) })
	return order
}

func (p *planner) join(i, k int) { p.records[i].theirs, p.partner[k] = k, i }

// unlessTwin leaves out what was created twice: the record that it is has its partner, and
// it is no other one.
func (p *planner) unlessTwin(same func(*record, *Theirs) bool) func(*record, *Theirs) bool {
	return func(r *record, t *Theirs) bool { return same(r, t) && p.twinOf(t) == nil }
}

// unlessTaken leaves out what would take the sequence of another record: see isTaken.
func (p *planner) unlessTaken(same func(*record, *Theirs) bool) func(*record, *Theirs) bool {
	return func(r *record, t *Theirs) bool { return same(r, t) && !p.isTaken(r, t) }
}

// isTaken reports whether a detail is matched with another record by its sequence, while
// that of the record itself is gone. NOMIS renumbers nothing: it gave the
// number of a deleted detail to a new one. Were the record that looks alike matched, the
// other one would have no sequence any more, and no message could say that it was deleted.
func (p *planner) isTaken(r *record, t *Theirs) bool {
	if r.TypeSequence == 0 || p.has(r.TypeSequence) {
		return false
	}
	return slices.ContainsFunc(p.records, func(other record) bool { return other.theirs == none && p.bySequence(&other, t) })
}

// isElsewhere reports whether NOMIS still has the sequence of a deleted record, and this
// detail is another one. One that equals what was deleted is then a new one.
func (p *planner) isElsewhere(r *record, t *Theirs) bool {
	return r.Deleted && r.TypeSequence != 0 && r.TypeSequence != t.sequence() && p.has(r.TypeSequence)
}

// bySequenceAndForm matches the sequence and all values, as they are or were.
func bySequenceAndForm(pair domain.Pair) func(*record, *Theirs) bool {
	return func(r *record, t *Theirs) bool { return bySequenceAndDay(r, t) && byForm(pair)(r, t) }
}

// byCreation matches what was created in NOMIS when its answer was lost. It comes before
// the sequence and day alone, because NOMIS may have given it the sequence of a detail
// that it lost.
func byCreation(r *record, t *Theirs) bool {
	return r.TypeSequence == 0 && !r.HasBase() && slices.ContainsFunc(r.UnheldForms(), t.is)
}

// bySequenceAndDay matches the sequence and the effective day, here or as NOMIS had it
// last. A deleted record needs the codes of both prisoners too, because NOMIS gives the
// sequence of a deleted detail to a new one.
func bySequenceAndDay(r *record, t *Theirs) bool {
	if r.TypeSequence == 0 || r.TypeSequence != t.sequence() {
		return false
	}
	if !r.Deleted {
		day, known := r.Base(domain.DetailEffectiveDate)
		return t.Detail.EffectiveDate == r.detail.EffectiveDate || known && t.Detail.EffectiveDate == *day
	}
	return t.Detail.EffectiveDate == r.detail.EffectiveDate && t.hasCodes(r.detail)
}

// byForm matches what NOMIS had last, and what the record has been since. NOMIS creates
// a detail without an expiry date, so that one is matched without it too.
func byForm(pair domain.Pair) func(*record, *Theirs) bool {
	return func(r *record, t *Theirs) bool {
		if base, whole := r.WholeBase(pair); whole && t.is(base) {
			return true
		}
		return slices.ContainsFunc(r.FormsSince(), t.is)
	}
}

// byDayAndCodes matches the effective day and the codes of both prisoners.
func byDayAndCodes(r *record, t *Theirs) bool {
	return !r.Deleted && t.Detail.EffectiveDate == r.detail.EffectiveDate && t.hasCodes(r.detail)
}

// bySequence matches the sequence alone. NOMIS may have given it to a new detail. A closed
// one of another day would end what is open here, so it needs the codes and the comment too.
func (p *planner) bySequence(r *record, t *Theirs) bool {
	if r.Deleted || r.TypeSequence == 0 || r.TypeSequence != t.sequence() {
		return false
	}
	if r.detail.IsClosed(p.today) || !t.Detail.IsClosed(p.today) {
		return true
	}
	comment, known := r.Base(domain.DetailComment)
	return t.hasCodes(r.detail) && (same(t.Detail.Comment, r.detail.Comment) || known && same(t.Detail.Comment, comment))
}

// matchOpen matches the record that is not closed with the one that counts of theirs,
// when neither has a partner.
func (p *planner) matchOpen() {
	i := slices.IndexFunc(p.records, func(r record) bool { return !r.Deleted && !r.detail.IsClosed(p.today) && r.theirs == none })
	latest := none
	for k := range p.Theirs {
		t := &p.Theirs[k]
		if p.partner[k] == none && t.NotHoldable == "" && p.twinOf(t) == nil && !t.Detail.IsClosed(p.today) &&
			(latest == none || t.countsBefore(&p.Theirs[latest], p.today)) {
			latest = k
		}
	}
	if i >= 0 && latest != none {
		p.join(i, latest)
	}
}

// countsBefore reports whether it is later than another one that is not closed either.
// One that has begun counts before one that is yet to begin.
func (t *Theirs) countsBefore(other *Theirs, today string) bool {
	return cmp.Or(
		compareBool(t.Detail.EffectiveDate <= today, other.Detail.EffectiveDate <= today),
		cmp.Compare(t.Detail.EffectiveDate, other.Detail.EffectiveDate),
		cmp.Compare(t.sequence(), other.sequence()),
	) > 0
}

// is reports whether it equals a detail, or would without the expiry date of the detail.
func (t *Theirs) is(d domain.Detail) bool {
	filled := t.filled(d)
	return filled.Equal(d) || filled.ExpiryDate == nil && filled.Equal(d.With(domain.DetailExpiryDate, nil))
}

// hasCodes reports whether the codes of both prisoners are those of a detail.
func (t *Theirs) hasCodes(d domain.Detail) bool {
	return maps.Equal(t.filled(d).ReasonCodes, d.ReasonCodes)
}

// filled returns the detail with the codes of another one where NOMIS lacks the row.
func (t *Theirs) filled(from domain.Detail) domain.Detail {
	d := t.Detail
	for number := range from.ReasonCodes {
		if t.Detail.ReasonCodes[number] == "" {
			d = d.With(domain.DetailReasonCode(number), from.Get(domain.DetailReasonCode(number)))
		}
	}
	return d
}

// compareBool orders true after false.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
