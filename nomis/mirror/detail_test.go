package mirror_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/domain"
	"nonassociations/nomis/mirror"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	low   = domain.PrisonerNumber("A0135GA")
	high  = domain.PrisonerNumber("A9109UD")
	today = "2026-07-15"
)

func thePair(t testing.TB) domain.Pair {
	pair, err := domain.NewPair(high, low)
	require.NoError(t, err)
	return pair
}

func text(s string) *string { return &s }

// forwards and backwards are two rows that agree. recipReason is what NOMIS gives for an
// older occurrence: that of the newest one.
func forwards(set ...func(*mirror.Row)) mirror.Row {
	row := mirror.Row{
		OffenderNo: string(low), NSOffenderNo: string(high), TypeSequence: 1, Reason: "VIC", RecipReason: "BUL", Type: "WING",
		AuthorisedBy: text("J. Smith"), UpdatedBy: "SMITH_GEN", EffectiveDate: "2021-07-05", Comment: text("Keep apart"),
	}
	for _, s := range set {
		s(&row)
	}
	return row
}

func backwards(set ...func(*mirror.Row)) mirror.Row {
	row := forwards()
	row.OffenderNo, row.NSOffenderNo, row.Reason, row.RecipReason = string(high), string(low), "PER", "RIV"
	row.UpdatedBy = "JONES_GEN"
	for _, s := range set {
		s(&row)
	}
	return row
}

// one reads two rows of a sequence. An empty list is a mirror that lacks it.
func one(t testing.TB, forwards, backwards []mirror.Row) mirror.Detail {
	t.Helper()
	details := mirror.Details(thePair(t), mirror.Rows{Forwards: forwards, Backwards: backwards})
	require.Len(t, details, 1)
	return details[0]
}

// both sets a value of both rows.
func both(t testing.TB, set func(*mirror.Row)) mirror.Detail {
	t.Helper()
	return one(t, []mirror.Row{forwards(set)}, []mirror.Row{backwards(set)})
}

// differ sets one value of either row.
func differ(t testing.TB, setForwards, setBackwards func(*mirror.Row)) mirror.Detail {
	t.Helper()
	return one(t, []mirror.Row{forwards(setForwards)}, []mirror.Row{backwards(setBackwards)})
}

func TestDetails_readTwoRowsAsOne(t *testing.T) {
	d := one(t, []mirror.Row{forwards()}, []mirror.Row{backwards()})
	sequence := 1
	require.Equal(t, domain.Detail{
		TypeSequence: &sequence, ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{low: "VIC", high: "PER"}, TypeCode: "WING",
		EffectiveDate: "2021-07-05", AuthorisedBy: text("J. Smith"), Comment: text("Keep apart"),
	}, d.Detail)
	require.Equal(t, d.Detail, d.Whole())
	require.Equal(t, "SMITH_GEN", d.UpdatedBy)
	require.Equal(t, "JONES_GEN", d.Backwards.UpdatedBy)
	require.False(t, d.Disagrees())
	require.Empty(t, d.NotHoldable)
	require.Empty(t, d.Missing)
}

func TestDetails_ofNoRowsAreNone(t *testing.T) {
	require.Empty(t, mirror.Details(thePair(t), mirror.Rows{}))
}

func TestDetails_areInTheOrderOfTheSequences(t *testing.T) {
	sequence := func(n int) func(*mirror.Row) { return func(r *mirror.Row) { r.TypeSequence = n } }
	details := mirror.Details(thePair(t), mirror.Rows{
		Forwards:  []mirror.Row{forwards(sequence(10)), forwards(sequence(2)), forwards(sequence(3))},
		Backwards: []mirror.Row{backwards(sequence(1)), backwards(sequence(3)), backwards(sequence(10))},
	})
	var found []int
	for _, d := range details {
		found = append(found, *d.TypeSequence)
	}
	require.Equal(t, []int{1, 2, 3, 10}, found)
	require.Equal(t, []domain.PrisonerNumber{low, high, "", ""},
		[]domain.PrisonerNumber{details[0].Missing, details[1].Missing, details[2].Missing, details[3].Missing})
}

// The reason code of a prisoner is that of the prisoner's own row, whatever the other
// row says of them.
func TestReasonCode_isNeverThatOfTheOtherRow(t *testing.T) {
	d := one(t, []mirror.Row{forwards()}, nil)
	require.Equal(t, map[domain.PrisonerNumber]domain.ReasonCode{low: "VIC"}, d.ReasonCodes)
	d = one(t, nil, []mirror.Row{backwards()})
	require.Equal(t, map[domain.PrisonerNumber]domain.ReasonCode{high: "PER"}, d.ReasonCodes)
}

func TestMissingRow_isNamedAndTheOtherIsRead(t *testing.T) {
	d := one(t, nil, []mirror.Row{backwards(func(r *mirror.Row) { r.Comment = text("of the higher") })})
	require.Equal(t, low, d.Missing)
	require.True(t, d.Disagrees())
	require.Empty(t, d.Disagreements)
	require.Equal(t, "JONES_GEN", d.UpdatedBy)
	require.Equal(t, "of the higher", *d.Comment)
	require.Equal(t, "of the higher", *d.Whole().Comment)
	require.Nil(t, d.Forwards)

	d = one(t, []mirror.Row{forwards()}, nil)
	require.Equal(t, high, d.Missing)
	require.Nil(t, d.Backwards)
}

func TestRows_thatDifferInTheCodeAloneAgree(t *testing.T) {
	d := differ(t, func(r *mirror.Row) { r.Reason = "BUL" }, func(r *mirror.Row) { r.Reason = "RIV" })
	require.False(t, d.Disagrees())
}

func TestRows_thatDifferOtherwiseDisagree(t *testing.T) {
	for name, c := range map[string]struct {
		forwards, backwards func(*mirror.Row)
		want                mirror.Disagreement
	}{
		"type": {
			func(r *mirror.Row) { r.Type = "CELL" }, func(*mirror.Row) {},
			mirror.Disagreement{Field: "typeCode", Forwards: text("CELL"), Backwards: text("WING")},
		},
		"effective": {
			func(*mirror.Row) {}, func(r *mirror.Row) { r.EffectiveDate = "2021-07-06" },
			mirror.Disagreement{Field: "effectiveDate", Forwards: text("2021-07-05"), Backwards: text("2021-07-06")},
		},
		"half closed": {
			func(r *mirror.Row) { r.ExpiryDate = text(today) }, func(*mirror.Row) {},
			mirror.Disagreement{Field: "expiryDate", Forwards: text(today)},
		},
		"authorised": {
			func(*mirror.Row) {}, func(r *mirror.Row) { r.AuthorisedBy = nil },
			mirror.Disagreement{Field: "authorisedBy", Forwards: text("J. Smith")},
		},
		"comment": {
			func(*mirror.Row) {}, func(r *mirror.Row) { r.Comment = text("another") },
			mirror.Disagreement{Field: "comment", Forwards: text("Keep apart"), Backwards: text("another")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := differ(t, c.forwards, c.backwards)
			require.Equal(t, []mirror.Disagreement{c.want}, d.Disagreements)
			require.True(t, d.Disagrees())
			require.Empty(t, d.NotHoldable)
		})
	}
}

// What is the same in canonical form is no disagreement, and who updated a row is not
// compared.
func TestRows_thatDifferInFormAgree(t *testing.T) {
	d := differ(t,
		func(r *mirror.Row) { r.Comment, r.AuthorisedBy, r.ExpiryDate = text("a\r\nb  "), text(" \t"), nil },
		func(r *mirror.Row) { r.Comment, r.AuthorisedBy, r.ExpiryDate = text("a\nb"), nil, text("2999-12-31") })
	require.False(t, d.Disagrees())
}

func TestDetails_areClosedOnlyIfBothRowsAre(t *testing.T) {
	const early, late = "2022-01-01", "2023-01-01"
	for _, c := range []struct{ forwards, backwards, want *string }{
		{nil, nil, nil},
		{text(early), nil, nil},
		{nil, text(early), nil},
		{text(early), text(late), text(late)},
		{text(late), text(early), text(late)},
		{text("2999-01-02"), text(early), nil},
	} {
		d := differ(t, func(r *mirror.Row) { r.ExpiryDate = c.forwards }, func(r *mirror.Row) { r.ExpiryDate = c.backwards })
		require.Equal(t, c.want, d.ExpiryDate)
	}
}

func TestDetails_haveTheEarlierEffectiveDay(t *testing.T) {
	for _, set := range [][2]string{{"2021-01-01", "2022-01-01"}, {"2022-01-01", "2021-01-01"}} {
		d := differ(t, func(r *mirror.Row) { r.EffectiveDate = set[0] }, func(r *mirror.Row) { r.EffectiveDate = set[1] })
		require.Equal(t, "2021-01-01", d.EffectiveDate)
	}
}

func TestDetails_haveTheStricterType(t *testing.T) {
	order := []string{"CELL", "LAND", "NONEX", "WING", "TNA"}
	for i, one := range order {
		for j, other := range order {
			d := differ(t, func(r *mirror.Row) { r.Type = one }, func(r *mirror.Row) { r.Type = other })
			require.EqualValues(t, order[max(i, j)], d.TypeCode)
		}
	}
}

func TestDetails_haveTheTextsOfTheLowerNumber(t *testing.T) {
	d := differ(t,
		func(r *mirror.Row) { r.Comment, r.AuthorisedBy, r.UpdatedBy = text("low"), nil, "" },
		func(r *mirror.Row) { r.Comment, r.AuthorisedBy = text("high"), text("high") })
	require.Equal(t, "low", *d.Comment)
	require.Nil(t, d.AuthorisedBy)
	require.Empty(t, d.UpdatedBy, "it is not known, whoever changed the other row")
}
