package plan

import (
	"cmp"
	"fmt"
	"slices"

	"nonassociations/domain"
)

// onlyTheirs adds what the details of NOMIS ask for that no record of ours is.
func (p *planner) onlyTheirs() {
	for k := range p.Theirs {
		if p.partner[k] != none {
			continue
		}
		t := &p.Theirs[k]
		_, accepted := p.decision(Accepted, nil, t)
		p.plan.Matches = append(p.plan.Matches, Match{Theirs: t, Accepted: accepted})
		fromNOMIS, chosen := p.repairs(nil, t)
		switch {
		case accepted:
		case chosen && !fromNOMIS:
			p.remove(t, "A person chose the record here, which does not have this one.")
		case t.NotHoldable != "":
			p.problem(nil, t, NotHoldable, nil, t.NotHoldable)
		case chosen: // it is taken over
		case p.twinOf(t) != nil:
			p.remove(t, whyTwin(p.twinOf(t), t))
		}
	}
}

// remove adds the removal of a detail that no record of ours is, or why it is not removed.
func (p *planner) remove(t *Theirs, why string) {
	refused, isRefused := p.decision(Refusal, nil, t)
	switch {
	case t.RowMissing:
		p.problem(nil, t, MirrorsDisagree, nil, t.Disagreement)
	case p.unequal() != "":
		p.problem(nil, t, MirrorsDisagree, nil, p.unequal())
	case isRefused:
		p.problem(nil, t, Refused, nil, whyRefused(refused))
	case p.Policy.Outbound:
		p.plan.Steps = append(p.plan.Steps, Step{Action: Remove, TypeSequence: t.sequence(), Why: why, rank: rankRemove})
	}
}

// twinOf returns the record that was created in NOMIS twice, because the answer to the
// first creation was lost. The twin equals what the record was before NOMIS was known to
// hold it, has a higher sequence, and was written by the service: both rows, or the one that
// is left. People
// who keep both systems may write the same in both, so that the name decides: what they
// wrote in NOMIS may be all that keeps the pair apart. It returns nil for another detail.
func (p *planner) twinOf(t *Theirs) *record {
	if !slices.Contains(p.Policy.Authors, t.UpdatedBy) {
		return nil
	}
	if !t.RowMissing && !p.isByService(t) {
		return nil
	}
	for i := range p.records {
		r := &p.records[i]
		if r.Deleted || r.theirs == none || r.CreatedSource != domain.DPS {
			continue
		}
		first := &p.Theirs[r.theirs]
		if t.sequence() > first.sequence() && t.UpdatedBy == first.UpdatedBy && p.isOurs(r, first) &&
			slices.ContainsFunc(r.UnheldForms(), t.is) {
			return r
		}
	}
	return nil
}

// isOurs reports whether NOMIS holds the partner of a record as the service wrote it last, so
// that its author there is the service.
func (p *planner) isOurs(r *record, t *Theirs) bool {
	readBack, is := r.ReadBack()
	written := !r.HasBase() || is && r.Delivery().Revision == readBack.Revision
	return written && len(p.compared(r, t).there) == 0
}

// candidate is an item of a take, with what it is of.
type candidate struct {
	item   domain.Item
	record *record // nil for one that is only in NOMIS
	theirs *Theirs
	news   bool // it would likely append something
	// becomes is the form that the record had before and would get back, nil for another.
	becomes *domain.Detail
}

// take adds one Sync of all details of the pair when it would append something. It
// reports those that may not be taken over now.
func (p *planner) take() {
	candidates := p.candidates()
	if len(candidates) == 0 {
		return
	}
	sync, decision, err := p.decide(candidates)
	if err != nil {
		p.problem(nil, nil, NoProgress, nil, "What NOMIS holds cannot be recorded: "+err.Error())
		return
	}
	for n, c := range candidates {
		p.taken(c, decision.Outcomes[n])
		p.plan.Told = append(p.plan.Told, Told{c.theirs.sequence(), decision.Outcomes[n]})
	}
	if !p.Policy.Inbound {
		candidates = slices.DeleteFunc(candidates, func(c candidate) bool { return !p.isChosen(c) })
		sync, decision, err = p.decide(candidates)
	}
	if err != nil || len(decision.Events) == 0 {
		return
	}
	var back []GivenBack
	for n, c := range candidates {
		if c.becomes != nil && decision.Outcomes[n].Kind == domain.Changed {
			back = append(back, GivenBack{c.record.ID, c.record.detail, *c.becomes})
		}
	}
	p.plan.Steps = append(p.plan.Steps, Step{Action: Take, Sync: sync, GivesBack: back, Why: whyTake(decision), rank: rankTake})
}

// decide returns the Sync of candidates and what it would come to.
func (p *planner) decide(candidates []candidate) (domain.Sync, domain.Decision, error) {
	sync := domain.Sync{About: p.Pair.Numbers()[0]}
	for _, c := range candidates {
		sync.Items = append(sync.Items, c.item)
	}
	decision, err := domain.Decide(p.state, sync, p.Now, domain.Cause{Source: cmp.Or(p.Source, domain.NOMIS)})
	return sync, decision, err
}

// isChosen reports whether a person chose what NOMIS holds for a candidate.
func (p *planner) isChosen(c candidate) bool {
	fromNOMIS, chosen := p.repairs(c.record, c.theirs)
	return chosen && fromNOMIS
}

// taken reports what would not be taken over: a detail that would open the pair twice, and
// one that is only in NOMIS while its changes are not allowed.
func (p *planner) taken(c candidate, outcome domain.Outcome) {
	t := c.theirs
	switch {
	case outcome.Kind == domain.WasIgnored && outcome.Reason != domain.NamesDeleted:
		p.problem(c.record, t, AnotherOpen, nil, whyAnotherOpen(t, outcome))
	case c.record == nil && !p.Policy.Inbound && (outcome.Kind == domain.Created || outcome.Kind == domain.Changed):
		p.problem(nil, t, ChangedAfterSwitch, nil, whyNewAfterSwitch(t))
	}
}

// candidates returns the items that the record could take over, at most as many as one
// Sync may have: those first that would append something.
func (p *planner) candidates() []candidate {
	var all []candidate
	for k := range p.Theirs {
		t := &p.Theirs[k]
		if i := p.partner[k]; i != none {
			if r := &p.records[i]; p.isTakable(r, t) {
				all = append(all, p.known(r, t))
			}
			continue
		}
		if p.isCreatable(t) {
			all = append(all, candidate{item: p.itemOf(t), theirs: t, news: true})
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return compareBool(!a.news, !b.news) })
	return all[:min(len(all), domain.MaxItems)]
}

// isTakable reports whether the partner of a record takes part in a take.
func (p *planner) isTakable(r *record, t *Theirs) bool {
	_, accepted := p.decision(Accepted, r, t)
	return !r.Deleted && !accepted && t.NotHoldable == ""
}

// isCreatable reports whether a detail that is only in NOMIS takes part in a take. It
// reports one that waits for a person, and one that a merge is expected to bring.
func (p *planner) isCreatable(t *Theirs) bool {
	_, accepted := p.decision(Accepted, nil, t)
	fromNOMIS, chosen := p.repairs(nil, t)
	switch {
	case accepted, chosen && !fromNOMIS, t.NotHoldable != "":
		return false
	case chosen:
		return true
	case p.twinOf(t) != nil:
		return false
	}
	if _, held := p.decision(Switched, nil, t); held {
		p.problem(nil, t, ChangedAfterSwitch, nil, whyNewAfterSwitch(t))
		return false
	}
	if p.Now.Before(p.Policy.CreateAfter) {
		p.wait(nil, t, p.Policy.CreateAfter, "A merge that NOMIS names is expected to bring this record.")
		return false
	}
	return true
}

// known returns the item of a record with its merged values. What NOMIS did not change
// is exactly what is stored, so that a cut text or a time of day is no difference. Another
// sequence is learned by a step of its own.
func (p *planner) known(r *record, t *Theirs) candidate {
	c := p.compared(r, t)
	item := domain.Item{
		ID: r.ID, DatePrecision: domain.Day, UpdatedBy: t.UpdatedBy,
		AuthorisedBy: r.AuthorisedBy, Comment: r.Comment, TypeCode: c.merged.TypeCode, ReasonCodes: c.merged.ReasonCodes,
		EffectiveDate: midnight(c.merged.EffectiveDate), ExpiryDate: midnightOf(c.merged.ExpiryDate),
	}
	if r.TypeSequence == t.sequence() {
		item.TypeSequence = r.TypeSequence
	}
	texts := t.texts()
	if !same(c.merged.AuthorisedBy, r.detail.AuthorisedBy) {
		item.AuthorisedBy = texts.AuthorisedBy
	}
	if !same(c.merged.Comment, r.detail.Comment) {
		item.Comment = texts.Comment
	}
	if same(c.merged.ExpiryDate, r.detail.ExpiryDate) {
		item.ExpiryDate = r.ExpiryDate
	}
	known := candidate{item: item, record: r, theirs: t, news: !c.merged.Equal(r.detail)}
	if known.news && p.countsAsGivenBack(r, c.merged) {
		known.becomes = &c.merged
	}
	return known
}

// itemOf returns the item of a detail that is only in NOMIS. A code that NOMIS lacks is
// UNKNOWN.
func (p *planner) itemOf(t *Theirs) domain.Item {
	codes, texts := map[domain.PrisonerNumber]domain.ReasonCode{}, t.texts()
	for _, number := range p.Pair.Numbers() {
		codes[number] = cmp.Or(t.Detail.ReasonCodes[number], domain.CodeUnknown)
	}
	return domain.Item{
		TypeSequence: t.sequence(), DatePrecision: domain.Day, UpdatedBy: t.UpdatedBy,
		AuthorisedBy: texts.AuthorisedBy, Comment: texts.Comment, TypeCode: t.Detail.TypeCode, ReasonCodes: codes,
		EffectiveDate: midnight(t.Detail.EffectiveDate), ExpiryDate: midnightOf(t.Detail.ExpiryDate),
	}
}

// texts returns the detail with the texts that are taken over.
func (t *Theirs) texts() domain.Detail {
	if t.Texts != nil {
		return *t.Texts
	}
	return t.Detail
}

func midnight(day string) domain.LocalDateTime { return domain.LocalDateTime(day + "T00:00:00") }

func midnightOf(day *string) *domain.LocalDateTime {
	if day == nil {
		return nil
	}
	at := midnight(*day)
	return &at
}

// whyTake counts what a take would append.
func whyTake(d domain.Decision) string {
	var created, changed, ignored int
	for _, o := range d.Outcomes {
		switch o.Kind {
		case domain.Created:
			created++
		case domain.Changed:
			changed++
		case domain.WasIgnored:
			ignored++
		case domain.Unchanged:
		}
	}
	return fmt.Sprintf("Of what NOMIS holds: %d new here, %d changed there, %d not counted beside another.", created, changed, ignored)
}
