package domain_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// The table of the real services: reason codes of both sides → roles, reason,
// and the codes that NOMIS would be told for those words. Where the last two
// columns differ from the first, only keeping both vocabularies is lossless.
func TestTranslate_everyPairOfReasonCodes(t *testing.T) {
	for _, row := range []struct {
		one, other  domain.ReasonCode
		roles       [2]domain.Role
		reason      domain.Reason
		back, back2 domain.ReasonCode
	}{
		{"BUL", "BUL", [2]domain.Role{"UNKNOWN", "UNKNOWN"}, "BULLYING", "BUL", "BUL"},
		{"BUL", "PER", [2]domain.Role{"UNKNOWN", "PERPETRATOR"}, "BULLYING", "BUL", "BUL"},
		{"BUL", "VIC", [2]domain.Role{"UNKNOWN", "VICTIM"}, "BULLYING", "BUL", "BUL"},
		{"BUL", "NOT_REL", [2]domain.Role{"UNKNOWN", "NOT_RELEVANT"}, "BULLYING", "BUL", "BUL"},
		{"BUL", "UNKNOWN", [2]domain.Role{"UNKNOWN", "UNKNOWN"}, "BULLYING", "BUL", "BUL"},
		{"BUL", "RIV", [2]domain.Role{"UNKNOWN", "NOT_RELEVANT"}, "GANG_RELATED", "RIV", "RIV"},
		{"RIV", "RIV", [2]domain.Role{"NOT_RELEVANT", "NOT_RELEVANT"}, "GANG_RELATED", "RIV", "RIV"},
		{"RIV", "PER", [2]domain.Role{"NOT_RELEVANT", "PERPETRATOR"}, "GANG_RELATED", "RIV", "RIV"},
		{"RIV", "VIC", [2]domain.Role{"NOT_RELEVANT", "VICTIM"}, "GANG_RELATED", "RIV", "RIV"},
		{"RIV", "NOT_REL", [2]domain.Role{"NOT_RELEVANT", "NOT_RELEVANT"}, "GANG_RELATED", "RIV", "RIV"},
		{"RIV", "UNKNOWN", [2]domain.Role{"NOT_RELEVANT", "UNKNOWN"}, "GANG_RELATED", "RIV", "RIV"},
		{"PER", "PER", [2]domain.Role{"PERPETRATOR", "PERPETRATOR"}, "OTHER", "PER", "PER"},
		{"PER", "VIC", [2]domain.Role{"PERPETRATOR", "VICTIM"}, "OTHER", "PER", "VIC"},
		{"PER", "NOT_REL", [2]domain.Role{"PERPETRATOR", "NOT_RELEVANT"}, "OTHER", "PER", "NOT_REL"},
		{"PER", "UNKNOWN", [2]domain.Role{"PERPETRATOR", "UNKNOWN"}, "OTHER", "PER", "UNKNOWN"},
		{"VIC", "VIC", [2]domain.Role{"VICTIM", "VICTIM"}, "OTHER", "VIC", "VIC"},
		{"VIC", "NOT_REL", [2]domain.Role{"VICTIM", "NOT_RELEVANT"}, "OTHER", "VIC", "NOT_REL"},
		{"VIC", "UNKNOWN", [2]domain.Role{"VICTIM", "UNKNOWN"}, "OTHER", "VIC", "UNKNOWN"},
		{"NOT_REL", "NOT_REL", [2]domain.Role{"NOT_RELEVANT", "NOT_RELEVANT"}, "OTHER", "NOT_REL", "NOT_REL"},
		{"NOT_REL", "UNKNOWN", [2]domain.Role{"NOT_RELEVANT", "UNKNOWN"}, "OTHER", "NOT_REL", "UNKNOWN"},
		{"UNKNOWN", "UNKNOWN", [2]domain.Role{"UNKNOWN", "UNKNOWN"}, "OTHER", "UNKNOWN", "UNKNOWN"},
	} {
		t.Run(string(row.one)+","+string(row.other), func(t *testing.T) {
			require.Equal(t, row.roles[0], domain.RoleOf(row.one))
			require.Equal(t, row.roles[1], domain.RoleOf(row.other))
			require.Equal(t, row.reason, domain.ReasonOf(row.one, row.other))
			require.Equal(t, row.reason, domain.ReasonOf(row.other, row.one), "in either order")
			require.Equal(t, row.back, domain.ReasonCodeOf(row.roles[0], row.reason))
			require.Equal(t, row.back2, domain.ReasonCodeOf(row.roles[1], row.reason))
		})
	}
}

func TestTranslate_reasonsWithoutACodeOfTheirOwnSayTheRole(t *testing.T) {
	for _, reason := range []domain.Reason{domain.OrganisedCrime, domain.LegalRequest, domain.Threat, domain.Violence, domain.OtherReason} {
		require.Equal(t, domain.CodeVictim, domain.ReasonCodeOf(domain.Victim, reason))
		require.Equal(t, domain.CodePerpetrator, domain.ReasonCodeOf(domain.Perpetrator, reason))
		require.Equal(t, domain.CodeNotRelevant, domain.ReasonCodeOf(domain.NotRelevant, reason))
		require.Equal(t, domain.CodeUnknown, domain.ReasonCodeOf(domain.UnknownRole, reason))
	}
}

func TestTranslate_restrictions(t *testing.T) {
	for code, restriction := range map[domain.TypeCode]domain.Restriction{
		"CELL": "CELL", "LAND": "LANDING", "WING": "WING", "NONEX": "WING", "TNA": "WING",
	} {
		require.Equal(t, restriction, domain.RestrictionOf(code))
	}
	for restriction, code := range map[domain.Restriction]domain.TypeCode{"CELL": "CELL", "LANDING": "LAND", "WING": "WING"} {
		require.Equal(t, code, domain.TypeCodeOf(restriction))
	}
}

func TestVocabularies_knowTheirWordsOnly(t *testing.T) {
	require.True(t, domain.Contains(domain.Roles(), domain.Victim))
	require.False(t, domain.Contains(domain.Roles(), "VIC"))
	require.True(t, domain.Contains(domain.ReasonCodes(), "NOT_REL"))
	require.False(t, domain.Contains(domain.ReasonCodes(), "NOT_RELEVANT"))
	require.False(t, domain.Contains(domain.TypeCodes(), "cell"))
	require.Len(t, domain.Reasons(), 7)
	require.Len(t, domain.Restrictions(), 3)
	require.Len(t, domain.TypeCodes(), 5)
}

func TestPrisonerNumber(t *testing.T) {
	for given, expected := range map[string]domain.PrisonerNumber{"A9109UD": domaintest.High, "a0135ga": domaintest.Low} {
		n, err := domain.ParsePrisonerNumber(given)
		require.NoError(t, err)
		require.Equal(t, expected, n)
	}
	for _, bad := range []string{"", "A9109U", "A9109UDX", "19109UD", "A91O9UD", "A9109U1", " A9109UD", "A9109ıD", "Á109UDX", "A9109U\x00"} {
		_, err := domain.ParsePrisonerNumber(bad)
		require.ErrorIs(t, err, domain.ErrPrisonerNumber, bad)
	}
}

func TestPair_isTheSameInBothOrders(t *testing.T) {
	one, other := domaintest.PairOf(domaintest.Low, domaintest.High), domaintest.PairOf(domaintest.High, domaintest.Low)
	require.Equal(t, one, other)
	require.Equal(t, "nonAssociation-A0135GA_A9109UD", one.Stream())
	require.Equal(t, domaintest.High, one.Other(domaintest.Low))
	require.Equal(t, domaintest.Low, one.Other(domaintest.High))
	require.True(t, one.Has(domaintest.Low))
	require.False(t, one.Has("B0000BB"))
	_, err := domain.NewPair(domaintest.Low, domaintest.Low)
	require.ErrorIs(t, err, domain.ErrSelfPair)
}

func TestPair_readsOnlyWhatItWrote(t *testing.T) {
	p, err := domain.ParseStream(pair.Stream())
	require.NoError(t, err)
	require.Equal(t, pair, p)
	for _, bad := range []string{"", "nonAssociation-", "nonAssociation-A9109UD_A0135GA", "nonAssociation-A0135GA_A0135GA", "nonAssociation-a0135ga_A9109UD", "other-A0135GA_A9109UD"} {
		_, err := domain.ParseStream(bad)
		require.Error(t, err, bad)
	}
}

func TestLocalDateTime_isExact(t *testing.T) {
	at, err := domain.ParseLocalDateTime("2024-02-29T23:59:59")
	require.NoError(t, err)
	require.Equal(t, "2024-02-29", at.Date())
	for _, bad := range []string{
		"", "2023-02-29T00:00:00", "2024-02-29", "2024-02-29T23:59", "2024-02-29T23:59:60", "2024-02-29T24:00:00",
		"0000-01-01T00:00:00", "2024-02-29T23:59:59Z", "2024-02-29T23:59:59.1", "2024-02-29 23:59:59", "2024-2-29T23:59:59", "24-02-29T23:59:59", "2024-02-29T3:59:59",
	} {
		_, err := domain.ParseLocalDateTime(bad)
		require.ErrorIs(t, err, domain.ErrLocalDateTime, bad)
	}
}
