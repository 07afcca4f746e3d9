package demo

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/internal/dev/circle"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/nomisapi"
	"nonassociations/nomis/turn"
)

// migrate loads the records of a pair as POST /migrate does.
func migrate(t *testing.T, c *circle.Circle, of numbers, pair estate.Pair) {
	t.Helper()
	sync := domain.Sync{About: of[0]}
	for _, item := range pair.Items {
		sync.Items = append(sync.Items, domain.Item{
			ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{of[0]: item.ReasonCode, of[1]: item.PrisonerNonAssociation.ReasonCode},
			TypeCode:    item.TypeCode, EffectiveDate: item.EffectiveDate, ExpiryDate: item.ExpiryDate,
			AuthorisedBy: item.AuthorisedBy, Comment: item.Comments, TypeSequence: *item.TypeSequence,
		})
	}
	id := uuid.New()
	by := domain.Cause{CommandID: id, CorrelationID: id, CausationID: id, Actor: "DEMO", Source: domain.Migration, About: of[0]}
	_, err := c.Commands.Sync(t.Context(), by, []commands.PairSync{{Pair: domaintest.PairOf(of[0], of[1]), Sync: sync}})
	require.NoError(t, err)
}

// amend changes the newest record of a pair as staff do.
func amend(t *testing.T, c *circle.Circle, pair domain.Pair) {
	t.Helper()
	ours, err := c.Commands.Plan(t.Context(), pair)
	require.NoError(t, err)
	items := ours.Exchanges.State().Items
	by := domaintest.NewCause(domain.DPS)
	by.About = pair.Numbers()[0]
	_, err = c.Commands.Execute(t.Context(), by, pair, domain.Amend{ID: items[len(items)-1].ID, Comment: new(heldComment)})
	require.NoError(t, err)
}

// outcomeOf is what a migration makes of a pair.
func outcomeOf(t *testing.T, c *circle.Circle, pair domain.Pair, dryRun bool) string {
	t.Helper()
	m, err := c.Migrate(t.Context(), pair, turn.Why{Cause: uuid.New(), DryRun: dryRun})
	require.NoError(t, err)
	for kind, outcome := range map[domain.OutcomeKind]string{domain.Created: created, domain.Changed: amended, domain.WasIgnored: ignored} {
		if slices.ContainsFunc(m.Items, func(i turn.ItemOutcome) bool { return i.Kind == kind }) {
			return outcome
		}
	}
	return unchanged
}

// bucketOf is where a reconciliation counts a pair of which all else is the same.
func bucketOf(t *testing.T, c *circle.Circle, pair domain.Pair) string {
	t.Helper()
	result, err := c.Take(t.Context(), pair, turn.Why{DryRun: true})
	require.NoError(t, err)
	found := turn.Findings(result.Plan, pair)
	if len(found) == 0 {
		return same
	}
	require.Len(t, found, 1)
	if found[0].Bucket == differs {
		require.Len(t, found[0].Fields, 1)
	}
	return string(found[0].Bucket)
}

// What is printed of a planted difference is what a migration and a reconciliation count:
// both are held to the same comparison. The dry run leaves what the reconciliation finds.
func TestPlantedDifferences_areCountedAsWasSaid(t *testing.T) {
	t.Parallel()
	e, err := estate.New(estate.Options{Seed: 1, Prisoners: 4000})
	require.NoError(t, err)
	v, c := viewOf(e), circle.New(t)
	_, err = c.NOMIS.Fill(t.Context(), slices.Values(v.records))
	require.NoError(t, err)
	pairs := map[numbers]estate.Pair{}
	for _, pair := range e.Pairs {
		pairs[namesOf(e, pair)] = pair
	}
	for _, p := range v.planted {
		require.NotEmpty(t, p.pairs, p.what)
		for _, of := range p.pairs[:min(len(p.pairs), 3)] {
			pair := domaintest.PairOf(of[0], of[1])
			if known, is := pairs[of]; is {
				migrate(t, c, of, known)
			}
			if p.bucket == held {
				amend(t, c, pair)
			}
			require.Equal(t, p.outcome, outcomeOf(t, c, pair, true), p.what)
			if p.bucket == same {
				require.Equal(t, onlyThere, bucketOf(t, c, pair), "before the migration")
				require.Equal(t, created, outcomeOf(t, c, pair, false))
				require.Equal(t, unchanged, outcomeOf(t, c, pair, true), "another demonstration")
			}
			require.Equal(t, p.bucket, bucketOf(t, c, pair), p.what)
			switch p.bucket {
			case onlyHere, mirrorsDisagree, held, ignored: // looked at again as long as that lasts
				_, err := c.Take(t.Context(), pair, turn.Why{Cause: uuid.New()})
				require.NoError(t, err)
				require.Equal(t, p.bucket, bucketOf(t, c, pair), "%s: a turn must not end it", p.what)
			}
		}
	}
}

func TestView_isElsewhereTheSame(t *testing.T) {
	t.Parallel()
	e, err := estate.New(estate.Options{Seed: 1, Prisoners: 40_000})
	require.NoError(t, err)
	v := viewOf(e)
	planted := map[numbers]bool{}
	for _, p := range v.planted {
		for _, of := range p.pairs {
			require.False(t, planted[of], "%v is planted twice", of)
			planted[of] = true
		}
	}
	require.Greater(t, len(planted), 300)
	require.Less(t, len(planted), 1000)
	require.Equal(t, v, viewOf(e), "another run plants the same")
	there := map[numbers][]nomisapi.Record{}
	for _, r := range v.records {
		of := numbers{domain.PrisonerNumber(r.OffenderNo), domain.PrisonerNumber(r.NSOffenderNo)}
		there[of] = append(there[of], r)
	}
	for _, pair := range e.Pairs {
		if of := namesOf(e, pair); !planted[of] {
			require.Equal(t, recordsOf(e, pair), there[of])
		}
	}
	require.False(t, slices.ContainsFunc(v.records, func(r nomisapi.Record) bool {
		return r.Opposite == "closed" && r.ExpiryDate != nil && *r.ExpiryDate == r.EffectiveDate
	}), "both halves end on one day")
}

// nomis is a stand-in that has what it was sent.
type nomis struct {
	mu    sync.Mutex
	lines int
}

func (n *nomis) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil || r.URL.Path != "/staff/records" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	n.lines = strings.Count(body.String(), "\n")
	_, _ = w.Write([]byte(`{"records":3}`))
}

// staffService is service with one record of a pair for staff, which keeps its comment.
type staffService struct {
	service

	runs     *runs
	comments map[string]bool // of pairs, whether staff have changed it
	amended  int
}

func (s *staffService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	if s.runs != nil && s.runs.answers(w, r) {
		return
	}
	switch r.Method + r.URL.Path {
	case "POST/non-associations/between":
		_, _ = body.ReadFrom(r.Body)
		changed, there := s.comments[body.String()]
		switch {
		case !there: // it is loaded now
			s.comments[body.String()] = false
			_, _ = w.Write([]byte("[]"))
		case changed:
			_, _ = w.Write([]byte(`[{"id":"` + uuid.NewString() + `","comment":"` + heldComment + `"}]`))
		default:
			s.comments[body.String()] = true // by the PATCH that follows
			_, _ = w.Write([]byte(`[{"id":"` + uuid.NewString() + `","comment":"Loaded."}]`))
		}
	default:
		if r.Method == http.MethodPatch {
			s.amended++
			_, _ = w.Write([]byte("{}"))
			return
		}
		s.service.ServeHTTP(w, r)
	}
}

func TestDemo_fillsNOMISAndNamesWhatDiffers(t *testing.T) {
	t.Parallel()
	here := &staffService{service: service{known: map[string]bool{}, status: always(0)}, comments: map[string]bool{}, runs: &runs{}}
	there := &nomis{}
	service, nomis := httptest.NewServer(here), httptest.NewServer(there)
	defer service.Close()
	defer nomis.Close()
	load := func() string {
		var out bytes.Buffer
		require.NoError(t, Run(t.Context(), Options{
			BaseURL: service.URL, Token: "secret", NOMIS: nomis.URL, Seed: 1, Prisoners: 2000, Out: &out,
		}))
		return out.String()
	}
	printed := load()
	for _, what := range []string{"differs", "onlyHere", "onlyThere", "mirrorsDisagree", "held", "ignored", "3 are new"} {
		require.Contains(t, printed, what)
	}
	require.Greater(t, there.lines, 500)
	amended := here.amended
	require.Positive(t, amended)
	e, err := estate.New(estate.Options{Seed: 1, Prisoners: 2000})
	require.NoError(t, err)
	require.Equal(t, len(viewOf(e).held), amended)

	printed = load()
	require.NotContains(t, printed, "CREATED")
	require.Equal(t, amended, here.amended, "staff change nothing twice")
}

func TestDemo_saysWhyNOMISCannotBeFilled(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(&service{known: map[string]bool{}, status: always(0)})
	defer service.Close()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no room", http.StatusInsufficientStorage)
	}))
	defer refusing.Close()
	err := Run(t.Context(), Options{BaseURL: service.URL, Token: "secret", NOMIS: refusing.URL, Prisoners: 100, Out: t.Output()})
	require.ErrorContains(t, err, "fill NOMIS: it answers 507: no room")
}
