package userroles_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/userroles"
)

func TestCaseloads_ofTheUserOfTheToken(t *testing.T) {
	s, err := userroles.Start(t.Context(), func(_ context.Context, token string) (string, error) {
		if token == "" {
			return "", errors.New("no token")
		}
		return token, nil
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Stop()) }()
	get := func(token string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/me/caseloads", http.NoBody)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(body)
	}
	status, body := get("OFFICER_B")
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"activeCaseload":{"id":"XAB","name":"Example B (HMP)"},"caseloads":[{"id":"XAB","name":"Example B (HMP)"}]}`, body)
	_, body = get("OPERATOR")
	require.JSONEq(t, `{"activeCaseload":null,"caseloads":[]}`, body)
	status, _ = get("")
	require.Equal(t, http.StatusUnauthorized, status)
	s.SetFault(http.StatusServiceUnavailable)
	status, _ = get("OFFICER_B")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, 4, s.Asked())
}
