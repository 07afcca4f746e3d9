package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"nonassociations/domain"
	"nonassociations/nomis/migration"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// Migrations are the runs that take NOMIS's stock of old data over. [migration.Runs]
// implements it and has the contract of each method. An error other than
// [migration.ErrAtWork] and [migration.ErrNoRun] means that Postgres does not answer, and
// that repeating is safe.
type Migrations interface {
	Start(ctx context.Context, order migration.Order) (migration.Run, error)
	Cancel(ctx context.Context, id uuid.UUID) error
	Get(ctx context.Context, id uuid.UUID) (migration.Run, error)
	Active(ctx context.Context) (migration.Run, error)
	All(ctx context.Context, from, to time.Time) ([]migration.Run, error)
	Failures(ctx context.Context, id uuid.UUID, cause string, offset, most int) ([]migration.Failure, int, error)
}

// roleMigration is the role for migrations that the department's own service asks for.
const roleMigration = "PRISONER_FROM_NOMIS__MIGRATION__RW"

// migrationRoutes adds the routes of migrations, at the paths where the department's
// service has them.
func (a *API) migrationRoutes(mux *chi.Mux) {
	mux.Post("/migrate/non-associations", a.migrating(a.startMigration, scopeWrite))
	mux.Post("/migrate/cancel/{id}", a.migrating(a.cancelMigration, scopeWrite))
	mux.Get("/migrate/history/{id}", a.migrating(a.migration, ""))
	mux.Get("/migrate/history/{id}/failures", a.migrating(a.migrationFailures, ""))
	mux.Get("/migrate/history/all/"+shape.MigrationType, a.migrating(a.allMigrations, ""))
	mux.Get("/migrate/history/active/"+shape.MigrationType, a.migrating(a.activeMigration, ""))
}

// migrating is the middleware of migrations: the token needs one of their roles, and the
// scope, if any.
func (a *API) migrating(do endpoint, scope string) http.HandlerFunc {
	return a.authenticated(func(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
		if scope != "" && !by.HasScope(scope) {
			return response{}, withoutScope()
		}
		out, err := do(ctx, r, by)
		return out, refusedMigration(err)
	}, roleAdmin, roleMigration)
}

// refusedMigration maps an error of a migration to its problem. A problem stays what it is.
func refusedMigration(err error) error {
	var is problem
	switch {
	case err == nil, errors.As(err, &is), problemOf(err).Status < http.StatusInternalServerError:
		return err
	case errors.Is(err, migration.ErrNoRun):
		return problemWith(http.StatusNotFound, domain.CodeNotFound, "Not found: there is no such migration")
	case errors.Is(err, migration.ErrAtWork):
		return plain(http.StatusConflict, "Another migration is at work")
	}
	return unavailable(err)
}

// startMigration requests a migration.
func (a *API) startMigration(ctx context.Context, r *http.Request, by auth.Claims) (response, error) {
	body, err := readJSON(r)
	if err != nil {
		return response{}, err
	}
	order, err := decodeMigration(body)
	if err != nil {
		return response{}, err
	}
	order.By = by.User
	run, err := a.migrations.Start(ctx, order)
	if errors.Is(err, migration.ErrNoRun) {
		return response{}, invalidValue("/failedOf", "names no migration")
	}
	if err != nil {
		return response{}, err
	}
	out, err := jsonResponse(shape.MigrationStart{
		MigrationID: run.ID, Label: run.Label, EstimatedCount: run.Estimated, Type: shape.MigrationType,
	})
	out.status = http.StatusAccepted
	return out, err
}

// cancelMigration asks a migration to end.
func (a *API) cancelMigration(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	id, err := pathID(r, "id")
	if err == nil {
		err = a.migrations.Cancel(ctx, id)
	}
	return response{status: http.StatusAccepted}, err
}

// migration answers with one migration.
func (a *API) migration(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return response{}, err
	}
	run, err := a.migrations.Get(ctx, id)
	if err != nil {
		return response{}, err
	}
	return jsonResponse(a.shapeOf(run))
}

// activeMigration answers with the migration that is at work.
func (a *API) activeMigration(ctx context.Context, _ *http.Request, _ auth.Claims) (response, error) {
	run, err := a.migrations.Active(ctx)
	if err != nil {
		return response{}, err
	}
	return jsonResponse(a.shapeOf(run))
}

// allMigrations answers with the migrations that began in a time, the newest first.
func (a *API) allMigrations(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	given, err := parametersOf(r.URL)
	if err != nil {
		return response{}, err
	}
	london := a.clock().Location()
	from, to := given.moment("fromDateTime", london), given.moment("toDateTime", london)
	if err := given.result(); err != nil {
		return response{}, err
	}
	if !to.IsZero() {
		to = to.Add(time.Second - time.Microsecond) // the whole second: that is what answers show
	}
	runs, err := a.migrations.All(ctx, from, to)
	if err != nil {
		return response{}, err
	}
	all := make([]shape.Migration, len(runs))
	for i, run := range runs {
		all[i] = a.shapeOf(run)
	}
	return jsonResponse(all)
}

// moment parses a local time; the zero time when none is given. Of an hour that is there
// twice it is the first.
func (p *parameters) moment(name string, london *time.Location) time.Time {
	value, given := p.one(name)
	if !given {
		return time.Time{}
	}
	at, err := domain.ParseLocalDateTime(value)
	if err == nil && len(at.Instants(london)) == 0 {
		err = domain.ErrNoSuchHour
	}
	if err != nil {
		p.fault(name, err.Error())
		return time.Time{}
	}
	return at.Instants(london)[0]
}

// migrationFailures answers with a page of the pairs that were not migrated.
func (a *API) migrationFailures(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return response{}, err
	}
	given, err := parametersOf(r.URL)
	if err != nil {
		return response{}, err
	}
	cause := choice(given, "cause", migration.Causes(), "")
	number, size := given.number("page", 0, math.MaxInt32, 0), int(given.number("size", 1, maxSize, defaultSize))
	if err := given.result(); err != nil {
		return response{}, err
	}
	found, total, err := a.migrations.Failures(ctx, id, cause, int(number)*size, size)
	if err != nil {
		return response{}, err
	}
	content := make([]shape.MigrationFailure, len(found))
	for i, f := range found {
		content[i] = shape.MigrationFailure{Pair: f.Pair, Outcome: string(f.Outcome), Cause: f.Cause, Why: f.Why}
	}
	return jsonResponse(shape.NewMigrationFailures(content, number, size, total))
}

// shapeOf returns a migration as answers show it.
func (a *API) shapeOf(run migration.Run) shape.Migration {
	return MigrationOf(a.clock().Location(), run)
}

// MigrationOf returns a run as answers, and the commands of operators, show it.
func MigrationOf(london *time.Location, run migration.Run) shape.Migration {
	counts := run.Counts
	m := shape.Migration{
		MigrationID: run.ID, Label: run.Label, MigrationType: shape.MigrationType, Status: string(run.Status), DryRun: run.DryRun,
		WhenStarted: domain.Local(run.Started.In(london)), EstimatedRecordCount: run.Estimated,
		RecordsMigrated: counts.Migrated(), RecordsFailed: counts.Lost(), Filter: run.Filter.String(),
		Pairs: shape.MigrationPairs{
			Total: counts.Total, Created: counts.Created, Amended: counts.Amended, Unchanged: counts.Unchanged,
			Ignored: counts.Ignored, Failed: counts.Failed, Unreadable: counts.Unreadable,
		},
		Items: shape.MigrationItems(counts.Items), Sweeps: run.Sweeps, Requests: run.Requests,
	}
	if !run.IsAtWork() {
		ended := domain.Local(run.Ended.In(london))
		m.WhenEnded = &ended
	}
	return m
}
