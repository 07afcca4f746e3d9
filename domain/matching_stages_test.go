package domain_test

import (
	"cmp"
	"slices"
	"strings"

	"nonassociations/domain"
)

// stages are the names that an item and a stored one may have in common.
func stages() []func(domain.Item, domain.NonAssociation) bool {
	sequence := func(i domain.Item, n domain.NonAssociation) bool {
		return i.TypeSequence != 0 && i.TypeSequence == n.TypeSequence
	}
	return []func(domain.Item, domain.NonAssociation) bool{
		func(i domain.Item, n domain.NonAssociation) bool { return i.ID == n.ID },
		func(i domain.Item, n domain.NonAssociation) bool {
			return sequence(i, n) && i.EffectiveDate.Date() == n.EffectiveDate.Date()
		},
		func(i domain.Item, n domain.NonAssociation) bool {
			apart := i.TypeSequence != 0 && n.TypeSequence != 0 && i.TypeSequence != n.TypeSequence
			return !apart && sameWhen(i, string(i.EffectiveDate), string(n.EffectiveDate))
		},
		sequence,
	}
}

// b: stage by stage, exact equals first.
func (r *reading) b() {
	clear(r.joined)
	for _, stage := range stages() {
		for _, exact := range []bool{true, false} {
			for _, i := range r.left {
				for k, n := range r.stored {
					_, has := r.joined[i]
					if !has && !n.Deleted && !r.isTaken(k) && stage(r.items[i], n) && (!exact || r.isExact(i, n)) {
						r.joined[i] = k
					}
				}
			}
		}
	}
}

// contended reports whether two items may be one stored record, so that which of
// them counts depends on the order in which they are set aside. Of the current
// record only a closed item and another can contend: one of those that are not
// closed counts in the end.
func contended(s domain.State, items []domain.Item, today string) bool {
	r := &reading{pair: s.Pair, stored: s.Items, items: items, today: today, left: indexes(len(items)), answers: make([]answer, len(items))}
	r.a()
	r.deleted()
	if len(r.openOnes()) < 2 {
		return false // none is set aside for another
	}
	return slices.ContainsFunc(indexes(len(s.Items)), func(k int) bool {
		closed, open := 0, 0
		for _, i := range r.left {
			switch {
			case s.Items[k].Deleted || !slices.ContainsFunc(stages(), func(is func(domain.Item, domain.NonAssociation) bool) bool { return is(items[i], s.Items[k]) }):
			case r.passed(i):
				closed++
			default:
				open++
			}
		}
		return open > 0 && closed > 0 || open > 1 && k != r.current()
	})
}

func sameWhen(i domain.Item, a, b string) bool {
	if i.DatePrecision == domain.Day {
		return strings.Split(a, "T")[0] == strings.Split(b, "T")[0]
	}
	return a == b
}

func (r *reading) isTaken(k int) bool { return r.hasPartner(k) || r.keptFor[k] }

func (r *reading) hasPartner(k int) bool {
	for _, other := range r.joined {
		if other == k {
			return true
		}
	}
	return false
}

func (r *reading) isExact(i int, n domain.NonAssociation) bool {
	return r.saysNothingNew(i, n) && (r.items[i].TypeSequence == 0 || n.TypeSequence == 0 || r.items[i].TypeSequence == n.TypeSequence)
}

func (r *reading) saysNothingNew(i int, n domain.NonAssociation) bool {
	item, numbers := r.items[i], r.pair.Numbers()
	held := domain.Item{
		AuthorisedBy: n.AuthorisedBy, Comment: n.Comment, EffectiveDate: n.EffectiveDate, ExpiryDate: n.ExpiryDate, TypeCode: n.TypeCode,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{
			numbers[0]: n.Sides[numbers[0]].ReasonCode, numbers[1]: n.Sides[numbers[1]].ReasonCode,
		},
	}
	both := &reading{pair: r.pair, items: []domain.Item{item, held}}
	return slices.Equal(both.content(0)[:5], both.content(1)[:5]) &&
		sameWhen(item, string(item.EffectiveDate), string(held.EffectiveDate)) &&
		sameWhen(item, expiryText(item), expiryText(held))
}

func (r *reading) passed(i int) bool {
	return r.items[i].ExpiryDate != nil && r.items[i].ExpiryDate.Date() <= r.today
}
func (r *reading) begun(i int) bool { return r.items[i].EffectiveDate.Date() <= r.today }

// current is the stored one that is not closed, or -1.
func (r *reading) current() int {
	return slices.IndexFunc(r.stored, func(n domain.NonAssociation) bool {
		return !n.Deleted && (n.ExpiryDate == nil || n.ExpiryDate.Date() > r.today)
	})
}

func (r *reading) stays() bool {
	current := r.current()
	for i, k := range r.joined {
		if k == current && r.passed(i) {
			return false
		}
	}
	return current >= 0
}

// loses reports whether the first loses to the second by rule 6.
func (r *reading) loses(a, b int) bool {
	one, other := r.items[a], r.items[b]
	if r.begun(a) != r.begun(b) {
		return r.begun(b)
	}
	if one.EffectiveDate != other.EffectiveDate {
		return (one.EffectiveDate < other.EffectiveDate) == r.begun(a)
	}
	if one.TypeSequence != other.TypeSequence {
		return one.TypeSequence < other.TypeSequence
	}
	content := slices.Compare(append([]string{expiryText(one)}, r.content(a)...), append([]string{expiryText(other)}, r.content(b)...))
	return cmp.Or(content, strings.Compare(one.ID.String(), other.ID.String())) < 0
}

func (r *reading) loser(of []int) int {
	lost := of[0]
	for _, i := range of {
		if r.loses(i, lost) {
			lost = i
		}
	}
	return lost
}

func (r *reading) openOnes() []int {
	return slices.DeleteFunc(slices.Clone(r.left), func(i int) bool { return r.passed(i) })
}

func (r *reading) isJoined(i int) bool { _, is := r.joined[i]; return is }
