package domain_test

import (
	"cmp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// The stages (a) to (e) of ADR 0004, written once more as they are read there,
// step by step and without a thought for speed. What Decide answers must be what
// this says.

// answer is what became of an item. Of is the stored one, or the item of the
// request, by its index, that makes the record.
type answer struct {
	Kind   domain.OutcomeKind
	Reason domain.IgnoreReason
	Stored uuid.UUID
	New    int // -1 when Stored is it
}

type reading struct {
	pair    domain.Pair
	stored  []domain.NonAssociation
	items   []domain.Item
	today   string
	left    []int       // items that take part, in recorded order
	joined  map[int]int // item to stored one
	keptFor map[int]bool
	answers []answer
}

func read(s domain.State, items []domain.Item, today string) []answer {
	r := &reading{
		pair: s.Pair, stored: s.Items, items: items, today: today,
		joined: map[int]int{}, keptFor: map[int]bool{}, answers: make([]answer, len(items)),
	}
	r.left = indexes(len(items))
	slices.SortStableFunc(r.left, func(a, b int) int { return slices.Compare(r.recorded(a), r.recorded(b)) })
	twins := r.a()
	r.deleted()
	r.b()
	aside := r.c()
	counts := r.dAndE(&aside)
	for _, i := range r.left {
		r.answers[i] = r.taken(i)
	}
	for _, i := range aside {
		r.answers[i] = r.ignored(i, counts)
	}
	for i, of := range twins {
		r.answers[i] = r.answers[of]
	}
	return r.answers
}

// recorded: by effective date, then expiry, none last; then whatever is left.
func (r *reading) recorded(i int) []string {
	item := r.items[i]
	return append([]string{string(item.EffectiveDate), expiryText(item)}, append(r.ties(i), lastFirst(item.ID))...)
}

func lastFirst(id uuid.UUID) string {
	for n := range id {
		id[n] = ^id[n]
	}
	return id.String()
}

func expiryText(i domain.Item) string {
	if i.ExpiryDate == nil {
		return "never"
	}
	return string(*i.ExpiryDate)
}

func (r *reading) ties(i int) []string {
	item, sequence := r.items[i], "none"
	if item.TypeSequence != 0 {
		sequence = string(rune('0' + item.TypeSequence))
	}
	return append([]string{sequence}, r.content(i)...)
}

func (r *reading) content(i int) []string {
	item, numbers := r.items[i], r.pair.Numbers()
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return "=" + *s
	}
	return []string{
		string(item.TypeCode), string(item.ReasonCodes[numbers[0]]), string(item.ReasonCodes[numbers[1]]),
		text(item.AuthorisedBy), text(item.Comment), string(item.DatePrecision),
	}
}

// a: an item that names neither is the first of those that it is equal to.
func (r *reading) a() map[int]int {
	named := func(i int) bool { return r.items[i].ID != uuid.Nil || r.items[i].TypeSequence != 0 }
	day := func(i int) bool { return r.items[i].DatePrecision == domain.Day }
	candidates := slices.Clone(r.left)
	slices.SortStableFunc(candidates, func(a, b int) int {
		return cmp.Or(yesFirst(named(a), named(b)), yesFirst(!day(a), !day(b)))
	})
	twins := map[int]int{}
	for at, i := range candidates {
		for _, other := range candidates[:at] {
			if _, is := twins[i]; !is && !named(i) && r.equal(i, other) {
				twins[i] = other
			}
		}
	}
	r.left = slices.DeleteFunc(r.left, func(i int) bool { _, is := twins[i]; return is })
	return twins
}

func yesFirst(a, b bool) int {
	return map[bool]int{true: 0, false: 1}[a] - map[bool]int{true: 0, false: 1}[b]
}

func (r *reading) equal(a, b int) bool {
	one, other := r.items[a], r.items[b]
	dates := func(i domain.Item) string { return string(i.EffectiveDate) + "/" + expiryText(i) }
	if one.DatePrecision == domain.Day || other.DatePrecision == domain.Day {
		dates = func(i domain.Item) string { return i.EffectiveDate.Date() + "/" + strings.Split(expiryText(i), "T")[0] }
	}
	texts := func(i int) []string { return r.content(i)[:5] }
	return dates(one) == dates(other) && slices.Equal(texts(a), texts(b))
}

func (r *reading) deleted() {
	r.left = slices.DeleteFunc(r.left, func(i int) bool {
		echo := -1
		for k, n := range r.stored {
			switch same := r.echo(i, n); {
			case n.ID == r.items[i].ID:
				if n.Deleted {
					r.answers[i] = answer{domain.WasIgnored, domain.NamesDeleted, n.ID, -1}
				}
				return n.Deleted
			case same && !n.Deleted:
				echo = len(r.stored)
			case same:
				echo = max(echo, k)
			}
		}
		// An id further down the list would have been found above, so a live one
		// that the sequence names as well is the only thing left to look for.
		if echo < 0 || echo == len(r.stored) {
			return false
		}
		r.answers[i] = answer{domain.WasIgnored, domain.NamesDeleted, r.stored[echo].ID, -1}
		return true
	})
}

func (r *reading) echo(i int, n domain.NonAssociation) bool {
	item := r.items[i]
	if item.TypeSequence == 0 || item.TypeSequence != n.TypeSequence || item.EffectiveDate.Date() != n.EffectiveDate.Date() {
		return false
	}
	for _, number := range r.pair.Numbers() {
		if item.ReasonCodes[number] != n.Sides[number].ReasonCode {
			return false
		}
	}
	return true
}

// c: while more than one not-closed item is left, one is set aside.
func (r *reading) c() (aside []int) {
	for len(r.openOnes()) > 1 {
		lost := r.setAside()
		aside = append(aside, lost)
		r.without(lost)
	}
	return aside
}

func (r *reading) without(lost int) {
	r.left = slices.DeleteFunc(r.left, func(i int) bool { return i == lost })
	for k, n := range r.stored {
		if n.ID == r.items[lost].ID {
			r.keptFor[k] = true
		}
	}
	r.b()
}

func (r *reading) setAside() int {
	open := r.openOnes()
	with := slices.IndexFunc(open, func(i int) bool { return r.isJoined(i) && r.joined[i] == r.current() })
	if with >= 0 {
		others := slices.Delete(slices.Clone(open), with, with+1)
		anotherHasBegun := slices.ContainsFunc(others, func(i int) bool { return !r.isJoined(i) && r.begun(i) })
		if !r.begun(open[with]) && anotherHasBegun {
			return open[with]
		}
		return r.loser(others)
	}
	joined := slices.DeleteFunc(slices.Clone(open), func(i int) bool { return !r.isJoined(i) })
	if r.stays() && len(joined) > 0 {
		return r.loser(joined)
	}
	return r.loser(open)
}

// dAndE joins the last one, or sets it aside too; it gives the one that counts.
func (r *reading) dAndE(aside *[]int) int {
	open, current := r.openOnes(), r.current()
	if len(open) == 0 {
		return -1
	}
	last := open[0]
	if r.stays() && !r.isJoined(last) && !r.hasPartner(current) {
		if r.begun(last) || r.stored[current].EffectiveDate.Date() > r.today {
			r.joined[last] = current
		}
	}
	if k, is := r.joined[last]; r.stays() && (!is || k != current) {
		*aside = append(*aside, last)
		r.without(last)
		return -1
	}
	return last
}

func (r *reading) taken(i int) answer {
	k, is := r.joined[i]
	switch {
	case !is:
		return answer{Kind: domain.Created, New: i}
	case r.saysNothingNew(i, r.stored[k]) && (r.items[i].TypeSequence == 0 || r.stored[k].TypeSequence == 0 || r.items[i].TypeSequence == r.stored[k].TypeSequence):
		return answer{Kind: domain.Unchanged, Stored: r.stored[k].ID, New: -1}
	default:
		return answer{Kind: domain.Changed, Stored: r.stored[k].ID, New: -1}
	}
}

func (r *reading) ignored(i, counts int) answer {
	if counts < 0 {
		return answer{domain.WasIgnored, domain.AnotherNotClosed, r.stored[r.current()].ID, -1}
	}
	reason := domain.AnotherNotClosed
	if r.loses(i, counts) {
		reason = domain.NotLatest
	}
	is := r.taken(counts)
	return answer{domain.WasIgnored, reason, is.Stored, is.New}
}
