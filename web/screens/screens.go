package screens

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"nonassociations/audit"
	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/queries"
	"nonassociations/queries/directory"
	"nonassociations/queries/whereabouts"
	"nonassociations/web/screens/govuk"
	"nonassociations/web/screens/signin"
	"nonassociations/web/screens/store"
)

// Commands are the writes of staff. Errors: [domain.Refusal], [commands.MissingPrisoners],
// [commands.ErrOtherRequest], [commands.ErrBusy], and faults of the store.
// Implementations are safe for concurrent use.
type Commands interface {
	// Staff runs a command of staff. With an idempotency key it happens once.
	Staff(ctx context.Context, by domain.Cause, act commands.StaffCommand) (commands.Receipt, error)
	// CachedSwitchOver returns a state of the switch-over that may be a second old.
	CachedSwitchOver(ctx context.Context) (domain.SwitchOver, error)
}

// Reads are the reads of the read model. Each answers from a snapshot at or after
// atLeast, and with the position of that snapshot. Errors are those of package queries.
type Reads interface {
	One(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Records, error)
	OfPrisoner(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (queries.Records, error)
	Delivery(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Deliveries, error)
	PairsOf(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.Pair, error)
	PairOf(ctx context.Context, id uuid.UUID, atLeast uint64) (domain.Pair, bool, error)
	// Facts returns where the facts are that a request asks for.
	Facts(ctx context.Context, of queries.FactsRequest) (queries.FactPlaces, error)
	MergedWith(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error)
	RemovedInto(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error)
	// WaitFor returns when the read model has reached atLeast.
	WaitFor(ctx context.Context, atLeast uint64) error
	// Position returns a lower bound of what the read model reflects, without I/O.
	Position() uint64
}

// Audit are the reads of the log.
type Audit interface {
	OfNonAssociation(ctx context.Context, streams []string, id uuid.UUID) ([]audit.Entry, error)
	OfPrisoner(ctx context.Context, streams []string, number domain.PrisonerNumber) ([]audit.Entry, error)
	TimelineOfRecord(ctx context.Context, streams []string, id uuid.UUID) ([]audit.TimelineEntry, error)
	TimelineOfPrisoner(ctx context.Context, streams []string, number domain.PrisonerNumber) ([]audit.TimelineEntry, error)
	AsOfPrisoner(ctx context.Context, streams []string, number domain.PrisonerNumber, at audit.Moments) ([]audit.RecordAsOf, error)
	FactsAt(ctx context.Context, positions []audit.Position) ([]audit.TimelineEntry, error)
}

// Problems are what the comparison with NOMIS has found. Implementations are safe for
// concurrent use.
type Problems interface {
	// OfRecord returns what is found of one record; the zero Findings for nothing. sequence
	// is that by which NOMIS knows it, 0 for none.
	OfRecord(ctx context.Context, pair domain.Pair, id uuid.UUID, sequence int) (nomis.Findings, error)
}

// Directory is Prisoner Search. Errors: [directory.ErrUnavailable]; what is returned
// beside it is valid.
type Directory interface {
	// Find returns the prisoners that are known. An answer may be a minute old.
	Find(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]directory.Prisoner, error)
	// SearchPrison and SearchGlobal return a page of people; pages count from 0.
	SearchPrison(ctx context.Context, prison domain.PrisonID, term string, page int) (directory.Page, error)
	SearchGlobal(ctx context.Context, query string, page int) (directory.Page, error)
	// IsKnown reports whether a prison is one of the caseloads or has people.
	IsKnown(ctx context.Context, prison domain.PrisonID, caseloads []domain.PrisonID) (bool, error)
}

// Views keep who looked at whom. Implementations are safe for concurrent use.
type Views interface {
	// InsertView keeps one view durably before it returns.
	InsertView(ctx context.Context, view store.View) error
	// RecentPrisoners returns the key prisoners that a user looked at, the last one first.
	RecentPrisoners(ctx context.Context, user string, limit int) ([]domain.PrisonerNumber, error)
	// Views returns at most limit views behind a place, newest first.
	Views(ctx context.Context, f store.ViewFilter, after store.Cursor, limit int) ([]store.View, error)
}

// Options are the dependencies and settings of the pages. Those without a note must be
// set.
type Options struct {
	Sessions  *signin.SignIn
	Views     Views
	Commands  Commands
	Reads     Reads
	Audit     Audit
	Directory Directory
	Problems  Problems // nil: there are none
	Actions   Actions
	// Whereabouts says who is where, and the names of prisons.
	Whereabouts *whereabouts.Service
	// Head returns the position of the last fact of ours, read after the call began.
	Head func(ctx context.Context) (uint64, error)
	// Operators are the parts of the pages of operators. The zero value has none.
	Operators Operators
	// Probes answers /ping, /health and what lies below it, and /info.
	Probes http.Handler

	PublicURL       string        // of the pages: a scheme and a host
	Idle            time.Duration // after which a session ends without a request
	DPSURL          string        // "": no links to other services
	ComponentsURL   string        // of the estate's header and footer; "": our own
	SecurityTextURL string
	Timed           bool // answers say how long the server worked on them
	Version         string

	Clock  func() time.Time // in Europe/London
	NewID  func() uuid.UUID // nil: random ids
	Logger *slog.Logger     // nil: none
	// Answered is told of each answer: the pattern of its route, "" for a path of none, and
	// how long it took. It must not wait. It may be nil.
	Answered func(method, route string, status int, took time.Duration)
	Timeout  time.Duration // of one request; 0: [commands.RequestTimeout]
}

// Screens is an [http.Handler] with all pages. It is safe for concurrent use.
type Screens struct {
	sessions    *signin.SignIn
	views       Views
	commands    Commands
	reads       Reads
	audit       Audit
	directory   Directory
	problems    Problems
	actions     Actions
	head        func(ctx context.Context) (uint64, error)
	whereabouts *whereabouts.Service
	fresh       *freshness
	notTold     silence // of the log, when it was asked for the announcements
	operators   Operators
	pages       *govuk.Pages
	mux         *chi.Mux
	probes      http.Handler
	assets      http.Handler

	public      *url.URL
	onLoopback  bool
	crossOrigin *http.CrossOriginProtection
	idle        time.Duration
	dpsURL      string
	securityURL string
	components  *components // nil: our own header and footer
	timed       bool
	version     string

	clock    func() time.Time
	newID    func() uuid.UUID
	logger   *slog.Logger
	answered func(method, route string, status int, took time.Duration)
	timeout  time.Duration
}

//go:embed all:templates
var templates embed.FS

// parsedPages returns the templates. They are parsed once a process, which takes longer
// than all else of New.
var parsedPages = sync.OnceValues(func() (*govuk.Pages, error) {
	folder, err := fs.Sub(templates, "templates")
	if err != nil {
		return nil, err
	}
	return govuk.Parse(folder)
})

// New returns pages that are ready to serve. Their backends need not be up. Errors: the
// public address is none, or a template is wrong.
func New(o Options) (*Screens, error) {
	public, err := url.Parse(strings.TrimRight(o.PublicURL, "/"))
	if err != nil || public.Host == "" {
		return nil, errors.New("the pages need a public address")
	}
	pages, err := parsedPages()
	if err != nil {
		return nil, err
	}
	crossOrigin := http.NewCrossOriginProtection()
	if err := crossOrigin.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
		return nil, fmt.Errorf("trust the public address: %w", err)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	components, err := newComponents(o.ComponentsURL, o.Logger)
	if err != nil {
		return nil, err
	}
	if o.Answered == nil {
		o.Answered = func(string, string, int, time.Duration) {}
	}
	if o.NewID == nil {
		o.NewID = uuid.New
	}
	s := &Screens{
		sessions: o.Sessions, views: o.Views, commands: o.Commands, reads: o.Reads, audit: o.Audit, directory: o.Directory, problems: o.Problems, actions: o.Actions, head: o.Head,
		whereabouts: o.Whereabouts, fresh: &freshness{head: o.Head, clock: o.Clock}, pages: pages, probes: o.Probes, assets: govuk.Assets(),
		public: public, onLoopback: isLoopback(public.Host), crossOrigin: crossOrigin, idle: o.Idle,
		components: components, operators: o.Operators, dpsURL: o.DPSURL, securityURL: o.SecurityTextURL, timed: o.Timed, version: o.Version,
		clock: o.Clock, newID: o.NewID, logger: o.Logger, answered: o.Answered, timeout: cmp.Or(o.Timeout, commands.RequestTimeout),
	}
	s.mux = s.router()
	return s, nil
}
