package screens_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/queries/whereabouts"
	"nonassociations/web/screens/store"
)

// move asks a move check in XAA.
func (b *browser) move(to string, lines ...string) *page {
	b.t.Helper()
	return b.get("/prison/XAA/move-check?" + url.Values{"prisoner": {strings.Join(lines, "\r\n")}, "to": {to}}.Encode())
}

// errors returns the texts of the error summary with the fields that they lead to.
func (p *page) errors() []string {
	var all []string
	p.Find(".govuk-error-summary li a").Each(func(_ int, a *goquery.Selection) {
		all = append(all, a.AttrOr("href", "")+" "+a.Text())
	})
	return all
}

// TestMoveCheck_asks with the form of the design.
func TestMoveCheck_asks(t *testing.T) {
	t.Parallel()
	h := newPrison(t, examplePeople())
	p := h.signIn("OFFICER_A").get("/prison/XAA/move-check")
	require.Equal(t, "Check a move – Non-associations", p.text("title"))
	require.Equal(t, "Check a move", p.text("h1"))
	require.Equal(t, "Prison numbers", p.text(`label[for=move-prisoner]`))
	require.Equal(t, "One a line, at most 30", p.text("#move-prisoner-hint"))
	require.Equal(t, "Wing, landing or cell", p.text(`label[for=move-to]`))
	require.Equal(t, "For example A, A-1 or A-1-002. Leave it empty for anywhere in Example A (HMP).", p.text("#move-to-hint"))
	require.Equal(t, "get", p.Find("form:has(#move-prisoner)").AttrOr("method", ""))
	require.Equal(t, "Check", p.text("form button"))
	require.Contains(t, p.text("main"), "Nothing here blocks a move in NOMIS.")
	require.Zero(t, p.Find("table, #question, .govuk-error-summary").Length())
	require.NotContains(t, p.text("main"), "Nobody would be too close.")
	require.Empty(t, h.views(store.ViewFilter{})[0].Subjects)
}

// TestMoveCheck_answers with the pairs on the list first, then with those who are there.
func TestMoveCheck_answers(t *testing.T) {
	t.Parallel()
	h := newPrison(t, examplePeople())
	h.open(adam, otto)                          // both are asked about
	h.open(otto, john, apartBy(domain.Cell))    // on the landing
	h.open(otto, bert, apartBy(domain.Landing)) // on the landing
	h.open(otto, merlin, apartBy(domain.Wing))  // on the wing
	h.open(otto, rex, apartBy(domain.Wing))     // in no cell
	h.open(otto, trent, apartBy(domain.Wing))   // in transit
	h.open(otto, una, apartBy(domain.Wing))     // nowhere that is known
	h.open(otto, pat, apartBy(domain.Wing))     // in a hospital
	h.nomisRecord(adam, ray, domain.TypeWing, "2026-08-01T00:00:00")
	b := h.signIn("OFFICER_A")
	p := b.move("XAA-a-1-002", "a3333aa", "", " A9109UD ", "A3333AA")
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, []string{"Prisoner", "Must be kept from", "Where", "Where to keep apart", "How near", "Too close", "Actions"}, p.heads("#conflicts"))
	var rows [][]string
	for _, row := range p.cells("#conflicts") {
		rows = append(rows, row[:6])
	}
	require.Equal(t, [][]string{
		{"Elsewhere, Otto A3333AA", "Example, Adam A9109UD", "To be moved too", "Cell, landing and wing", "Same cell", "Too close"},
		{"Elsewhere, Otto A3333AA", "Sample, Bertram A0135GA", "A-1-002", "Cell and landing", "Same cell", "Too close"},
		{"Elsewhere, Otto A3333AA", "Somerplumbs, Merlin D5678EF", "A-2-004", "Cell, landing and wing", "Same wing", "Too close"},
		{"Elsewhere, Otto A3333AA", "Doe, John A1234BC", "A-1-001", "Cell only", "Same landing", "No"},
	}, rows)
	rows = nil
	for _, row := range p.cells("#cannot-place") {
		rows = append(rows, []string{row[1], row[2], row[4]})
	}
	require.ElementsMatch(t, [][]string{
		{"Ception, Rex A1111AA", "RECP", "In the prison, in no known cell"}, {"Transit, Trent A4444AA", "Not known", "Between two prisons"}, {"Known, Una A7777AA", "Not known", "Location not known"},
	}, rows)
	require.Equal(t, [][]string{
		{"Elsewhere, Otto A3333AA", "Patient, Pat A6666AA", "Cell, landing and wing", "The other is a restricted patient", "", "View details of Otto Elsewhere (A3333AA) and Pat Patient (A6666AA)"},
		{"Example, Adam A9109UD", "Ception, Ray A2222AA", "Cell, landing and wing", "The non-association has not begun", "01/08/2026", "View details of Adam Example (A9109UD) and Ray Ception (A2222AA)"},
	}, p.cells("#left-out"))
	require.Equal(t, "To be moved Otto Elsewhere (A3333AA) Adam Example (A9109UD) To a-1-002", p.text("#question"), "the question is on paper too")
	require.Equal(t, 1, p.Find("form.app-no-print #move-prisoner").Length())
	require.NotContains(t, p.text("main"), "Nobody would be too close.")
	require.Contains(t, p.text("main"), "Nothing here blocks a move in NOMIS.")
	require.Equal(t, "Locations as of 15 July 2026 at 13:00.", p.text("#locations-age"))

	view := h.views(store.ViewFilter{})[0]
	require.Equal(t, store.PageMoveCheck, view.Page)
	require.Equal(t, []domain.PrisonerNumber{otto, adam}, view.Subjects)
	require.Equal(t, []domain.PrisonerNumber{bert, rex, john, ray, trent, pat, una, merlin}, view.Shown)
	require.Equal(t, "prisonId=XAA&prisoner=a3333aa%0D%0A%0D%0A+A9109UD+%0D%0AA3333AA&to=XAA-a-1-002", view.Query)
	require.NotZero(t, view.Position)

	p = b.move("RECP", "A3333AA")
	require.Equal(t, "Both in RECP", p.cells("#conflicts")[0][4])
	p = b.move("", "A3333AA")
	require.Equal(t, "In Example A (HMP)", p.cells("#conflicts")[0][4])
	require.Contains(t, p.text("#question"), "Anywhere in Example A (HMP)")
}

// TestMoveCheck_saysNobodyOnlyOfEverybody leaves something unknown in turn.
func TestMoveCheck_saysNobodyOnlyOfEverybody(t *testing.T) {
	t.Parallel()
	const nobody = "Nobody would be too close."
	r := examplePeople()
	h := newPrison(t, r)
	h.open(otto, merlin, apartBy(domain.Landing))
	h.open(otto, pat) // is left out
	h.open(adam, john)
	b := h.signIn("OFFICER_A")
	p := b.move("A-1", "A3333AA")
	require.Contains(t, p.text("main"), nobody)
	require.Equal(t, "No", p.cells("#conflicts")[0][5], "what is not broken is shown")
	require.Equal(t, 1, p.Find("table#left-out").Length())
	require.NotContains(t, b.move("A-2", "A3333AA").text("main"), nobody)
	require.NotContains(t, b.move("A-2", "A9109UD").text("main"), nobody)
	require.Contains(t, b.move("A-2", "A0135GA").text("main"), nobody, "without any record")

	h.directory.Miss(1)
	h.pass(whereabouts.Fresh)
	p = b.move("A-1", "A3333AA")
	require.NotContains(t, p.text("main"), nobody)
	require.Equal(t, "1 person of this prison could not be read.", p.text("#incomplete"))
	h.directory.Miss(0)
	h.pass(whereabouts.Fresh)
	require.Contains(t, b.move("A-1", "A3333AA").text("main"), nobody)

	h.open(otto, rex)
	p = b.move("A-1", "A3333AA")
	require.NotContains(t, p.text("main"), nobody, "somebody cannot be placed")
	require.Len(t, p.cells("#cannot-place"), 1)
	h.directory.Down(true)
	h.pass(whereabouts.Fresh)
	p = b.move("B-1", "A3333AA")
	require.Equal(t, http.StatusOK, p.Code)
	require.NotContains(t, p.text("main"), nobody, "it is not known where Otto is")
	require.Equal(t, http.StatusOK, b.move("A-1", string(nobodyKnown)).Code, "while the directory is away nobody is unknown")
}

const nobodyKnown domain.PrisonerNumber = "Z9999ZZ"

// TestMoveCheck_refuses every question that is none, with all that is wrong in its order.
func TestMoveCheck_refuses(t *testing.T) {
	t.Parallel()
	h := newPrison(t, examplePeople())
	b := h.signIn("OFFICER_A")
	const wing = "#move-to Enter a wing, landing or cell such as A-1-002"
	many := make([]string, 31)
	for i := range many {
		many[i] = fmt.Sprintf("A%04dZZ", i)
	}
	hostile := `<script>alert(1)</script>'"` + "\u202e"
	facts := h.facts()
	for name, c := range map[string]struct {
		to    string
		lines []string
		want  []string
	}{
		"nothing":          {"", nil, []string{"#move-prisoner Enter a prison number"}},
		"blanks":           {"", []string{" ", "\t"}, []string{"#move-prisoner Enter a prison number"}},
		"no number":        {"", []string{"A9109UD", "A9109U", "A9109UD, A1234BC"}, []string{"#move-prisoner A9109U is not a prison number", "#move-prisoner A9109UD, A1234BC is not a prison number"}},
		"unknown":          {"", []string{"z9999zz", "A9109UD", "Z9999ZY"}, []string{"#move-prisoner Z9999ZZ is not known", "#move-prisoner Z9999ZY is not known"}},
		"in their order":   {"", []string{"Z9999ZZ", "x", "Z9999ZY"}, []string{"#move-prisoner Z9999ZZ is not known", "#move-prisoner x is not a prison number", "#move-prisoner Z9999ZY is not known"}},
		"31":               {"", many, []string{"#move-prisoner Enter at most 30 prison numbers"}},
		"31 and more":      {"A 1", append([]string{"x"}, many...), []string{"#move-prisoner Enter at most 30 prison numbers", wing}},
		"a blank":          {"A 1", []string{"A9109UD"}, []string{wing}},
		"an empty part":    {"A--1", []string{"A9109UD"}, []string{wing}},
		"a hyphen":         {"-", []string{"A9109UD"}, []string{wing}},
		"the prison alone": {"XAA-", []string{"A9109UD"}, []string{wing}},
		"both":             {"A- 1", []string{"x", "Z9999ZZ"}, []string{"#move-prisoner x is not a prison number", "#move-prisoner Z9999ZZ is not known", wing}},
		"hostile":          {hostile + " ", []string{hostile}, []string{"#move-prisoner " + strings.ReplaceAll(hostile, "\u202e", "\ufffd") + " is not a prison number", wing}},
		"long":             {strings.Repeat("A", 121), []string{"A9109UD"}, []string{wing}},
	} {
		p := b.move(c.to, c.lines...)
		require.Equal(t, http.StatusBadRequest, p.Code, name)
		require.Equal(t, c.want, p.errors(), name)
		require.Equal(t, "Error: Check a move – Non-associations", p.text("title"), name)
		require.Zero(t, p.Find("table, #question").Length(), name)
		require.Zero(t, p.Find("main script").Length(), name)
		require.Equal(t, strings.TrimSpace(c.to), p.Find("#move-to").AttrOr("value", ""), name)
		require.Equal(t, strings.TrimSpace(strings.Join(c.lines, "\n")), strings.TrimPrefix(p.Find("#move-prisoner").Text(), "\n"), name)
		require.NotContains(t, p.text("main"), "Nobody would be too close.", name)
	}
	require.Equal(t, facts, h.facts())
	p := b.get("/prison/XAA/move-check?prisoner=A9109UD&prisoner=A1234BC")
	require.Equal(t, []string{"#move-prisoner Enter a prison number"}, p.errors(), "sent twice")
	require.Equal(t, http.StatusOK, b.get("/prison/XAA/move-check?prisoner=A9109UD&to=A&to=%zz&x=1").Code)

	h.pass(time.Second)
	b.move("", "Z9999ZZ", "A9109UD")
	require.Equal(t, []domain.PrisonerNumber{nobodyKnown, adam}, h.views(store.ViewFilter{})[0].Subjects, "what was asked is kept")
	h.pass(time.Second)
	b.move("", many...)
	view := h.views(store.ViewFilter{})[0]
	require.Empty(t, view.Subjects)
	require.Len(t, view.Shown, 31)
}

// TestMoveCheck_takesThirty numbers, and the same number twice as one.
func TestMoveCheck_takesThirty(t *testing.T) {
	t.Parallel()
	r := examplePeople()
	lines := []string{"A9109UD", "a9109ud", "", "A9109UD"}
	for i := range 29 {
		number := domain.PrisonerNumber(fmt.Sprintf("A%04dZZ", i))
		r.put(number, "LAST", "FIRST", "XAB", "B-1-001")
		lines = append(lines, string(number))
	}
	h := newPrison(t, r)
	p := h.signIn("OFFICER_A").move("A", lines...)
	require.Equal(t, http.StatusOK, p.Code, p.errors())
	require.Contains(t, p.text("main"), "Nobody would be too close.")
	require.Len(t, h.views(store.ViewFilter{})[0].Subjects, 30)
}

// TestMoveCheck_ofARemovedNumber is about the number that survives, under whichever the
// record is.
func TestMoveCheck_ofARemovedNumber(t *testing.T) {
	t.Parallel()
	const removed domain.PrisonerNumber = "B1111BB"
	h := newPrison(t, examplePeople())
	h.open(removed, john)
	h.renumber(removed, otto)
	b := h.signIn("OFFICER_A")
	for _, number := range []domain.PrisonerNumber{removed, otto} {
		h.pass(time.Second)
		p := b.move("A-1", string(number))
		require.Equal(t, http.StatusOK, p.Code, p.errors())
		rows := p.cells("#conflicts")
		require.Len(t, rows, 1, number)
		require.Equal(t, []string{"Doe, John A1234BC", "A-1-001", "Cell, landing and wing", "Same landing", "Too close"}, rows[0][1:6])
	}
	require.Equal(t, []domain.PrisonerNumber{otto}, h.views(store.ViewFilter{})[0].Subjects)
}

// renumber makes a number another.
func (h *house) renumber(previous, number domain.PrisonerNumber) {
	h.t.Helper()
	process := merge.New(merge.Options{Log: h.log, Handler: h.commands, Clock: h.clock})
	by := domain.Cause{CommandID: uuid.New(), Actor: "MERGER", Source: domain.Merge}
	_, err := process.Apply(h.t.Context(), by, merge.Message{Renumbering: domain.Renumbering{Previous: previous, Number: number, Reason: domain.ByMerge}}, h.reads)
	require.NoError(h.t, err)
	head, err := h.commands.Head(h.t.Context())
	require.NoError(h.t, err)
	h.reflects(head.Uint64())
}
