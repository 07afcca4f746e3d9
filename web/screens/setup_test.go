package screens_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/audit"
	evidence "nonassociations/audit/evidence/store"
	"nonassociations/commands"
	"nonassociations/commands/idempotency"
	"nonassociations/domain"
	"nonassociations/eventstore"
	chromium "nonassociations/internal/dev/browser"
	"nonassociations/internal/dev/doubles"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/issuer"
	"nonassociations/internal/dev/prisonersearch"
	"nonassociations/internal/dev/readmodel"
	"nonassociations/internal/dev/testdb"
	"nonassociations/projections"
	"nonassociations/queries"
	"nonassociations/queries/directory"
	"nonassociations/queries/whereabouts"
	"nonassociations/web/auth"
	"nonassociations/web/screens"
	"nonassociations/web/screens/signin"
	"nonassociations/web/screens/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(chromium.Main{M: m}) }

var london = func() *time.Location {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	return zone
}()

// tables is a database with the tables of sessions, views, acts and idempotency keys, and
// with the read model of an empty log.
var tables = testdb.NewTemplate(store.Migrate, evidence.Migrate, idempotency.Migrate, readmodel.Migrate)

// noon is when a house begins: 13:00 in London.
var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// Numbers of the people of the development run, for short.
const (
	adam   domain.PrisonerNumber = "A9109UD" // XAA, A-1-001
	bert   domain.PrisonerNumber = "A0135GA" // XAA, A-1-002
	john   domain.PrisonerNumber = "A1234BC" // XAA, A-1-001
	merlin domain.PrisonerNumber = "D5678EF" // XAA, B-2-004
	otto   domain.PrisonerNumber = "A3333AA" // XAB
	trent  domain.PrisonerNumber = "A4444AA" // TRN
	ossie  domain.PrisonerNumber = "A5555AA" // OUT
	rex    domain.PrisonerNumber = "A1111AA" // XAA, RECP
	ray    domain.PrisonerNumber = "A2222AA" // XAA, RECP
	pat    domain.PrisonerNumber = "A6666AA" // OUT, a restricted patient
	una    domain.PrisonerNumber = "A7777AA" // known, no prison
	nobody domain.PrisonerNumber = "Z9999ZZ" // known to nobody
)

// house is the pages over real parts: Postgres with the real projections, the development
// issuer and the directory's stand-in over HTTP. The log is in memory. One clock rules all.
type house struct {
	*screens.Screens

	t         testing.TB
	server    *httptest.Server
	log       eventstore.Store
	commands  *commands.Handler
	reads     *queries.Reader
	directory *prisonersearch.Server
	people    *directory.Directory
	audit     *audit.Reader
	issuer    *issuer.Server
	store     *store.Store
	acts      *evidence.Store
	dsn       string
	logs      *doubles.Log
	// stopReading ends the projections: the read model stays as it is then.
	stopReading func() error

	mu  sync.Mutex
	now time.Time
}

// newHouse builds a house that ends with the test. change may alter what the pages get.
func newHouse(t testing.TB, change ...func(*screens.Options)) *house {
	t.Helper()
	return newHouseAsking(t, "", change...)
}

// newHouseAsking is newHouse with the address of the service of user roles, which is asked
// for the caseloads of a token without the claim.
func newHouseAsking(t testing.TB, userRolesURL string, change ...func(*screens.Options)) *house {
	t.Helper()
	h := &house{t: t, dsn: tables.New(t), logs: &doubles.Log{}, now: noon}
	logger := slog.New(slog.NewJSONHandler(h.logs, nil))
	h.startNeighbours(logger)
	h.startRecord(logger)
	secret := bytes.Repeat([]byte{7}, store.KeySize)
	key, err := store.NewKey(secret)
	require.NoError(t, err)
	h.store, err = store.Open(t.Context(), h.dsn, key)
	require.NoError(t, err)
	t.Cleanup(h.store.Close)
	h.acts, err = evidence.Open(t.Context(), h.dsn)
	require.NoError(t, err)
	t.Cleanup(h.acts.Close)
	// The address comes first: the pages must know it.
	late := &lateHandler{}
	h.server = httptest.NewServer(late)
	t.Cleanup(h.server.Close)
	verifier, err := auth.New(auth.Options{Issuer: h.issuer.Name, Audience: h.issuer.Audience, JWKSURL: h.issuer.KeysURL(), Clock: h.clock, Logger: logger})
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second}
	t.Cleanup(client.CloseIdleConnections)
	sessions, err := signin.New(signin.Options{
		Store: h.store, Key: key, Verifier: verifier, Clock: h.clock, Issuer: h.issuer.Name, KeysURL: h.issuer.KeysURL(), ClientID: issuer.ClientID,
		AuthorizeURL: h.issuer.AuthorizeURL(), TokenURL: h.issuer.TokenURL(), SignOutURL: h.issuer.SignOutURL(), PublicURL: h.server.URL, UserRolesURL: userRolesURL,
		Lifetime: 12 * time.Hour, Idle: time.Hour, KeepFormFor: 15 * time.Minute, Logger: logger, Client: client,
	})
	require.NoError(t, err)
	head := func(ctx context.Context) (uint64, error) {
		position, err := h.commands.Head(ctx)
		return position.Uint64(), err
	}
	options := screens.Options{
		Sessions: sessions, Views: h.store, Commands: h.commands, Reads: h.reads, Audit: h.audit,
		Directory: h.people, Actions: h.acts,
		Whereabouts: whereabouts.New(whereabouts.Options{Reads: h.reads, Directory: h.people, Clock: h.clock, Head: head, Logger: logger}),
		Head:        head, Probes: http.NotFoundHandler(), PublicURL: h.server.URL, Idle: time.Hour,
		SecurityTextURL: "https://security.invalid/security.txt", Version: "test", Clock: h.clock, Logger: logger,
	}
	for _, c := range change {
		c(&options)
	}
	h.Screens, err = screens.New(options)
	require.NoError(t, err)
	late.set(h.Screens)
	return h
}

// startRecord starts the command side and the read model.
func (h *house) startRecord(logger *slog.Logger) {
	h.t.Helper()
	empty, err := readmodel.NewLog(h.t.Context())
	require.NoError(h.t, err)
	h.log = decidedLog{Store: empty}
	runner := projections.New(projections.Options{
		Store: h.log, DSN: h.dsn, Generation: projections.FirstGeneration, Clock: time.Now, London: london, Logger: logger, Build: "test",
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	h.stopReading = sync.OnceValue(func() error {
		stop()
		return <-ended
	})
	h.t.Cleanup(func() { require.NoError(h.t, h.stopReading()) })
	h.audit = audit.New(h.log, audit.Options{London: london})
	h.reads, err = queries.Open(h.t.Context(), h.dsn, queries.Options{Logger: logger})
	require.NoError(h.t, err)
	h.t.Cleanup(h.reads.Close)
	keys, err := idempotency.Open(h.t.Context(), h.dsn, idempotency.Options{Clock: h.clock, Logger: logger})
	require.NoError(h.t, err)
	h.t.Cleanup(keys.Close)
	soon, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	require.NoError(h.t, readmodel.WaitCaughtUp(soon, runner))
	h.commands = commands.New(h.log, commands.Options{Clock: h.clock, Locator: h.reads, Keys: keys, Directory: h.people, Logger: logger})
}

// startNeighbours starts the issuer and the directory.
func (h *house) startNeighbours(logger *slog.Logger) {
	h.t.Helper()
	keys, err := issuer.Open(h.t.TempDir(), "nonassociations")
	require.NoError(h.t, err)
	h.issuer, err = issuer.Start(h.t.Context(), keys, issuer.Options{Clock: h.clock})
	require.NoError(h.t, err)
	h.t.Cleanup(func() { require.NoError(h.t, h.issuer.Stop()) })
	few, err := estate.New(estate.Options{Seed: 1, Prisoners: 40})
	require.NoError(h.t, err)
	h.directory, err = prisonersearch.Serve(h.t.Context(), prisonersearch.WithExamples(few))
	require.NoError(h.t, err)
	stop := h.directory.Stop // a test may put another directory in its place
	h.t.Cleanup(func() { require.NoError(h.t, stop()) })
	h.people = directory.New(h.t.Context(), directory.Options{URL: h.directory.URL(), Clock: h.clock, Logger: logger})
	h.t.Cleanup(h.people.Close)
}

// clock is the one clock of the house, in London.
func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now.In(london)
}

// pass lets time pass.
func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// reflects waits until the read model has a position. A read of a page gives up sooner than
// a busy machine may need.
func (h *house) reflects(position uint64) {
	h.t.Helper()
	require.Eventually(h.t, func() bool { return h.reads.WaitFor(h.t.Context(), position) == nil }, patience, time.Millisecond)
}

// execute runs a command, and waits until the read model has it.
func (h *house) execute(a, b domain.PrisonerNumber, user string, command domain.Command) commands.Receipt {
	h.t.Helper()
	pair, err := domain.NewPair(a, b)
	require.NoError(h.t, err)
	cause := domain.Cause{CommandID: uuid.New(), CorrelationID: uuid.New(), CausationID: uuid.New(), Actor: user, Source: domain.DPS, About: a}
	receipt, err := h.commands.Execute(h.t.Context(), cause, pair, command)
	require.NoError(h.t, err)
	h.reflects(receipt.Position.Uint64())
	return receipt
}

// open opens a record between two prisoners, about the first.
func (h *house) open(a, b domain.PrisonerNumber, change ...func(*domain.Open)) uuid.UUID {
	h.t.Helper()
	command := domain.Open{
		FirstPrisoner: a, Comment: "Keep them apart", Reason: domain.Bullying, Restriction: domain.Wing,
		Roles: map[domain.PrisonerNumber]domain.Role{a: domain.Victim, b: domain.Perpetrator},
	}
	for _, c := range change {
		c(&command)
	}
	return h.execute(a, b, "OFFICER_A", command).NonAssociation.ID
}

// facts returns how many facts the log holds.
func (h *house) facts() int {
	h.t.Helper()
	all, err := h.log.ReadAll(h.t.Context(), eventstore.Forwards, eventstore.Start, 1_000_000)
	require.NoError(h.t, err)
	return len(all)
}

// views returns the views of the audit, newest first.
func (h *house) views(filter store.ViewFilter) []store.View {
	h.t.Helper()
	views, err := h.store.Views(h.t.Context(), filter, store.Cursor{}, 1000)
	require.NoError(h.t, err)
	return views
}

// lateHandler is a handler that is set after its server has begun.
type lateHandler struct {
	mu      sync.Mutex
	handler http.Handler
}

func (l *lateHandler) set(handler http.Handler) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.handler = handler
}

func (l *lateHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	handler := l.handler
	l.mu.Unlock()
	handler.ServeHTTP(w, r)
}
