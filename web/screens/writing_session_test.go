package screens_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/screens"
	"nonassociations/web/screens/store"
)

// verbs are what a save that failed could not do.
var verbs = map[string]string{"add": "saved", "update": "updated", "close": "closed", "reopen": "reopened", "delete": "deleted"}

// TestNotSaved_keepsWhatWasTyped fails before a command ran, then after it: the same Save
// then happens once.
func TestNotSaved_keepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	for form, fields := range filled {
		for _, after := range []bool{false, true} {
			h, failing := newFailingHouse(t)
			id := h.open(adam, merlin)
			if form == "reopen" || form == "add" {
				h.close(id, "OFFICER_B")
			}
			b := h.signIn("MANAGER_A")
			sent := b.get(pathTo(form, id)).form("main form", fields)
			facts := h.facts()
			failing.before.Store(!after)
			failing.after.Store(after)
			p := b.post(pathTo(form, id), sent)
			require.Equal(t, http.StatusServiceUnavailable, p.Code, form)
			require.NotEmpty(t, p.Header.Get("Retry-After"))
			require.Equal(t, "Non-association could not be "+verbs[form]+", please try again", p.text("#warning p"))
			require.Equal(t, sent, p.form("main form", nil), "the same fields, key and tag")
			require.Zero(t, p.Find(".govuk-error-summary").Length())
			if !after {
				require.Equal(t, facts, h.facts(), form)
			}
			failing.before.Store(false)
			failing.after.Store(false)
			require.Equal(t, http.StatusSeeOther, b.post(pathTo(form, id), p.form("main form", nil)).Code, form)
			require.Equal(t, facts+1, h.facts(), form)
		}
	}
}

// awayReads are a read model that can be away.
type awayReads struct {
	screens.Reads

	away *atomic.Bool
}

func (r awayReads) One(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Records, error) {
	if r.away.Load() {
		return queries.Records{}, queries.ErrAway
	}
	return r.Reads.One(ctx, id, atLeast)
}

func (r awayReads) OfPrisoner(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (queries.Records, error) {
	if r.away.Load() {
		return queries.Records{}, queries.ErrAway
	}
	return r.Reads.OfPrisoner(ctx, number, atLeast)
}

// TestNotSaved_whileTheRecordCannotBeRead shows what was typed, although it is not known
// whom the record is about.
func TestNotSaved_whileTheRecordCannotBeRead(t *testing.T) {
	t.Parallel()
	for form, fields := range filled {
		away := &atomic.Bool{}
		h := newHouse(t, func(o *screens.Options) { o.Reads = awayReads{o.Reads, away} })
		id := h.open(adam, merlin)
		if form == "reopen" || form == "add" {
			h.close(id, "OFFICER_B")
		}
		b := h.signIn("MANAGER_A")
		sent := b.get(pathTo(form, id)).form("main form", fields)
		facts := h.facts()
		away.Store(true)
		p := b.post(pathTo(form, id), sent)
		require.Equal(t, http.StatusServiceUnavailable, p.Code, form)
		require.Equal(t, "Non-association could not be "+verbs[form]+", please try again", p.text("#warning p"))
		require.Equal(t, sent, p.form("main form", nil), form)
		require.Equal(t, facts, h.facts())
		away.Store(false)
		require.Equal(t, http.StatusSeeOther, b.post(pathTo(form, id), p.form("main form", nil)).Code)
		require.Equal(t, facts+1, h.facts())
	}
}

// TestForm_whileTheDirectoryIsAway shows no form, and saves nothing of an open one.
func TestForm_whileTheDirectoryIsAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	b, reader := h.signIn("OFFICER_A"), h.signIn("READER_A")
	sent := b.get(pathTo("update", id)).form("main form", details())
	facts := h.facts()
	h.directory.Refuse(http.StatusUnauthorized)
	h.pass(2 * time.Minute)
	p := b.get(pathTo("close", id))
	require.Equal(t, http.StatusServiceUnavailable, p.Code)
	require.Contains(t, p.text("main"), "Locations cannot be read now.")
	p = b.post(pathTo("update", id), sent)
	require.Equal(t, http.StatusServiceUnavailable, p.Code)
	require.Equal(t, "Non-association could not be updated, please try again", p.text("#warning p"))
	require.Equal(t, sent, p.form("main form", nil))
	require.Equal(t, http.StatusNotFound, reader.get(pathTo("close", id)).Code, "a role that is missing is known to be")
	require.Equal(t, facts, h.facts())
}

// TestForm_whileTheCaseloadsAreAway shows no form, and saves nothing.
func TestForm_whileTheCaseloadsAreAway(t *testing.T) {
	t.Parallel()
	roles := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(roles.Close)
	h := newHouseAsking(t, roles.URL)
	id := h.open(adam, merlin)
	h.issuer.WithoutClaim(true)
	b := h.signIn("OFFICER_A")
	facts := h.facts()
	const unknown = "Your caseloads are not known now. Nothing can be changed."
	p := b.get(pathTo("close", id))
	require.Equal(t, http.StatusServiceUnavailable, p.Code)
	require.Contains(t, p.text("main"), unknown)
	p = b.post(pathTo("close", id), filled["close"])
	require.Equal(t, http.StatusServiceUnavailable, p.Code)
	require.Equal(t, []string{unknown, "Non-association could not be closed, please try again"}, p.texts("#warning p"))
	require.Equal(t, "It is over", p.form("main form", nil).Get("closedReason"))
	require.Equal(t, facts, h.facts())
	require.Equal(t, http.StatusNotFound, b.get(pathTo("delete", id)).Code, "a role that is missing is known to be")
}

// TestForm_ofAnotherUser is drawn for one user and sent by another in the same browser.
func TestForm_ofAnotherUser(t *testing.T) {
	t.Parallel()
	for form, fields := range filled {
		h, id := newFormsHouse(t, form)
		b := h.signIn("MANAGER_A")
		sent := b.get(pathTo(form, id)).form("main form", fields)
		require.Equal(t, "MANAGER_A", sent.Get("user"))
		facts := h.facts()
		sent.Set("user", "OFFICER_A")
		p := b.post(pathTo(form, id), sent)
		require.Equal(t, http.StatusConflict, p.Code, form)
		require.Equal(t, "This page was opened by another user. Nothing was saved.", p.text("#warning p"))
		anew := p.form("main form", nil)
		require.Equal(t, "MANAGER_A", anew.Get("user"))
		require.NotEqual(t, sent.Get("key"), anew.Get("key"))
		fresh := b.get(pathTo(form, id)).form("main form", nil)
		for field := range fields {
			require.Equal(t, fresh[field], anew[field], "%s %s", form, field)
		}
		require.Equal(t, facts, h.facts())
		sent.Del("user")
		require.Equal(t, http.StatusSeeOther, b.post(pathTo(form, id), sent).Code, "without a user the form counts as the session's")
	}
}

// TestForm_whenTheSessionIsOver is sent without a session, and shown again after the
// sign-in of the same user, filled.
func TestForm_whenTheSessionIsOver(t *testing.T) {
	t.Parallel()
	for form, fields := range filled {
		h, id := newFormsHouse(t, form)
		b := h.signIn("MANAGER_A")
		sent := b.get(pathTo(form, id)).form("main form", fields)
		facts := h.facts()
		h.pass(2 * time.Hour)
		p := b.post(pathTo(form, id), sent)
		require.Equal(t, http.StatusUnauthorized, p.Code)
		require.Equal(t, "You have been signed out", p.text("h1"))
		require.Equal(t, "/sign-in", p.link("Sign in again"))

		require.Equal(t, pathTo(form, id), b.signIn("MANAGER_A").location())
		for range 2 { // a page that never arrived can be asked for again
			p = b.get(pathTo(form, id))
			require.Equal(t, http.StatusOK, p.Code, p.Text)
			require.Contains(t, p.text("#warning"), "You were signed out. Nothing was saved yet.")
			require.Equal(t, sent, p.form("main form", nil), form)
		}
		require.Equal(t, facts, h.facts())
		require.Equal(t, http.StatusSeeOther, b.post(pathTo(form, id), p.form("main form", nil)).Code)
		require.Equal(t, facts+1, h.facts())
		h.settle()
		require.NotContains(t, b.get(pathTo("add", id)).Text, "You were signed out")
	}
}

// TestKeptForm_isSeenByNobodyElse is sent after the end of a session, before another user
// signs in; or is another user's form that is still open when a session ends.
func TestKeptForm_isSeenByNobodyElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.issuer.SetCaseloads("OFFICER_B", "XAA")
	b := h.signIn("OFFICER_A")
	sent := b.get(addPath).form("main form", with(details(), "comment", "Secret words"))
	h.pass(2 * time.Hour)
	require.Equal(t, http.StatusUnauthorized, b.post(addPath, sent).Code)
	b.signIn("OFFICER_B")
	p := b.get(addPath)
	require.Equal(t, http.StatusOK, p.Code)
	require.NotContains(t, p.Text, "Secret words")
	require.Zero(t, p.Find("#warning").Length())

	// The tab of OFFICER_A is still open when OFFICER_B's session is over.
	h.pass(2 * time.Hour)
	require.Equal(t, http.StatusUnauthorized, b.post(addPath, sent).Code)
	b.signIn("OFFICER_B")
	p = b.get(addPath)
	require.NotContains(t, p.Text, "Secret words")
	require.Equal(t, "This page was opened by another user. Nothing was saved.", p.text("#warning p"))
	require.Empty(t, p.form("main form", nil).Get("comment"))
	require.Zero(t, b.get(addPath).Find("#warning").Length(), "and it is forgotten")
}

// TestKeptForm_meetsWhatChangedSince shows what was typed although the record changed.
func TestKeptForm_meetsWhatChangedSince(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	b := h.signIn("OFFICER_A")
	sent := b.get(pathTo("update", id)).form("main form", details())
	h.pass(2 * time.Hour)
	require.Equal(t, http.StatusUnauthorized, b.post(pathTo("update", id), sent).Code)
	h.execute(adam, merlin, "OFFICER_B", amend(id, func(a *domain.Amend) { a.Comment = new("Changed") }))
	b.signIn("OFFICER_A")
	p := b.post(pathTo("update", id), b.get(pathTo("update", id)).form("main form", nil))
	p.conflicts()

	p = b.get(pathTo("update", id))
	require.NotContains(t, p.Text, "You were signed out", "what was sent again is kept no longer")
	sent = p.form("main form", url.Values{"comment": {"Words of an hour"}})
	h.pass(2 * time.Hour)
	require.Equal(t, http.StatusUnauthorized, b.post(pathTo("update", id), sent).Code)
	h.close(id, "OFFICER_B")
	b.signIn("OFFICER_A")
	p = b.get(pathTo("update", id))
	p.conflicts()
	require.Contains(t, p.text("#typed"), "Words of an hour")
}

// TestForm_ofARemovedNumber leads to the number that survives, and saves nothing under it
// that was typed under the other.
func TestForm_ofARemovedNumber(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn("OFFICER_A")
	sent := b.get(addPath).form("main form", details())
	id := h.open(merlin, bert)
	update := "/prisoner/D5678EF/non-associations/" + id.String() + "/update"
	typed := b.get(update).form("main form", with(details(), "comment", "Typed before the merge"))
	h.merge(merlin, john)
	facts := h.facts()

	moved := "/prisoner/A9109UD/non-associations/add/with-prisoner/A1234BC"
	require.Equal(t, moved+"?merged=D5678EF", b.get(addPath).location())
	p := b.get(moved + "?merged=D5678EF")
	require.Equal(t, "D5678EF is now A1234BC.", p.text("#warning p"))
	require.Zero(t, b.get(moved+"?merged=A0135GA").Find("#warning").Length(), "the log does not say so")
	p = b.post(addPath, sent)
	require.Equal(t, http.StatusConflict, p.Code)
	require.Equal(t, "D5678EF is now A1234BC.", p.text("#warning p"))
	require.Equal(t, moved, p.Find("main form").AttrOr("action", ""))
	require.Equal(t, "They fight", p.form("main form", nil).Get("comment"))

	underSurvivor := "/prisoner/A1234BC/non-associations/" + id.String() + "/update"
	require.Equal(t, underSurvivor+"?merged=D5678EF", b.get(update).location())
	q := b.post(update, typed)
	q.conflicts()
	require.Equal(t, underSurvivor, q.Find("main form").AttrOr("action", ""))
	require.Equal(t, facts, h.facts())

	require.Equal(t, http.StatusSeeOther, b.post(moved, p.form("main form", nil)).Code)
	require.Equal(t, http.StatusSeeOther, b.post(underSurvivor, q.form("main form", nil)).Code)
	require.Equal(t, facts+2, h.facts())
	require.NotEmpty(t, h.views(store.ViewFilter{Prisoner: john}))
}
