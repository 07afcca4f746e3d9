package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/jackc/pgx/v5/pgxpool"

	"nonassociations/eventstore"
	"nonassociations/internal/pg"
	nomisstore "nonassociations/nomis/store"
	"nonassociations/web/shape"
)

// The runbooks of the parts, as paths in the repository.
const (
	runbookProjector = "docs/runbooks/ProjectorStopped.md"
	runbookQueues    = "docs/runbooks/DeadLetters.md"
	runbookRestored  = "docs/runbooks/NomisLooksRestored.md"
	runbookNOMIS     = "docs/runbooks/NomisPendingTooLong.md"
	runbookEvidence  = "docs/runbooks/EvidenceHeadTooOld.md"
	runbookWitness   = "docs/runbooks/EvidenceWitnessRefused.md"
	runbookChecks    = "docs/runbooks/CheckFailed.md"
	runbookOldCheck  = "docs/runbooks/CheckTooOld.md"
	runbookParked    = "docs/runbooks/MessageParked.md"
	runbookWrites    = "docs/runbooks/WritePathDown.md"
	runbookViews     = "docs/runbooks/ViewsUnsent.md"
)

const partPostgres = "postgres"

// partTime is how long one part may take to answer. All are asked at the same time.
const partTime = 3 * time.Second

// StatusOptions are what Status asks with.
type StatusOptions struct {
	// Environment has the variables. A part whose variables are not set is left out.
	Environment map[string]string
	// Config is that of a process, whose variables were read before; nil: Environment is read.
	Config *Config
	// Log is the log of a process; nil: it is opened for the question. A client whose server
	// is away never ends, so only a command that ends itself may leave it nil.
	Log      eventstore.Store
	Clock    func() time.Time
	Logger   *slog.Logger
	PartTime time.Duration // 3 s when 0
}

// Status asks every part how it is. It needs no session and no read model, and answers in a
// little more than the time of one part, whatever is away. Errors: variables that cannot be
// read, and none that name anything to ask.
func (o StatusOptions) Status(ctx context.Context) (shape.SystemStatus, error) {
	if o.PartTime == 0 {
		o.PartTime = partTime
	}
	config, err := o.config()
	if err != nil {
		return shape.SystemStatus{}, err
	}
	asking := statusAsking{StatusOptions: o, config: config}
	if config.DatabaseURL != "" {
		if err := asking.open(ctx); err != nil {
			return shape.SystemStatus{}, err
		}
		// A pool that waits for a server that hangs is closed behind the answer.
		defer func() { go asking.close() }()
	}
	return shape.NewSystemStatus(Version(), asking.all(ctx)), nil
}

// config reads the variables. Those that are missing leave their part out; those that are
// set are held to the rules of every command.
func (o StatusOptions) config() (Config, error) {
	if o.Config != nil {
		return *o.Config, nil
	}
	var config Config
	// What is required of a role may be missing here.
	_ = env.ParseWithOptions(&config, env.Options{Environment: o.Environment})
	config.Screens.AuditQueueURL = o.Environment[auditQueueVariable]
	if config.DatabaseURL == "" && config.EventStoreURL == "" {
		return Config{}, errors.New("DATABASE_URL and EVENTSTORE_URL are not set, and there is no development run in DATA_DIR")
	}
	if config.EventStoreURL == Embedded && config.DatabaseURL == "" {
		return Config{}, errors.New("DATABASE_URL is not set, in which the embedded log is")
	}
	var f faults
	checked := config
	if checked.EventStoreURL == "" {
		checked.EventStoreURL = Embedded
	}
	if checked.DatabaseURL == "" {
		checked.DatabaseURL = checked.EventStoreURL
		if !hasScheme(checked.EventStoreURL, postgresSchemes) {
			checked.DatabaseURL = "postgres://localhost/none" // which only passes the check of its form
		}
	}
	checked.faults(&f, Roles{})
	checked.checkPlainText(&f)
	if len(f) > 0 {
		return Config{}, errors.New("the environment is wrong:\n  " + strings.Join(f, "\n  "))
	}
	return config, nil
}

// statusAsking asks the parts of one status.
type statusAsking struct {
	StatusOptions

	config Config
	rows   *pgxpool.Pool     // nil without DATABASE_URL
	kept   *nomisstore.Store // as rows
}

// open opens the connections. Postgres need not be up.
func (a *statusAsking) open(ctx context.Context) error {
	const together = 4
	config, err := pg.ParsePool(a.config.DatabaseURL, together, a.PartTime)
	if err != nil {
		return errors.New("DATABASE_URL is not an address that the driver of Postgres can read")
	}
	pg.Resize(config, together)
	pg.Set(config.ConnConfig, "application_name", "status")
	if a.rows, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return err
	}
	a.kept, err = nomisstore.Open(ctx, a.config.DatabaseURL)
	return err
}

func (a *statusAsking) close() {
	if a.rows != nil {
		a.rows.Close()
	}
	if a.kept != nil {
		a.kept.Close()
	}
}

// errNoPart leaves a part out that is not there at all.
var errNoPart = errors.New("there is no such part")

// all asks the parts at the same time, and waits for each no longer than its time.
func (a *statusAsking) all(ctx context.Context) []shape.PartStatus {
	ctx, cancel := context.WithTimeout(ctx, a.PartTime)
	defer cancel()
	type question struct {
		part, runbook string
		wanted        bool
		ask           func(context.Context) (shape.PartStatus, error)
	}
	withRows, withLog := a.config.DatabaseURL != "", a.config.EventStoreURL != ""
	questions := []question{
		{partPostgres, runbookWrites, withRows, a.postgres},
		{"eventstore", runbookWrites, withLog, a.eventStore},
		{"readModel", runbookProjector, withRows, a.readModel},
		{"publisher", "", withRows, a.publisher},
		{"queues", runbookQueues, len(a.config.queueAddresses()) > 0, a.queues},
		{"evidence", runbookEvidence, withRows, a.evidence},
		{"checks", runbookOldCheck, withRows, a.checks},
		{"views", runbookViews, withRows, a.views},
		{"migration", "", withRows, a.migration},
		{"reconciliation", "", withRows, a.reconciliation},
		{"nomis", runbookNOMIS, withRows, a.nomis},
	}
	type answer struct {
		of  shape.PartStatus
		err error
	}
	answers := make([]chan answer, len(questions))
	for i, q := range questions {
		answers[i] = make(chan answer, 1) // one that is late is not waited for
		if q.wanted {
			go func() {
				of, err := q.ask(ctx)
				answers[i] <- answer{of, err}
			}()
		}
	}
	parts := []shape.PartStatus{}
	for i, q := range questions {
		if !q.wanted {
			continue
		}
		got := answer{err: context.DeadlineExceeded}
		select {
		case got = <-answers[i]:
		case <-ctx.Done():
			select { // it may have answered in the same moment
			case got = <-answers[i]:
			default:
			}
		}
		if errors.Is(got.err, errNoPart) {
			continue
		}
		if got.err != nil {
			got.of = shape.PartStatus{}
			a.Logger.WarnContext(ctx, "a part cannot be asked", "part", q.part, "error", got.err)
		}
		got.of.Part, got.of.Asked, got.of.OK = q.part, got.err == nil, got.err == nil && got.of.OK
		if q.runbook != "" && got.of.Runbook == nil {
			got.of.Runbook = &q.runbook
		}
		parts = append(parts, got.of)
	}
	return parts
}
