package api_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/web/api"
	"nonassociations/web/auth"
)

const anID = "8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10"

// guardedCall is a call that asks for a token.
type guardedCall struct {
	method, path, body string
	roles              []string
}

// guarded are all endpoints that ask who calls, with the roles that may.
var guarded = []guardedCall{
	{http.MethodPost, "/non-associations", newOne, []string{"WRITE_NON_ASSOCIATIONS"}},
	{http.MethodPatch, "/non-associations/" + anID, `{}`, []string{"WRITE_NON_ASSOCIATIONS"}},
	{http.MethodPut, "/non-associations/" + anID + "/close", closing, []string{"WRITE_NON_ASSOCIATIONS"}},
	{http.MethodPut, "/non-associations/" + anID + "/reopen", reopening, []string{"REOPEN_NON_ASSOCIATIONS"}},
	{http.MethodPost, "/non-associations/" + anID + "/delete", deletion, []string{"DELETE_NON_ASSOCIATIONS"}},
	{http.MethodGet, "/constants", "", allRoles},
	{http.MethodGet, "/non-associations/A9109UD", "", []string{"READ_NON_ASSOCIATIONS", "NON_ASSOCIATIONS_SYNC"}},
	{http.MethodGet, "/non-associations/" + anID, "", []string{"READ_NON_ASSOCIATIONS", "NON_ASSOCIATIONS_SYNC"}},
	{http.MethodGet, "/non-associations/A9109UD/history", "", []string{"READ_NON_ASSOCIATIONS"}},
	{http.MethodGet, "/history", "", []string{"NON_ASSOCIATIONS_SYNC", "NON_ASSOCIATIONS_ADMIN"}},
	{http.MethodGet, "/audit/prisoner/A9109UD", "", []string{"NON_ASSOCIATIONS_AUDIT"}},
	{http.MethodGet, "/audit/pair/A9109UD/A0135GA", "", []string{"NON_ASSOCIATIONS_AUDIT"}},
	{http.MethodGet, "/evidence/checkpoint", "", []string{"NON_ASSOCIATIONS_AUDIT"}},
	{http.MethodGet, "/evidence/tile/0/000", "", []string{"NON_ASSOCIATIONS_AUDIT"}},
	{http.MethodGet, "/evidence/tile/entries/000.p/5", "", []string{"NON_ASSOCIATIONS_AUDIT"}},
	{http.MethodGet, "/evidence/tile/0/x001/x234/067", "", []string{"NON_ASSOCIATIONS_AUDIT"}},
	{http.MethodGet, "/evidence/tile/entries/x001/x234/067.p/5", "", []string{"NON_ASSOCIATIONS_AUDIT"}},
	{http.MethodGet, "/evidence/tile/entries/067.p/5", "", []string{"NON_ASSOCIATIONS_AUDIT"}},
	{http.MethodGet, "/evidence/proof/" + anID, "", []string{"NON_ASSOCIATIONS_AUDIT"}},
	{http.MethodGet, "/non-associations/" + anID + "/proof", "", []string{"NON_ASSOCIATIONS_AUDIT"}},
	{http.MethodGet, "/subject-access-request?prn=A9109UD", "", []string{"SAR_DATA_ACCESS"}},
	{http.MethodGet, "/subject-access-request/template", "", []string{"SAR_DATA_ACCESS"}},
	{http.MethodPost, "/sync", record, []string{"NON_ASSOCIATIONS_SYNC"}},
	{http.MethodPost, "/migrate", record, []string{"NON_ASSOCIATIONS_MIGRATE"}},
	{http.MethodDelete, "/sync/" + anID, "", []string{"NON_ASSOCIATIONS_SYNC"}},
	{http.MethodGet, "/non-associations", "", []string{"READ_NON_ASSOCIATIONS"}},
	{http.MethodGet, "/prisoner/A9109UD/non-associations", "", []string{"READ_NON_ASSOCIATIONS"}},
	{http.MethodPost, "/non-associations/between", `["A9109UD","A0135GA"]`, []string{"READ_NON_ASSOCIATIONS"}},
	{http.MethodPost, "/non-associations/involving", `["A9109UD"]`, []string{"READ_NON_ASSOCIATIONS"}},
	{http.MethodPost, "/checks/move", `{"prisonerNumbers":["A9109UD"],"prisonId":"XAA"}`, []string{"READ_NON_ASSOCIATIONS"}},
	{http.MethodPut, "/queue-admin/retry-dlq/q", "", []string{"NON_ASSOCIATIONS_ADMIN"}},
	{http.MethodPut, "/queue-admin/retry-all-dlqs", "", []string{"NON_ASSOCIATIONS_ADMIN"}},
	{http.MethodPut, "/queue-admin/purge-queue/q?reason=x", "", []string{"NON_ASSOCIATIONS_ADMIN"}},
	{http.MethodGet, "/queue-admin/get-dlq-messages/q", "", []string{"NON_ASSOCIATIONS_ADMIN"}},
	{http.MethodPost, "/nomis/reconciliations", `{"scope":"ALL"}`, operators},
	{http.MethodGet, "/nomis/reconciliations", "", operators},
	{http.MethodGet, "/nomis/reconciliations/" + anID, "", operators},
	{http.MethodGet, "/non-associations/reconciliation/A9109UD/ns/A0135GA", "", operators},
	{http.MethodGet, "/nomis/differences", "", operators},
	{http.MethodPost, "/nomis/differences/" + anID + "/repair", repairing, operators},
	{http.MethodPost, "/nomis/differences/" + anID + "/accept", accepting, operators},
	{http.MethodPost, "/nomis/differences/plan", planning, operators},
	{http.MethodPost, "/nomis/differences/plan/" + anID, "", operators},
	{http.MethodGet, "/nomis/pairs/A9109UD/A0135GA", "", operators},
	{http.MethodPost, "/nomis/pairs/A9109UD/A0135GA/synchronise", "", operators},
	{http.MethodGet, "/nomis/switch-over", "", operators},
	{http.MethodGet, "/nomis/switch-over/history", "", operators},
	{http.MethodPut, "/nomis/switch-over/prisons/MDI", staging, operators},
	{http.MethodPut, "/nomis/switch-over/prisons/MDI/announcement", announcing, operators},
	{http.MethodPut, "/nomis/switch-over/inbound", ending, operators},
	{http.MethodPut, "/nomis/switch-over/outbound", switchingOff, operators},
	{http.MethodPut, "/nomis/legacy", switchingOff, operators},
	{http.MethodGet, "/non-associations/" + anID + "/delivery", "", []string{"READ_NON_ASSOCIATIONS"}},
	{http.MethodPost, "/mapping/non-associations", newMapping(anID, 2), mappers},
	{http.MethodGet, "/mapping/non-associations/non-association-id/" + anID, "", mappers},
	{http.MethodDelete, "/mapping/non-associations/non-association-id/" + anID, "", mappers},
	{http.MethodGet, "/mapping/non-associations/non-association-id/" + anID + "/history", "", mappers},
	{http.MethodGet, "/mapping/non-associations/first-offender-no/A9109UD/second-offender-no/A0135GA/type-sequence/2", "", mappers},
	{http.MethodGet, "/mapping/non-associations/migration-id/" + anID, "", mappers},
	{http.MethodGet, "/mapping/non-associations/migrated/latest", "", mappers},
	{http.MethodPost, "/migrate/non-associations", `{}`, migrators},
	{http.MethodPost, "/migrate/cancel/" + anID, "", migrators},
	{http.MethodGet, "/migrate/history/" + anID, "", migrators},
	{http.MethodGet, "/migrate/history/" + anID + "/failures", "", migrators},
	{http.MethodGet, "/migrate/history/all/NON_ASSOCIATIONS", "", migrators},
	{http.MethodGet, "/migrate/history/active/NON_ASSOCIATIONS", "", migrators},
	{http.MethodGet, "/legacy/api/offenders/A9109UD/non-association-details", "", []string{"READ_NON_ASSOCIATIONS", "NON_ASSOCIATIONS_SYNC"}},
	{http.MethodGet, "/nomis/legacy-callers", "", operators},
}

// migrators are the roles that may migrate NOMIS's data.
var migrators = []string{"NON_ASSOCIATIONS_ADMIN", "PRISONER_FROM_NOMIS__MIGRATION__RW"}

// operators are the roles of those who run the service.
var operators = []string{"NON_ASSOCIATIONS_ADMIN"}

var mappers = []string{"NOMIS_MAPPING_API__SYNCHRONISATION__RW", "NON_ASSOCIATIONS_ADMIN"}

var allRoles = []string{
	"READ_NON_ASSOCIATIONS", "WRITE_NON_ASSOCIATIONS", "REOPEN_NON_ASSOCIATIONS", "DELETE_NON_ASSOCIATIONS",
	"NON_ASSOCIATIONS_SYNC", "NON_ASSOCIATIONS_MIGRATE", "SAR_DATA_ACCESS", "NON_ASSOCIATIONS_ADMIN", "NON_ASSOCIATIONS_AUDIT", "",
	"NOMIS_MAPPING_API__SYNCHRONISATION__RW",
	"PRISONER_FROM_NOMIS__MIGRATION__RW", "non_associations_sync", "ROLE_NON_ASSOCIATIONS_SYNC",
}

func TestRoles_mayDoWhatTheTableSays(t *testing.T) {
	for _, g := range guarded {
		for _, role := range allRoles {
			h := newTestServer(t)
			w := h.call(g.method, g.path, "SOMEBODY:"+role+":write", g.body)
			may := false
			for _, r := range g.roles {
				may = may || r == role
			}
			require.Equal(t, !may, w.Code == http.StatusForbidden, "%s %s as %s: %d", g.method, g.path, role, w.Code)
			require.NotEqual(t, http.StatusUnauthorized, w.Code)
			if !may {
				require.Zero(t, errorIn(t, w).code())
				require.Zero(t, h.facts())
			}
		}
	}
}

// aboutNOMIS are the beginnings of the paths whose changes need a scope beside the role.
var aboutNOMIS = []string{"/nomis/", "/mapping/", "/migrate/", "/queue-admin/"}

func TestChanges_aboutNOMISNeedTheScope(t *testing.T) {
	for _, g := range guarded {
		if g.method == http.MethodGet || !slices.ContainsFunc(aboutNOMIS, func(path string) bool { return strings.HasPrefix(g.path, path) }) {
			continue
		}
		for _, role := range g.roles {
			h := newTestServer(t)
			w := h.call(g.method, g.path, "SOMEBODY:"+role+":read", g.body)
			require.Equal(t, http.StatusForbidden, w.Code, "%s %s as %s", g.method, g.path, role)
			require.Contains(t, errorIn(t, w).DeveloperMessage, "scope write")
			require.Zero(t, h.facts())
		}
	}
}

func TestCalls_needAValidToken(t *testing.T) {
	for _, g := range guarded {
		for name, header := range map[string]string{
			"none": "", "other scheme": "Basic bm90OnRoaXM=", "scheme alone": "Bearer", "blank": "Bearer  ", "bad": "Bearer bad",
		} {
			h := newTestServer(t)
			w := h.call(g.method, g.path, "", g.body, "Authorization", header)
			require.Equal(t, http.StatusUnauthorized, w.Code, "%s %s with %s", g.method, g.path, name)
			require.Zero(t, errorIn(t, w).code())
			require.Zero(t, h.facts())
		}
	}
}

func TestAuthorization_twoHeadersAreNone(t *testing.T) {
	h := newTestServer(t)
	r := httptest.NewRequest(http.MethodGet, "/non-associations/A9109UD", nil)
	r.Header["Authorization"] = []string{"Bearer " + reader, "Bearer " + reader}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusUnauthorized, w.Code)
}

func TestValidToken_thatNamesNoUser(t *testing.T) {
	for _, g := range guarded {
		h := newTestServer(t)
		w := h.call(g.method, g.path, ":"+g.roles[0]+":write", g.body)
		require.Equal(t, http.StatusUnauthorized, w.Code)
		require.Equal(t, 401, errorIn(t, w).code())
		require.Zero(t, h.facts())
	}
}

func TestAccess_isJudgedBeforeTheRequest(t *testing.T) {
	h := newTestServer(t)
	require.Equal(t, http.StatusUnauthorized, h.call(http.MethodPost, "/sync", "", "{").Code)
	require.Equal(t, http.StatusForbidden, h.call(http.MethodPost, "/sync", reader, "{").Code)
	require.Equal(t, http.StatusUnauthorized, h.call(http.MethodGet, "/non-associations/x", "", "").Code)
}

type unverifiable struct{}

func (unverifiable) Verify(context.Context, string) (auth.Claims, error) {
	return auth.Claims{}, errors.Join(auth.ErrUnverifiable, errors.New("connection refused to a secret place"))
}

func TestToken_thatCannotBeCheckedNow(t *testing.T) {
	for _, g := range guarded {
		h := newTestServer(t, func(o *api.Options) { o.Verifier = unverifiable{} })
		w := h.call(g.method, g.path, "SOMEBODY:"+g.roles[0]+":write", g.body)
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Equal(t, "1", w.Header().Get("Retry-After"))
		require.Zero(t, errorIn(t, w).code())
		require.Zero(t, h.facts())
		require.NotContains(t, w.Body.String(), "secret")
		require.Contains(t, h.logs.String(), "secret", "but operators must know")
	}
}

// later is a verifier that knows when it may judge again.
type later time.Duration

func (l later) Verify(context.Context, string) (auth.Claims, error) {
	return auth.Claims{}, fmt.Errorf("verify: %w", &auth.UnverifiableError{RetryAfter: time.Duration(l)})
}

func TestRetryAfter_isWhenTheKeyCanBeAskedFor(t *testing.T) {
	for wait, told := range map[time.Duration]string{
		0: "1", -time.Hour: "1", time.Millisecond: "1", time.Second: "1", 6100 * time.Millisecond: "7", 10 * time.Second: "10", time.Hour: "60",
	} {
		for _, g := range guarded {
			h := newTestServer(t, func(o *api.Options) { o.Verifier = later(wait) })
			w := h.call(g.method, g.path, "SOMEBODY:"+g.roles[0]+":write", g.body)
			require.Equal(t, http.StatusServiceUnavailable, w.Code)
			require.Equal(t, told, w.Header().Get("Retry-After"), wait)
		}
	}
}

// TestRoutes_thatAreGuardedAreAllWalked fails when a route asks for a token that the
// tests of access do not ask.
func TestRoutes_thatAreGuardedAreAllWalked(t *testing.T) {
	h := newTestServer(t)
	for _, route := range h.Routes() {
		method, pattern, _ := strings.Cut(route, " ")
		w, _ := h.answer(method, filled(t, pattern), "", "")
		walked := slices.ContainsFunc(guarded, func(g guardedCall) bool {
			path, _, _ := strings.Cut(g.path, "?")
			return g.method == method && fits(pattern, path)
		})
		require.Equal(t, w.Code == http.StatusUnauthorized, walked, route)
	}
}

// TestTokens_ofTheIssuer walks the whole way once, from an issuer's key to an answer.
func TestTokens_ofTheIssuer(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	point, err := key.PublicKey.Bytes()
	require.NoError(t, err)
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []map[string]string{{
			"kty": "EC", "kid": "k", "crv": "P-256", "alg": "ES256",
			"x": base64.RawURLEncoding.EncodeToString(point[1:33]), "y": base64.RawURLEncoding.EncodeToString(point[33:]),
		}}})
	}))
	t.Cleanup(issuer.Close)
	verifier, err := auth.New(auth.Options{
		Issuer: "https://issuer.test", Audience: "a", JWKSURL: issuer.URL, Clock: clock, Client: issuer.Client(),
	})
	require.NoError(t, err)
	h := newTestServer(t, func(o *api.Options) { o.Verifier = verifier })
	token := func(changes jwt.MapClaims) string {
		claims := jwt.MapClaims{
			"iss": "https://issuer.test", "aud": "a", "exp": noon.Add(time.Hour).Unix(), "user_name": "REAL_USER",
			"authorities": []string{"ROLE_NON_ASSOCIATIONS_SYNC"},
		}
		maps.Copy(claims, changes)
		unsigned := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
		unsigned.Header["kid"] = "k"
		signed, err := unsigned.SignedString(key)
		require.NoError(t, err)
		return signed
	}

	require.Equal(t, http.StatusOK, h.call(http.MethodPost, "/sync", token(nil), record).Code)
	require.Equal(t, "REAL_USER", causeOfFirst(t, h).Actor)
	for name, changes := range map[string]jwt.MapClaims{
		"expired": {"exp": noon.Add(-time.Hour).Unix()}, "issuer": {"iss": "other"}, "audience": {"aud": "other"},
	} {
		require.Equal(t, http.StatusUnauthorized, h.call(http.MethodPost, "/sync", token(changes), record).Code, name)
	}
	roles := jwt.MapClaims{"authorities": []string{"NON_ASSOCIATIONS_SYNC", "ROLE_OTHER"}}
	require.Equal(t, http.StatusForbidden, h.call(http.MethodPost, "/sync", token(roles), record).Code)
	require.Equal(t, 401, errorIn(t, h.call(http.MethodPost, "/sync", token(jwt.MapClaims{"user_name": ""}), record)).code())
	require.Equal(t, 1, h.facts())
}
