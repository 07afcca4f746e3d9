package screens_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	publisherstore "nonassociations/publisher/store"
	"nonassociations/web/screens"
	"nonassociations/web/screens/store"
)

func TestPublisher_showsParkedMessagesWithTheirPayload(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.signIn("OPERATOR")
	p := b.get("/operations/publisher")
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "Publisher", p.text("h1"))
	require.Contains(t, p.text("title"), "Publisher – Non-associations")
	require.Contains(t, p.text("main"), "No message is parked.")

	refused := o.park(publisherstore.Refused, hostile, adam, merlin)
	blocked := o.park(publisherstore.Blocked, "", adam, merlin)
	skipped := o.park(publisherstore.Skipped, "told", adam, merlin)
	o.pass(time.Second)
	p = b.get("/operations/publisher")
	require.Equal(t, 3, p.Find("table#parked tbody tr[data-event-id]").Length())
	require.Zero(t, p.Find("main script").Length())
	require.Contains(t, p.text("tr[data-event-id='"+refused.String()+"']"), string(otto))
	require.Contains(t, p.text("tr[data-event-id='"+refused.String()+"']"), hostile)
	require.Contains(t, p.Find("tr[data-event-id='"+refused.String()+"']").Text(), "A9109UD and D5678EF")
	require.NotEmpty(t, p.button("Retry event "+refused.String()+" of the domain topic"))
	require.NotEmpty(t, p.button("Skip event "+blocked.String()+" of the domain topic"))
	require.Equal(t, 1, p.Find("main a:contains('Retry')").Length(), "only what is refused or failing is sent again")
	require.Zero(t, p.Find("tr[data-event-id='"+skipped.String()+"'] a").Length())
	require.Equal(t, []domain.PrisonerNumber{otto, adam, merlin}, o.viewOf(store.PagePublisher).Shown)

	o.away["payload"] = true
	require.Contains(t, b.get("/operations/publisher").text("table#parked"), "The payload could not be made")
	o.away["publisher"] = true
	require.Equal(t, http.StatusServiceUnavailable, b.get("/operations/publisher").Code)
}

func TestPublisher_retriesAndSkips(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.signIn("OPERATOR")
	refused := o.park(publisherstore.Refused, "InvalidParameter", adam, merlin)
	path := b.get("/operations/publisher").button("Retry event " + refused.String() + " of the domain topic")
	p := o.act(b, path, why())
	require.Equal(t, "The message of event "+refused.String()+" will be sent again.", o.recorded()[0].Done)
	require.Equal(t, "publish parked retry", o.recorded()[0].Action)
	require.Contains(t, p.text("tr[data-event-id]"), "retry asked for")
	require.Contains(t, b.show(path, why()).text("#plan"), "A retry is asked for already.")

	p = o.act(b, p.button("Skip event "+refused.String()+" of the domain topic"), why("reason", "  Told by telephone\r\n"+hostile))
	require.Contains(t, p.text("tr[data-event-id]"), "Skipped")
	require.Contains(t, o.everything(), "Told by telephone", "the reason is kept with the message")
	require.Zero(t, p.Find("main script").Length())
	refusedSkip := b.show(path, why())
	require.Equal(t, http.StatusConflict, refusedSkip.Code)
	require.Contains(t, refusedSkip.text("#warning"), "The message is skipped")
	require.Zero(t, refusedSkip.Find("#plan").Length())
	blocked := o.park(publisherstore.Blocked, "", adam, merlin)
	require.Contains(t, b.show("/operations/publisher/domain/"+blocked.String()+"/skip", why()).text("#plan"), "waits on for the message that blocks this one")
}

// TestAct_whoseReasonIsMissing holds for every act.
func TestAct_whoseReasonIsMissing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.signIn("OPERATOR")
	path := "/operations/publisher/domain/" + o.park(publisherstore.Refused, "x", adam, merlin).String() + "/skip"
	before := o.everything()
	for name, c := range map[string]struct {
		reason []string
		says   string
	}{
		"blank":     {[]string{" \r\n "}, "Enter a reason"},
		"missing":   {nil, "Enter a reason"},
		"twice":     {[]string{"a", "b"}, "Enter a reason"},
		"too long":  {[]string{longText(1001)}, "Reason must be 1000 characters or less"},
		"character": {[]string{"a\x00b"}, "Reason contains a character that cannot be used"},
	} {
		form := b.get(path).form("form", nil)
		form["reason"] = c.reason
		p := b.post(path, form)
		require.Equal(t, http.StatusBadRequest, p.Code, name)
		require.Contains(t, p.text(".govuk-error-summary a[href='#act-reason']"), c.says, name)
		require.Contains(t, p.text("#act-reason-error"), c.says, name)
		require.Contains(t, p.text("title"), "Error: ", name)
		require.Zero(t, p.Find("#plan").Length(), name)
		form.Set("planId", "0123")
		require.Equal(t, http.StatusBadRequest, b.post(path, form).Code, name)
	}
	require.Equal(t, before, o.everything())
	require.Empty(t, o.recorded())
}

func longText(n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = 'a'
	}
	return string(text)
}

func TestAct_whosePlanIsAnotherOneByNow(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.signIn("OPERATOR")
	event := o.park(publisherstore.Refused, "x", adam, merlin)
	path := "/operations/publisher/domain/" + event.String() + "/skip"
	plan := b.show(path, why())
	_, err := o.db.Exec(t.Context(), `UPDATE publisher.parked SET attempts = 3`)
	require.NoError(t, err)
	before := o.everything()

	other := b.post(path, plan.form("form", nil))
	require.Equal(t, http.StatusConflict, other.Code)
	require.Contains(t, other.text("#warning"), "This would do something else by now. Nothing was changed.")
	require.NotEmpty(t, other.text("#plan"))
	require.NotEqual(t, plan.form("form", nil).Get("planId"), other.form("form", nil).Get("planId"))
	require.Contains(t, other.text("#plan"), "It is refused since 15 July 2026 at 13:00, after 3 attempts: x.", "the other plan can be told from the first one")
	require.Equal(t, before, o.everything())
	require.Empty(t, o.recorded())
	// What was planned is what was typed.
	for field, value := range map[string]string{"reason": "Another reason", "planId": "0123456789abcdef0123456789abcdef"} {
		require.Equal(t, http.StatusConflict, b.post(path, other.form("form", url.Values{field: {value}})).Code, field)
	}
	require.Equal(t, before, o.everything())
	require.Equal(t, http.StatusSeeOther, b.post(path, other.form("form", nil)).Code)
	require.Len(t, o.recorded(), 1)

	// What it was done to may be gone at the second press.
	_, err = o.db.Exec(t.Context(), `DELETE FROM publisher.parked`)
	require.NoError(t, err)
	require.Equal(t, http.StatusSeeOther, b.post(path, other.form("form", nil)).Code)
	gone := b.post(path, other.form("form", url.Values{"key": {"none"}}))
	require.Equal(t, http.StatusConflict, gone.Code)
	require.Contains(t, gone.text("#warning"), "not parked any more")
	require.Len(t, o.recorded(), 1)
}

func TestAct_thatFailsCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.signIn("OPERATOR")
	path := "/operations/publisher/domain/" + o.park(publisherstore.Refused, "x", adam, merlin).String() + "/retry"
	o.away["publisher"] = true
	p := b.show(path, why())
	require.Equal(t, http.StatusServiceUnavailable, p.Code)
	require.Contains(t, p.text("#warning"), "not known now")
	require.Equal(t, why().Get("reason"), p.text("#act-reason"))
	o.away["publisher"] = false
	plan := b.show(path, why()).form("form", nil)
	o.away["publisher"] = true
	require.Equal(t, http.StatusServiceUnavailable, b.post(path, plan).Code)
	require.Empty(t, o.recorded(), "it was not begun")
	o.away["publisher"], o.away["retry"] = false, true
	require.Equal(t, http.StatusServiceUnavailable, b.post(path, plan).Code)
	require.Len(t, o.recorded(), 1)
	require.EqualValues(t, "FAILED", o.recorded()[0].Outcome)
}

func TestAct_byAnotherUserAtTheSameBrowser(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.signIn("OPERATOR")
	path := "/operations/publisher/domain/" + o.park(publisherstore.Refused, "x", adam, merlin).String() + "/skip"
	plan := b.show(path, why())
	p := b.post(path, plan.form("form", url.Values{"user": {"OTHER"}}))
	require.Equal(t, http.StatusConflict, p.Code)
	require.Contains(t, p.text("#warning"), "This page was opened by another user. Nothing was saved.")
	require.Empty(t, p.text("#act-reason"))
	require.Empty(t, o.recorded())
}

// TestDone_cannotBeForged: the sentence is that of this user's last act, by its id.
func TestDone_cannotBeForged(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.signIn("OPERATOR")
	first := o.park(publisherstore.Refused, "x", adam, merlin)
	p := o.act(b, "/operations/publisher/domain/"+first.String()+"/retry", why())
	id := p.URL.Query().Get("done")
	for _, done := range []string{"", "Everything+was+removed", "00000000-0000-0000-0000-000000000000", url.QueryEscape(hostile)} {
		require.Zero(t, b.get("/operations/publisher?done="+done).Find("#done").Length(), done)
	}
	act := o.recorded()[0]
	other := act
	other.ID[0]++
	other.User = "OTHER"
	require.NoError(t, o.acts.Record(t.Context(), other))
	require.Zero(t, b.get("/operations/publisher?done="+other.ID.String()).Find("#done").Length(), "of another user")
	require.Equal(t, 1, b.get("/operations/publisher?done="+id).Find("#done").Length())
	o.act(b, "/operations/publisher/domain/"+first.String()+"/skip", why())
	require.Zero(t, b.get("/operations/publisher?done="+id).Find("#done").Length(), "not the last one")
}

func TestPublisher_ofAProcessWithoutOne(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(_ *office, operators *screens.Operators) { operators.Publisher = nil })
	b := o.signIn("OPERATOR")
	p := b.get("/operations/publisher")
	require.Equal(t, http.StatusOK, p.Code)
	require.Contains(t, p.text("main"), "This process does not know the publisher.")
	require.Zero(t, p.Find("main [role=button]").Length())
	require.Equal(t, http.StatusNotFound, b.get("/operations/publisher/domain/7d1a3f0e-3f0a-5a57-9a58-0d5d1c9c2b11/skip").Code)
}
