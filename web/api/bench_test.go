package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/api"
)

// oneDocument reads cost nothing, so that what is left is the edge.
type oneDocument struct{ *twin }

func (oneDocument) List(context.Context, domain.PrisonerNumber, uint64) (queries.List, error) {
	return queries.List{Document: []byte(record), Position: 7}, nil
}

func (oneDocument) Position() uint64 { return 7 }

// noWriter takes nothing off a reply.
type noWriter struct{ header http.Header }

func (w noWriter) Header() http.Header         { return w.header }
func (w noWriter) WriteHeader(int)             {}
func (w noWriter) Write(b []byte) (int, error) { return len(b), nil }

func BenchmarkList(b *testing.B) {
	h := newTestServer(b, func(o *api.Options) { o.Reads, o.Logger = oneDocument{}, nil })
	r := httptest.NewRequest(http.MethodGet, "/non-associations/A9109UD", nil)
	r.Header.Set("Authorization", "Bearer "+reader)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(noWriter{http.Header{}}, r)
	}
}

// taken commands take everything and do nothing.
type taken struct{ failing }

func (taken) Sync(_ context.Context, _ domain.Cause, tells []commands.PairSync) (commands.SyncResult, error) {
	told := commands.SyncResult{Outcomes: make([][]domain.Outcome, len(tells))}
	for i, t := range tells {
		told.Outcomes[i] = make([]domain.Outcome, len(t.Sync.Items))
	}
	return told, nil
}

// BenchmarkMigrate is one request of 1000 pairs.
func BenchmarkMigrate(b *testing.B) {
	h := newTestServer(b, func(o *api.Options) { o.Commands, o.Logger = taken{}, nil })
	var items []string
	for i := range 1000 {
		items = append(items, item(fmt.Sprintf("B%04dBB", i), "2021-01-01T00:00:00", `"authorisedBy":"Staff Name","comments":"Do not locate near",`))
	}
	body := request(items...)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/migrate", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+migrator)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Less(b, w.Code, 300)
	}
	b.ReportMetric(float64(1000*b.N)/b.Elapsed().Seconds(), "pairs/s")
}
