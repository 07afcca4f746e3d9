package domain

import (
	"cmp"
	"slices"
)

// candidate is an item that is not closed, with its precedence among the others of the
// request. It does not depend on the other open items. An item that is ignored in the
// end could therefore be left out of the request without any effect on the rest.
type candidate struct {
	item  int
	class class
	by    *edge // that joins it with the current record, or nil
}

// class is the first criterion of precedence among the open items. An item that has
// begun precedes one that has not. An item for the current record precedes one beside
// it. An item that would reopen a closed record is last.
type class int

const (
	opensAnother   class = iota // a stored one that is closed, beside the current one
	comesNew                    // joined with nothing, or nothing is in its way; yet to come
	comesAsCurrent              // joined with the current one; yet to come
	begunNew
	begunAsCurrent
)

// count selects the one open item of the request that is recorded, because a pair has
// at most one record that is not closed. It selects none when the item would stand
// beside a stored open record that the request does not close.
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

// first returns the open item that precedes all others.
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

// candidateOf returns the precedence of an open item. It matches the closed items and
// this one, as if the request had no other open item.
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

// compare is positive when the first candidate precedes the other: by class, then by
// how certain it is that it is the current record, then by compareCounting.
func (m *matcher) compare(one, other candidate) int {
	if one.class == other.class && one.by != nil {
		return cmp.Or(cmp.Compare(other.by.rank, one.by.rank), cmp.Compare(other.by.place, one.by.place))
	}
	return cmp.Or(cmp.Compare(one.class, other.class), m.compareCounting(one.item, other.item))
}

func (m *matcher) compareCounting(one, other int) int {
	return m.items[one].compareCounting(m.state.Pair, m.items[other], m.today)
}

// currentStays reports whether the pair has an open record that no item closes.
func (m *matcher) currentStays() bool {
	if m.current < 0 {
		return false
	}
	item := m.partner[m.current]
	return item == noPartner || !m.items[item].isClosed(m.today)
}

// meansCurrent reports whether the selected item is about the open stored record,
// although no stage matches them. A pair is kept apart once at a time, so an open item
// is about the open record. An item that has not begun yet never replaces a record that
// has.
func (m *matcher) meansCurrent(last int) bool {
	if m.found[last].stored >= 0 || !m.currentStays() {
		return false
	}
	return m.items[last].hasBegun(m.today) || m.state.Items[m.current].EffectiveDate.Date() > m.today
}

// explain gives the open items that were not selected their reason. last is the
// selected item, or noPartner when the stored open record stays.
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

// owners returns for each stored record the open item that names it by its id, or
// noPartner.
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
