package api_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// prose are the fields of staff's writes that take any text, with their limits.
var prose = map[string]int{
	"open comment": 240, "amend comment": 240, "close closedReason": 240, "reopen reopenReason": 240, "delete deletionReason": 240,
	"close closedBy": 60, "reopen reopenedBy": 60, "delete staffUserNameRequestingDeletion": 60,
}

// said are the fields of NOMIS's items that take any text.
var said = map[string]int{"comments": 240, "authorisedBy": 60}

// refusesStaff sends one text to staff's field, and tells whether it was
// refused as such; what is refused for its state (404, 409) was read.
func (h *staffServer) refusesStaff(at, text string) bool {
	h.t.Helper()
	call, field, _ := strings.Cut(at, " ")
	c := staffCalls[call]
	var body map[string]any
	require.NoError(h.t, json.Unmarshal([]byte(c.body), &body))
	body[field] = text
	whole, err := json.Marshal(body)
	require.NoError(h.t, err)
	w := h.call(c.method, c.path, c.token, string(whole))
	if w.Code != http.StatusBadRequest {
		return false
	}
	require.Equal(h.t, 102, errorIn(h.t, w).code())
	require.Equal(h.t, []string{"/" + field}, errorIn(h.t, w).sources())
	return true
}

// refusesNOMIS is refusesStaff for a field of a synchronised item.
func (h *testServer) refusesNOMIS(field, text string) bool {
	h.t.Helper()
	value, err := json.Marshal(text)
	require.NoError(h.t, err)
	w := h.sync(request(item("B2222BB", "2021-01-01T00:00:00", fmt.Sprintf("%q:%s,", field, value))))
	if w.Code != http.StatusBadRequest {
		require.Equal(h.t, http.StatusOK, w.Code)
		return false
	}
	require.Equal(h.t, 102, errorIn(h.t, w).code())
	require.Equal(h.t, []string{items0 + "/" + field}, errorIn(h.t, w).sources())
	return true
}

// staff's limits count as NOMIS does on the way back.
func TestLimit_ofStaffCountsUTF16WithoutBlanksAround(t *testing.T) {
	h := newStaffServer(t)
	for at, limit := range prose {
		x, pile := strings.Repeat("x", limit), strings.Repeat("😀", limit/2)
		lines := "x" + strings.Repeat("\r\n", limit-2) + "x"
		for _, fits := range []string{
			x, pile, lines, strings.Repeat("é", limit), " \t\r\n\u00a0\u3000" + x + "\u2003\n", strings.Repeat(" ", 4096-limit) + x,
			strings.Repeat("\ufffe", limit), "x" + strings.Repeat("\r", limit-2) + "x", "x" + strings.Repeat("\n", limit-2) + "x",
		} {
			require.False(t, h.refusesStaff(at, fits), "%s %q", at, fits)
		}
		for _, long := range []string{
			x + "x", pile + "x", "x" + lines, strings.Repeat("é", limit) + "e", "x " + x[1:] + " ", strings.Repeat(" ", 4097-limit) + x,
			"x" + strings.Repeat("\r", limit-1) + "x", strings.Repeat("x", 1<<16),
		} {
			require.True(t, h.refusesStaff(at, long), "%s %q", at, long)
		}
		for _, blank := range []string{"", " ", "\r\n\t", "\u00a0\u2003\u3000"} {
			require.True(t, h.refusesStaff(at, blank), "%s %q", at, blank)
		}
	}
}

func TestLimit_ofNOMISCountsCodePointsOfAllThatIsGiven(t *testing.T) {
	h := newTestServer(t)
	for field, limit := range said {
		for _, fits := range []string{
			strings.Repeat("😀", limit), strings.Repeat("\r\n", limit/2), strings.Repeat(" ", limit), strings.Repeat("\uffff", limit), "",
		} {
			require.False(t, h.refusesNOMIS(field, fits), "%s %q", field, fits)
		}
		for _, long := range []string{strings.Repeat("😀", limit+1), strings.Repeat("\r\n", limit/2) + "\n", strings.Repeat(" ", limit+1)} {
			require.True(t, h.refusesNOMIS(field, long), "%s %q", field, long)
		}
	}
}

// Every control character, in every field that takes a text.
func TestControlCharacters_thatAreRefused(t *testing.T) {
	h := newStaffServer(t)
	for r := range rune(0x100) {
		if !unicode.IsControl(r) {
			continue
		}
		text := "a" + string(r) + "b"
		for field := range said {
			require.Equal(t, r == 0, h.refusesNOMIS(field, text), "%s %U", field, r)
		}
		for at := range prose {
			require.Equal(t, !strings.ContainsRune("\t\n\r", r), h.refusesStaff(at, text), "%s %U", at, r)
		}
		require.Equal(t, !strings.ContainsRune("\t\n\r", r), h.refusesStaff("open comment", "x"+string(r)), "%U among the blanks around a text", r)
	}
}

func TestText_ofStaffIsKeptAsGiven(t *testing.T) {
	h := newStaffServer(t)
	const given = " \r\n They\r\nkeep\tfighting \ufffe\uffff 😀 \u00a0\n"
	quoted, err := json.Marshal(given)
	require.NoError(t, err)
	w := h.call(http.MethodPost, "/non-associations", writer, strings.Replace(newOne, `"They keep fighting"`, string(quoted), 1))
	opened := staffIn(t, w, http.StatusCreated)
	require.Equal(t, given, *opened.Comment)
	closed := staffIn(t, h.close(opened.ID, `{"closedReason":`+string(quoted)+`}`), http.StatusOK)
	require.Equal(t, given, *closed.ClosedReason)
}

// The most that 99 items can say, each changed in every text, is one append.
func TestLargestRequest_ofAPairFitsOneAppend(t *testing.T) {
	for _, widest := range []string{`\u0001`, "\ufffe", "😀"} {
		h := newTestServer(t)
		all := func(widest string) string {
			fields := fmt.Sprintf(`"expiryDate":"2020-02-01T00:00:00","comments":"%s","authorisedBy":"%s",`,
				strings.Repeat(widest, 240), strings.Repeat(widest, 60))
			var items []string
			for i := range 99 {
				items = append(items, item("B2222BB", fmt.Sprintf("2020-01-01T00:%02d:%02d", i/60, i%60), fields))
			}
			return request(items...)
		}
		require.Equal(t, 99, strings.Count(kinds(toldIn(t, h.sync(all(widest)))), "CREATED"))
		require.Equal(t, 99, strings.Count(kinds(toldIn(t, h.sync(all(`\u0002`)))), "AMENDED"))
	}
}

func TestSequence_isOneHoweverItIsWritten(t *testing.T) {
	for sequence, spellings := range map[string][]string{
		"1":   {"1.0", "10e-1", "1E0", "1e+0", "0.1e1", "1.000000000000000000000000", "0.0001E4", "1000000e-6", "1e-0", "1" + strings.Repeat("0", 300) + "e-300"},
		"999": {"999.0", "9.99e2", "99900e-2", "0.999E+3", "999e00"},
		"100": {"1e2", "1.00E2", "100.00", "0.1e3", "0.00000001e10"},
	} {
		for _, path := range []string{"/sync", "/migrate"} {
			h, token := newTestServer(t), "U:NON_ASSOCIATIONS_SYNC,NON_ASSOCIATIONS_MIGRATE"
			tell := func(sequence string) string {
				w := h.call(http.MethodPost, path, token, extra(`"typeSequence":`+sequence))
				require.Less(t, w.Code, 300, "%s: %s", sequence, w.Body)
				return kinds(toldIn(t, w))
			}
			require.Equal(t, "CREATED", tell(sequence))
			for _, spelling := range spellings {
				require.Equal(t, "UNCHANGED", tell(spelling), spelling)
			}
			require.Equal(t, 1, h.facts())
			require.Contains(t, h.history("A9109UD").Body.String(), `"typeSequence":`+sequence)
		}
	}
}

func TestSequence_thatIsInvalidIsRefused(t *testing.T) {
	h := newTestServer(t)
	for _, bad := range []string{
		"0", "0.0", "-0", "-1", "-1.0", "1000", "1e3", "999.5", "1.5", "1e-1", "0.1", "15e-1", "1.0000000000000000000000000001",
		"1e400", "1e-400", "1e99999999999999999999", "1e-99999999999999999999", "0e99999999999999999999", "9e2147483647",
		strings.Repeat("9", 10_000), "0." + strings.Repeat("0", 10_000) + "1", `"1"`, `"1.0"`, `""`, "true", "false", "[1]", `{"n":1}`,
	} {
		w := h.sync(extra(`"typeSequence":` + bad))
		require.Equal(t, http.StatusBadRequest, w.Code, "%.40s", bad)
		require.Equal(t, 102, errorIn(t, w).code())
		require.Equal(t, []string{items0 + "/typeSequence"}, errorIn(t, w).sources(), "%.40s", bad)
	}
	for _, cut := range []string{"1.", "1e", ".5", "+1", "01", "1e+", "0x1", "1_0", "Infinity"} {
		require.Equal(t, http.StatusBadRequest, h.sync(extra(`"typeSequence":`+cut)).Code, cut)
	}
	require.Zero(t, h.facts())
}

// The same rule by exact fractions, for any number that JSON can write.
func TestSequence_byAnotherCalculation(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,4})(\.[0-9]{1,5}|\.0{1,9})?([eE][-+]?0?[0-9])?`).Draw(r, "number")
		exact, is := new(big.Rat).SetString(text)
		require.True(t, is)
		good := exact.IsInt() && exact.Num().IsInt64() && exact.Num().Int64() >= 1 && exact.Num().Int64() <= 999
		h := newTestServer(t)
		w := h.sync(extra(`"typeSequence":` + text))
		require.Equal(t, good, w.Code == http.StatusOK, text)
		if good {
			require.Contains(t, h.history("A9109UD").Body.String(), `"typeSequence":`+exact.Num().String()+"}")
		}
	})
}

// positionTexts are no positions; what a position is, every answer says.
var positionTexts = []string{
	"", "x", "-1", "%2B1", "1.0", "1e2", "0x10", "%201", "1%20", "9223372036854775808", "18446744073709551616", "%00", "1,2", "١", "c/0", "null", "1_0",
}

// Every operation that takes a position, wherever it takes it.
func TestPosition_thatCannotBeParsedIsRefusedEverywhere(t *testing.T) {
	h := newTestServer(t)
	h.sync(record)
	asked := 0
	for path, item := range openContract(t).root["paths"].(map[string]any) {
		for method, operation := range item.(map[string]any) {
			for _, name := range positionsOf(t, operation.(map[string]any)) {
				asked++
				for _, bad := range append(slices.Clone(positionTexts), "1&"+name+"=1") {
					target := filled(t, path) + "?prn=A9109UD&" + name + "=" + bad
					body := map[string]string{"post": `["A9109UD","A0135GA"]`}[method]
					w := h.call(strings.ToUpper(method), target, everyRole, body)
					require.Equal(t, http.StatusBadRequest, w.Code, "%s %s: %s", method, target, w.Body)
					require.Equal(t, 102, errorIn(t, w).code())
					require.Equal(t, []string{name}, errorIn(t, w).sources(), "%s", target)
				}
			}
		}
	}
	require.GreaterOrEqual(t, asked, 9)
}

// positionsOf are the parameters of an operation that are positions.
func positionsOf(t *testing.T, operation map[string]any) []string {
	t.Helper()
	var names []string
	listed, _ := operation["parameters"].([]any)
	for _, one := range listed {
		p := one.(map[string]any)
		if ref, is := p["$ref"].(string); is {
			p, _ = openContract(t).at(t, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
		}
		if name := p["name"].(string); name == "atLeast" || name == "from" {
			names = append(names, name)
		}
	}
	return names
}

// everyRole may do everything.
const everyRole = "ALL:READ_NON_ASSOCIATIONS,NON_ASSOCIATIONS_SYNC,SAR_DATA_ACCESS,NON_ASSOCIATIONS_ADMIN:read,write"
