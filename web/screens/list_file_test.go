package screens_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/screens/store"
)

const listHeader = "Prison number,Last name,First name,Establishment,Location,Reason,Role,Other role,Where to keep apart,NOMIS type,Comments,Date added,Last updated,Date closed,Closed by,Id,Position"

// rowsIn returns the rows of a file, the header among them. It must be whole: a byte order
// mark, and CRLF at the end of each row.
func rowsIn(t *testing.T, file *page) [][]string {
	t.Helper()
	require.Equal(t, http.StatusOK, file.Code, file.Text)
	require.Equal(t, "text/csv; charset=utf-8", file.Header.Get("Content-Type"))
	text, marked := strings.CutPrefix(file.Text, "\uFEFF")
	require.True(t, marked)
	require.Equal(t, strings.Count(text, "\n"), strings.Count(text, "\r\n"))
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	return rows
}

// TestListFile_hasEveryColumn of an open and of a closed list.
func TestListFile_hasEveryColumn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin, func(o *domain.Open) { o.Comment = "He said \"no\",\nthen left" })
	h.tell(domain.NOMIS, adam, ossie, item(adam, ossie, func(i *domain.Item) { i.TypeCode = domain.TypeTotal }))
	closed := h.open(adam, otto)
	h.pass(24 * time.Hour)
	h.closeBetween(adam, otto, closed)
	b := h.signIn("OFFICER_A")

	file := b.get(adamsList + ".csv")
	require.Equal(t, `attachment; filename=non-associations-A9109UD-open.csv`, file.Header.Get("Content-Disposition"))
	require.True(t, strings.HasPrefix(file.Text, "\uFEFF"+listHeader+"\r\n"))
	position := file.Header.Get("X-Position")
	require.NotEmpty(t, position)
	rows := rowsIn(t, file)[1:]
	require.Len(t, rows, 2)
	require.Equal(t, []string{
		"D5678EF", "Somerplumbs", "Merlin", "Example A (HMP)", "B-2-004", "Bullying", "Victim", "Perpetrator", "Cell, landing and wing", "",
		"He said \"no\",\nthen left", "2026-07-15", "2026-07-15", "", "", id.String(), position,
	}, rows[0])
	require.Equal(t, []string{"A5555AA", "Outside", "Ossie", "", "Outside - released from Example A (HMP)"}, rows[1][:5])
	require.Equal(t, []string{"Cell, landing and wing", "Total Non Association", "Seen fighting", "2021-07-05", "2026-07-15"}, rows[1][8:13])

	file = b.get(adamsList + "/closed.csv")
	require.Equal(t, `attachment; filename=non-associations-A9109UD-closed.csv`, file.Header.Get("Content-Disposition"))
	rows = rowsIn(t, file)[1:]
	require.Len(t, rows, 1)
	require.Equal(t, []string{"2026-07-15", "2026-07-16", "2026-07-16", "OFFICER_B", closed.String()}, rows[0][11:16])

	views := h.views(store.ViewFilter{Prisoner: merlin})
	require.Len(t, views, 1)
	require.Equal(t, store.PageListCSV, views[0].Page)
	require.Equal(t, "/prisoner/{pn}/non-associations.csv", views[0].Route)
	require.Equal(t, []domain.PrisonerNumber{ossie, merlin}, views[0].Shown)
}

// TestListFile_isInTheOrderOfThePage group by group, each in its own sort.
func TestListFile_isInTheOrderOfThePage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, other := range []domain.PrisonerNumber{ossie, una, rex, trent, otto, bert, merlin} {
		h.open(adam, other)
		h.pass(time.Minute)
	}
	b := h.signIn("OFFICER_A")
	rows := rowsIn(t, b.get(adamsList+".csv?sameSort=LAST_NAME&sameOrder=DESC&outsideSort=WHEN_UPDATED&outsideOrder=ASC"))[1:]
	var numbers []domain.PrisonerNumber
	for _, row := range rows {
		numbers = append(numbers, domain.PrisonerNumber(row[0]))
	}
	require.Equal(t, []domain.PrisonerNumber{merlin, bert, rex, otto, ossie, trent, una}, numbers)
}

// TestListFile_hasNoFormulas whoever wrote the comment.
func TestListFile_hasNoFormulas(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	hostile := []string{"=1+1", "+1", "-1", "@SUM(A1)", "\tx", "=cmd|' /C calc'!A0", "\"=1\"", "fine = so"}
	others := []domain.PrisonerNumber{bert, john, merlin, rex, ray, otto, trent, ossie}
	want := map[string]string{}
	for i, comment := range hostile {
		h.tell(domain.NOMIS, adam, others[i], item(adam, others[i], func(n *domain.Item) { n.Comment = &comment }))
		want[string(others[i])] = comment
		if strings.ContainsRune("=+-@\t\r", rune(comment[0])) {
			want[string(others[i])] = "'" + comment
		}
	}
	got := map[string]string{}
	for _, row := range rowsIn(t, h.signIn("OFFICER_A").get(adamsList+".csv"))[1:] {
		got[row[0]] = row[10]
	}
	require.Equal(t, want, got)
}

// TestList_ofAHundredRecordsIsSmall as it goes over the wire.
func TestList_ofAHundredRecordsIsSmall(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for i := range 100 {
		other := domain.PrisonerNumber(fmt.Sprintf("B%04dBB", i))
		h.open(adam, other, func(o *domain.Open) { o.Comment = fmt.Sprintf("Comment number %d of this list", i) })
	}
	b := h.signIn("OFFICER_A")
	asked := h.directory.Asked()
	p := b.do(http.MethodGet, adamsList, "", map[string]string{"Accept-Encoding": "gzip"})
	require.Equal(t, "gzip", p.Header.Get("Content-Encoding"))
	require.LessOrEqual(t, len(p.Text), 100_000)
	require.LessOrEqual(t, h.directory.Asked()-asked, 2, "the people in one request, and the name of the caseload")
	unzipped, err := gzip.NewReader(bytes.NewReader([]byte(p.Text)))
	require.NoError(t, err)
	text, err := io.ReadAll(unzipped)
	require.NoError(t, err)
	require.Equal(t, 100, strings.Count(string(text), "data-id="))
}
