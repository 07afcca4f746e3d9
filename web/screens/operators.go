package screens

import (
	"context"
	"errors"
	"html/template"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	evidence "nonassociations/audit/evidence/store"
	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/reconcile"
	"nonassociations/web/screens/govuk"
	"nonassociations/web/shape"
)

// Operators are what the pages of operators show and change. A part that is nil is not in
// this process: its page says so and offers nothing. Parts are safe for concurrent use.
type Operators struct {
	// Status asks every part of the service how it is. It waits for none of them long.
	Status func(ctx context.Context) (shape.SystemStatus, error)
	// Projections tells of the consumers of the log and the generations of the read model.
	Projections func(ctx context.Context) (Projected, error)
	Publisher   Publisher
	Queues      Queues
	Migrations  Migrations
	Reconcile   Reconciliation
	Dossiers    Dossiers
	SwitchOver  SwitchOver
	Prisons     Prisons
	// Acts keeps what operators did. It must be set with any part that changes something.
	Acts Acts
	// RunbooksURL is the address before the name of a runbook; "": none is linked.
	RunbooksURL string
}

// Acts keep what operators did. [evidence.Store] implements it and has the contract of each
// method.
type Acts interface {
	Once(ctx context.Context, a evidence.Action, do func(context.Context) (done string, err error)) (evidence.Action, error)
	Actions(ctx context.Context, f evidence.Filter) (all []evidence.Action, more bool, err error)
}

// Projected is how far the consumers of the log are.
type Projected struct {
	Head        *uint64 // position of the last fact; nil: the log could not be asked
	Consumers   []Consumer
	Generations []Generation // of the read model
}

// Consumer is one consumer of the log, by the row that it writes.
type Consumer struct {
	Name, Build string
	Position    *uint64 // nil: none yet
	Heartbeat   time.Time
	Age         time.Duration // of the heartbeat
	Fault       *ConsumerFault
}

// ConsumerFault is why a consumer is stuck.
type ConsumerFault struct {
	Category string
	Type     string    // of the event; "" for none
	EventID  uuid.UUID // the nil UUID for none
	Position uint64
	Since    time.Time
}

// Generation is one generation of the tables of the read model.
type Generation struct {
	Number   int
	Answers  bool // reads are answered from it
	Kept     bool // it answered before
	Position *uint64
}

// ErrNotParked means that no such message is parked, or not in a state that allows what was
// asked.
var ErrNotParked = errors.New("no such message is parked")

// Publisher is what operators see of messages that no topic has taken. Errors: ErrNotParked,
// and faults of Postgres and of the log.
type Publisher interface {
	// Parked returns all parked and skipped messages, in the order of the log.
	Parked(ctx context.Context) ([]ParkedMessage, error)
	// Retry requests that a message is sent again at once, Skip that it never is.
	Retry(ctx context.Context, topic string, event uuid.UUID) error
	Skip(ctx context.Context, topic string, event uuid.UUID, reason string) error
}

// ParkedMessage is a message that a topic has not taken.
type ParkedMessage struct {
	Topic    string
	EventID  uuid.UUID
	Pairs    []domain.Pair
	Position uint64
	State    string // refused, failing, blocked or skipped
	Reason   string // why, or why it was skipped
	Attempts int
	Since    time.Time
	Request  string // that the publisher has not taken up yet; "" for none
	// Payload returns what would be sent, as it comes from the log now.
	Payload func(ctx context.Context) (string, error)
}

// Queues are the queues of this process. [nomis.Queues] implements it and has the contract
// of each method.
type Queues interface {
	Names() []string
	Status(ctx context.Context, name string) (nomis.QueueStatus, error)
	DLQMessages(ctx context.Context, name string, most int) (nomis.DeadLetters, error)
	RetryDLQ(ctx context.Context, name string) (found int, err error)
	Purge(ctx context.Context, name string, order nomis.PurgeOrder) (removed int, err error)
}

// Migrations are the runs that take NOMIS's stock of old data over. [migration.Runs]
// implements it and has the contract of each method.
type Migrations interface {
	Start(ctx context.Context, order migration.Order) (migration.Run, error)
	Cancel(ctx context.Context, id uuid.UUID) error
	Get(ctx context.Context, id uuid.UUID) (migration.Run, error)
	Active(ctx context.Context) (migration.Run, error)
	All(ctx context.Context, from, to time.Time) ([]migration.Run, error)
	Failures(ctx context.Context, id uuid.UUID, cause string, offset, most int) ([]migration.Failure, int, error)
	Causes(ctx context.Context, id uuid.UUID) ([]migration.CauseCount, error)
}

// Reconciliation is what people do about what differs from NOMIS. [reconcile.Operations]
// implements it and has the contract of each method.
type Reconciliation interface {
	Request(ctx context.Context, r reconcile.Request) (uuid.UUID, error)
	Runs(ctx context.Context, offset, most int) ([]reconcile.Run, int, error)
	Run(ctx context.Context, id uuid.UUID) (reconcile.Run, error)
	Differences(ctx context.Context, f reconcile.Filter, offset, most int) ([]reconcile.Difference, int, error)
	Difference(ctx context.Context, id uuid.UUID) (reconcile.Difference, error)
	Repair(ctx context.Context, id uuid.UUID, r reconcile.Repair) (reconcile.Repaired, error)
	Accept(ctx context.Context, id uuid.UUID, version int, decided reconcile.Decision) (reconcile.Difference, error)
}

// Dossiers tell what is known of pairs and NOMIS. [nomis.Dossiers] implements it and has
// the contract of each method.
type Dossiers interface {
	Dossier(ctx context.Context, pair domain.Pair) (nomis.Dossier, error)
	Synchronise(ctx context.Context, pair domain.Pair, dryRun bool) (nomis.Synchronised, error)
}

// SwitchOver is the switch-over from NOMIS. [commands.Handler] implements it and has the
// contract of each method.
type SwitchOver interface {
	SwitchOver(ctx context.Context) (domain.SwitchOver, error)
	ChangeSwitchOver(ctx context.Context, by domain.Cause, command domain.SwitchOverCommand) (commands.SwitchOverReceipt, error)
}

// Prisons tells what is known of prisons beside the facts of the switch-over.
type Prisons interface {
	// Known returns the prisons that the directory gave for a prisoner with a live record.
	Known(ctx context.Context) ([]domain.PrisonID, error)
	// Details returns what is known of prisons. What it returns beside an error is valid.
	Details(ctx context.Context, ids []domain.PrisonID) (map[domain.PrisonID]shape.PrisonDetails, error)
}

const (
	operationsPath  = "/operations"
	operationsTitle = "Operations"
)

// buttons draws links as buttons, for a cell. A button always can be drawn.
func buttons(all ...govuk.Button) template.HTML {
	var html template.HTML
	for _, one := range all {
		drawn, err := govuk.HTML(one)
		if err != nil {
			panic("a button cannot be drawn: " + err.Error()) // a bug
		}
		html += drawn + " "
	}
	return html
}

// refreshing is the link that makes a page load itself again, or stops that.
type refreshing struct {
	On   bool
	Href string
}

// refreshTime is after how many seconds such a page loads itself again.
const refreshTime = 5

// operatorPage returns the answer with a page of operators, and what was done before it. It
// loads itself again where the address asks for that.
func (s *Screens) operatorPage(ctx context.Context, v *visit, title string, shown any, above ...crumb) answer {
	out := answer{page: shown, title: title, done: s.done(ctx, v)}
	if v.request.URL.Path != operationsPath {
		above = append([]crumb{{operationsTitle, operationsPath}}, above...)
	}
	out.crumbs = slices.Concat(above, []crumb{{title, ""}})
	if v.refreshing().On {
		out.refresh = refreshTime
	}
	return out
}

// refreshing returns the link of a page that may load itself again.
func (v *visit) refreshing() refreshing {
	query := v.request.URL.Query()
	on := query.Get("refresh") == "5"
	kept := url.Values{}
	for name, values := range query {
		if name != "refresh" && name != "done" {
			kept[name] = values
		}
	}
	if !on {
		kept.Set("refresh", "5")
	}
	return refreshing{On: on, Href: addressOf(v.request.URL.EscapedPath(), kept)}
}
