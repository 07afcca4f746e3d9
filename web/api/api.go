package api

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/queries"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// Commands are the writes that the API makes. Errors: [domain.Refusal],
// [commands.MissingPrisoners], [commands.ErrOtherRequest], [commands.ErrBusy], and
// faults of the store. Implementations are safe for concurrent use.
type Commands interface {
	// Sync writes items of NOMIS, pair by pair. After an error some pairs may be written;
	// the same call completes the rest.
	Sync(ctx context.Context, by domain.Cause, syncs []commands.PairSync) (commands.SyncResult, error)
	// ExecuteByID runs a command on the pair of a non-association. An unknown id is a
	// [domain.Refusal] only when the whole log does not know it.
	ExecuteByID(ctx context.Context, by domain.Cause, id uuid.UUID, command domain.Command) (commands.Receipt, error)
	// Staff runs a command of staff. With an idempotency key it happens once, and every
	// repeat returns the receipt of the first.
	Staff(ctx context.Context, by domain.Cause, act commands.StaffCommand) (commands.Receipt, error)
	// ChangeSwitchOver runs a command on the switch-over.
	ChangeSwitchOver(ctx context.Context, by domain.Cause, command domain.SwitchOverCommand) (commands.SwitchOverReceipt, error)
	// SwitchOver returns the state of the switch-over as the log has it now.
	SwitchOver(ctx context.Context) (domain.SwitchOver, error)
	// CachedSwitchOver returns a state of the switch-over that may be a second old.
	CachedSwitchOver(ctx context.Context) (domain.SwitchOver, error)
}

// Reads are the reads of the read model. Each answers from a snapshot at or after
// atLeast, and with the position of that snapshot. Errors are those of package
// queries; Between also returns [queries.ErrOnePrisoner].
type Reads interface {
	// List returns the stored document of a prisoner. A number that was never seen has an
	// empty list, and a removed number without records has a survivor.
	List(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (queries.List, error)
	// One returns one record or none. A deleted record is none.
	One(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Records, error)
	// OfPrisoner returns the records of a prisoner, open and closed.
	OfPrisoner(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (queries.Records, error)
	// Between and Involving open the records of a group. The group holds a connection until
	// its Close is called.
	Between(ctx context.Context, numbers []domain.PrisonerNumber, wanted queries.Filter) (queries.Group, error)
	Involving(ctx context.Context, numbers []domain.PrisonerNumber, wanted queries.Filter) (queries.Group, error)
	// Page returns one page of all records, with the cursor of the next.
	Page(ctx context.Context, of queries.PageRequest) (queries.Page, error)
	// WaitFor returns when the read model has reached atLeast. It
	// returns [queries.ErrBehind] when that does not happen in time, and
	// [queries.ErrTooManyWaiters] at once when too many requests wait.
	WaitFor(ctx context.Context, atLeast uint64) error
	// Position returns a lower bound of what the read model reflects, without I/O.
	Position() uint64
}

// LegacyCallers count the calls of the legacy list. Implementations are safe for
// concurrent use.
type LegacyCallers interface {
	// Count counts one answered call of a client. It does no I/O.
	Count(clientID string, notFound bool)
	// Callers returns the clients that were counted, the one that called last first.
	Callers(ctx context.Context) ([]nomis.LegacyCaller, error)
}

// Verifier verifies a bearer token and returns its claims. Errors: [auth.ErrInvalid]
// for a token that is known to be invalid, [auth.ErrUnverifiable] when that cannot be
// found out now.
type Verifier interface {
	Verify(ctx context.Context, token string) (auth.Claims, error)
}

// Options are the dependencies and settings of an API. Commands, Reads, Head, Audit,
// Streams, Mappings, Verifier and Clock must be set.
type Options struct {
	Commands Commands
	Reads    Reads
	// Head returns the position of the last fact of ours, read after the call began.
	Head func(ctx context.Context) (uint64, error)
	// Reaches reports whether the log goes as far as a position, read after the call
	// began. Nil: atLeast is not compared with the end of the log.
	Reaches func(ctx context.Context, position uint64) (bool, error)
	// LogID returns the id of the log, false while it is not known. Only the feed
	// needs it.
	LogID           func() (id uuid.UUID, known bool)
	Directory       Directory   // nil: no names, and no prisoner is known
	Whereabouts     Whereabouts // nil: no move can be checked
	Audit           Audit       // reads of the log
	Streams         Streams     // lists the streams that Audit reads
	Evidence        Evidence    // the tree over the log; nil: there is none
	NewestHead      NewestHead  // of the tree over all facts; nil: there is none
	Queues          Queues      // nil: there is none
	Prisons         Prisons     // nil: known are the prisons that were ever staged, and nothing else of them
	Mappings        Mappings
	MigrationLabels MigrationLabels // nil: none has one
	Migrations      Migrations      // nil: none can be started or seen
	Problems        Problems        // of deliveries to NOMIS; nil: there are none
	Reconcile       Reconciliation  // nil: this process reconciles with no NOMIS, and says so
	Dossiers        Dossiers        // nil: as Reconcile
	// PrisonSeen is told, and must not wait, in which prison the directory places a prisoner
	// with a live record, and the prison's name, if it is known. It may be nil.
	PrisonSeen    func(id domain.PrisonID, name string)
	LegacyCallers LegacyCallers // nil: no caller is counted
	LegacySunset  time.Time     // when the legacy list ends; zero: that is not known
	Verifier      Verifier
	Health        Health
	Clock         func() time.Time // in Europe/London
	NewID         func() uuid.UUID // of commands; nil: random ids
	Logger        *slog.Logger
	// Answered is told of each answer: the pattern of its route, "" for none. It must not wait. It may be nil.
	Answered     func(method, route string, status int, took time.Duration)
	Timeout      time.Duration // of one request, waiting included; 0: [commands.RequestTimeout]
	StallTimeout time.Duration // how long a reader of the feed may read nothing; 0: 5 min
	Feeds        FeedLimits
	WaiterLimit  *WaiterLimit // shared with everything else that waits for the read model in a request; nil: its own
	Version      string       // for /info; "": the module's own
	ProductID    string       // for /info; "": "default"
}

// API is an [http.Handler] with all routes. It is safe for concurrent use.
type API struct {
	commands      Commands
	reads         Reads
	head          func(ctx context.Context) (uint64, error)
	directory     Directory
	whereabouts   Whereabouts
	audit         Audit
	streams       Streams
	newestHead    NewestHead
	evidence      Evidence
	queues        Queues
	migrations    Migrations
	prisons       Prisons
	prisonSeen    func(id domain.PrisonID, name string)
	legacyCallers LegacyCallers
	legacySunset  time.Time
	mappings      Mappings
	labels        MigrationLabels
	problems      Problems
	reconcile     Reconciliation
	dossiers      Dossiers
	verifier      Verifier
	clock         func() time.Time
	newID         func() uuid.UUID
	logger        *slog.Logger
	answered      func(method, route string, status int, took time.Duration)
	timeout       time.Duration
	stallTimeout  time.Duration
	openFeeds     feedRegistry
	slots         slots
	reaches       func(ctx context.Context, position uint64) (bool, error)
	seen          *seenPosition
	logID         func() (uuid.UUID, bool)
	feeds         *quota
	limits        FeedLimits
	waiterLimit   *WaiterLimit
	health        *health
	router        *chi.Mux
}

// New returns an API that is ready to serve. Its backends need not be up.
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
	if options.WaiterLimit == nil {
		options.WaiterLimit = NewWaiterLimit(0)
	}
	// Every command passes through recordingCommands, which remembers the last position
	// that was written here. A later atLeast up to it needs no question to the log.
	feeds, seen := options.Feeds.withDefaults(), &seenPosition{}
	a := &API{
		commands: recordingCommands{options.Commands, seen}, seen: seen, reads: options.Reads, audit: options.Audit, streams: options.Streams, newestHead: options.NewestHead, prisons: options.Prisons,
		mappings: options.Mappings, labels: options.MigrationLabels, problems: options.Problems, reconcile: options.Reconcile, dossiers: options.Dossiers,
		head: options.Head, reaches: options.Reaches, logID: options.LogID, directory: options.Directory, whereabouts: options.Whereabouts, verifier: options.Verifier,
		clock: options.Clock, newID: options.NewID, logger: options.Logger, answered: options.Answered, timeout: options.Timeout, stallTimeout: options.StallTimeout,
		feeds: &quota{most: feeds.Most, each: feeds.Each}, limits: feeds, waiterLimit: options.WaiterLimit, slots: make(slots, maxSlots),
		prisonSeen: options.PrisonSeen, legacyCallers: options.LegacyCallers, legacySunset: options.LegacySunset,
		health: newHealth(options.Health, options.Clock, options.Logger),
	}
	a.migrations, a.evidence = cmp.Or[Migrations](options.Migrations, noMigrations{}), cmp.Or[Evidence](options.Evidence, noEvidence{})
	if a.queues = options.Queues; a.queues == nil {
		a.queues = &nomis.Queues{}
	}
	a.router = a.routes(infoOf(options.Version, options.ProductID))
	return a
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.router.ServeHTTP(w, r) }

// ShutDown begins the shutdown: readiness goes down, so that load balancers send no
// new requests, and feeds that follow end after their last whole line. Requests that
// still arrive are answered.
func (a *API) ShutDown() {
	a.health.shuttingDown.Store(true)
	a.openFeeds.stop()
}

// Routes returns every route as "GET /path/{parameter}", in no order. Tests walk it.
func (a *API) Routes() []string {
	var all []string
	for _, route := range a.router.Routes() {
		for method := range route.Handlers {
			all = append(all, method+" "+route.Pattern)
		}
	}
	return all
}

// The roles without the prefix ROLE_. anyToken admits any valid token.
const (
	roleRead    = "READ_NON_ASSOCIATIONS"
	roleSync    = "NON_ASSOCIATIONS_SYNC"
	roleMigrate = "NON_ASSOCIATIONS_MIGRATE"
	roleWrite   = "WRITE_NON_ASSOCIATIONS"
	roleReopen  = "REOPEN_NON_ASSOCIATIONS"
	roleDelete  = "DELETE_NON_ASSOCIATIONS"
	roleSubject = "SAR_DATA_ACCESS"
	roleAdmin   = "NON_ASSOCIATIONS_ADMIN"
	roleAudit   = "NON_ASSOCIATIONS_AUDIT"
	roleMapping = "NOMIS_MAPPING_API__SYNCHRONISATION__RW"
	anyToken    = ""
)

// routes builds the router. Every route is in the OpenAPI document, and a test walks
// both lists.
func (a *API) routes(build shape.Info) *chi.Mux {
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
	mux.Post("/checks/move", a.authenticated(a.checkMove, roleRead))
	mux.Get("/prisoner/{prisonerNumber}/non-associations", a.authenticated(a.ofPrisoner, roleRead))

	mux.Get("/non-associations/{reference}/history", a.authenticated(a.history, roleRead))
	mux.Get("/history", a.feed(roleSync, roleAdmin))
	a.asOfRoutes(mux)
	a.evidenceRoutes(mux)
	mux.Get("/subject-access-request", a.authenticated(a.subjectAccess, roleSubject))
	mux.Get("/subject-access-request/template", a.authenticated(subjectTemplateOf(), roleSubject))

	a.queueAdmin(mux)
	a.switchOverRoutes(mux)
	a.mappingRoutes(mux)
	mux.Get("/non-associations/{id}/delivery", a.authenticated(a.delivery, roleRead))
	a.reconciliationRoutes(mux)
	a.dossierRoutes(mux)
	a.migrationRoutes(mux)
	mux.Get("/legacy/api/offenders/{prisonerNumber}/non-association-details", a.legacy(a.authenticated(a.legacyList, roleRead, roleSync)))
	mux.Get("/nomis/legacy-callers", a.authenticated(a.callersOfLegacy, roleAdmin))

	mux.Get("/health", a.open(a.health.whole))
	mux.Get("/health/ping", a.open(up))
	mux.Get(pathLiveness, a.open(up))
	mux.Get("/health/readiness", a.open(a.health.readiness))
	mux.Get("/info", a.open(a.info(build)))
	a.documentation(mux)
	return mux
}
