package screens_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/screens"
	"nonassociations/web/screens/store"
	"nonassociations/web/shape"
)

func TestOperations_saysWhatStatusSays(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	runbook, since := "docs/runbooks/ProjectorStopped.md", noon.Add(-time.Minute)
	o.status = shape.NewSystemStatus("build 7", []shape.PartStatus{
		{Part: "readModel", Asked: true, Numbers: map[string]any{"position": 12, "lagSeconds": 61.25}, Since: &since, Runbook: &runbook},
		{Part: "publisher", Asked: true, OK: true, Numbers: map[string]any{"parked": 3, "domainEvents": map[string]int{"deadLetters": 2, "messages": 1}}},
		{Part: "queues"},
		{Part: "migration", Asked: true, OK: true, Numbers: map[string]any{"nomis-events": map[string]any{"deadLetters": 6, "inFlight": 0}, "listed": true}},
		{Part: "reconciliation", Asked: true, OK: true, Numbers: map[string]any{"openDifferences": 4}},
		{Part: "nomis", Asked: true, OK: true, Numbers: map[string]any{"due": 5, "brake": false}, Runbook: &runbook},
	})
	b := o.signIn("OPERATOR")
	p := b.get("/operations")
	require.Equal(t, http.StatusOK, p.Code, p.Text)
	require.Equal(t, "Operations", p.text("h1"))
	require.Contains(t, p.text("main"), "Not every part is well. Build build 7.")
	require.Equal(t, "/operations/projections", p.link("61.2 (Lag seconds)"))
	require.Equal(t, "/operations/publisher", p.link("3 (Parked)"))
	require.Equal(t, "/operations/publisher", p.link("dead letters 2, messages 1 (Domain events)"))
	require.Equal(t, "/operations/differences", p.link("4 (Open differences)"))
	require.Equal(t, "/operations/switch-over", p.link("on (Inbound)"))
	require.NotEmpty(t, p.link("dead letters 6, in flight 0 (NOMIS events)"))
	require.NotEmpty(t, p.link("off (Brake)"))
	require.NotEmpty(t, p.link("yes (Listed)"))
	require.Equal(t, "https://runbooks.invalid/ProjectorStopped", p.link("Runbook ProjectorStopped"))
	require.Contains(t, p.text("#status"), "Since 15 July 2026 at 12:59")
	require.Contains(t, p.text("#status tr:contains('Queues')"), "Could not be asked")
	for _, page := range []string{"Projections", "Publisher", "Queues", "Migrations", "Reconciliations", "Switch-over"} {
		require.Equal(t, http.StatusOK, b.get(p.link(page)).Code, page)
	}
	o.away["status"] = true
	p = b.get("/operations")
	require.Equal(t, http.StatusOK, p.Code)
	require.Contains(t, p.text("main"), "could not be asked")
}

func TestOperations_isRefusedToOthers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, user := range []string{"MANAGER_A", "AUDITOR"} {
		b := o.signIn(user)
		unknown := b.get("/no-such-page").text("main h1")
		for _, path := range []string{"/operations", "/operations/publisher", "/operations/queues/" + events + "/remove-all"} {
			p := b.get(path)
			require.Equal(t, http.StatusNotFound, p.Code, path)
			require.Equal(t, unknown, p.text("main h1"))
		}
	}
}

func TestRefresh_isNoRequestOfTheUser(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.signIn("OPERATOR")
	p := b.get("/operations/publisher?done=x")
	require.Zero(t, p.Find("meta[http-equiv=refresh]").Length())
	to := p.link("Refresh every 5 seconds")
	require.Equal(t, "/operations/publisher?refresh=5", to)
	p = b.get(to)
	require.Equal(t, "5", p.Find("meta[http-equiv=refresh]").AttrOr("content", ""))
	require.Equal(t, "/operations/publisher", p.link("Stop refreshing"))
	require.Zero(t, b.get("/operations/publisher?refresh=1").Find("meta[http-equiv=refresh]").Length())
	for range 3 {
		o.pass(25 * time.Minute)
		p = b.get(to)
	}
	require.Equal(t, "/sign-in", p.location(), "a page that loads itself again keeps no session")
}

func TestProjections_showsConsumersAndGenerations(t *testing.T) {
	t.Parallel()
	found := projected()
	o := newOffice(t, func(o *office, operators *screens.Operators) {
		operators.Projections = func(context.Context) (screens.Projected, error) { return found, o.fault("consumers") }
	})
	b := o.signIn("OPERATOR")
	p := b.get("/operations/projections")
	require.Equal(t, "Projections", p.text("h1"))
	require.Equal(t, "Read model 10 yes 4s ago15 July 2026 at 13:00 none 7", p.text("tr[data-id=readModel]"))
	require.Contains(t, p.text("tr[data-id=publisher]"), "CANNOT_READ "+hostile+" at position 11")
	require.Equal(t, "1 Answers reads 10", p.text("#generations tbody tr"))
	found.Head = nil
	require.Contains(t, b.get("/operations/projections").text("main"), "The head of the log could not be asked.")
	o.away["consumers"] = true
	p = b.get("/operations/projections")
	require.Equal(t, http.StatusServiceUnavailable, p.Code)
	require.Contains(t, p.text("main"), "The consumers of the log could not be asked.")
}

func TestQueues_areRetriedAndEmptied(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.signIn("OPERATOR")
	p := b.get("/operations/queues")
	require.Equal(t, "Queues", p.text("h1"))
	require.Contains(t, p.text("table#queues"), events+" 0 0 "+deadEvents+" 0")
	require.Zero(t, p.Find("main [role=button]").Length(), "nothing to do")
	o.aws.Send(deadEvents, `{"nomsNumber":"`+string(adam)+`"} `+hostile)
	o.aws.Send(deadEvents, string(merlin)+"_"+string(otto))
	o.pass(time.Second)
	p = b.get("/operations/queues")
	require.Contains(t, p.text("main"), "2 dead letters, 2 shown.")
	require.Contains(t, p.text("main"), hostile)
	require.Zero(t, p.Find("main script").Length())
	require.Equal(t, []domain.PrisonerNumber{otto, adam, merlin}, o.viewOf(store.PageQueues).Shown)

	o.act(b, p.button("Retry all of "+deadEvents), why())
	require.Equal(t, "2 dead letters of "+deadEvents+" went back to the queue.", o.recorded()[0].Done)
	require.Len(t, o.aws.Messages(events), 2)
	require.Empty(t, o.aws.Messages(deadEvents))

	o.aws.Send(deadEvents, "three")
	remove := b.get("/operations/queues").button("Remove all of " + deadEvents)
	require.Contains(t, b.show(remove, why()).text("#plan"), "1 dead letter of "+deadEvents+" is removed, and never worked on.")
	p = o.act(b, remove, why())
	require.Contains(t, p.text("#done"), "1 dead letter of "+deadEvents+" was removed. A copy of each is kept.")
	require.Empty(t, o.aws.Messages(deadEvents))
	require.Contains(t, o.everything(), "three", "a copy is kept")
	refused := b.show("/operations/queues/"+events+"/remove-all", why())
	require.Equal(t, http.StatusConflict, refused.Code)
	require.Contains(t, refused.text("#warning"), "There are no dead letters.")
}

func TestQueues_thatAreAway(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.signIn("OPERATOR")
	o.away["aws"] = true
	p := b.get("/operations/queues")
	require.Equal(t, http.StatusOK, p.Code)
	require.Contains(t, p.text("table#queues"), events+" could not be asked")
	require.Equal(t, http.StatusServiceUnavailable, b.show("/operations/queues/"+events+"/retry-all", why()).Code)
	for _, name := range []string{"other", deadEvents, "%2e%2e"} {
		require.Equal(t, http.StatusNotFound, b.get("/operations/queues/"+name+"/retry-all").Code, name)
	}
	require.Empty(t, o.recorded())
	without := newOffice(t, func(_ *office, operators *screens.Operators) { operators.Queues = nil }).signIn("OPERATOR")
	require.Contains(t, without.get("/operations/queues").text("main"), "This process has no queues.")
	require.Equal(t, http.StatusNotFound, without.get("/operations/queues/"+events+"/retry-all").Code)
}
