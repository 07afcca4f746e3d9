package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/web/api"
)

const theLabel = "2026-12-01T10:15:00"

// runs are migrations with their labels.
type runs struct{ err error }

func (r *runs) Migration(_ context.Context, label string) (uuid.UUID, bool, error) {
	if label != theLabel {
		return uuid.Nil, false, r.err
	}
	return uuid.MustParse(anID), true, r.err
}

func (r *runs) Label(_ context.Context, migration uuid.UUID) (string, error) {
	if migration != uuid.MustParse(anID) {
		return "", r.err
	}
	return theLabel, r.err
}

type mappingPage struct {
	Content          []mappingBody `json:"content"`
	TotalElements    int           `json:"totalElements"`
	TotalPages       int           `json:"totalPages"`
	Last             bool          `json:"last"`
	NumberOfElements int           `json:"numberOfElements"`
}

func (h *testServer) migrated(query string) mappingPage {
	h.t.Helper()
	w := h.call(http.MethodGet, "/mapping/non-associations/migration-id/"+query, mapper, "")
	require.Equal(h.t, http.StatusOK, w.Code, w.Body)
	var page mappingPage
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &page))
	return page
}

func TestMigrated_isFoundByTheLabelOfItsRun(t *testing.T) {
	known := &runs{}
	h := newTestServer(t, func(o *api.Options) { o.MigrationLabels = known })
	require.Equal(t, http.StatusNotFound, h.call(http.MethodGet, "/mapping/non-associations/migrated/latest", mapper, "").Code)
	for i, other := range []string{"A0001AA", "A0002AA", "A0003AA"} {
		w := h.call(http.MethodPost, "/migrate", migrator, sequenced(other, i+1), "X-Correlation-Id", anID)
		require.Equal(t, http.StatusCreated, w.Code)
	}
	h.sync(sequenced("A0004AA", 1)) // told by NOMIS, and in no migration

	page := h.migrated(theLabel + "?size=2")
	require.Len(t, page.Content, 2)
	require.Equal(t, 3, page.TotalElements)
	require.Equal(t, 2, page.TotalPages)
	require.False(t, page.Last)
	require.Equal(t, "MIGRATED", page.Content[0].MappingType)
	require.Equal(t, theLabel, page.Content[0].Label)
	page = h.migrated(theLabel + "?size=2&page=1")
	require.Len(t, page.Content, 1)
	require.True(t, page.Last)
	require.Equal(t, page.Content[0], h.mapping("/mapping/non-associations/migrated/latest"))
	require.Equal(t, 3, h.migrated(anID).TotalElements, "by the id of the run too")
	require.Zero(t, h.migrated("2020-01-01T00:00:00").TotalElements)

	known.err = errors.New("the table is away")
	for _, path := range []string{"migration-id/" + theLabel, "migrated/latest"} {
		require.Equal(t, http.StatusServiceUnavailable, h.call(http.MethodGet, "/mapping/non-associations/"+path, mapper, "").Code)
	}
}
