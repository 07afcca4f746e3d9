package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/web/client"
)

// runs answers as the service does to requests about migrations and reconciliations. Each
// has ended when it is looked at for the second time.
type runs struct {
	dry, wet   client.Migration
	reconciled client.Reconciliation
	known      bool // pairs that only NOMIS had

	mu      sync.Mutex
	looks   int
	started []client.MigrationRequest
}

// answers reports whether the request was about a run.
func (s *runs) answers(w http.ResponseWriter, r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	var answer any
	switch what := r.Method + r.URL.Path; {
	case what == "POST/migrate/non-associations":
		var request client.MigrationRequest
		if json.NewDecoder(r.Body).Decode(&request) != nil {
			return false
		}
		s.started = append(s.started, request)
		s.looks, answer = 0, client.MigrationStart{}
		w.WriteHeader(http.StatusAccepted)
	case what == "POST/nomis/reconciliations":
		s.looks, answer = 0, client.Requested{}
		w.WriteHeader(http.StatusAccepted)
	case strings.HasPrefix(what, "GET/migrate/history/"):
		run := s.dry
		if last := s.started[len(s.started)-1]; !last.DryRun {
			run = s.wet
		}
		if s.looks++; s.looks > 1 {
			run.WhenEnded = new(domain.LocalDateTime("2026-12-01T10:15:00"))
			if run.Status == "" {
				run.Status = "COMPLETED"
			}
		}
		answer = run
	case strings.HasPrefix(what, "GET/nomis/reconciliations/"):
		run := s.reconciled
		if s.looks++; s.looks > 1 {
			run.EndedAt = new("2026-12-01T10:15:00Z")
		}
		answer = run
	default:
		return false
	}
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write(text)
	return true
}

func (s *runs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.answers(w, r) {
		return
	}
	text := "[]" // nobody is kept apart
	if s.known {
		text = `[{"id":"` + uuid.NewString() + `"}]`
	}
	_, _ = w.Write([]byte(text))
}

// asPlanted are runs that count what is planted.
func asPlanted(v *view, known int) *runs {
	s, of := &runs{known: known > 0}, map[string]int{}
	for _, p := range v.planted {
		of[p.outcome] += len(p.pairs)
	}
	s.dry.Pairs = client.MigrationPairs{Created: of[created] - known, Amended: of[amended], Ignored: of[ignored]}
	s.dry.Pairs.Unchanged = v.pairs - s.dry.Pairs.Created - s.dry.Pairs.Amended - s.dry.Pairs.Ignored
	s.wet.Pairs = client.MigrationPairs{Created: len(v.arrivals.pairs) - known, Unchanged: known}
	clear(of)
	for _, p := range v.planted {
		of[p.bucket] += len(p.pairs)
	}
	b := &s.reconciled.Buckets
	b.Differs.Union, b.OnlyHere.Union, b.OnlyThere.Union, b.MirrorsDisagree.Union = of[differs], of[onlyHere], of[onlyThere], of[mirrorsDisagree]
	b.Held.Union, b.Ignored.Union = of[held], of[ignored]
	b.Same.Union = len(v.records) - of[differs] - of[onlyThere] - of[mirrorsDisagree] - of[held] - of[ignored]
	return s
}

// compared is what compare prints.
func compared(t *testing.T, s http.Handler, v *view) (string, error) {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	var out bytes.Buffer
	l := newLoader(Options{BaseURL: server.URL, Token: "secret", Out: &out}, func(ctx context.Context, _ time.Duration) error { return ctx.Err() })
	defer l.http.CloseIdleConnections()
	err := l.compare(t.Context(), v)
	return out.String(), err
}

// viewOfSome is the view of an estate that has every kind of difference.
func viewOfSome(t *testing.T) *view {
	t.Helper()
	e, err := estate.New(estate.Options{Seed: 1, Prisoners: 2000})
	require.NoError(t, err)
	return viewOf(e)
}

func TestCompare_saysThatEverythingIsAsPlanted(t *testing.T) {
	t.Parallel()
	v := viewOfSome(t)
	for _, known := range []int{0, len(v.arrivals.pairs)} {
		s := asPlanted(v, known)
		printed, err := compared(t, s, v)
		require.NoError(t, err)
		require.Equal(t, 3, strings.Count(printed, "  all as planted"), printed)
		require.NotContains(t, printed, "not ")
		require.Len(t, s.started, 2)
		require.True(t, s.started[0].DryRun, "what differs must stay")
		require.Empty(t, s.started[0].Pairs, "all")
		require.False(t, s.started[1].DryRun)
		require.Len(t, s.started[1].Pairs, len(v.arrivals.pairs))
	}
}

func TestCompare_namesWhatIsNotAsPlanted(t *testing.T) {
	t.Parallel()
	v := viewOfSome(t)
	s := asPlanted(v, 0)
	s.dry.Pairs.Failed++
	s.wet.Pairs.Created--
	s.reconciled.Buckets.Unchecked.Union++
	printed, err := compared(t, s, v)
	require.NoError(t, err)
	require.Equal(t, 3, strings.Count(printed, "not all as planted"), printed)
	for _, what := range []string{"0       1  failed  <- not as planted", "created  <- not as planted", "0       1  unchecked  <- not as planted"} {
		require.Contains(t, printed, what)
	}
}

func TestCompare_failsWhenARunDoes(t *testing.T) {
	t.Parallel()
	v := viewOfSome(t)
	s := asPlanted(v, 0)
	s.wet.Status = "CANCELLED"
	_, err := compared(t, s, v)
	require.ErrorContains(t, err, "it is CANCELLED")
	s = asPlanted(v, 0)
	s.reconciled.Failure = new("The buckets of ours sum to 3, and ours is 4.")
	_, err = compared(t, s, v)
	require.ErrorContains(t, err, "it has failed: The buckets of ours")
}

// busy refuses to start the first migration, because another one is at work.
type busy struct {
	*runs

	refused bool
	asked   []string
}

func (s *busy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch what := r.Method + r.URL.Path; {
	case what == "POST/migrate/non-associations" && !s.refused:
		s.refused = true
		w.WriteHeader(http.StatusConflict)
	case what == "GET/migrate/history/active/NON_ASSOCIATIONS" && len(s.asked) == 0:
		s.asked = append(s.asked, what)
		_, _ = w.Write([]byte(`{"migrationId":"8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10"}`))
	case strings.HasSuffix(what, "8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10"):
		s.asked = append(s.asked, what)
		_, _ = w.Write([]byte(`{"whenEnded":"2026-12-01T10:15:00"}`))
	default:
		s.runs.ServeHTTP(w, r)
	}
}

func TestCompare_waitsForTheMigrationAtWork(t *testing.T) {
	t.Parallel()
	v := viewOfSome(t)
	s := &busy{runs: asPlanted(v, 0)}
	printed, err := compared(t, s, v)
	require.NoError(t, err)
	require.Contains(t, printed, "another migration is at work")
	require.Equal(t, 3, strings.Count(printed, "  all as planted"), printed)
	require.Len(t, s.asked, 2, "which one it is, and whether it has ended")
	require.Len(t, s.started, 2)
}

// A run waits for as long as NOMIS looks restored, and nobody may be there to resume it.
func TestCompare_saysThatARunStandsStill(t *testing.T) {
	t.Parallel()
	v := viewOfSome(t)
	_, err := compared(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method+r.URL.Path == "POST/non-associations/between" {
			_, _ = w.Write([]byte("[]"))
			return
		}
		_, _ = w.Write([]byte(`{"estimatedRecordCount":9}`))
	}), v)
	require.ErrorIs(t, err, errStandstill)
}
