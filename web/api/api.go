package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/auth"
)

// Commands is what the edge asks of the record. Errors: [domain.Refusal],
// [commands.MissingPrisoners], [commands.ErrOtherRequest], [commands.ErrBusy],
// and faults.
type Commands interface {
	Sync(ctx context.Context, by domain.Cause, tells []commands.PairSync) (commands.SyncResult, error)
	ExecuteByID(ctx context.Context, by domain.Cause, id uuid.UUID, command domain.Command) (commands.Receipt, error)
	Staff(ctx context.Context, by domain.Cause, act commands.StaffCommand) (commands.Receipt, error)
}

// Reads is what the edge asks of the read model. Between errs with
// [queries.ErrOnePrisoner].
type Reads interface {
	List(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (queries.List, error)
	One(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Records, error)
	OfPrisoner(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (queries.Records, error)
	Between(ctx context.Context, numbers []domain.PrisonerNumber, wanted queries.Filter) (queries.Group, error)
	Involving(ctx context.Context, numbers []domain.PrisonerNumber, wanted queries.Filter) (queries.Group, error)
	Page(ctx context.Context, of queries.PageRequest) (queries.Page, error)
	WaitFor(ctx context.Context, atLeast uint64) error
	Position() uint64
}

// Verifier tells who a bearer token belongs to. Errors: [auth.ErrInvalid],
// [auth.ErrUnverifiable].
type Verifier interface {
	Verify(ctx context.Context, token string) (auth.Claims, error)
}

// Options are the outside of an API. Commands, Reads, Head, Audit, Streams,
// Verifier and Clock must be set.
type Options struct {
	Commands Commands
	Reads    Reads
	// Head is the position of the last fact of ours, read after the call began.
	Head func(ctx context.Context) (uint64, error)
	// Reaches reports whether the log goes as far as a position, read after the
	// call began; atLeast is not compared with the log's end when it is nil.
	Reaches func(ctx context.Context, position uint64) (bool, error)
	// LogID is the log's id, false while it is not known. Only the feed needs it.
	LogID        func() (id uuid.UUID, known bool)
	Directory    Directory // nil: nobody is known
	Audit        Audit     // the log itself
	Streams      Streams   // whose streams are read there
	Verifier     Verifier
	Health       Health
	Clock        func() time.Time
	NewID        func() uuid.UUID // command ids; random ones when nil
	Logger       *slog.Logger
	Timeout      time.Duration // time of one request, waiting included; [commands.Patience] when zero
	StallTimeout time.Duration // how long a reader of the feed may take nothing; 5 min when zero
	Feeds        FeedLimits
	Seats        *Seats // shared with whatever else waits for the read model in a request; its own when nil
	Version      string // for /info; the module's own when empty
}

// API is the JSON edge as an [http.Handler], safe for concurrent use.
type API struct {
	commands     Commands
	reads        Reads
	head         func(ctx context.Context) (uint64, error)
	directory    Directory
	audit        Audit
	streams      Streams
	verifier     Verifier
	clock        func() time.Time
	newID        func() uuid.UUID
	logger       *slog.Logger
	timeout      time.Duration
	stallTimeout time.Duration
	openFeeds    feedRegistry
	turns        slots
	reaches      func(ctx context.Context, position uint64) (bool, error)
	seen         *seenPosition
	logID        func() (uuid.UUID, bool)
	feeds        *quota
	limits       FeedLimits
	seats        *Seats
	health       *health
	router       *chi.Mux
}

// New is an API that serves at once.
func New(options Options) *API {
	if options.NewID == nil {
		options.NewID = uuid.New
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Timeout == 0 {
		options.Timeout = commands.RequestTimeout
	}
	if options.StallTimeout == 0 {
		options.StallTimeout = 5 * time.Minute
	}
	if options.LogID == nil {
		options.LogID = func() (uuid.UUID, bool) { return uuid.Nil, false }
	}
	if options.Seats == nil {
		options.Seats = NewSeats(0)
	}
	feeds, met := options.Feeds.withDefaults(), &seenPosition{}
	a := &API{
		commands: recordingCommands{options.Commands, met}, seen: met, reads: options.Reads, audit: options.Audit, streams: options.Streams,
		head: options.Head, reaches: options.Reaches, logID: options.LogID, directory: options.Directory, verifier: options.Verifier,
		clock: options.Clock, newID: options.NewID, logger: options.Logger, timeout: options.Timeout, stallTimeout: options.StallTimeout,
		feeds: &quota{most: feeds.Most, each: feeds.Each}, limits: feeds, seats: options.Seats, turns: make(slots, maxTurns),
		health: newHealth(options.Health, options.Clock, options.Logger),
	}
	a.router = a.routes(infoOf(options.Version))
	return a
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.router.ServeHTTP(w, r) }

// ShutDown makes readiness say no, so that no new requests are sent here, and
// ends the feeds that follow; requests that come are still answered.
func (a *API) ShutDown() {
	a.health.shuttingDown.Store(true)
	a.openFeeds.stop()
}

// Routes lists what is served, as "GET /path/{parameter}".
func (a *API) Routes() []string {
	var all []string
	for _, route := range a.router.Routes() {
		for method := range route.Handlers {
			all = append(all, method+" "+route.Pattern)
		}
	}
	return all
}

// The roles, without their prefix; anyToken stands for whichever the token has.
const (
	roleRead    = "READ_NON_ASSOCIATIONS"
	roleSync    = "NON_ASSOCIATIONS_SYNC"
	roleMigrate = "NON_ASSOCIATIONS_MIGRATE"
	roleWrite   = "WRITE_NON_ASSOCIATIONS"
	roleReopen  = "REOPEN_NON_ASSOCIATIONS"
	roleDelete  = "DELETE_NON_ASSOCIATIONS"
	roleSubject = "SAR_DATA_ACCESS"
	roleAdmin   = "NON_ASSOCIATIONS_ADMIN"
	anyToken    = ""
)

func (a *API) routes(info []byte) *chi.Mux {
	mux := chi.NewRouter()
	mux.Use(a.middleware)
	mux.NotFound(a.open(func(context.Context, *http.Request) (response, error) { return response{}, noSuchRoute() }))
	mux.MethodNotAllowed(a.methodNotAllowed)

	mux.Get("/non-associations/{reference}", a.authenticated(a.nonAssociations, roleRead, roleSync))
	mux.Post("/sync", a.authenticated(a.sync, roleSync))
	mux.Post("/migrate", a.authenticated(a.migrate, roleMigrate))
	mux.Delete("/sync/{id}", a.authenticated(a.deleteSynced, roleSync))

	mux.Post("/non-associations", a.staff(opens, roleWrite))
	mux.Patch("/non-associations/{reference}", a.staff(amends, roleWrite))
	mux.Put("/non-associations/{id}/close", a.staff(closes, roleWrite))
	mux.Put("/non-associations/{id}/reopen", a.staff(reopens, roleReopen))
	mux.Post("/non-associations/{id}/delete", a.staff(deletes, roleDelete))
	mux.Get("/constants", a.authenticated(a.constants(), anyToken))

	mux.Get("/non-associations", a.authenticated(a.records, roleRead))
	mux.Post("/non-associations/between", a.authenticated(a.between, roleRead))
	mux.Post("/non-associations/involving", a.authenticated(a.involving, roleRead))
	mux.Get("/prisoner/{prisonerNumber}/non-associations", a.authenticated(a.ofPrisoner, roleRead))

	mux.Get("/non-associations/{reference}/history", a.authenticated(a.history, roleRead))
	mux.Get("/history", a.feed(roleSync, roleAdmin))
	mux.Get("/subject-access-request", a.authenticated(a.subjectAccess, roleSubject))

	mux.Get("/health", a.open(a.health.whole))
	mux.Get("/health/ping", a.open(up))
	mux.Get(pathLiveness, a.open(up))
	mux.Get("/health/readiness", a.open(a.health.readiness))
	mux.Get("/info", a.open(always(mediaJSON, info)))
	a.documentation(mux)
	return mux
}
