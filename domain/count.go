package domain

import (
	"cmp"
	"slices"
)

// candidate is where a not-closed item stands among the others of its request.
// It looks at no other not-closed item: so one that does not count, taken out of
// a request, changes nothing for the rest.
type candidate struct {
	item  int
	class class
	by    *edge // that joins it with the current record, or nil
}

// class orders the not-closed items. What has begun comes before what is yet to
// come; what tells of the current record comes before what would stand beside
// it, and what would open a closed one again comes last.
type class int

const (
	opensAnother   class = iota // a stored one that is closed, beside the current one
	comesNew                    // joined with nothing, or nothing is in its way; yet to come
	comesAsCurrent              // joined with the current one; yet to come
	begunNew
	begunAsCurrent
)

// count lets one not-closed item of the request count, and none when it would
// stand beside a stored one that the request does not close.
func (m *matcher) count() {
	m.open = slices.DeleteFunc(slices.Clone(m.active), func(i int) bool { return m.items[i].isClosed(m.today) })
	if len(m.open) == 0 {
		m.join(noPartner)
		return
	}
	last := m.first()
	m.join(last)
	if m.meansCurrent(last) {
		m.found[last].stored, m.partner[m.current] = m.current, last
	}
	if m.currentStays() && m.found[last].stored != m.current {
		m.join(noPartner)
		last = noPartner
	}
	m.explain(last)
}

// first is the not-closed item that counts before all others.
func (m *matcher) first() int {
	if len(m.open) == 1 {
		return m.open[0]
	}
	best := m.candidateOf(m.open[0])
	for _, i := range m.open[1:] {
		if other := m.candidateOf(i); m.compare(other, best) > 0 {
			best = other
		}
	}
	return best.item
}

// candidateOf classifies a not-closed item by the current record and by the day.
func (m *matcher) candidateOf(i int) candidate {
	by := m.join(i)
	begun := m.items[i].hasBegun(m.today)
	switch {
	case by != nil && by.stored == m.current && begun:
		return candidate{i, begunAsCurrent, by}
	case by != nil && by.stored == m.current:
		return candidate{i, comesAsCurrent, by}
	case by != nil && m.currentStays():
		return candidate{i, opensAnother, nil}
	case begun:
		return candidate{i, begunNew, nil}
	default:
		return candidate{i, comesNew, nil}
	}
}

// compare is positive when the first counts before the other: by class, then by
// which is the surer name of the current record, then as NOMIS's facts do.
func (m *matcher) compare(one, other candidate) int {
	if one.class == other.class && one.by != nil {
		return cmp.Or(cmp.Compare(other.by.rank, one.by.rank), cmp.Compare(other.by.place, one.by.place))
	}
	return cmp.Or(cmp.Compare(one.class, other.class), m.compareCounting(one.item, other.item))
}

// compareCounting is positive when the first of two items counts before the other.
func (m *matcher) compareCounting(one, other int) int {
	return m.items[one].compareCounting(m.state.Pair, m.items[other], m.today)
}

// currentStays reports whether a stored one is not closed and no item closes it.
func (m *matcher) currentStays() bool {
	if m.current < 0 {
		return false
	}
	item := m.partner[m.current]
	return item == noPartner || !m.items[item].isClosed(m.today)
}

// meansCurrent reports whether the item that counts tells of the stored one that
// is not closed, though nothing joins them: how two are kept apart today is one
// record. What is yet to come never takes the place of what has begun.
func (m *matcher) meansCurrent(last int) bool {
	if m.found[last].stored >= 0 || !m.currentStays() {
		return false
	}
	return m.items[last].hasBegun(m.today) || m.state.Items[m.current].EffectiveDate.Date() > m.today
}

// explain gives its reason to each not-closed item that does not count. last is the
// item that counts, or noPartner when the stored not-closed record counts.
func (m *matcher) explain(last int) {
	for _, i := range m.open {
		if i == last {
			continue
		}
		m.found[i].ignored, m.found[i].beside = AnotherNotClosed, last
		switch {
		case last == noPartner:
			m.found[i].counts = m.state.Items[m.current].ID
		case m.compareCounting(i, last) < 0:
			m.found[i].ignored = NotLatest
		}
	}
}

// owners returns for each stored record the not-closed item that names it by its id.
func (m *matcher) owners() []int {
	owner := make([]int, len(m.state.Items))
	for k := range owner {
		owner[k] = noPartner
	}
	for _, i := range m.active {
		if k := m.named(m.items[i]); k >= 0 && !m.items[i].isClosed(m.today) {
			owner[k] = i
		}
	}
	return owner
}
