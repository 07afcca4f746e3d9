package app_test

import (
	"encoding/base64"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/domain"
	"nonassociations/internal/dev/doubles"
	"nonassociations/web/screens/store"
)

// pagesOf runs the pages on a database, and returns the process with the table of views.
func pagesOf(t *testing.T, more map[string]string, change ...func(*app.Options)) (observedService, *store.Store) {
	t.Helper()
	dsn := migrated(t)
	key, err := store.NewKey(make([]byte, store.KeySize))
	require.NoError(t, err)
	views, err := store.Open(t.Context(), dsn, key)
	require.NoError(t, err)
	t.Cleanup(views.Close)
	environment := map[string]string{
		"PRISONER_SEARCH_URL": "http://127.0.0.1:1", "SCREENS_ADDR": "127.0.0.1:0", "SCREENS_CLIENT_ID": "screens",
		"SCREENS_SESSION_KEY": base64.StdEncoding.EncodeToString(make([]byte, 32)),
	}
	maps.Copy(environment, more)
	s := runRoles(t, dsn, app.Roles{Screens: true, Project: true}, app.HealthLimits{}, environment, change...)
	<-s.ready
	return s, views
}

func look(t *testing.T, views *store.Store) store.View {
	t.Helper()
	v := store.View{ID: uuid.New(), At: time.Now(), UserName: "OFFICER_A", Page: store.PageList, Subjects: []domain.PrisonerNumber{"A1234BC"}, RequestID: uuid.New()}
	require.NoError(t, views.InsertView(t.Context(), v))
	return v
}

// TestViews_areSentByTheProcessWithThePages, and counted.
func TestViews_areSentByTheProcessWithThePages(t *testing.T) {
	t.Parallel()
	queue := unique("audit")
	s, views := pagesOf(t, map[string]string{"AUDIT_QUEUE_URL": aws.Queue(queue)})
	v := look(t, views)
	require.Eventually(t, func() bool {
		count, _, err := views.UnsentViews(t.Context())
		return err == nil && count == 0
	}, time.Minute, 10*time.Millisecond)
	sent := aws.Messages(queue)
	require.Len(t, sent, 1)
	require.Contains(t, sent[0].Body, v.RequestID.String())
	require.Contains(t, sent[0].Body, `"what":"PAGE_VIEW_LIST"`)
	require.Contains(t, s.scrape(t), "\nnonassociations_views_unsent 0\n")
	require.Contains(t, s.scrape(t), "\nnonassociations_views_unsent_oldest_age_seconds 0\n")
}

// TestViews_withoutAQueueStayInTheTable, and the log says so once.
func TestViews_withoutAQueueStayInTheTable(t *testing.T) {
	t.Parallel()
	logs := &doubles.Log{}
	s, views := pagesOf(t, nil, func(o *app.Options) { o.Logger = slog.New(slog.NewJSONHandler(logs, nil)) })
	look(t, views)
	require.Contains(t, s.scrape(t), "\nnonassociations_views_unsent 1\n")
	require.Equal(t, 1, strings.Count(logs.String(), "AUDIT_QUEUE_URL is not set, so views stay in the table screens.view"))
	require.NotContains(t, s.scrape(t), "views_unsent_oldest_age_seconds", "that is no fault, and no alert")
}

// TestViews_areNotCountedByAProcessWithoutPages.
func TestViews_areNotCountedByAProcessWithoutPages(t *testing.T) {
	t.Parallel()
	s := runRoles(t, migrated(t), app.Roles{Serve: true, Project: true}, app.HealthLimits{}, nil)
	<-s.ready
	require.NotContains(t, s.scrape(t), "views_unsent")
}
