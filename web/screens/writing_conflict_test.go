package screens_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/screens/store"
)

// conflicts checks the page of a record that somebody changed.
func (p *page) conflicts() {
	p.t.Helper()
	require.Equal(p.t, http.StatusConflict, p.Code, p.Text)
	require.Equal(p.t, "Somebody changed this – Non-associations", p.text("title"))
	require.Equal(p.t, "Somebody changed this since you opened it", p.text("h1"))
	require.Zero(p.t, p.Find(".govuk-error-summary").Length())
}

// rows returns the words of each row of a table.
func (p *page) rows(table string) [][]string {
	var all [][]string
	for i := range p.Find(table + " tbody tr").Length() {
		all = append(all, (&page{Selection: p.Find(table + " tbody tr").Eq(i)}).texts("th, td"))
	}
	return all
}

func amend(id uuid.UUID, change func(*domain.Amend)) domain.Amend {
	a := domain.Amend{ID: id}
	change(&a)
	return a
}

// TestStaleUpdate_showsBothAndSavesOnce has two tabs of two users.
func TestStaleUpdate_showsBothAndSavesOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(merlin, adam) // merlin is the victim
	mine, theirs := h.signIn("OFFICER_A"), h.signIn("MANAGER_A")
	sent := mine.get(pathTo("update", id)).form("main form", url.Values{"comment": {"Mine\nof two lines"}, "restrictionType": {"CELL"}})
	other := theirs.get(pathTo("update", id)).form("main form", url.Values{"comment": {"Theirs"}, "prisonerRole": {"UNKNOWN"}, "restrictionType": {"CELL"}})
	theirs.post(pathTo("update", id), other).savedAs("updated")
	facts := h.facts() // and the read model may be behind

	p := mine.post(pathTo("update", id), sent)
	p.conflicts()
	require.Equal(t, []string{"Field", "Now", "Yours"}, p.texts("table#conflict thead th"))
	require.Equal(t, [][]string{
		{"Adam Example’s role", "Unknown", "Perpetrator"}, // changed, and differs
		{"Where to keep apart", "Cell only", "Cell only"}, // changed
		{"Comments", "Theirs", "Mine of two lines"},
	}, p.rows("table#conflict"))
	again := p.form("main form", nil)
	require.Equal(t, "Mine\nof two lines", again.Get("comment"))
	require.Equal(t, "PERPETRATOR", again.Get("prisonerRole"))
	require.NotEqual(t, sent.Get("etag"), again.Get("etag"))
	require.NotEqual(t, sent.Get("key"), again.Get("key"))
	require.Equal(t, listPath+"/"+id.String(), p.link("Cancel"))
	require.Equal(t, facts, h.facts())

	mine.post(pathTo("update", id), again).savedAs("updated")
	require.Equal(t, facts+1, h.facts())
	n := h.record(id)
	require.Equal(t, "Mine\nof two lines", *n.Comment)
	require.Equal(t, domain.Perpetrator, n.Sides[adam].Role)
	views := h.views(store.ViewFilter{Prisoner: adam})
	require.Equal(t, store.PageUpdate, views[0].Page)
	require.False(t, views[0].Refused)
}

// TestTwoTabs has one user with the same form twice: the second save meets the first.
func TestTwoTabs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn("OFFICER_A")
	one, two := b.get(addPath).form("main form", details()), b.get(addPath).form("main form", details())
	id := b.post(addPath, one).savedAs("added")
	facts := h.facts()
	p := b.post(addPath, two)
	require.Equal(t, http.StatusConflict, p.Code, "the same content of another form is another command")
	require.Contains(t, p.text("#warning"), "There is already an open non-association between these 2 prisoners")
	require.Equal(t, listPath+"/"+id.String(), p.Find("#warning a").AttrOr("href", ""))
	require.Equal(t, facts, h.facts())
}

// TestStaleForm_ofOtherActs shows what was changed, without "Yours", and the form.
func TestStaleForm_ofOtherActs(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"close", "delete"} {
		h := newHouse(t)
		id := h.open(adam, merlin)
		b := h.signIn("MANAGER_A")
		sent := b.get(pathTo(form, id)).form("main form", filled[form])
		h.execute(adam, merlin, "OFFICER_B", amend(id, func(a *domain.Amend) { a.Comment = new("Changed") }))
		h.execute(adam, merlin, "OFFICER_B", amend(id, func(a *domain.Amend) { a.Reason = new(domain.Threat) }))
		h.execute(adam, merlin, "OFFICER_B", amend(id, func(a *domain.Amend) { a.Reason = new(domain.Bullying) }))
		facts := h.facts()
		p := b.post(pathTo(form, id), sent)
		p.conflicts()
		require.Equal(t, []string{"Field", "Now"}, p.texts("table#conflict thead th"))
		require.Equal(t, [][]string{{"Reason", "Bullying"}, {"Comments", "Changed"}}, p.rows("table#conflict"), "what was changed back was changed")
		require.Equal(t, facts, h.facts())
		b.post(pathTo(form, id), p.form("main form", nil)).savedAs(form + "d")
	}
}

// TestStaleDelete_ofWhatWasClosedOrReopened names the day as the record's page does.
func TestStaleDelete_ofWhatWasClosedOrReopened(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	b := h.signIn("MANAGER_A")
	sent := b.get(pathTo("delete", id)).form("main form", filled["delete"])
	h.close(id, "OFFICER_B")
	p := b.post(pathTo("delete", id), sent)
	p.conflicts()
	require.Equal(t, [][]string{{"Closed", "15 July 2026 at 13:00"}}, p.rows("table#conflict"))
	h.execute(adam, merlin, "OFFICER_B", domain.Reopen{ID: id, ReopenReason: "It began again"})
	p = b.post(pathTo("delete", id), p.form("main form", nil))
	require.Equal(t, [][]string{{"Closed", "none"}}, p.rows("table#conflict"))
}

// TestStaleForm_withoutATagOfOurs overwrites nothing that nobody has seen.
func TestStaleForm_withoutATagOfOurs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	facts, b := h.facts(), h.signIn("MANAGER_A")
	for _, tag := range []string{"", "x", uuid.Nil.String(), uuid.NewString()} {
		for _, form := range []string{"update", "close", "delete"} {
			p := b.submit(pathTo(form, id), with(filled[form], "etag", tag))
			p.conflicts()
			require.Equal(t, h.record(id).LastEventID.String(), p.form("main form", nil).Get("etag"))
		}
	}
	require.Equal(t, facts, h.facts())
}

// TestClosedMeanwhile shows who closed it, and what was typed as text.
func TestClosedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"update", "close"} {
		h := newHouse(t)
		id := h.open(adam, merlin)
		b := h.signIn("OFFICER_A")
		sent := b.get(pathTo(form, id)).form("main form", filled[form])
		h.pass(time.Hour + 5*time.Minute)
		b = h.signIn("OFFICER_A")
		h.close(id, "OFFICER_B")
		facts := h.facts()
		p := b.post(pathTo(form, id), sent)
		p.conflicts()
		require.Contains(t, p.texts("main p"), "Closed by OFFICER_B on 15 July 2026 at 14:05.")
		require.Zero(t, p.Find("main form, #conflict").Length())
		for _, typed := range filled[form] {
			if typed[0] == "They fight" || typed[0] == "It is over" {
				require.Contains(t, p.text("#typed"), typed[0])
			}
		}
		require.Equal(t, facts, h.facts())
	}
}

// TestClosedMeanwhile_byItsDate opens a form on the day before the record ends.
func TestClosedMeanwhile_byItsDate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ends := domain.LocalDateTime("2026-07-16T00:00:00")
	h.tell(domain.NOMIS, adam, merlin, item(adam, merlin, func(i *domain.Item) { i.ExpiryDate = &ends }))
	found, err := h.reads.OfPrisoner(t.Context(), adam, 0)
	require.NoError(t, err)
	id := found.Records[0].NonAssociation.ID
	sent := h.signIn("OFFICER_A").get(pathTo("update", id)).form("main form", details())
	h.pass(24 * time.Hour)
	facts := h.facts()
	b := h.signIn("OFFICER_A")
	p := b.post(pathTo("update", id), sent)
	p.conflicts()
	require.Contains(t, p.texts("main p"), "Closed by NOMIS_USER on 16 July 2026.")
	require.Contains(t, p.text("#typed"), "They fight")
	require.Equal(t, http.StatusNotFound, b.get(pathTo("update", id)).Code)
	require.Equal(t, facts, h.facts())
}

// TestUpdate_saysWhatNOMISSaysOfTheRestriction beside the field.
func TestUpdate_saysWhatNOMISSaysOfTheRestriction(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.tell(domain.NOMIS, adam, merlin, item(adam, merlin, func(i *domain.Item) { i.TypeCode = domain.TypeTotal }))
	found, err := h.reads.OfPrisoner(t.Context(), adam, 0)
	require.NoError(t, err)
	id := found.Records[0].NonAssociation.ID
	b := h.signIn("OFFICER_A")
	p := b.get(pathTo("update", id))
	require.Equal(t, "Cell, landing and wing – NOMIS: Total Non Association", p.text("#update-restrictionType-hint"))
	b.post(pathTo("update", id), p.form("main form", url.Values{"comment": {"Another"}})).savedAs("updated")
	require.Equal(t, domain.TypeTotal, h.record(id).TypeCode, "what staff did not change stays")
}

func TestReopenedMeanwhile(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	h.close(id, "OFFICER_B")
	b := h.signIn("MANAGER_A")
	sent := b.get(pathTo("reopen", id)).form("main form", filled["reopen"])
	h.execute(adam, merlin, "OFFICER_B", domain.Reopen{ID: id, ReopenReason: "Sooner"})
	facts := h.facts()
	p := b.post(pathTo("reopen", id), sent)
	p.conflicts()
	require.Contains(t, p.texts("main p"), "Reopened by OFFICER_B on 15 July 2026 at 13:00.")
	require.Contains(t, p.text("#typed"), "It began again")
	require.Zero(t, p.Find("main form").Length())
	require.Equal(t, facts, h.facts())
}

// TestReopen_whileAnotherIsOpen leads to the other one.
func TestReopen_whileAnotherIsOpen(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	closed := h.open(adam, merlin)
	h.close(closed, "OFFICER_B")
	open := h.open(adam, merlin)
	b := h.signIn("MANAGER_A")
	facts := h.facts()
	p := b.submit(pathTo("reopen", closed), filled["reopen"])
	require.Equal(t, http.StatusConflict, p.Code)
	require.Equal(t, "Reopen a non-association", p.text("h1"))
	require.Contains(t, p.text("#warning"), "There is already an open non-association between these 2 prisoners")
	require.Equal(t, listPath+"/"+open.String(), p.Find("#warning a").AttrOr("href", ""))
	require.Equal(t, "It began again", p.form("main form", nil).Get("reopenReason"))
	require.Equal(t, facts, h.facts())
}

func TestDeletedMeanwhile_isNotFound(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"update", "close", "delete"} {
		h := newHouse(t)
		id := h.open(adam, merlin)
		b := h.signIn("MANAGER_A")
		sent := b.get(pathTo(form, id)).form("main form", filled[form])
		h.execute(adam, merlin, "OFFICER_B", domain.Delete{ID: id, DeletionReason: "wrong", RequestedBy: "BOSS"})
		facts := h.facts()
		require.Equal(t, http.StatusNotFound, b.post(pathTo(form, id), sent).Code)
		require.Equal(t, facts, h.facts())
	}
}

// TestSequenceOfNOMIS_isNoConflict changes the sequence alone, in both ways in which NOMIS
// tells of it, while a form is open.
func TestSequenceOfNOMIS_isNoConflict(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	b := h.signIn("OFFICER_A")
	sent := b.get(pathTo("update", id)).form("main form", details())
	for _, sequence := range []int{1, 2} {
		h.learnSequence(id, sequence)
	}
	b.post(pathTo("update", id), sent).savedAs("updated")
	require.Equal(t, "They fight", *h.record(id).Comment)

	sent = b.get(pathTo("update", id)).form("main form", with(details(), "comment", "They still fight"))
	h.learnSequence(id, 3)
	h.execute(adam, merlin, "OFFICER_B", amend(id, func(a *domain.Amend) { a.Reason = new(domain.Threat) }))
	b.post(pathTo("update", id), sent).conflicts()
}

// learnSequence tells from NOMIS what is recorded, with another sequence.
func (h *house) learnSequence(id uuid.UUID, sequence int) {
	h.t.Helper()
	n := h.record(id)
	pair, err := domain.NewPair(adam, merlin)
	require.NoError(h.t, err)
	cause := domain.Cause{CommandID: uuid.New(), CorrelationID: uuid.New(), CausationID: uuid.New(), Actor: "NOMIS_USER", Source: domain.NOMIS, About: adam}
	_, err = h.commands.Execute(h.t.Context(), cause, pair, domain.Sync{About: adam, Items: []domain.Item{{
		ID: id, AuthorisedBy: n.AuthorisedBy, Comment: n.Comment, EffectiveDate: n.EffectiveDate, TypeCode: n.TypeCode, TypeSequence: sequence,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{adam: n.Sides[adam].ReasonCode, merlin: n.Sides[merlin].ReasonCode},
	}}})
	require.NoError(h.t, err)
	require.Equal(h.t, sequence, h.record(id).TypeSequence)
}
