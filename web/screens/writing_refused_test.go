package screens_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/screens/store"
)

// newFormsHouse builds a house with a record that the form can take, and returns the id.
func newFormsHouse(t *testing.T, form string) (*house, uuid.UUID) {
	t.Helper()
	h := newHouse(t)
	if form == "add" {
		return h, uuid.Nil
	}
	id := h.open(adam, merlin)
	if form == "reopen" {
		h.close(id, "OFFICER_B")
	}
	return h, id
}

// faultOf is what is said of an empty field.
type faultOf struct{ field, text string }

var faultsOfDetails = []faultOf{
	{"reason", "Select a reason for the non-association"},
	{"prisonerRole", "Select Adam Example’s role in the situation"},
	{"otherPrisonerRole", "Select Merlin Somerplumbs’ role in the situation"},
	{"restrictionType", "Select where to keep the prisoners apart"},
	{"comment", "Enter a comment"},
}

// faults are what is said when nothing is filled in, in the order of the page.
var faults = map[string][]faultOf{
	"add": faultsOfDetails, "update": faultsOfDetails,
	"close": {{"closedReason", "Enter a comment"}}, "reopen": {{"reopenReason", "Enter a comment"}},
	"delete": {
		{"deletionReason", "Enter a reason for deletion"},
		{"staffUserNameRequestingDeletion", "Enter the user name of the person who asked for it"},
	},
}

// TestForm_namesEachFault sends each form with nothing, with each field twice, and with
// values that are not offered.
func TestForm_namesEachFault(t *testing.T) {
	t.Parallel()
	for form, want := range faults {
		t.Run(form, func(t *testing.T) {
			h, id := newFormsHouse(t, form)
			b, facts := h.signIn("MANAGER_A"), h.facts()
			empty, twice, unknown := url.Values{}, url.Values{}, url.Values{}
			for _, fault := range want {
				value := filled[form].Get(fault.field)
				empty[fault.field], twice[fault.field], unknown[fault.field] = nil, []string{value, value}, []string{" \r\n\t "}
			}
			for name, fields := range map[string]url.Values{"nothing": empty, "twice": twice, "unknown": unknown} {
				sent := b.get(pathTo(form, id)).form("main form", fields)
				p := b.post(pathTo(form, id), sent)
				require.Equal(t, http.StatusBadRequest, p.Code, name)
				require.True(t, strings.HasPrefix(p.text("title"), "Error: "), name)
				require.Equal(t, "There is a problem", p.text(".govuk-error-summary h2"))
				for i, fault := range want {
					link := p.Find(".govuk-error-summary li a").Eq(i)
					require.Equal(t, fault.text, link.Text(), name)
					control := form + "-" + fault.field
					require.Equal(t, "#"+control, link.AttrOr("href", ""), name)
					require.Equal(t, fault.field, p.Find("#"+control).AttrOr("name", ""), name)
					require.Equal(t, "Error: "+fault.text, p.text("#"+control+"-error"), name)
				}
				require.Equal(t, len(want), p.Find(".govuk-error-summary li").Length(), name)
				require.Equal(t, sent.Get("key"), p.form("main form", nil).Get("key"), name)
				require.Equal(t, sent.Get("etag"), p.form("main form", nil).Get("etag"), name)
			}
			require.Equal(t, facts, h.facts())
			views := h.views(store.ViewFilter{Prisoner: merlin})
			require.Len(t, views, 6)
			require.Equal(t, strings.ToUpper(form), string(views[0].Page))
			require.Equal(t, []domain.PrisonerNumber{adam, merlin}, views[0].Subjects)
		})
	}
}

// TestForm_holdsTextsToTheirRules sends texts of each length and with each kind of
// character into each text field.
func TestForm_holdsTextsToTheirRules(t *testing.T) {
	t.Parallel()
	type textField struct {
		form, field, word string
		limit             int
	}
	for _, f := range []textField{
		{"add", "comment", "Comment", 240},
		{"update", "comment", "Comment", 240},
		{"close", "closedReason", "Comment", 240},
		{"reopen", "reopenReason", "Comment", 240},
		{"delete", "deletionReason", "Reason", 240},
		{"delete", "staffUserNameRequestingDeletion", "User name", 60},
	} {
		t.Run(f.form+" "+f.field, func(t *testing.T) {
			h, id := newFormsHouse(t, f.form)
			b, facts := h.signIn("MANAGER_A"), h.facts()
			long, refused := f.word+" must be "+map[int]string{240: "240", 60: "60"}[f.limit]+" characters or less", f.word+" contains a character that cannot be used"
			for text, want := range map[string]string{
				strings.Repeat("a", f.limit+1):          long,
				strings.Repeat("😀", f.limit/2) + "a":    long,
				strings.Repeat("a", f.limit) + "\r\nb":  long,
				"\x00":                                  refused,
				"a\x1bb":                                refused,
				"a\u0085b":                              refused,
				"a\xffb":                                refused,
				strings.Repeat("a", f.limit+1) + "\x00": refused,
				"  " + strings.Repeat("b", f.limit+1) + "\r\n ": long,
			} {
				p := b.submit(pathTo(f.form, id), with(filled[f.form], f.field, text))
				require.Equal(t, http.StatusBadRequest, p.Code, "%q", text)
				require.Equal(t, []string{want}, p.texts(".govuk-error-summary li"), "%q", text)
				require.Equal(t, "#"+f.form+"-"+f.field, p.Find(".govuk-error-summary a").AttrOr("href", ""))
			}
			require.Equal(t, facts, h.facts())
			// The longest that is allowed: two units each, a line end as one, blanks around.
			longest := " \r\n" + strings.Repeat("😀", f.limit/2-1) + "\r\n\t" + " \r\n"
			longest = strings.Replace(longest, "\r\n\t \r\n", "\r\nb \r\n", 1)
			p := b.submit(pathTo(f.form, id), with(filled[f.form], f.field, longest))
			require.Equal(t, http.StatusSeeOther, p.Code, p.text(".govuk-error-summary"))
			require.Equal(t, facts+1, h.facts())
			require.Contains(t, h.lastFact(), strings.Repeat("😀", f.limit/2-1)+`\nb"`)
		})
	}
}

// hostile is text that would be markup, a script, a template or another field.
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}' & </textarea>`

// TestForm_drawsHostileTextAsText sends it in every field, hidden ones too.
func TestForm_drawsHostileTextAsText(t *testing.T) {
	t.Parallel()
	for form := range filled {
		t.Run(form, func(t *testing.T) {
			h, id := newFormsHouse(t, form)
			b, facts := h.signIn("MANAGER_A"), h.facts()
			fields := url.Values{"key": {hostile}, "etag": {hostile}, "unknown": {hostile}}
			for field := range filled[form] {
				fields.Set(field, hostile)
			}
			for _, more := range []string{"", "user", "formId"} {
				sent := b.get(pathTo(form, id)).form("main form", fields)
				if more != "" {
					sent.Set(more, hostile)
				}
				if form == "close" || form == "reopen" || form == "delete" {
					sent.Set("reopenReason", hostile+"\x00") // so that it is refused
					sent.Set("closedReason", hostile+"\x00")
					sent.Set("deletionReason", hostile+"\x00")
				}
				p := b.post(pathTo(form, id), sent)
				require.Contains(t, []int{http.StatusBadRequest, http.StatusConflict}, p.Code)
				require.Equal(t, 1, p.Find("script:not([src])").Length(), "the one of the layout")
				require.Zero(t, p.Find("img[src=x]").Length())
				require.NotContains(t, p.Text, "<script>alert")
			}
			p := b.get(pathTo(form, id) + "?merged=" + url.QueryEscape(hostile) + "&saved=" + url.QueryEscape(hostile))
			require.Equal(t, http.StatusOK, p.Code)
			require.NotContains(t, p.Text, "<script>alert")
			require.Equal(t, facts, h.facts())
		})
	}
}

// TestForm_isNotThere asks for forms of nobody, of no record, of another's record and of
// records in the wrong state, and sends them.
func TestForm_isNotThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	open, closed, theirs, deleted := h.open(adam, merlin), h.open(adam, john), h.open(bert, john), h.open(adam, bert)
	h.execute(adam, john, "OFFICER_B", domain.Close{ID: closed, ClosedReason: "It is over"})
	h.execute(adam, bert, "OFFICER_B", domain.Delete{ID: deleted, DeletionReason: "wrong", RequestedBy: "BOSS"})
	facts := h.facts()
	add := listPath + "/add/with-prisoner/"
	record := func(id, form string) string { return listPath + "/" + id + "/" + form }
	b := h.signIn("MANAGER_A")
	missing := []string{
		add + "A9109UD", add + "a9109ud", add + string(nobody), add + "x", add + "A9109U", add + "A7777AA",
		"/prisoner/" + string(nobody) + "/non-associations/add/with-prisoner/A9109UD",
		"/prisoner/x/non-associations/add/with-prisoner/A9109UD",
		record(closed.String(), "update"), record(closed.String(), "close"), record(open.String(), "reopen"),
	}
	for form := range filled {
		if form == "add" {
			continue
		}
		missing = append(missing,
			record("x", form), record(uuid.NewString(), form), record(theirs.String(), form), record(deleted.String(), form),
			record(strings.ToUpper(open.String())+"x", form), "/prisoner/D5678EF/non-associations/"+closed.String()+"/"+form,
		)
	}
	for _, path := range missing {
		require.Equal(t, http.StatusNotFound, b.get(path).Code, path)
		form := path[strings.LastIndex(path, "/")+1:]
		if strings.Contains(path, "/add/") {
			form = "add"
		}
		p := b.post(path, filled[form])
		require.Equal(t, http.StatusNotFound, p.Code, "POST %s", path)
		require.Equal(t, "Page not found", p.text("h1"))
	}
	// With the newest tag a record that was closed all the time is not found either.
	n := h.record(closed)
	require.Equal(t, http.StatusNotFound, b.post(record(closed.String(), "close"), with(filled["close"], "etag", n.LastEventID.String())).Code)
	require.Equal(t, facts, h.facts())
	for _, view := range h.views(store.ViewFilter{}) {
		require.True(t, view.Refused, "%v", view)
	}
}

// TestForm_isHeldToTheGrid lets each user ask for each form, and send it.
func TestForm_isHeldToTheGrid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	open, closed, elsewhere := h.open(adam, merlin), h.open(adam, john), h.open(otto, trent)
	h.execute(adam, john, "OFFICER_B", domain.Close{ID: closed, ClosedReason: "It is over"})
	facts := h.facts()
	paths := map[string]string{
		"add": listPath + "/add/with-prisoner/A0135GA", "update": pathTo("update", open), "close": pathTo("close", open),
		"reopen": pathTo("reopen", closed), "delete": pathTo("delete", open),
	}
	for user, may := range map[string]string{
		"READER_A": "", "OFFICER_A": "add update close", "OFFICER_B": "", "MANAGER_A": "add update close reopen delete", "AUDITOR": "",
	} {
		b := h.signIn(user)
		for form, path := range paths {
			want := http.StatusNotFound
			if strings.Contains(may, form) {
				want = http.StatusOK
			}
			require.Equal(t, want, b.get(path).Code, "%s %s", user, form)
			if want == http.StatusNotFound {
				require.Equal(t, want, b.post(path, filled[form]).Code, "POST %s %s", user, form)
			}
		}
		path := "/prisoner/A3333AA/non-associations/" + elsewhere.String() + "/update"
		require.Equal(t, user == "OFFICER_B", b.get(path).Code == http.StatusOK, user)
	}
	require.Equal(t, facts, h.facts())
}

// TestForm_isJudgedByTheCommandToo opens a form, and sends it when the prisoners have left
// the prison: the page has cached places, the command asks anew.
func TestForm_isJudgedByTheCommandToo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn("OFFICER_A")
	sent := b.get(addPath).form("main form", details())
	facts := h.facts()
	h.directory.LeaveOut("prisonId")
	require.Equal(t, http.StatusNotFound, b.post(addPath, sent).Code)
	require.Equal(t, facts, h.facts())
}

// TestForm_isRefusedInOrder sends bodies that are no forms: whether there is the page is
// said first.
func TestForm_isRefusedInOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	facts := h.facts()
	reader, officer := h.signIn("READER_A"), h.signIn("OFFICER_A")
	large, form := "comment="+strings.Repeat("x", 64<<10), map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	for _, path := range []string{addPath, pathTo("update", id), pathTo("close", id)} {
		require.Equal(t, http.StatusNotFound, reader.do(http.MethodPost, path, large, form).Code)
		require.Equal(t, http.StatusRequestEntityTooLarge, officer.do(http.MethodPost, path, large, form).Code)
		require.Equal(t, http.StatusRequestEntityTooLarge, officer.do(http.MethodPost, path, large, map[string]string{"Content-Type": "text/plain"}).Code)
		require.Equal(t, http.StatusUnsupportedMediaType, officer.do(http.MethodPost, path, "comment=x", map[string]string{"Content-Type": "text/plain"}).Code)
		require.Equal(t, http.StatusBadRequest, officer.do(http.MethodPost, path, "comment=%zz", form).Code)
		require.Equal(t, http.StatusBadRequest, officer.post(path, with(details(), "formId", "search")).Code)
		p := officer.do(http.MethodPut, path, "", nil)
		require.Equal(t, http.StatusMethodNotAllowed, p.Code)
		require.Equal(t, "GET, POST, HEAD", p.Header.Get("Allow"))
	}
	require.Equal(t, facts, h.facts())
}
