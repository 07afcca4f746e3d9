package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/web/api"
)

// switchCalls are the changes of the switch-over, each with a body of only what must be.
var switchCalls = map[string]string{
	"/nomis/switch-over/prisons/MDI":              staging,
	"/nomis/switch-over/prisons/MDI/announcement": announcing,
	"/nomis/switch-over/inbound":                  switchingOff,
	"/nomis/switch-over/outbound":                 switchingOff,
	"/nomis/legacy":                               switchingOff,
}

// badSwitches are bodies that are refused, each with the pointers of the refusal.
var badSwitches = map[string]map[string][]string{
	"/nomis/switch-over/prisons/MDI": {
		`{}`:                           {"/stage", "/reason"},
		`{"stage":"dps","reason":"x"}`: {"/stage"},
		`{"stage":"","reason":"x"}`:    {"/stage"},
		`{"stage":null,"reason":"x"}`:  {"/stage"},
		`{"stage":1,"reason":2}`:       {"/stage", "/reason"},
		`{"stage":"DPS","reason":""}`:  {"/reason"},
	},
	"/nomis/switch-over/prisons/MDI/announcement": {
		`{}`:                        {"/text", "/reason"},
		`{"text":"x","reason":"x"}`: {"/from"},
		`{"from":"2026-02-29","text":"x","reason":"x"}`:                                {"/from"},
		`{"from":"1.12.2026","text":"x","reason":"x"}`:                                 {"/from"},
		`{"from":"tomorrow","text":"","reason":"x"}`:                                   {"/from"},
		`{"text":null,"reason":"x"}`:                                                   {"/text"},
		`{"from":"2026-12-01","text":"` + strings.Repeat("x", 1001) + `","reason":""}`: {"/text", "/reason"},
		`{"from":"2026-12-01","text":"a\u0007","reason":"x"}`:                          {"/text"},
	},
	"/nomis/switch-over/inbound": {
		`{"on":false,"reason":"x","force":"yes"}`: {"/force"},
		`{"on":false,"reason":"x","force":1}`:     {"/force"},
	},
	"/nomis/legacy": {
		`{"on":false,"reason":"x","minutes":0}`:     {"/minutes"},
		`{"on":false,"reason":"x","minutes":-1}`:    {"/minutes"},
		`{"on":false,"reason":"x","minutes":1.5}`:   {"/minutes"},
		`{"on":false,"reason":"x","minutes":10081}`: {"/minutes"},
		`{"on":false,"reason":"x","minutes":"10"}`:  {"/minutes"},
		`{"on":true,"reason":"x","minutes":10}`:     {"/minutes"},
	},
}

// badForAll are bodies that every switch refuses.
var badForAll = map[string][]string{
	`{}`:                                 {"/on", "/reason"},
	`{"on":"false"}`:                     {"/on", "/reason"},
	`{"on":0,"reason":"x"}`:              {"/on"},
	`{"on":null,"reason":""}`:            {"/on", "/reason"},
	`{"on":true,"reason":" \t\n\u00a0"}`: {"/reason"},
	`{"on":true,"reason":"` + strings.Repeat("é", 1001) + `"}`: {"/reason"},
	`{"on":true,"reason":["x"]}`:                               {"/reason"},
	`{"on":true,"reason":"a\u0000"}`:                           {"/reason"},
	`{"on":true,"on":false,"reason":"x"}`:                      {"/on"},
	`[]`:                                                       {""},
	`null`:                                                     {""},
	`{"on":true,"reason":"x"}x`:                                {""},
	`{"on":true,"reason":"` + strings.Repeat("\u00a0", 5000) + `"}`: {"/reason"},
}

func TestSwitchOver_namesWhatIsWrongAndStoresNothing(t *testing.T) {
	for _, path := range []string{"/nomis/switch-over/inbound", "/nomis/switch-over/outbound", "/nomis/legacy"} {
		for body, pointers := range badForAll {
			requireRefused(t, path, body, pointers)
		}
	}
	for path, bodies := range badSwitches {
		for body, pointers := range bodies {
			requireRefused(t, path, body, pointers)
		}
	}
}

func requireRefused(t *testing.T, path, body string, pointers []string) {
	t.Helper()
	h := newTestServer(t)
	w := h.change(path, body)
	require.Equal(t, http.StatusBadRequest, w.Code, "%s %s: %s", path, body, w.Body)
	require.Equal(t, 102, errorIn(t, w).code())
	require.ElementsMatch(t, pointers, errorIn(t, w).sources(), "%s %s", path, body)
	require.Zero(t, h.facts())
}

func TestPrisonID_thatIsNoneIsRefused(t *testing.T) {
	for _, id := range []string{"OUT", "trn", "M-I", "ABCDEFGHIJKLM", "M%20I", "%C3%89DI", "M%2FI"} {
		for _, suffix := range []string{"", "/announcement"} {
			h := newTestServer(t)
			w := h.change("/nomis/switch-over/prisons/"+id+suffix, switchCalls["/nomis/switch-over/prisons/MDI"+suffix])
			require.Equal(t, http.StatusBadRequest, w.Code, id)
			require.Equal(t, []string{"prisonId"}, errorIn(t, w).sources())
			require.Zero(t, h.facts())
		}
	}
	h := newTestServer(t)
	require.Equal(t, http.StatusOK, h.change("/nomis/switch-over/prisons/zz9", staging).Code, "one that nobody knows is accepted")
	require.Equal(t, "ZZ9", h.switchOver()["prisons"].([]any)[0].(object)["prisonId"])
}

func TestSwitchOver_changesNeedTheScope(t *testing.T) {
	for path, body := range switchCalls {
		h := newTestServer(t)
		for _, token := range []string{"OPERATOR:NON_ASSOCIATIONS_ADMIN", "OPERATOR:NON_ASSOCIATIONS_ADMIN:read"} {
			w := h.call(http.MethodPut, path, token, body)
			require.Equal(t, http.StatusForbidden, w.Code, path)
			require.Contains(t, errorIn(t, w).DeveloperMessage, "scope write")
		}
		require.Zero(t, h.facts())
	}
	h := newTestServer(t)
	require.Equal(t, http.StatusOK, h.call(http.MethodGet, "/nomis/switch-over", "OPERATOR:NON_ASSOCIATIONS_ADMIN", "").Code, "a read needs none")
}

func TestSwitchOver_cannotBeReadWhileTheLogIsAway(t *testing.T) {
	for name, change := range map[string]func(*api.Options){
		"no head":  func(o *api.Options) { o.Head = headless },
		"no facts": func(o *api.Options) { o.Commands, o.Audit = failing{commands.ErrBusy}, brokenAudit{o.Audit} },
	} {
		h := newTestServer(t, change)
		for _, path := range []string{"/nomis/switch-over", "/nomis/switch-over/history"} {
			require.Equal(t, http.StatusServiceUnavailable, h.call(http.MethodGet, path, operator, "").Code, "%s, %s", path, name)
		}
	}
}
