package api_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/queries"
	"nonassociations/web/api"
)

func TestRemovedNumber_leadsToTheOneThatSurvives(t *testing.T) {
	h := newTestServer(t)
	h.told("R1111RR", "X1111XX", "")
	h.merge("R1111RR", "S1111SS")
	before := h.facts()
	for _, r := range readsByNumber {
		for _, number := range []string{"R1111RR", "r1111rr", "%521111rr"} {
			for query, kept := range map[string]string{
				"": "", "atLeast=2": "atLeast=2", "x=%41b&y=+&x": "x=%41b&y=+&x", "x=\xc3\xa9%zz": "",
				"x=é\"<>&atLeast=1": "x=%C3%A9\"<>&atLeast=1",
			} {
				if query != "" && kept == "" {
					continue // cannot be read: 400
				}
				for _, method := range []string{http.MethodGet, http.MethodHead} {
					w := h.plainly(method, r.path(number, query), r.token, "If-None-Match", "*")
					require.Equal(t, http.StatusMovedPermanently, w.Code, "%s %s: %s", method, r.path(number, query), w.Body)
					require.Equal(t, r.path("S1111SS", kept), w.Header().Get("Location"))
					require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
					require.Equal(t, itoa(before), w.Header().Get("X-Position"))
					require.Empty(t, w.Header().Get("ETag"))
					require.JSONEq(t, `{"status":301,"errorCode":null,"userMessage":"R1111RR is now S1111SS",
						"developerMessage":"R1111RR is now S1111SS","moreInfo":"S1111SS"}`, w.Body.String())
				}
			}
		}
		w := h.call(http.MethodGet, r.path("R1111RR", ""), r.token, "")
		led := h.call(http.MethodGet, w.Header().Get("Location"), r.token, "")
		require.Equal(t, http.StatusOK, led.Code)
		require.Contains(t, led.Body.String(), "X1111XX", r.route)
	}
	w := h.call(http.MethodGet, "/subject-access-request?x=1&%70rn=r1111rr&crn=X&fromDate=2021-01-01", subjectReader, "")
	require.Equal(t, "/subject-access-request?x=1&prn=S1111SS&crn=X&fromDate=2021-01-01", w.Header().Get("Location"))
	require.Equal(t, before, h.facts(), "reading writes nothing")
}

func TestRemoval_removesOnlyItsNumber(t *testing.T) {
	h := newTestServer(t)
	h.told("R1111RR", "X1111XX", "")
	h.asksAll("R1111RR", http.StatusOK, "")
	h.merge("R1111RR", "S1111SS")
	h.asksAll("S1111SS", http.StatusOK, "")
	h.asksAll("X1111XX", http.StatusOK, "")
	for _, r := range readsByNumber[:4] {
		require.Equal(t, http.StatusOK, h.call(http.MethodGet, r.path("Z1111ZZ", ""), r.token, "").Code)
	}
	require.Equal(t, http.StatusNoContent, h.subject("prn=Z1111ZZ").Code)
}

func TestWay_ofMergesIsFollowedToItsEnd(t *testing.T) {
	for name, order := range map[string][][2]string{
		"in their order": {{"Q1111QQ", "R1111RR"}, {"R1111RR", "S1111SS"}}, "the later first": {{"R1111RR", "S1111SS"}, {"Q1111QQ", "R1111RR"}},
	} {
		h := newTestServer(t)
		h.told("Q1111QQ", "X1111XX", "")
		messages := map[string]uuid.UUID{}
		for _, m := range order {
			messages[m[0]] = h.merge(numberOf(m[0]), numberOf(m[1]))
		}
		h.asksAll("Q1111QQ", http.StatusMovedPermanently, "S1111SS")
		h.asksAll("R1111RR", http.StatusMovedPermanently, "S1111SS")
		require.Contains(t, h.list("S1111SS"), "X1111XX", name)
		h.unmerge(messages["R1111RR"])
		require.Equal(t, http.StatusMovedPermanently, h.call(http.MethodGet, "/non-associations/Q1111QQ", reader, "").Code)
		h.unmerge(messages["Q1111QQ"])
		h.asksAll("Q1111QQ", http.StatusOK, "")
		require.Contains(t, h.list("Q1111QQ"), "X1111XX", name)
	}
}

func TestRemovedNumber_isAskedAsEverWhileALiveRecordStandsUnderIt(t *testing.T) {
	h := newTestServer(t)
	h.told("R1111RR", "X1111XX", "")
	h.beginMerge("R1111RR", "S1111SS")
	h.asksAll("R1111RR", http.StatusOK, "") // the merge is half done
	require.Contains(t, h.list("R1111RR"), "X1111XX")

	h = newTestServer(t)
	h.told("R1111RR", "X1111XX", "")
	h.merge("R1111RR", "S1111SS")
	late := h.told("R1111RR", "Y1111YY", `"expiryDate":"2021-07-06T00:00:00",`)
	h.asksAll("R1111RR", http.StatusOK, "")
	require.Contains(t, h.list("R1111RR"), "Y1111YY", "closed, and still live")
	require.NotContains(t, h.list("R1111RR"), "X1111XX")
	w := h.call(http.MethodGet, "/prisoner/R1111RR/non-associations", reader, "")
	require.Equal(t, http.StatusOK, w.Code, "whichever are asked for")
	require.Equal(t, http.StatusNoContent, h.subject("prn=R1111RR&toDate=2020-01-01").Code, "nothing in these days")

	require.Equal(t, http.StatusNoContent, h.call(http.MethodDelete, "/sync/"+late, syncer, "").Code)
	h.asksAll("R1111RR", http.StatusMovedPermanently, "S1111SS")
}

func TestValidation_comesBeforeTheRemovedNumber(t *testing.T) {
	h := newTestServer(t)
	h.merge("R1111RR", "S1111SS")
	for _, r := range readsByNumber {
		for _, c := range []struct {
			path, token string
			status      int
		}{
			{r.path("R1111RR", ""), "", http.StatusUnauthorized},
			{r.path("R1111RR", ""), "invalid", http.StatusUnauthorized},
			{r.path("R1111RR", ""), ":NON_ASSOCIATIONS_SYNC", http.StatusUnauthorized},
			{r.path("R1111RR", ""), writer, http.StatusForbidden},
			{r.path("R1111RR", "atLeast=x"), r.token, http.StatusBadRequest},
			{r.path("R1111RR", "atLeast=1&atLeast=1"), r.token, http.StatusBadRequest},
			{r.path("R1111R", ""), r.token, http.StatusBadRequest},
			{r.path("R1111RR", "atLeast=99"), r.token, http.StatusServiceUnavailable},
			{r.path("R1111RR", "atLeast=1"), r.token, http.StatusMovedPermanently},
		} {
			w := h.call(http.MethodGet, c.path, c.token, "")
			require.Equal(t, c.status, w.Code, "%s with %q: %s", c.path, c.token, w.Body)
		}
	}
	for _, query := range []string{"sortBy=x", "includeOpen=false", "includeOtherPrisons=x"} {
		w := h.call(http.MethodGet, "/prisoner/R1111RR/non-associations?"+query, reader, "")
		require.Equal(t, http.StatusBadRequest, w.Code, query)
	}
	require.Equal(t, http.StatusBadRequest, h.subject("prn=R1111RR&fromDate=x").Code)
}

func TestRemovedNumber_isAnsweredOnlyAtTheHeadOfTheLog(t *testing.T) {
	for name, change := range map[string]func(*api.Options){
		"the read model is behind": func(o *api.Options) { o.Reads.(*twin).wait = queries.ErrBehind },
		"it has never caught up":   func(o *api.Options) { o.Reads.(*twin).err = queries.ErrNotCaughtUp },
		"the head is not known":    func(o *api.Options) { o.Head = headless },
	} {
		h := newTestServer(t, change)
		h.beginMerge("R1111RR", "S1111SS")
		for path, token := range map[string]string{
			"/non-associations/R1111RR/history": reader, "/subject-access-request?prn=R1111RR": subjectReader,
		} {
			require.Equal(t, http.StatusServiceUnavailable, h.call(http.MethodGet, path, token, "").Code, "%s: %s", name, path)
		}
	}
}

// TestSubjectAccess_seesAMergeThatComesWhileItReads: what the merge has taken
// away would else be told as nothing.
func TestSubjectAccess_seesAMergeThatComesWhileItReads(t *testing.T) {
	var h *testServer
	h = newTestServer(t, func(o *api.Options) {
		o.Audit = mergingAudit{o.Audit, func() { h.merge("R1111RR", "S1111SS") }}
	})
	h.told("R1111RR", "X1111XX", "")
	w := h.subject("prn=R1111RR")
	require.Equal(t, http.StatusMovedPermanently, w.Code, w.Body)
	require.Equal(t, "/subject-access-request?prn=S1111SS", w.Header().Get("Location"))
}

// What was deleted before a merge is held about the same person, though the
// removed number leads on.
func TestSubjectAccess_givesWhatWasDeletedUnderARemovedNumber(t *testing.T) {
	h := newTestServer(t)
	deleted := h.told("Q1111QQ", "X1111XX", "")
	require.Equal(t, http.StatusNoContent, h.call(http.MethodDelete, "/sync/"+deleted, syncer, "").Code)
	h.merge("Q1111QQ", "R1111RR")
	h.asksAll("Q1111QQ", http.StatusMovedPermanently, "R1111RR")
	back := h.merge("R1111RR", "S1111SS")
	w := h.subject("prn=S1111SS")
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	require.Contains(t, w.Body.String(), deleted)
	h.unmerge(back)
	require.NotContains(t, h.subject("prn=S1111SS").Body.String(), deleted)
	require.Contains(t, h.subject("prn=R1111RR").Body.String(), deleted)
}

// mergingAudit is a log in which a merge happens just before it is read.
type mergingAudit struct {
	api.Audit

	merge func()
}

func (m mergingAudit) SubjectAccess(ctx context.Context, streams []string, s audit.Subject) (audit.SubjectAccess, error) {
	m.merge()
	return m.Audit.SubjectAccess(ctx, streams, s)
}
