package client_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/web/client"
)

// moves answers for a removed number as the service does.
func moves(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("X-Position", "7")
		if r.URL.Path == "/non-associations/S1111SS" && r.URL.RawQuery == "atLeast=7" {
			_, _ = w.Write([]byte(`{"prisonerNumber":"S1111SS","nonAssociations":[]}`))
			return
		}
		w.Header().Set("Location", "/non-associations/S1111SS?"+r.URL.RawQuery)
		w.WriteHeader(http.StatusMovedPermanently)
		_, _ = w.Write([]byte(`{"status":301,"errorCode":null,"userMessage":"R1111RR is now S1111SS",
			"developerMessage":"R1111RR is now S1111SS","moreInfo":"S1111SS"}`))
	}))
	t.Cleanup(server.Close)
	return server
}

func TestRead_ofARemovedNumberIsLedOn(t *testing.T) {
	server := moves(t)
	c := client.New(client.Options{BaseURL: server.URL, Token: client.StaticToken(token), HTTP: server.Client()})
	got, err := c.NonAssociations(t.Context(), "R1111RR", client.Read{AtLeast: 7})
	require.NoError(t, err)
	require.EqualValues(t, "S1111SS", got.Body.PrisonerNumber)
}

// One who follows no redirects must not take the answer for an empty list.
func TestRead_thatIsNotLedOnIsAnError(t *testing.T) {
	server := moves(t)
	plain := server.Client()
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c := client.New(client.Options{BaseURL: server.URL, Token: client.StaticToken(token), HTTP: plain})
	got, err := c.NonAssociations(t.Context(), "R1111RR", client.Read{})
	var refused *client.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusMovedPermanently, refused.Status)
	require.Equal(t, "S1111SS", refused.MoreInfo)
	require.Zero(t, refused.Code())
	require.Equal(t, http.StatusMovedPermanently, got.Status)
	require.EqualValues(t, 7, got.Position)
	require.False(t, refused.Temporary())

	_, err = c.History(t.Context(), "R1111RR", client.Read{})
	require.ErrorAs(t, err, &refused)
}
