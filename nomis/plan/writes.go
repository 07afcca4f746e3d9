package plan

import (
	"fmt"
	"slices"
	"time"

	"nonassociations/domain"
)

// The order in which the steps of a pair are taken. A put that closes comes before the
// posts, because NOMIS creates nothing while another one is open.
const (
	rankRevert = iota + 1
	rankLearn
	rankRelease
	rankDelete
	rankTake
	rankRemove
	rankPutClosing
	rankPostClosed
	rankPut
	rankPost
	rankConfirm
)

// put adds the write of a record that NOMIS holds otherwise, or why it is not written.
// What is to be taken over first is not written before.
func (p *planner) put(r *record, t *Theirs, c comparison) {
	if !c.merged.Equal(r.detail) {
		return
	}
	refused, isRefused := p.decision(Refusal, r, t)
	_, chosen := p.repairs(r, t)
	other := p.openBeside(t)
	switch {
	case t.Disagreement != "" && !p.mends(r, t, chosen):
		p.problem(r, t, MirrorsDisagree, nil, t.Disagreement)
	case c.target.EffectiveDate > p.today:
		p.wait(r, t, startOf(c.target.EffectiveDate, p.Now.Location()), whyFuture(c.target))
	case p.isFuture(r, t):
	case isRefused && !chosen:
		p.problem(r, t, Refused, nil, whyRefused(refused))
	case p.isNotTaken(r, t) && !chosen:
		p.problem(r, t, NotTaken, c.target.Differences(p.Pair, c.theirs), whyNotTaken(p, r, c))
	case !t.Open && c.target.ExpiryDate == nil && other != nil && !chosen:
		p.problem(r, t, BlockedByOpen, []domain.DetailField{domain.DetailExpiryDate}, whyBlockedReopening(t, other))
	case p.Policy.Outbound:
		rank := rankPut
		if r.detail.IsClosed(p.today) && !t.Detail.IsClosed(p.today) {
			rank = rankPutClosing
		}
		p.step(rank, r, Step{
			Action: Put, TypeSequence: t.sequence(), Detail: numbered(c.target, t), Held: c.held, Why: whyPut(p, c),
		})
	}
}

// isNotTaken reports whether NOMIS accepted the record as it is and did not take it. It is
// sent again when a person has asked since.
func (p *planner) isNotTaken(r *record, t *Theirs) bool {
	readBack, is := r.ReadBack()
	if !is || readBack.Revision < r.Revision() || !readBack.Detail.Equal(t.Detail) {
		return false
	}
	// What is read back after the person asked has at least the revision at which they did.
	return p.Policy.AskedAt == nil || int64(readBack.Revision) >= *p.Policy.AskedAt //nolint:gosec // revisions stay far below 2⁶³
}

// openBeside returns another detail of NOMIS that has no expiry date, or nil. A put makes
// no second one: NOMIS takes it, but would then hold the pair open twice.
func (p *planner) openBeside(t *Theirs) *Theirs {
	for k := range p.Theirs {
		if other := &p.Theirs[k]; other != t && other.Open {
			return other
		}
	}
	return nil
}

// mends reports whether a put makes the two rows of NOMIS agree without a loss: ours is
// closed and one of the rows is closed too, or a person chose ours. A row that is
// missing cannot be written.
func (p *planner) mends(r *record, t *Theirs, chosen bool) bool {
	return !t.RowMissing && (chosen || r.detail.IsClosed(p.today) && t.OneRowClosed)
}

// isFuture adds the wait for an effective day that NOMIS said is in the future.
func (p *planner) isFuture(r *record, t *Theirs) bool {
	if _, is := p.decision(Future, r, t); !is {
		return false
	}
	p.wait(r, t, time.Time{}, "NOMIS says that the effective date is in the future")
	return true
}

// compareAlone adds what a record without a partner asks for.
func (p *planner) compareAlone(r *record) {
	if r.Deleted {
		if r.TypeSequence != 0 || r.HasBase() {
			p.step(rankRelease, r, Step{Action: Release, TypeSequence: r.TypeSequence, Why: whyRelease(p, r)})
		}
		return
	}
	_, accepted := p.decision(Accepted, r, nil)
	p.plan.Matches = append(p.plan.Matches, Match{Ours: &r.NonAssociation, Accepted: accepted})
	fromNOMIS, chosen := p.repairs(r, nil)
	switch {
	case accepted:
	case chosen && fromNOMIS:
		p.step(rankDelete, r, Step{Action: Delete, TypeSequence: r.TypeSequence, Why: "A person chose NOMIS, which does not hold the record."})
	case chosen, p.isToPost(r):
		p.post(r, chosen)
	case r.TypeSequence != 0 && p.hasFree(r.TypeSequence): // else what is taken over under it would be this record
		p.step(rankRelease, r, Step{Action: Release, TypeSequence: r.TypeSequence, Why: whyReleaseReused(r)})
	case r.TypeSequence != 0 && p.has(r.TypeSequence): // the one that has it learns it first
	default:
		p.gone(r)
	}
}

// isToPost reports whether a record is new to NOMIS: staff opened it, and NOMIS was never
// known to hold it.
func (p *planner) isToPost(r *record) bool {
	return r.CreatedSource == domain.DPS && r.TypeSequence == 0 && !r.Held()
}

// has reports whether either row of NOMIS has a sequence.
func (p *planner) has(sequence int) bool {
	return slices.ContainsFunc(p.Theirs, func(t Theirs) bool { return t.sequence() == sequence })
}

// hasFree reports whether NOMIS has a sequence, and its detail is no record of ours.
func (p *planner) hasFree(sequence int) bool {
	k := slices.IndexFunc(p.Theirs, func(t Theirs) bool { return t.sequence() == sequence })
	return k >= 0 && p.partner[k] == none
}

// gone adds what a live record asks for that NOMIS held and holds no longer. Absence
// alone is no fact: only a message of a deletion, whose time has come, deletes it.
func (p *planner) gone(r *record) {
	ripe, deleted := p.Policy.Deletions[r.TypeSequence]
	base, whole := r.WholeBase(p.Pair)
	_, switched := p.decision(Switched, r, nil)
	switch {
	case r.TypeSequence == 0 || !deleted:
		p.problem(r, nil, OnlyHere, nil, whyOnlyHere(r))
	case p.Now.Before(ripe):
		p.wait(r, nil, ripe, fmt.Sprintf("NOMIS deleted sequence %d, and the cause may still be a merge or a deleted booking.", r.TypeSequence))
	case !p.Policy.Inbound, switched:
		p.problem(r, nil, ChangedAfterSwitch, nil, whyDeletedAfterSwitch(r))
	case !whole || !base.Equal(r.detail):
		p.problem(r, nil, DeletedThere, nil, whyDeletedThere(r))
	default:
		p.step(rankDelete, r, Step{Action: Delete, TypeSequence: r.TypeSequence, Why: whyDelete(r)})
	}
}

// post adds the creation of a record in NOMIS, or why it is not created.
func (p *planner) post(r *record, chosen bool) {
	refused, isRefused := p.decision(Refusal, r, nil)
	open := slices.IndexFunc(p.Theirs, func(t Theirs) bool { return t.Open })
	switch {
	case r.detail.EffectiveDate > p.today:
		p.wait(r, nil, startOf(r.detail.EffectiveDate, p.Now.Location()), whyFuture(r.detail))
	case p.isFuture(r, nil):
	case isRefused && !chosen:
		p.problem(r, nil, Refused, nil, whyRefused(refused))
	case open >= 0:
		p.problem(r, nil, BlockedByOpen, nil, whyBlocked(&p.Theirs[open]))
	case p.uneven() != "":
		p.problem(r, nil, MirrorsDisagree, nil, p.uneven())
	case p.Policy.Outbound:
		rank := rankPost
		if r.detail.IsClosed(p.today) {
			rank = rankPostClosed
		}
		p.step(rank, r, Step{Action: Post, Detail: r.detail, Why: whyPost(r)})
	}
}

// startOf returns the midnight at which a day begins. The time is zero for a day that is
// none.
func startOf(day string, location *time.Location) time.Time {
	start, err := time.ParseInLocation(time.DateOnly, day, location)
	if err != nil {
		return time.Time{}
	}
	return start
}
