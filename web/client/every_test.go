package client_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/web/client"
)

// Part of a list must never look like all of it.
func TestEvery_aPageWithoutNextIsNotTheEnd(t *testing.T) {
	last := "false"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"content":[{},{}],"last":` + last + `}`))
	}))
	t.Cleanup(server.Close)
	c := client.New(client.Options{BaseURL: server.URL, Token: client.StaticToken("x"), HTTP: server.Client()})
	walk := func() (count int, err error) {
		for _, err = range c.Every(t.Context(), client.PageParams{Sort: "whenUpdated"}) {
			if err == nil {
				count++
			}
		}
		return count, err
	}
	count, err := walk()
	require.ErrorIs(t, err, client.ErrNoNext)
	require.Equal(t, 2, count)
	last = "true"
	count, err = walk()
	require.NoError(t, err)
	require.Equal(t, 2, count)
}
