package domain_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

func TestCanonicalText_isWhatNOMISCanHold(t *testing.T) {
	clef := "\U0001D11E" // two UTF-16 units
	for name, c := range map[string]struct {
		text *string
		want *string
		cut  bool
	}{
		"none":                               {nil, nil, false},
		"blanks are none":                    {ptr(" \t\r\n "), nil, false},
		"trailing blanks go":                 {ptr(" a \r\n \u00a0"), ptr(" a"), false},
		"CRLF is LF":                         {ptr("a\r\nb"), ptr("a\nb"), false},
		"a text that fits stays":             {ptr("12345678"), ptr("12345678"), false},
		"a longer one is cut":                {ptr("123456789"), ptr("12345678"), true},
		"CRLF counts once":                   {ptr("1\r\n345678"), ptr("1\n345678"), false},
		"a character is never cut in two":    {ptr("1234567" + clef), ptr("1234567"), true},
		"a character of two units fits":      {ptr("123456" + clef), ptr("123456" + clef), false},
		"blanks before the cut go too":       {ptr("1234      9"), ptr("1234"), true},
		"blanks behind the limit are no cut": {ptr("12345678   "), ptr("12345678"), false},
	} {
		got, cut := domain.CanonicalText(c.text, 8)
		require.Equal(t, c.want, got, name)
		require.Equal(t, c.cut, cut, name)
		again, _ := domain.CanonicalText(got, 8)
		require.Equal(t, got, again, "%s: twice is once", name)
	}
}

func TestDetail_ofARecordHasDaysAndShortTexts(t *testing.T) {
	n := domain.NonAssociation{TypeSequence: 3, Details: domain.Details{
		AuthorisedBy: ptr(strings.Repeat("b", 61)), Comment: ptr("text \r\n"), TypeCode: domain.TypeTotal,
		EffectiveDate: "2021-07-05T10:35:17", ExpiryDate: ptr(domain.LocalDateTime("2022-07-05T23:59:59")),
		Sides: map[domain.PrisonerNumber]domain.Side{
			domaintest.Low: {ReasonCode: domain.CodeVictim}, domaintest.High: {ReasonCode: domain.CodePerpetrator},
		},
	}}
	got, shortened := n.Detail()
	require.True(t, shortened)
	require.Equal(t, domain.Detail{
		AuthorisedBy: ptr(strings.Repeat("b", 60)), Comment: ptr("text"), TypeCode: domain.TypeTotal,
		EffectiveDate: "2021-07-05", ExpiryDate: ptr("2022-07-05"), TypeSequence: ptr(3),
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{domaintest.Low: "VIC", domaintest.High: "PER"},
	}, got)

	n.TypeSequence, n.AuthorisedBy, n.ExpiryDate = 0, nil, ptr(domain.LocalDateTime("2999-01-02T00:00:00"))
	got, shortened = n.Detail()
	require.False(t, shortened)
	require.Nil(t, got.TypeSequence)
	require.Nil(t, got.ExpiryDate, "NOMIS reads an expiry after 2999-01-01 as none")
	n.ExpiryDate = ptr(domain.LocalDateTime("2999-01-01T00:00:00"))
	got, _ = n.Detail()
	require.Equal(t, ptr("2999-01-01"), got.ExpiryDate)
}

func TestDetail_differsInEachFieldAloneAndNeverInItsSequence(t *testing.T) {
	detail, _ := domain.NonAssociation{TypeSequence: 1, Details: detailsOf(y2021)}.Detail()
	other := detail
	other.TypeSequence = ptr(2)
	require.True(t, detail.Equal(other))
	require.Empty(t, detail.Differences(pair, other))
	for _, f := range domain.DetailFields(pair) {
		changed := detail.With(f, ptr("X"))
		require.False(t, detail.Equal(changed), f)
		require.Equal(t, []domain.DetailField{f}, detail.Differences(pair, changed))
		require.Equal(t, ptr("X"), changed.Get(f))
		require.True(t, changed.With(f, detail.Get(f)).Equal(detail), f)
	}
	name, of := domain.DetailReasonCode(domaintest.High).Name()
	require.Equal(t, "reasonCodes", name)
	require.Equal(t, domaintest.High, of)
	name, of = domain.DetailComment.Name()
	require.Equal(t, "comment", name)
	require.Empty(t, of)
}
