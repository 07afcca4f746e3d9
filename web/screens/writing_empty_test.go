package screens_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestClosedMeanwhile_comesBeforeWhatIsWrong sends forms without a comment, about a record
// that was closed since they were opened.
func TestClosedMeanwhile_comesBeforeWhatIsWrong(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	b := h.signIn("OFFICER_A")
	update := b.get(pathTo("update", id)).form("main form", url.Values{"comment": {""}})
	closing := b.get(pathTo("close", id)).form("main form", url.Values{"closedReason": {""}})
	h.close(id, "OFFICER_B")
	facts := h.facts()
	for form, sent := range map[string]url.Values{"update": update, "close": closing} {
		p := b.post(pathTo(form, id), sent)
		p.conflicts()
		require.Contains(t, p.text("main"), "Closed by OFFICER_B on ", form)
		require.Zero(t, p.Find("main form").Length(), form)
	}
	require.Equal(t, facts, h.facts())
}

// TestForm_ofAnActThatNeverFitted is not found, whatever is wrong with what was typed.
func TestForm_ofAnActThatNeverFitted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.open(adam, merlin)
	b := h.signIn("MANAGER_A")
	for _, reason := range []string{"", "It is needed again"} {
		sent := url.Values{"formId": {"reopen"}, "etag": {h.record(id).LastEventID.String()}, "reopenReason": {reason}}
		require.Equal(t, http.StatusNotFound, b.post(pathTo("reopen", id), sent).Code, reason)
	}
}
