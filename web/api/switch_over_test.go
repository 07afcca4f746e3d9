package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/api"
	"nonassociations/web/shape"
)

const (
	operator     = "OPERATOR:NON_ASSOCIATIONS_ADMIN:write"
	staging      = `{"stage":"DPS","reason":"Staff are trained"}`
	announcing   = `{"from":"2026-12-01","text":"Your passwords stay the same.","reason":"As planned"}`
	ending       = `{"on":false,"reason":"The last prison is over","force":true}`
	switchingOff = `{"on":false,"reason":"For now"}`
)

// object is an answer as its reader sees it.
type object = map[string]any

func (h *testServer) change(path, body string) *recorder {
	h.t.Helper()
	return h.call(http.MethodPut, path, operator, body)
}

func objectIn(t testing.TB, w *recorder) object {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	var body object
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	return body
}

func (h *testServer) switchOver() object {
	h.t.Helper()
	return objectIn(h.t, h.call(http.MethodGet, "/nomis/switch-over", operator, ""))
}

func TestSwitchOver_beginsWithNothing(t *testing.T) {
	h := newTestServer(t)
	require.Equal(t, object{"inbound": true, "outbound": true, "legacy": true, "legacyUntil": nil, "prisons": []any{}}, h.switchOver())
	w := h.call(http.MethodGet, "/nomis/switch-over/history", operator, "")
	require.JSONEq(t, `[]`, w.Body.String())
	require.Contains(t, h.call(http.MethodGet, "/info", "", "").Body.String(), `"activeAgencies":[]`)
}

func TestPrison_isStagedAndAnnounced(t *testing.T) {
	h := newTestServer(t)
	entry := object{
		"prisonId": "MDI", "prisonName": nil, "stage": "DPS", "since": "2026-07-15T12:00:00+00:00", "by": "OPERATOR",
		"reason": "Staff are trained", "openNonAssociations": nil, "differences": nil, "lastNOMISChange": nil,
		"screenBlocked": nil, "announced": nil, "nomisEdits7Days": nil,
	}
	w := h.change("/nomis/switch-over/prisons/mdi", staging)
	require.Equal(t, entry, objectIn(t, w))
	require.NotEqual(t, "0", w.Header().Get("X-Position"))
	require.Equal(t, entry, objectIn(t, h.change("/nomis/switch-over/prisons/MDI", `{"stage":"DPS","reason":"Again"}`)))
	require.Equal(t, 1, h.facts(), "the same stage again is no fact")

	entry["announced"] = object{
		"from": "2026-12-01", "text": "Your passwords stay the same.", "since": "2026-07-15T12:00:00+00:00", "by": "OPERATOR",
	}
	require.Equal(t, entry, objectIn(t, h.change("/nomis/switch-over/prisons/MDI/announcement", announcing)))
	require.Equal(t, []any{entry}, h.switchOver()["prisons"])
	entry["announced"] = nil
	require.Equal(t, entry, objectIn(t, h.change("/nomis/switch-over/prisons/MDI/announcement", `{"text":" \n","reason":"Later"}`)))
	require.Equal(t, 3, h.facts())
	require.Equal(t, domain.DPS, causeOfFirst(t, h).Source)
	require.Empty(t, causeOfFirst(t, h).About)
}

func TestSwitches_answerWithTheWholeState(t *testing.T) {
	h := newTestServer(t)
	off := func(path, body, key string) {
		t.Helper()
		require.Equal(t, false, objectIn(t, h.change(path, body))[key])
		require.Equal(t, false, h.switchOver()[key])
		require.Equal(t, true, objectIn(t, h.change(path, `{"on":true,"reason":"Back"}`))[key])
	}
	off("/nomis/switch-over/inbound", ending, "inbound")
	off("/nomis/switch-over/outbound", switchingOff, "outbound")
	off("/nomis/legacy", switchingOff, "legacy")
	brownOut := objectIn(t, h.change("/nomis/legacy", `{"on":false,"reason":"Who calls?","minutes":10.0}`))
	require.Equal(t, "2026-07-15T12:10:00+00:00", brownOut["legacyUntil"])
	require.Equal(t, false, brownOut["legacy"])
}

func TestInbound_doesNotEndBeforeThePrisonsHaveSwitched(t *testing.T) {
	known := &prisonsOf{known: []domain.PrisonID{"WWI"}}
	h := newTestServer(t, func(o *api.Options) { o.Prisons = known })
	h.change("/nomis/switch-over/prisons/MDI", `{"stage":"BOTH","reason":"x"}`)
	refused := func(names string) {
		t.Helper()
		w := h.change("/nomis/switch-over/inbound", switchingOff)
		require.Equal(t, http.StatusConflict, w.Code)
		require.Contains(t, w.Body.String(), names)
		require.Zero(t, errorIn(t, w).code())
	}
	refused("MDI, WWI")
	h.change("/nomis/switch-over/prisons/MDI", staging)
	refused("not at DPS: WWI")
	known.err = errors.New("no table")
	require.Equal(t, http.StatusServiceUnavailable, h.change("/nomis/switch-over/inbound", switchingOff).Code, "who is known is not known")
	known.err, known.known = nil, nil
	require.Equal(t, false, objectIn(t, h.change("/nomis/switch-over/inbound", switchingOff))["inbound"])

	empty := newTestServer(t)
	require.Equal(t, http.StatusConflict, empty.change("/nomis/switch-over/inbound", switchingOff).Code, "no prison is known")
	require.Equal(t, http.StatusOK, empty.change("/nomis/switch-over/inbound", ending).Code, "it is forced")
}

func TestSwitchOverHistory_isEveryFactInOrder(t *testing.T) {
	h := newTestServer(t)
	h.change("/nomis/switch-over/prisons/MDI", `{"stage":"BOTH","reason":"Trial"}`)
	h.sync(record)
	h.change("/nomis/switch-over/prisons/MDI", staging)
	h.change("/nomis/switch-over/prisons/MDI/announcement", announcing)
	h.change("/nomis/switch-over/prisons/MDI/announcement", `{"text":"","reason":"Off"}`)
	h.change("/nomis/switch-over/inbound", ending)
	h.change("/nomis/legacy", `{"on":false,"reason":"Who calls?","minutes":10}`)
	w := h.call(http.MethodGet, "/nomis/switch-over/history", operator, "")
	var entries []object
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &entries))
	last := 0.0
	for _, e := range entries {
		require.Greater(t, e["position"], last)
		last, _ = e["position"].(float64)
		delete(e, "position")
		require.Equal(t, "OPERATOR", e["by"])
		require.Equal(t, "2026-07-15T12:00:00+00:00", e["at"])
		delete(e, "by")
		delete(e, "at")
	}
	require.Equal(t, []object{
		{"type": "switch-over.prison-staged.v1", "prisonId": "MDI", "from": "NOMIS", "to": "BOTH", "reason": "Trial", "announced": nil, "until": nil},
		{"type": "switch-over.prison-staged.v1", "prisonId": "MDI", "from": "BOTH", "to": "DPS", "reason": "Staff are trained", "announced": nil, "until": nil},
		{
			"type": "switch-over.prison-announced.v1", "prisonId": "MDI", "from": nil, "to": nil, "reason": "As planned", "until": nil,
			"announced": object{"from": "2026-12-01", "text": "Your passwords stay the same."},
		},
		{
			"type": "switch-over.prison-announced.v1", "prisonId": "MDI", "from": nil, "to": nil, "reason": "Off", "until": nil,
			"announced": object{"from": nil, "text": ""},
		},
		{"type": "switch-over.inbound-ended.v1", "prisonId": nil, "from": nil, "to": nil, "reason": "The last prison is over", "announced": nil, "until": nil},
		{"type": "switch-over.legacy-ended.v1", "prisonId": nil, "from": nil, "to": nil, "reason": "Who calls?", "announced": nil, "until": "2026-07-15T12:10:00+00:00"},
	}, entries)
}

func TestFeed_hasTheSwitchOver(t *testing.T) {
	h := newTestServer(t)
	h.change("/nomis/switch-over/prisons/MDI", staging)
	h.sync(record)
	w := h.call(http.MethodGet, "/history", operator, "")
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	require.Len(t, lines, 2)
	var line object
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &line))
	require.Nil(t, line["nonAssociationId"])
	require.Equal(t, []any{}, line["prisonerNumbers"])
	require.Equal(t, "Staff are trained", line["reason"])
	require.Equal(t, object{"prisonId": "MDI", "from": "NOMIS", "to": "DPS", "announced": nil, "until": nil}, line["switchOver"])
	require.NotContains(t, lines[1], "switchOver")
}

// prisonsOf is what is known of prisons, as a test wants it.
type prisonsOf struct {
	known   []domain.PrisonID
	details map[domain.PrisonID]shape.PrisonDetails
	err     error
}

func (p *prisonsOf) Known(context.Context) ([]domain.PrisonID, error) { return p.known, p.err }

func (p *prisonsOf) Details(context.Context, []domain.PrisonID) (map[domain.PrisonID]shape.PrisonDetails, error) {
	return p.details, p.err
}

func TestPrisons_haveTheDetailsThatAreKnown(t *testing.T) {
	name, count, open, at := "Moorland", 7, false, time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)
	known := &prisonsOf{known: []domain.PrisonID{"WWI", "BXI"}, details: map[domain.PrisonID]shape.PrisonDetails{
		"MDI": {Name: &name, OpenNonAssociations: &count, Differences: &count, LastNOMISChange: &at, ScreenBlocked: &open, NOMISEdits7Days: &count},
	}}
	h := newTestServer(t, func(o *api.Options) { o.Prisons = known })
	entry := objectIn(t, h.change("/nomis/switch-over/prisons/MDI", staging))
	require.Equal(t, "Moorland", entry["prisonName"])
	require.Equal(t, "2026-07-01T08:00:00+00:00", entry["lastNOMISChange"])
	require.Equal(t, false, entry["screenBlocked"])
	for _, key := range []string{"openNonAssociations", "differences", "nomisEdits7Days"} {
		require.InDelta(t, 7, entry[key], 0, key)
	}
	var ids []any
	for _, p := range h.switchOver()["prisons"].([]any) {
		ids = append(ids, p.(object)["prisonId"])
	}
	require.Equal(t, []any{"BXI", "MDI", "WWI"}, ids)
	known.err = errors.New("no table")
	require.Equal(t, http.StatusServiceUnavailable, h.call(http.MethodGet, "/nomis/switch-over", operator, "").Code,
		"a list without the known prisons would look whole")
	require.Equal(t, http.StatusOK, h.change("/nomis/switch-over/prisons/MDI", staging).Code, "details are beside the point")
}

func TestInfo_namesThePrisonsThatUseThis(t *testing.T) {
	known := &prisonsOf{known: []domain.PrisonID{"WWI"}}
	h := newTestServer(t, func(o *api.Options) { o.Prisons = known })
	agencies := func() any { return objectIn(t, h.call(http.MethodGet, "/info", "", ""))["activeAgencies"] }
	require.Equal(t, []any{}, agencies())
	h.change("/nomis/switch-over/prisons/MDI", `{"stage":"BOTH","reason":"x"}`)
	h.change("/nomis/switch-over/prisons/BXI", staging)
	require.Equal(t, []any{"BXI", "MDI"}, agencies())
	h.change("/nomis/switch-over/prisons/WWI", staging)
	require.Equal(t, []any{"***"}, agencies())
	known.known = append(known.known, "LEI")
	require.Equal(t, []any{"BXI", "MDI", "WWI"}, agencies())
	known.err = errors.New("no table")
	require.Nil(t, agencies())
	away := newTestServer(t, func(o *api.Options) { o.Commands = failing{errors.New("no log")} })
	require.Nil(t, objectIn(t, away.call(http.MethodGet, "/info", "", ""))["activeAgencies"])
}
