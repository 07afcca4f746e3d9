package audit_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

func text(s string) *string { return &s }

// detailOf is what NOMIS holds under a sequence, with a comment.
func detailOf(sequence int, day, comment string) domain.Detail {
	return domain.Detail{
		TypeSequence: &sequence, EffectiveDate: day, TypeCode: domain.TypeWing, Comment: &comment,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{alice: domain.CodeVictim, bob: domain.CodePerpetrator},
	}
}

// heldOf is what the log says of such a detail.
func heldOf(sequence int, day, comment string) audit.Held {
	h := audit.Held{NonAssociationID: uuid.New(), TypeSequence: sequence, Values: map[domain.DetailField]*string{}}
	for _, f := range domain.DetailFields(domaintest.Pair) {
		h.Values[f] = detailOf(sequence, day, comment).Get(f)
	}
	return h
}

func there(details ...domain.Detail) []audit.InNOMIS {
	all := make([]audit.InNOMIS, len(details))
	for i, d := range details {
		all[i].Detail = d
	}
	return all
}

// lines are the differences in short.
func lines(differences []audit.MappingDifference) []string {
	show := func(s *string) string {
		if s == nil {
			return "-"
		}
		return *s
	}
	var all []string
	for _, d := range differences {
		sequence := 0
		if d.TypeSequence != nil {
			sequence = *d.TypeSequence
		}
		all = append(all, fmt.Sprint(sequence, " ", d.Bucket, " ", d.Field, d.PrisonerNumber, " ", show(d.Ours), " ", show(d.Theirs)))
	}
	return all
}

func TestMapping_differencesAreNamedBySequenceAndField(t *testing.T) {
	const one, two = "2021-01-01", "2022-02-02"
	unknown := heldOf(0, one, "a")
	noBase := audit.Held{NonAssociationID: uuid.New(), TypeSequence: 1}
	stricter := detailOf(1, one, "a")
	stricter.TypeCode = domain.TypeTotal
	for name, c := range map[string]struct {
		held   []audit.Held
		theirs []audit.InNOMIS
		want   []string
	}{
		"the same":           {[]audit.Held{heldOf(1, one, "a"), heldOf(2, two, "b")}, there(detailOf(1, one, "a"), detailOf(2, two, "b")), nil},
		"nothing":            {nil, nil, nil},
		"lost":               {[]audit.Held{heldOf(1, one, "a"), heldOf(2, two, "b")}, there(detailOf(1, one, "a")), []string{"2 onlyHere typeSequence 2 -"}},
		"additional":         {[]audit.Held{heldOf(2, two, "b")}, there(detailOf(1, one, "a"), detailOf(2, two, "b")), []string{"1 onlyThere typeSequence - 1"}},
		"changed":            {[]audit.Held{heldOf(1, one, "a")}, there(detailOf(1, one, "b")), []string{"1 differs comment a b"}},
		"two fields":         {[]audit.Held{heldOf(1, one, "b")}, there(stricter), []string{"1 differs typeCode WING TNA", "1 differs comment b a"}},
		"moved":              {[]audit.Held{heldOf(1, one, "a")}, there(detailOf(3, one, "a")), []string{"1 differs typeSequence 1 3"}},
		"moved and changed":  {[]audit.Held{heldOf(1, one, "a")}, there(detailOf(3, one, "b")), []string{"1 differs typeSequence 1 3", "1 differs comment a b"}},
		"exchanged":          {[]audit.Held{heldOf(1, one, "a"), heldOf(2, two, "b")}, there(detailOf(1, two, "b"), detailOf(2, one, "a")), []string{"1 differs typeSequence 1 2", "2 differs typeSequence 2 1"}},
		"another day":        {[]audit.Held{heldOf(1, one, "a")}, there(detailOf(1, two, "a")), []string{"1 differs effectiveDate 2021-01-01 2022-02-02"}},
		"sequence not known": {[]audit.Held{unknown}, there(detailOf(7, one, "a")), nil},
		"nowhere":            {[]audit.Held{unknown}, nil, []string{"0 onlyHere typeSequence - -"}},
		"fields not known":   {[]audit.Held{noBase}, there(detailOf(1, one, "a")), nil},
		"sorted": {[]audit.Held{heldOf(2, two, "b"), heldOf(3, "2023-01-01", "c")}, there(detailOf(1, one, "a"), detailOf(2, two, "x")), []string{
			"1 onlyThere typeSequence - 1", "2 differs comment b x", "3 onlyHere typeSequence 3 -",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, lines(audit.CompareMapping(domaintest.Pair, c.held, c.theirs)))
		})
	}
}

func TestMapping_rowsThatDisagreeAreNamedOnce(t *testing.T) {
	held := []audit.Held{heldOf(1, "2021-01-01", "a")}
	rows := there(detailOf(1, "2021-01-01", "b"))
	rows[0].Disagreements = []audit.Disagreement{{Field: domain.DetailComment, Forwards: text("b"), Backwards: text("c")}}
	found := audit.CompareMapping(domaintest.Pair, held, rows)
	require.Equal(t, []string{"1 mirrorsDisagree comment a b"}, lines(found))
	require.Equal(t, "c", *found[0].Backwards)

	rows = there(detailOf(1, "2021-01-01", "a"))
	rows[0].Missing = bob
	delete(rows[0].Detail.ReasonCodes, bob)
	require.Equal(t, []string{"1 mirrorsDisagree reasonCodes" + string(bob) + " PER -"}, lines(audit.CompareMapping(domaintest.Pair, held, rows)))

	rows = there(detailOf(1, "2021-01-01", "a"))
	rows[0].NotHoldable = "it cannot be held"
	found = audit.CompareMapping(domaintest.Pair, held, rows)
	require.Equal(t, []string{"1 notHoldable  - -"}, lines(found))
	require.Equal(t, "it cannot be held", found[0].Why)
}
