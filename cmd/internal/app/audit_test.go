package app_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
)

// sync tells of a non-association with another prisoner.
func (r *service) sync(t *testing.T, other string) {
	t.Helper()
	r.post(t, strings.ReplaceAll(syncBody, "A0135GA", other))
}

func (r *service) post(t *testing.T, body string) {
	t.Helper()
	status, answer := r.answer(r.request(t, http.MethodPost, "/sync", strings.NewReader(body)))
	require.Equal(t, http.StatusOK, status, answer)
}

type fedLine struct {
	Position        uint64   `json:"position"`
	PrisonerNumbers []string `json:"prisonerNumbers"`
}

// TestHistories_andTheFeedOfARunningService follows the log from its beginning
// through live writes to the signal that ends the process, and asks from every
// place between what has come.
func TestHistories_andTheFeedOfARunningService(t *testing.T) {
	for _, store := range []string{"embedded", "postgres"} {
		t.Run(store, func(t *testing.T) {
			dsn := migrated(t)
			r := runWith(t, map[string]string{"embedded": app.Embedded, "postgres": dsn}[store], dsn, "", officer)
			<-r.ready
			r.sync(t, "A0135GA")

			response, err := r.client.Do(r.request(t, http.MethodGet, "/history?follow=true", http.NoBody))
			require.NoError(t, err)
			defer response.Body.Close()
			require.Equal(t, http.StatusOK, response.StatusCode)
			require.True(t, response.Uncompressed, "it came packed")
			feed := bufio.NewReader(response.Body)
			var positions []uint64
			for i := range 5 {
				text, err := feed.ReadBytes('\n')
				require.NoError(t, err)
				var line fedLine
				require.NoError(t, json.Unmarshal(text, &line))
				require.Contains(t, line.PrisonerNumbers, "A9109UD")
				positions = append(positions, line.Position)
				if i < 4 {
					r.sync(t, fmt.Sprintf("B000%dBB", i))
				}
			}
			for from := range positions[4] + 1 {
				status, text := r.get(t, fmt.Sprintf("/history?from=%d", from))
				require.Equal(t, http.StatusOK, status)
				require.Equal(t, 5-countUpTo(positions, from), strings.Count(text, "\n"), from)
			}
			status, history := r.get(t, "/non-associations/A9109UD/history")
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, 5, strings.Count(history, `"eventId"`))
			status, history = r.get(t, "/non-associations/Z9999ZZ/history")
			require.Equal(t, http.StatusOK, status)
			require.JSONEq(t, `{"entries":[]}`, history)
			r.historyOfADeletedOne(t)
			status, subject := r.get(t, "/subject-access-request?prn=B0001BB")
			require.Equal(t, http.StatusOK, status, subject)
			require.Contains(t, subject, `"namesMissing":true`)

			sixth, err := feed.ReadString('\n')
			require.NoError(t, err)
			require.Contains(t, sixth, "nonassociation.deleted.v1")
			r.stop()
			rest, err := io.ReadAll(feed)
			require.NoError(t, err, "a follower is told the end")
			require.Empty(t, rest)
			require.NoError(t, <-r.ended)
		})
	}
}

// historyOfADeletedOne deletes what the first sync told.
func (r *service) historyOfADeletedOne(t *testing.T) {
	t.Helper()
	_, text := r.get(t, "/history")
	var first struct {
		NonAssociationID string `json:"nonAssociationId"`
	}
	require.NoError(t, json.NewDecoder(strings.NewReader(text)).Decode(&first))
	response, err := r.client.Do(r.request(t, http.MethodDelete, "/sync/"+first.NonAssociationID, http.NoBody))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusNoContent, response.StatusCode)

	status, text := r.get(t, "/non-associations/"+first.NonAssociationID+"/history")
	require.Equal(t, http.StatusOK, status, text)
	require.Equal(t, 2, strings.Count(text, `"eventId"`), "it is seen at once")
	status, text = r.get(t, "/subject-access-request?prn=A0135GA")
	require.Equal(t, http.StatusOK, status, text)
	require.Contains(t, text, `"deleted":{"at":`)
}

func countUpTo(positions []uint64, last uint64) int {
	count := 0
	for _, position := range positions {
		if position <= last {
			count++
		}
	}
	return count
}
