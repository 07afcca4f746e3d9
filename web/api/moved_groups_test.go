package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
)

func numberOf(text string) domain.PrisonerNumber { return domain.PrisonerNumber(text) }

func TestRemovedNumber_inAGroupStandsForTheOneThatSurvivesToo(t *testing.T) {
	h := newTestServer(t)
	h.told("Q1111QQ", "X1111XX", "")
	h.merge("Q1111QQ", "R1111RR")
	h.merge("R1111RR", "S1111SS")
	for _, group := range []string{
		`["Q1111QQ","X1111XX"]`, `["x1111xx","r1111rr"]`, `["S1111SS","X1111XX"]`, `["Q1111QQ","X1111XX","S1111SS","R1111RR"]`,
	} {
		for _, call := range []string{"between", "involving"} {
			w := h.call(http.MethodPost, "/non-associations/"+call, reader, group)
			require.Equal(t, http.StatusOK, w.Code, w.Body)
			require.Contains(t, w.Body.String(), "S1111SS", "%s %s", call, group)
		}
	}
	require.NotEqual(t, "[]", h.call(http.MethodPost, "/non-associations/involving", reader, `["Q1111QQ"]`).Body.String())

	h.told("Q1111QQ", "Y1111YY", "") // a late word
	w := h.call(http.MethodPost, "/non-associations/between", reader, `["Q1111QQ","Y1111YY"]`)
	require.Contains(t, w.Body.String(), "Y1111YY", "for itself too")
	w = h.call(http.MethodPost, "/non-associations/between", reader, `["S1111SS","Y1111YY"]`)
	require.JSONEq(t, "[]", w.Body.String(), "stored as given")
}

func TestGroup_twoNumbersOfOnePrisonerMakeNoPair(t *testing.T) {
	h := newTestServer(t)
	h.told("Q1111QQ", "X1111XX", "")
	h.merge("Q1111QQ", "R1111RR")
	last := h.merge("R1111RR", "S1111SS")
	h.merge("P1111PP", "S1111SS")
	for _, group := range []string{
		`["Q1111QQ","R1111RR"]`, `["S1111SS","q1111qq"]`, `["R1111RR","S1111SS"]`, `["P1111PP","Q1111QQ"]`,
		`["P1111PP","Q1111QQ","R1111RR","S1111SS","S1111SS"]`,
	} {
		w := h.call(http.MethodPost, "/non-associations/between", reader, group)
		require.Equal(t, http.StatusBadRequest, w.Code, "%s: %s", group, w.Body)
		require.Equal(t, 102, errorIn(t, w).code())
		require.Equal(t, []string{""}, errorIn(t, w).sources(), "as for too few numbers")
		require.Equal(t, http.StatusServiceUnavailable,
			h.call(http.MethodPost, "/non-associations/between?atLeast=999", reader, group).Code, "who are one may change with it")
		require.Equal(t, http.StatusOK, h.call(http.MethodPost, "/non-associations/involving", reader, group).Code)
	}
	h.unmerge(last)
	w := h.call(http.MethodPost, "/non-associations/between", reader, `["R1111RR","S1111SS"]`)
	require.Equal(t, http.StatusOK, w.Code)

	h.reads.err = queries.ErrNotCaughtUp
	w = h.call(http.MethodPost, "/non-associations/between", reader, `["Q1111QQ","R1111RR"]`)
	require.Equal(t, http.StatusServiceUnavailable, w.Code, "it is not known yet which numbers are one prisoner")
}
