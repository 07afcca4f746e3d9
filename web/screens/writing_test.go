package screens_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/screens/store"
)

const addPath = "/prisoner/A9109UD/non-associations/add/with-prisoner/D5678EF"

// details are the fields of an add or update form that was filled without a fault.
func details() url.Values {
	return url.Values{
		"reason": {"GANG_RELATED"}, "prisonerRole": {"VICTIM"}, "otherPrisonerRole": {"PERPETRATOR"}, "restrictionType": {"LANDING"},
		"comment": {"They fight"},
	}
}

// record returns a record from the read model.
func (h *house) record(id uuid.UUID) domain.NonAssociation {
	h.t.Helper()
	found, err := h.reads.One(h.t.Context(), id, 0)
	require.NoError(h.t, err)
	require.Len(h.t, found.Records, 1)
	return found.Records[0].NonAssociation
}

// savedID checks where a save led, waits until the read model shows it, and returns the
// record's id.
func (h *house) savedID(p *page, did string) uuid.UUID {
	h.t.Helper()
	to, err := url.Parse(p.location())
	require.NoError(h.t, err)
	require.Equal(h.t, http.StatusSeeOther, p.Code)
	require.Equal(h.t, did, to.Query().Get("saved"))
	head, err := h.commands.Head(h.t.Context())
	require.NoError(h.t, err)
	require.NoError(h.t, h.reads.WaitFor(h.t.Context(), head.Uint64()))
	id, err := uuid.Parse(to.Path[strings.LastIndex(to.Path, "/")+1:])
	require.NoError(h.t, err)
	return id
}

func TestAdd_isDrawnAndSaved(t *testing.T) {
	h := newHouse(t)
	b := h.signIn("OFFICER_A")
	p := b.get(addPath)
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "Enter non-association details – Non-associations", p.text("title"))
	require.Equal(t, "Non-association details", p.text("h1"))
	var legends []string
	p.Find("fieldset legend").Each(func(i int, _ *goquery.Selection) {
		legends = append(legends, strings.TrimSpace(p.Find("fieldset legend").Eq(i).Text()))
	})
	require.Equal(t, []string{"Reason", "Adam Example’s role", "Merlin Somerplumbs’ role", "Where to keep these prisoners apart"}, legends)
	require.Equal(t, "Next", p.text("form h2"))
	require.Equal(t, "true", p.Find("form button").AttrOr("data-prevent-double-click", ""))
	require.Equal(t, "/prisoner/A9109UD/non-associations", p.link("Cancel"))
	require.Zero(t, p.Find("#closed-before").Length())

	before := h.facts()
	id := h.savedID(b.post(addPath, p.form("main form", details())), "added")
	n := h.record(id)
	require.Equal(t, domain.GangRelated, n.Reason)
	require.Equal(t, domain.Landing, n.Restriction)
	require.Equal(t, adam, n.FirstPrisoner)
	require.Equal(t, domain.Victim, n.Sides[adam].Role)
	require.Equal(t, domain.Perpetrator, n.Sides[merlin].Role)
	require.Equal(t, "They fight", *n.Comment)
	require.Equal(t, "OFFICER_A", *n.AuthorisedBy)
	require.Equal(t, before+1, h.facts())

	views := h.views(store.ViewFilter{Prisoner: merlin})
	require.Equal(t, store.PageAdd, views[len(views)-1].Page)
	require.Equal(t, []domain.PrisonerNumber{adam, merlin}, views[len(views)-1].Subjects)
}
