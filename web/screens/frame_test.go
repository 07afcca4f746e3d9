package screens_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/screens"
	"nonassociations/web/screens/store"
)

// TestProbe_isAnsweredUnderAnyName asks without a session and for another host.
func TestProbe_isAnsweredUnderAnyName(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *screens.Options) {
		o.Probes = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("probe " + r.URL.Path)) })
	})
	b := h.visit()
	for path, want := range map[string]string{"/ping": "pong", "/health": "probe /health", "/health/readiness": "probe /health/readiness", "/info": "probe /info"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.server.URL+path, http.NoBody)
		require.NoError(t, err)
		r.Host = "10.0.0.7"
		answer, err := b.http.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode, path)
		require.Equal(t, want, b.get(path).Text)
	}
}

// TestSwitchOver_isAnnouncedToItsStaff shows the announcement on every page of staff with
// the caseload, and to nobody else.
func TestSwitchOver_isAnnouncedToItsStaff(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cause := domain.Cause{CommandID: uuid.New(), CorrelationID: uuid.New(), CausationID: uuid.New(), Actor: "OPERATOR", Source: domain.DPS}
	_, err := h.commands.ChangeSwitchOver(t.Context(), cause, domain.AnnouncePrison{PrisonID: "XAA", From: "2026-12-01", Text: "Ask <b>Sam</b>.", Reason: "Plan"})
	require.NoError(t, err)
	h.pass(2 * time.Second)
	require.Equal(t, "From 1 December 2026 use this service and not NOMIS. Ask <b>Sam</b>.", h.signIn("OFFICER_A").get("/help").text("#switch-over"))
	require.Equal(t, "Example A (HMP): From 1 December 2026 use this service and not NOMIS. Ask <b>Sam</b>.", h.signIn("GLOBAL").get("/").text("#switch-over"))
	require.Zero(t, h.signIn("OFFICER_B").get("/").Find("#switch-over").Length())
}

// TestView_ofARefusedPageIsKept keeps who asked for what they may not see.
func TestView_ofARefusedPageIsKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	require.Equal(t, http.StatusForbidden, h.signIn("NOBODY").get("/prisoner/A9109UD/non-associations").Code)
	require.Equal(t, http.StatusNotFound, h.signIn("OPERATOR").get("/prisoner/A9109UD/non-associations").Code)
	require.Equal(t, http.StatusNotFound, h.signIn("OFFICER_A").get("/prisoner/Z9999ZZ/non-associations?reason=THREAT").Code)
	views := h.views(store.ViewFilter{Prisoner: adam})
	require.Len(t, views, 2)
	for _, view := range views {
		require.True(t, view.Refused)
		require.Equal(t, store.PageList, view.Page)
	}
	views = h.views(store.ViewFilter{Prisoner: nobody})
	require.Len(t, views, 1)
	require.True(t, views[0].Refused)
	require.Equal(t, "/prisoner/{pn}/non-associations", views[0].Route)
	require.Equal(t, "reason=THREAT", views[0].Query)
	require.Equal(t, "test", views[0].Build)
}

// broken is a read model that answers nothing, or that has a bug.
type broken struct {
	screens.Reads

	err error
}

func (b broken) OfPrisoner(context.Context, domain.PrisonerNumber, uint64) (queries.Records, error) {
	if b.err == nil {
		panic("a bug about A9109UD")
	}
	return queries.Records{}, b.err
}

// TestFault_isAPageWithAReference walks the faults of a backend. No page says why.
func TestFault_isAPageWithAReference(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct {
		err  error
		want int
		h1   string
	}{
		"away":    {queries.ErrNotCaughtUp, http.StatusServiceUnavailable, "Sorry, the service is unavailable"},
		"unknown": {context.Canceled, http.StatusServiceUnavailable, "Sorry, the service is unavailable"},
		"other":   {http.ErrBodyNotAllowed, http.StatusInternalServerError, "Sorry, there is a problem with the service"},
		"a bug":   {nil, http.StatusInternalServerError, "Sorry, there is a problem with the service"},
	} {
		h := newHouse(t, func(o *screens.Options) { o.Reads = broken{o.Reads, fault.err} })
		p := h.signIn("OFFICER_A").get("/prisoner/A9109UD/non-associations")
		require.Equal(t, fault.want, p.Code, name)
		require.Equal(t, fault.h1, p.text("h1"))
		require.Equal(t, p.Header.Get("X-Request-ID"), p.text("#request-id"))
		require.Equal(t, fault.want == http.StatusServiceUnavailable, p.Header.Get("Retry-After") != "")
		require.NotContains(t, p.Text, "a bug")
		require.NotContains(t, p.Text, "ErrBodyNotAllowed")
	}
}

// TestUpTo_isTheLastMomentThatIsShown says up to when a page shows everything.
func TestUpTo_isTheLastMomentThatIsShown(t *testing.T) {
	t.Parallel()
	var away bool
	h := newHouse(t, func(o *screens.Options) {
		head := o.Head
		o.Head = func(ctx context.Context) (uint64, error) {
			if away {
				return 0, context.DeadlineExceeded
			}
			return head(ctx)
		}
	})
	b := h.signIn("OFFICER_A")
	const list = "/prisoner/A9109UD/non-associations"
	require.Equal(t, "Shows everything recorded up to 13:00:00", b.get(list).text("#recorded-up-to"))
	away = true
	h.pass(5 * time.Minute)
	require.Equal(t, "Shows everything recorded up to 13:00:00", b.get(list).text("#recorded-up-to"), "the log is away")
	away = false
	h.pass(2 * time.Second)
	require.Equal(t, "Shows everything recorded up to 13:05:02", b.get(list).text("#recorded-up-to"))
	require.Zero(t, b.get("/help").Find("#recorded-up-to").Length())
}
