package govuk_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/web/screens/govuk"
)

func TestDates_areThoseOfTheirZone(t *testing.T) {
	london := time.FixedZone("BST", 3600)
	for utc, want := range map[string][3]string{
		"2023-07-26T13:05:09Z": {"26 July 2023", "26 July 2023 at 14:05", "26/07/2023"},
		"2023-07-31T23:30:00Z": {"1 August 2023", "1 August 2023 at 00:30", "01/08/2023"},
	} {
		parsed, err := time.Parse(time.RFC3339, utc)
		require.NoError(t, err)
		local := parsed.In(london)
		require.Equal(t, want, [3]string{govuk.Date(local), govuk.DateTime(local), govuk.ShortDate(local)})
	}
	now := time.Date(2023, 7, 26, 14, 6, 0, 0, london)
	require.Equal(t, "Shows everything recorded up to 14:05:09", govuk.UpTo(now.Add(-51*time.Second), now))
	require.Equal(t, "Shows everything recorded up to 23:59:59 on 25 July 2023", govuk.UpTo(now.Add(-14*time.Hour-6*time.Minute-time.Second), now))
	require.Equal(t, "Shows everything recorded up to 00:30:00", govuk.UpTo(now.Add(-13*time.Hour-36*time.Minute), now.UTC()), "the day is that of the zone")
}

func TestNames_areInTitleCase(t *testing.T) {
	for name, want := range map[string]string{
		"JOHN": "John", "smith-jones": "Smith-Jones", "O'NEILL": "O'Neill", "D’SOUZA": "D’Souza", "MARY ANN": "Mary Ann",
		"  mary \t ann ": "Mary Ann", "ÉMILE": "Émile", "": "", "MARY'S": "Mary's", "ŁUKASZ": "Łukasz", "-": "-", "ST. JOHN": "St. John",
	} {
		require.Equal(t, want, govuk.TitleCase(name))
	}
	require.Equal(t, "Adam Example", govuk.FullName("ADAM", "EXAMPLE"))
	require.Equal(t, "Example", govuk.FullName("", "EXAMPLE"))
	require.Equal(t, "Example, Adam", govuk.ListName("ADAM", "EXAMPLE"))
	require.Equal(t, "Example", govuk.ListName("", "EXAMPLE"))
	require.Equal(t, "Adam", govuk.ListName("ADAM", ""))
}

func TestPossessive_dependsOnTheLastLetter(t *testing.T) {
	for name, want := range map[string]string{
		"Adam Example": "Adam Example’s", "Jo Jones": "Jo Jones’", "JO JONES": "JO JONES’", "A1234BC": "A1234BC’s", "A1234BS": "A1234BS’s",
	} {
		require.Equal(t, want, govuk.Possessive(name))
	}
}

func TestCount_isSingularAfterOneAlone(t *testing.T) {
	for n, want := range map[int]string{0: "0 records", 1: "1 record", 2: "2 records", 21: "21 records"} {
		require.Equal(t, want, govuk.Count(n, "record", "records"))
	}
}
