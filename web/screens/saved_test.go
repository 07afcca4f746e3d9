package screens_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/screens"
)

// savedWith returns an address with another value of a parameter.
func savedWith(address, name, value string) string {
	path, query, _ := strings.Cut(address, "?")
	values, _ := url.ParseQuery(query)
	values.Set(name, value)
	return path + "?" + values.Encode()
}

// TestSaved_saysWhatWasDone follows the redirect of each save.
func TestSaved_saysWhatWasDone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn("MANAGER_A")
	id := uuid.Nil
	for _, act := range []struct{ form, text, list string }{
		{"add", "The non-association has been added to each prisoner’s profile", listPath},
		{"update", "The non-association has been updated on each prisoner’s profile", listPath},
		{"close", "The non-association has been closed", listPath + "/closed"},
		{"reopen", "The non-association has been reopened", listPath},
		{"delete", "The non-association has been deleted", listPath},
	} {
		sent := b.submit(pathTo(act.form, id), with(filled[act.form], "comment", "By "+act.form))
		address := sent.location()
		if act.form == "add" {
			id = sent.savedAs("added")
		}
		p := b.get(address)
		require.Equal(t, http.StatusOK, p.Code, p.Text)
		require.Equal(t, act.text, p.text("#saved .govuk-notification-banner__heading"), act.form)
		require.Equal(t, "alert", p.Find("#saved").AttrOr("role", ""))
		require.Equal(t, "Success", p.text("#saved h2"))
		require.Equal(t, act.list, p.Find("#saved a").AttrOr("href", ""))
		require.Equal(t, "View Adam Example’s non-associations", p.text("#saved a"))
		require.Zero(t, p.Find("#saving").Length())
		require.Equal(t, 1, b.get(address).Find("#saved").Length(), "as long as nothing changes")
		path, _, _ := strings.Cut(address, "?")
		require.Zero(t, b.get(path).Find("#saved").Length())
		for _, wrong := range []string{
			savedWith(address, "saved", "added2"), savedWith(address, "saved", map[bool]string{true: "closed", false: "added"}[act.form == "add"]),
			savedWith(address, "fact", uuid.NewString()), savedWith(address, "fact", "x"), savedWith(address, "atLeast", "x"),
			savedWith(address, "atLeast", "-1"), savedWith(address, "atLeast", "9000000000000000000"), savedWith(address, "saved", hostile),
		} {
			p := b.get(wrong)
			require.Equal(t, http.StatusOK, p.Code, wrong)
			require.Zero(t, p.Find("#saved, #saving").Length(), wrong)
		}
		require.Zero(t, h.signIn("OFFICER_A").get(address).Find("#saved").Length(), "another user has not done it")
	}
}

// TestSaved_standsUntilSomebodyChangesTheRecord ends the banner by each later change, and
// not by what changes no value that the record shows.
func TestSaved_standsUntilSomebodyChangesTheRecord(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn("OFFICER_A")
	sent := b.submit(addPath, details())
	id, address := sent.savedAs("added"), sent.location()
	h.learnSequence(id, 1)
	h.learnSequence(id, 2)
	require.Equal(t, 1, b.get(address).Find("#saved").Length())
	h.execute(adam, merlin, "OFFICER_B", amend(id, func(a *domain.Amend) { a.Comment = new("Changed") }))
	require.Zero(t, b.get(address).Find("#saved").Length())
}

// behindReads are a read model that stays behind every position but 0.
type behindReads struct{ screens.Reads }

func (r behindReads) One(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Records, error) {
	if atLeast > 0 {
		return queries.Records{}, queries.ErrBehind
	}
	return r.Reads.One(ctx, id, 0)
}

func (r behindReads) OfPrisoner(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (queries.Records, error) {
	if atLeast > 0 {
		return queries.Records{}, queries.ErrBehind
	}
	return r.Reads.OfPrisoner(ctx, number, 0)
}

// TestSaving_standsInThePlaceOfTheRecord has a read model that is behind.
func TestSaving_standsInThePlaceOfTheRecord(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *screens.Options) { o.Reads = behindReads{o.Reads} })
	b := h.signIn("MANAGER_A")
	sent := b.submit(addPath, details())
	p := b.get(sent.location())
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "Saved. This page will show it in a moment. Show it now", p.text("#saving"))
	require.Equal(t, sent.location(), p.link("Show it now"))
	require.Zero(t, p.Find("#saved, #details, table").Length())
	require.NotContains(t, p.Text, "They fight")

	h.settle()
	deleted := b.submit(pathTo("delete", sent.savedAs("added")), filled["delete"])
	p = b.get(deleted.location())
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "Adam Example’s non-associations", p.text("h1"))
	require.Equal(t, deleted.location(), p.link("Show it now"))
	require.Zero(t, p.Find("#saved, table").Length())
}
