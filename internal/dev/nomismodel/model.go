// Package nomismodel is a small model of what NOMIS does with non-associations. It does
// no I/O and is a second opinion: tests that compare the service with NOMIS run against
// it, so it knows nothing of the service, of its way to read NOMIS or of the stand-in
// over HTTP. It keeps to NOMIS's oddities. Each non-association is stored as two detail
// rows, one of either prisoner. Each direction of a pair has a parent, whose reciprocal
// reason is that of the newest detail.
package nomismodel

import (
	"cmp"
	"slices"
	"strings"
)

// NOMIS holds the non-associations of all prisoners. Today is its own date. One
// goroutine owns it.
type NOMIS struct {
	Today   string // 2026-07-05
	Mangle  bool   // writes by the API lose the last letter of the comment
	parents map[link]*parent
	unknown map[string]bool // numbers that were merged away
	opened  int
}

// link is one direction of a pair.
type link struct{ of, with string }

// parent is the row of a direction, with its details.
type parent struct {
	recip   string
	details []Row
}

// Row is one detail row: a non-association as recorded of one of its two prisoners.
// Days are 2026-07-05. Absent texts and days are nil.
type Row struct {
	Of, With              string
	Sequence              int
	Reason, RecipReason   string // RecipReason is that of the newest detail of the pair
	Type, Effective       string
	Expiry                *string
	AuthorisedBy, Comment *string
	UpdatedBy             string
	// Occurrence tells non-associations apart that had the same sequence one after the
	// other. NOMIS has no such number: it is for checks alone.
	Occurrence int
}

// Values are what a caller may set. Reason is that of the prisoner who is named first.
type Values struct {
	Reason, RecipReason   string
	Type, Effective       string
	Expiry                *string
	AuthorisedBy, Comment *string
}

// Refusal is an answer of NOMIS other than success.
type Refusal struct {
	Status int
	Words  string
}

func (r Refusal) Error() string { return r.Words }

// New returns a NOMIS without any non-association.
func New(today string) *NOMIS {
	return &NOMIS{Today: today, parents: map[link]*parent{}, unknown: map[string]bool{}}
}

// Clone returns a copy. A change of either does not change the other.
func (n *NOMIS) Clone() *NOMIS {
	c := *n
	c.parents, c.unknown = map[link]*parent{}, map[string]bool{}
	for l, p := range n.parents {
		c.parents[l] = &parent{p.recip, slices.Clone(p.details)}
	}
	for number := range n.unknown {
		c.unknown[number] = true
	}
	return &c
}

// IsOpen reports whether the row has no expiry date. It is NOMIS's own test before it
// creates another.
func (r Row) IsOpen() bool { return r.Expiry == nil }

// IsClosed reports whether the expiry date has come on a day.
func (r Row) IsClosed(today string) bool { return r.Expiry != nil && *r.Expiry <= today }

// rows returns the details of a direction, none when there is no parent.
func (n *NOMIS) rows(l link) []Row {
	if p := n.parents[l]; p != nil {
		return p.details
	}
	return nil
}

// find returns a detail row, or nil.
func (n *NOMIS) find(l link, sequence int) *Row {
	p := n.parents[l]
	if p == nil {
		return nil
	}
	i := slices.IndexFunc(p.details, func(r Row) bool { return r.Sequence == sequence })
	if i < 0 {
		return nil
	}
	return &p.details[i]
}

// next is the sequence that a direction gives to its next detail: the highest and one.
// It is 1 again when the last one has gone.
func (n *NOMIS) next(l link) int {
	highest := 0
	for _, r := range n.rows(l) {
		highest = max(highest, r.Sequence)
	}
	return highest + 1
}

// add adds a detail to a direction, and its parent when it is the first.
func (n *NOMIS) add(l link, r Row) {
	p := n.parents[l]
	if p == nil {
		p = &parent{}
		n.parents[l] = p
	}
	r.Of, r.With = l.of, l.with
	p.details = append(p.details, r)
	slices.SortFunc(p.details, func(a, b Row) int { return cmp.Compare(a.Sequence, b.Sequence) })
}

// remove removes a detail of a direction, and its parent with the last one.
func (n *NOMIS) remove(l link, sequence int) {
	p := n.parents[l]
	if p == nil {
		return
	}
	p.details = slices.DeleteFunc(p.details, func(r Row) bool { return r.Sequence == sequence })
	if len(p.details) == 0 {
		delete(n.parents, l)
	}
}

// back is the other direction.
func (l link) back() link { return link{l.with, l.of} }

// newest sets the reciprocal reasons of a pair. All details of a direction show it.
func (n *NOMIS) newest(l link, v Values) {
	for direction, recip := range map[link]string{l: v.RecipReason, l.back(): v.Reason} {
		if p := n.parents[direction]; p != nil {
			p.recip = recip
		}
	}
}

// set gives a row the values of one of its two prisoners. An absent expiry date is left
// as it is.
func (r *Row) set(v Values, reason, by string) {
	r.Reason, r.Type, r.Effective = reason, v.Type, v.Effective
	r.AuthorisedBy, r.Comment, r.UpdatedBy = v.AuthorisedBy, v.Comment, by
	if v.Expiry != nil {
		r.expire(*v.Expiry)
	}
}

// expire sets the expiry date. A day of the far future is none.
func (r *Row) expire(day string) {
	r.Expiry = &day
	if day > "2999-01-01" {
		r.Expiry = nil
	}
}

// mangled returns the values as a trigger would leave them.
func (n *NOMIS) mangled(v Values) Values {
	if n.Mangle && v.Comment != nil {
		cut := strings.TrimSuffix(*v.Comment, (*v.Comment)[max(0, len(*v.Comment)-1):])
		v.Comment = &cut
	}
	return v
}
