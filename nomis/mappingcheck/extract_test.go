package mappingcheck_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/nomis/mappingcheck"
	"nonassociations/nomis/mirror"
)

// rowOf is a line of an extract.
func rowOf(of, about domain.PrisonerNumber, sequence int, comment string) string {
	reason := map[bool]string{true: "VIC", false: "PER"}[of < about]
	return fmt.Sprintf(`{"offenderNo":%q,"nsOffenderNo":%q,"typeSequence":%d,"reason":%q,"type":"WING","effectiveDate":"2021-01-01","comment":%q}`,
		of, about, sequence, reason, comment)
}

// extractOf writes a file and reads it.
func extractOf(t *testing.T, lines ...string) (*mappingcheck.Extract, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "extract.ndjson")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600))
	file, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, file.Close()) })
	return mappingcheck.ReadExtract(t.Context(), file)
}

func TestExtract_hasTheRowsOfBothMirrorsInAnyOrder(t *testing.T) {
	const low, high = domaintest.Low, domaintest.High
	extract, err := extractOf(t, rowOf(high, low, 2, "d"), "", rowOf(low, high, 2, "b"), rowOf(low, "Z1234ZZ", 1, "z")+"\r", rowOf(low, high, 1, "a"))
	require.NoError(t, err)
	rows, err := extract.Rows(t.Context(), domaintest.Pair)
	require.NoError(t, err)
	require.Len(t, rows.Forwards, 2)
	require.Equal(t, "a", *rows.Forwards[0].Comment)
	require.Equal(t, "b", *rows.Forwards[1].Comment)
	require.Len(t, rows.Backwards, 1)
	require.Equal(t, "d", *rows.Backwards[0].Comment)
	pairs := map[domain.Pair]bool{}
	require.NoError(t, extract.Pairs(t.Context(), func(pair domain.Pair) { pairs[pair] = true }))
	require.Len(t, pairs, 2)
	none, err := extract.Rows(t.Context(), domaintest.PairOf("Y1234YY", "Z1234ZZ"))
	require.NoError(t, err)
	require.Empty(t, none)
}

// A line that is no row is named by its number, and nothing of it is repeated.
func TestExtract_namesMalformedLinesWithoutTheirText(t *testing.T) {
	const low, high = domaintest.Low, domaintest.High
	good := rowOf(low, high, 1, "secret")
	_, err := extractOf(t, good, "secret", `{"comment":"secret"}`, strings.Replace(good, ":1,", `:"secret",`, 1),
		strings.Replace(good, ":1,", ":0,", 1), strings.Replace(good, string(high), string(low), 1), good, good[:len(good)-1]+`,"comment":"secret"}`, "[]")
	var malformed *mappingcheck.MalformedError
	require.ErrorAs(t, err, &malformed)
	for n, why := range map[int]string{
		2: "is not a JSON object", 3: "has no two prisoner numbers", 4: "has a wrong type of typeSequence", 5: "has no typeSequence",
		6: "has no two prisoner numbers", 7: "is of the same prisoners and sequence as line 1", 8: "is not a JSON object", 9: "is not a JSON object",
	} {
		require.Contains(t, err.Error(), fmt.Sprintf("\n  line %d %s", n, why))
	}
	require.NotContains(t, err.Error(), "line 1 ")
	for _, personal := range []string{"secret", string(low), string(high)} {
		require.NotContains(t, err.Error(), personal)
	}
	_, err = extractOf(t, good, strings.Repeat("x", 2<<20))
	require.ErrorContains(t, err, "line 2 is longer than 1 MiB")
	_, err = extractOf(t, strings.Repeat("x\n", 1000))
	require.ErrorContains(t, err, "and 950 more")
}

func TestExtract_thatChangesMeanwhileIsNotCompared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "extract.ndjson")
	require.NoError(t, os.WriteFile(path, []byte(rowOf(domaintest.Low, domaintest.High, 1, "a")), 0o600))
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	extract, err := mappingcheck.ReadExtract(t.Context(), file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte("another"), 0o600))
	_, err = extract.Rows(t.Context(), domaintest.Pair)
	require.ErrorContains(t, err, "line 1 of the extract has changed")

	ended, end := context.WithCancel(t.Context())
	end()
	_, err = mappingcheck.ReadExtract(ended, file)
	require.ErrorIs(t, err, context.Canceled)
}

// changed is a row as a line, with another comment.
func changed(row mirror.Row, comment string) string {
	row.Comment = &comment
	text, err := json.Marshal(row)
	if err != nil {
		panic(err)
	}
	return string(text)
}
