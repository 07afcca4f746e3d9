package audit

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"nonassociations/domain"
)

// CompareMapping returns every difference between what the log says that NOMIS holds of a
// pair and what NOMIS holds, none when there is none. They are sorted by sequence, and
// within one by field. A field that the log does not know is not compared. Records are
// matched in the order of the planner: by sequence and day, by all values, by day and
// codes, by sequence alone; so a detail that NOMIS numbers otherwise is one difference in
// its sequence and not two. The two lists are not changed.
func CompareMapping(pair domain.Pair, held []Held, theirs []InNOMIS) []MappingDifference {
	c := comparison{pair: pair}
	partners, free := match(pair, held, theirs)
	for i, h := range held {
		if partners[i] < 0 {
			c.add(h, OnlyHere, FieldTypeSequence, sequence(h.TypeSequence), nil)
			continue
		}
		c.compare(h, theirs[partners[i]])
	}
	for i, t := range theirs {
		if free[i] {
			c.onlyThere(t)
		}
	}
	slices.SortStableFunc(c.all, func(a, b MappingDifference) int {
		return compareSequences(valueOf(a.TypeSequence), valueOf(b.TypeSequence))
	})
	return c.all
}

// match returns the index of each held record's partner, -1 for none, and which of theirs
// have none.
func match(pair domain.Pair, held []Held, theirs []InNOMIS) (partners []int, free []bool) {
	partners, free = slices.Repeat([]int{-1}, len(held)), slices.Repeat([]bool{true}, len(theirs))
	whole := domain.DetailFields(pair)
	core := []domain.DetailField{whole[0], whole[1], domain.DetailEffectiveDate} // both codes
	for _, same := range []func(Held, domain.Detail) bool{
		func(h Held, d domain.Detail) bool {
			_, known := h.Values[domain.DetailEffectiveDate]
			return h.TypeSequence == *d.TypeSequence && (!known || h.has(d, domain.DetailEffectiveDate))
		},
		func(h Held, d domain.Detail) bool { return h.has(d, whole...) },
		func(h Held, d domain.Detail) bool { return h.has(d, core...) },
		func(h Held, d domain.Detail) bool { return h.TypeSequence == *d.TypeSequence },
	} {
		for i, h := range held {
			for j, t := range theirs {
				if partners[i] < 0 && free[j] && same(h, t.Detail) {
					partners[i], free[j] = j, false
				}
			}
		}
	}
	return partners, free
}

// has reports whether the fields are known and those of a detail.
func (h Held) has(d domain.Detail, fields ...domain.DetailField) bool {
	return !slices.ContainsFunc(fields, func(f domain.DetailField) bool {
		value, known := h.Values[f]
		return !known || !equalText(value, d.Get(f))
	})
}

// comparison collects the differences of one pair.
type comparison struct {
	pair domain.Pair
	all  []MappingDifference
}

// compare adds how a held record and its partner differ. Rows that disagree are said to,
// and nothing else of the field.
func (c *comparison) compare(h Held, t InNOMIS) {
	if h.TypeSequence != 0 && h.TypeSequence != *t.Detail.TypeSequence {
		c.add(h, Differs, FieldTypeSequence, sequence(h.TypeSequence), sequence(*t.Detail.TypeSequence))
	}
	if h.TypeSequence == 0 {
		h.TypeSequence = *t.Detail.TypeSequence
	}
	c.notHoldable(h, t)
	for _, f := range domain.DetailFields(c.pair) {
		ours, known := h.Values[f]
		if c.mirrors(h, t, f, ours) || !known || equalText(ours, t.Detail.Get(f)) {
			continue
		}
		c.add(h, Differs, f, ours, t.Detail.Get(f))
	}
}

// onlyThere adds a detail of NOMIS that the log does not know.
func (c *comparison) onlyThere(t InNOMIS) {
	h := Held{TypeSequence: *t.Detail.TypeSequence}
	c.add(h, OnlyThere, FieldTypeSequence, nil, sequence(h.TypeSequence))
	c.notHoldable(h, t)
	for _, f := range domain.DetailFields(c.pair) {
		c.mirrors(h, t, f, nil)
	}
}

// mirrors adds how the two rows differ in a field, and reports whether they do. Of a
// missing row it is the reason code, which no other row says.
func (c *comparison) mirrors(h Held, t InNOMIS, f domain.DetailField, ours *string) bool {
	if t.Missing != "" && f == domain.DetailReasonCode(t.Missing) {
		c.add(h, MirrorsDisagree, f, ours, nil)
		c.all[len(c.all)-1].Why = "the row of " + string(t.Missing) + " is missing"
		return true
	}
	i := slices.IndexFunc(t.Disagreements, func(d Disagreement) bool { return d.Field == f })
	if i < 0 {
		return false
	}
	c.add(h, MirrorsDisagree, f, ours, t.Disagreements[i].Forwards)
	last := &c.all[len(c.all)-1]
	last.Backwards, last.Why = t.Disagreements[i].Backwards, "the rows of the two prisoners differ"
	return true
}

func (c *comparison) notHoldable(h Held, t InNOMIS) {
	if t.NotHoldable != "" {
		c.add(h, NotHoldable, "", nil, nil)
		c.all[len(c.all)-1].Why = t.NotHoldable
	}
}

func (c *comparison) add(h Held, bucket Bucket, f domain.DetailField, ours, theirs *string) {
	d := MappingDifference{Pair: c.pair.Numbers(), Bucket: bucket, Ours: ours, Theirs: theirs}
	d.Field, d.PrisonerNumber = f.Name()
	if h.NonAssociationID != uuid.Nil {
		d.NonAssociationID = &h.NonAssociationID
	}
	if h.TypeSequence != 0 {
		d.TypeSequence = &h.TypeSequence
	}
	c.all = append(c.all, d)
}

// sequence returns a sequence as the text of a value, nil for 0.
func sequence(n int) *string {
	if n == 0 {
		return nil
	}
	text := strconv.Itoa(n)
	return &text
}

// compareSequences orders sequences, one that is not known last.
func compareSequences(a, b int) int {
	const after = 1 << 30
	return cmp.Compare(cmp.Or(a, after), cmp.Or(b, after))
}

func valueOf(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

func equalText(one, other *string) bool {
	return one == nil && other == nil || one != nil && other != nil && *one == *other
}
