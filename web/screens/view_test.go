package screens_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/web/screens"
)

// TestView_findsEveryNumberOfAPage compares with a regular expression, over texts that are
// nearly numbers.
func TestView_findsEveryNumberOfAPage(t *testing.T) {
	t.Parallel()
	escapes := regexp.MustCompile(`_|\\u....|\\.|%..`)
	number := regexp.MustCompile(`\b[A-Z][0-9]{4}[A-Z]{2}\b`)
	parts := rapid.SampledFrom([]string{"A1234BC", "Z0000ZZ", "A1234B", "a1234bc", "A", "1", "_", "-", " ", "<br>", "é", "A1234BCD", "9A1234BC", `\n`, `\u0022`, "%20", "%0A"})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(parts, 0, 8).Draw(t, "parts"), "")
		want := map[domain.PrisonerNumber]struct{}{}
		// The underscore ends a word here: it stands between the two numbers of a stream. So
		// does an escape of JSON or of an address.
		for _, found := range number.FindAllString(escapes.ReplaceAllString(text, " "), -1) {
			want[domain.PrisonerNumber(found)] = struct{}{}
		}
		require.Equal(t, want, screens.NumbersIn([]byte(text)), text)
	})
}
