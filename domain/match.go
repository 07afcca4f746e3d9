package domain

import (
	"cmp"
	"slices"

	"github.com/google/uuid"
)

// matching says what an incoming item is in the pair's record.
type matching struct {
	stored  int          // index of the stored one that it is, or -1
	ignored IgnoreReason // why it is none, or ""
	beside  int          // ignored: index of the incoming item that counts, or -1
	counts  uuid.UUID    // ignored: the stored one that counts, when beside is -1
}

// match finds for every incoming item the stored one that it is. It works
// stage by stage over all items, each time in the order of their content, so
// that the order of the request never changes who matches whom.
func match(s State, items []Item, today string) []matching {
	m := matcher{state: s, items: items, today: today, found: make([]matching, len(items)), taken: map[int]bool{}}
	for i := range items {
		m.found[i] = matching{stored: -1, beside: -1}
		m.open = append(m.open, i)
	}
	slices.SortStableFunc(m.open, func(a, b int) int { return cmp.Compare(items[a].content(), items[b].content()) })
	m.setAsideDeleted()
	m.keepLatestNotClosed()
	m.stage(func(item Item, n NonAssociation) bool { return item.ID == n.ID })
	m.stage(func(item Item, n NonAssociation) bool {
		return item.TypeSequence != 0 && item.TypeSequence == n.TypeSequence
	})
	m.stage(sameStart)
	m.stage(func(item Item, n NonAssociation) bool { return !item.isClosed(today) && !n.IsClosed(today) })
	m.keepOneNotClosed()
	return m.found
}

// sameStart joins by the effective date, but never two that NOMIS numbered
// differently.
func sameStart(item Item, n NonAssociation) bool {
	numberedApart := item.TypeSequence != 0 && n.TypeSequence != 0 && item.TypeSequence != n.TypeSequence
	return item.EffectiveDate == n.EffectiveDate && !numberedApart
}

type matcher struct {
	state State
	items []Item
	today string
	found []matching
	open  []int        // incoming items without an answer yet, in the order of their content
	taken map[int]bool // stored ones that an item has matched
}

// stage lets every open item take a free stored one that is it: first those
// that are equal in everything, so that telling again moves nothing, then the
// others in recorded order.
func (m *matcher) stage(same func(Item, NonAssociation) bool) {
	m.pass(func(item Item, n NonAssociation) bool {
		return same(item, n) && len(differences(m.state.Pair, n, n.amendedByNOMIS(m.state.Pair, item))) == 0
	})
	m.pass(same)
}

func (m *matcher) pass(same func(Item, NonAssociation) bool) {
	m.open = slices.DeleteFunc(m.open, func(i int) bool {
		for k, n := range m.state.Items {
			if !n.Deleted && !m.taken[k] && same(m.items[i], n) {
				m.taken[k] = true
				m.found[i].stored = k
				return true
			}
		}
		return false
	})
}

// setAsideDeleted answers the items that name a deleted one. They come first:
// an item that can not count must not push aside one that can.
func (m *matcher) setAsideDeleted() {
	m.open = slices.DeleteFunc(m.open, func(i int) bool {
		id, is := m.namesDeleted(m.items[i])
		if is {
			m.found[i].ignored, m.found[i].counts = NamesDeleted, id
		}
		return is
	})
}

func (m *matcher) namesDeleted(item Item) (uuid.UUID, bool) {
	if k := m.state.Find(item.ID); item.ID != uuid.Nil && k >= 0 {
		return item.ID, m.state.Items[k].Deleted
	}
	var deleted uuid.UUID
	for _, n := range m.state.Items {
		switch {
		case item.TypeSequence == 0 || n.TypeSequence != item.TypeSequence:
		case !n.Deleted:
			return uuid.Nil, false
		default:
			deleted = n.ID
		}
	}
	return deleted, deleted != uuid.Nil
}

// keepLatestNotClosed lets one not-closed item of the request count: the
// latest, then the one with the higher sequence, then by content.
func (m *matcher) keepLatestNotClosed() {
	latest := -1
	for _, i := range m.open {
		if m.items[i].isClosed(m.today) {
			continue
		}
		if latest < 0 || later(m.items[i], m.items[latest]) {
			latest = i
		}
	}
	m.open = slices.DeleteFunc(m.open, func(i int) bool {
		if i == latest || m.items[i].isClosed(m.today) {
			return false
		}
		m.found[i].ignored, m.found[i].beside = NotLatest, latest
		return true
	})
}

func later(a, b Item) bool {
	return cmp.Or(
		cmp.Compare(a.EffectiveDate, b.EffectiveDate),
		cmp.Compare(a.TypeSequence, b.TypeSequence),
		cmp.Compare(a.content(), b.content()),
	) > 0
}

// keepOneNotClosed ignores the not-closed item when it would stand beside a
// stored one that the request does not close.
func (m *matcher) keepOneNotClosed() {
	stored := m.state.NotClosed(m.today)
	if stored < 0 || m.taken[stored] && m.closes(stored) {
		return
	}
	for i, item := range m.items {
		f := &m.found[i]
		if f.ignored == "" && !item.isClosed(m.today) && f.stored != stored {
			f.stored, f.ignored, f.counts = -1, AnotherNotClosed, m.state.Items[stored].ID
		}
	}
}

// closes tells whether an item of the request closes the stored one.
func (m *matcher) closes(stored int) bool {
	for i, f := range m.found {
		if f.stored == stored {
			return m.items[i].isClosed(m.today)
		}
	}
	return false
}
