package screens_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

// TestKeptForm_ofACaseload shows the choice again, and forgets it once it was made.
func TestKeptForm_ofACaseload(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn("GLOBAL")
	sent := b.do(http.MethodGet, "/caseload", "", map[string]string{"Referer": h.server.URL + "/help"}).form("form", url.Values{"caseload": {"XAB"}})
	h.pass(2 * time.Hour)
	require.Equal(t, http.StatusUnauthorized, b.post("/caseload", sent).Code)
	require.Equal(t, "/caseload", b.signIn("GLOBAL").location())
	p := b.get("/caseload")
	require.Equal(t, "You were signed out. Nothing was saved yet.", p.text("#warning p"))
	require.Contains(t, p.text("header"), "Example A (HMP)", "nothing is saved by itself")
	again := p.form("form", nil)
	require.Equal(t, []string{"XAB", "/help"}, []string{again.Get("caseload"), again.Get("back")})
	require.Equal(t, "/help", b.post("/caseload", again).location())
	require.Zero(t, b.get("/caseload").Find("#warning").Length())
	require.Equal(t, "/", b.get("/sign-in").location())
}

// TestKeptForm_ofAPageThatIsGone leads there once: a record was deleted meanwhile, or the
// form was sent to an address of nothing.
func TestKeptForm_ofAPageThatIsGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	b := h.signIn("OFFICER_A")
	sent := b.get(pathTo("update", id)).form("main form", details())
	h.pass(2 * time.Hour)
	for _, path := range []string{pathTo("update", id), "/nothing"} {
		h.pass(time.Second)
		require.Equal(t, http.StatusUnauthorized, b.post(path, sent).Code)
	}
	h.execute(adam, merlin, "MANAGER_A", domain.Delete{ID: id, DeletionReason: "A mistake", RequestedBy: "BOSS"})
	require.Equal(t, "/nothing", b.signIn("OFFICER_A").location())
	for _, path := range []string{"/nothing", pathTo("update", id)} {
		require.Equal(t, path, b.get("/sign-in").location())
		require.Equal(t, http.StatusNotFound, b.get(path).Code)
	}
	require.Equal(t, "/", b.get("/sign-in").location())
}

// TestKeptForm_ofAMergedPrisoner is shown under the number that survives.
func TestKeptForm_ofAMergedPrisoner(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.signIn("OFFICER_A")
	h.open(merlin, bert)
	sent := b.get(addPath).form("main form", details())
	h.pass(2 * time.Hour)
	require.Equal(t, http.StatusUnauthorized, b.post(addPath, sent).Code)
	h.merge(merlin, john)
	moved := "/prisoner/A9109UD/non-associations/add/with-prisoner/A1234BC"
	require.Equal(t, addPath, b.signIn("OFFICER_A").location())
	require.Equal(t, moved+"?merged=D5678EF", b.get(addPath).location())
	p := b.get(moved + "?merged=D5678EF")
	require.Equal(t, []string{"D5678EF is now A1234BC.", "You were signed out. Nothing was saved yet."}, p.texts("#warning p"))
	again := p.form("main form", nil)
	require.Equal(t, sent, again)
	require.Equal(t, moved, b.get("/sign-in").location())
	require.Equal(t, http.StatusSeeOther, b.post(p.Find("main form").AttrOr("action", ""), again).Code)
	require.Equal(t, "/", b.get("/sign-in").location())
}
