package domain

import (
	"cmp"
	"slices"

	"github.com/google/uuid"
)

// matching is the result of matching one item of a request with the records of the
// pair.
type matching struct {
	stored  int          // index of the stored one that it is, or -1
	twin    int          // index of the item of the request that it is, or -1
	ignored IgnoreReason // why the record does not take it over, or ""
	beside  int          // ignored: index of the item of the request that counts, or -1
	counts  uuid.UUID    // ignored: the stored one that counts, when beside is -1
}

// match finds the stored record of every item of a request. It works stage by stage
// over all items, from the surest kind of match to the least sure one, and in the order
// of recording within a stage. The order of the request therefore never changes which
// item matches which record. ADR 0004 has the rules.
func match(s State, items []Item, today string) []matching {
	m := matcher{
		state: s, items: items, today: today, current: s.NotClosed(today),
		found: make([]matching, len(items)), active: make([]int, len(items)),
	}
	for i := range items {
		m.found[i] = matching{stored: -1, twin: -1, beside: noPartner}
		m.active[i] = i
	}
	slices.SortStableFunc(m.active, func(a, b int) int { return items[a].compareRecorded(s.Pair, items[b]) })
	m.joinTwins()
	m.setAsideDeleted()
	m.listEdges()
	m.count()
	return m.found
}

// matcher is the state of one call of match.
type matcher struct {
	state   State
	items   []Item
	today   string
	current int // index of the stored one that is not closed, or -1
	found   []matching
	active  []int  // items that take part, in recorded order
	open    []int  // those of them that are not closed
	edges   []edge // what may be joined, in the order in which it is
	partner []int  // of each stored one: the item that is matched with it, or noPartner
}

// noPartner stands for an item or a record that is matched with nothing.
const noPartner = -1

// edge is a possible match of an item and a stored record. It is used if neither of
// them is matched by an edge before it.
type edge struct {
	rank, place  int // of the stage, of the item in recorded order
	item, stored int
}

// joinTwins removes the items without id and sequence that equal another item of the
// request. The two are one record, and the twin gets the outcome of the other item.
func (m *matcher) joinTwins() {
	if len(m.active) < 2 {
		return
	}
	order := slices.Clone(m.active)
	slices.SortStableFunc(order, func(a, b int) int { return m.items[a].compareRequest(m.items[b]) })
	for at, i := range order {
		if m.items[i].isNumbered() {
			continue
		}
		first := slices.IndexFunc(order[:at], func(other int) bool { return m.items[i].equals(m.state.Pair, m.items[other]) })
		if first >= 0 {
			m.found[i].twin = order[first]
		}
	}
	m.active = slices.DeleteFunc(m.active, func(i int) bool { return m.found[i].twin >= 0 })
}

// setAsideDeleted removes the items about deleted records. It comes before all
// matching, because an item that is ignored must not displace one that is recorded.
func (m *matcher) setAsideDeleted() {
	m.active = slices.DeleteFunc(m.active, func(i int) bool {
		id, is := m.namesDeleted(m.items[i])
		if is {
			m.found[i].ignored, m.found[i].counts = NamesDeleted, id
		}
		return is
	})
}

// namesDeleted returns the deleted record that an item is about. The item has the id of
// the record, or its sequence together with its day and codes. The sequence alone is
// not enough: NOMIS uses the sequence of a deleted detail again.
func (m *matcher) namesDeleted(item Item) (uuid.UUID, bool) {
	if k := m.named(item); k >= 0 {
		return item.ID, m.state.Items[k].Deleted
	}
	var deleted uuid.UUID
	for k := range m.state.Items {
		n := &m.state.Items[k]
		switch {
		case item.TypeSequence == 0 || item.TypeSequence != n.TypeSequence || !item.echoes(m.state.Pair, n):
		case !n.Deleted:
			return uuid.Nil, false
		default:
			deleted = n.ID
		}
	}
	return deleted, deleted != uuid.Nil
}

// named returns the index of the record that has the id of the item, or -1.
func (m *matcher) named(item Item) int {
	if item.ID == uuid.Nil {
		return -1
	}
	return m.state.Find(item.ID)
}

// listEdges lists the possible matches in the order in which they are used. Within a
// stage, equal records come first, so that sending a request again changes nothing. A
// record that an open item names by its id cannot match another item, even when the
// open item is ignored in the end.
func (m *matcher) listEdges() {
	if len(m.state.Items) == 0 {
		return
	}
	m.partner = make([]int, len(m.state.Items))
	owner := m.owners()
	anew := slices.ContainsFunc(m.state.Items, func(n NonAssociation) bool { return n.TransferredFrom != nil })
	for place, i := range m.active {
		var ofRank [2*lastStage + 1]int
		for k := range m.state.Items {
			n := &m.state.Items[k]
			stage := m.items[i].stage(n, anew)
			if stage == 0 || n.Deleted || owner[k] != noPartner && owner[k] != i {
				continue
			}
			rank := 2 * stage
			if m.items[i].agreesWith(m.state.Pair, n) {
				rank--
			}
			if ofRank[rank]++; ofRank[rank] > len(m.active) {
				continue // the others cannot take that many before it
			}
			m.edges = append(m.edges, edge{rank, place, i, k})
		}
	}
	slices.SortFunc(m.edges, func(a, b edge) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.place, b.place), cmp.Compare(a.stored, b.stored))
	})
}

// join matches the closed items and one open item, and returns the edge by which the
// open item was matched. It returns nil when the open item matches nothing. Previous
// matches are discarded.
func (m *matcher) join(open int) (by *edge) {
	for k := range m.partner {
		m.partner[k] = noPartner
	}
	for _, i := range m.active {
		m.found[i].stored = -1
	}
	for n, e := range m.edges {
		takesPart := e.item == open || m.items[e.item].isClosed(m.today)
		if !takesPart || m.found[e.item].stored >= 0 || m.partner[e.stored] != noPartner {
			continue
		}
		m.found[e.item].stored, m.partner[e.stored] = e.stored, e.item
		if e.item == open {
			by = &m.edges[n]
		}
	}
	return by
}
