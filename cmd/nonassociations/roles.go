package main

import (
	"context"

	"nonassociations/cmd/internal/app"
)

// serveCmd runs the API, and with --project the projections in the same process.
type serveCmd struct {
	// For a small installation; with two processes a deployment of the API does not
	// interrupt the projections.
	Project bool `help:"Run the projections in this process too."`
}

// Help returns the examples that kong prints below the options.
func (serveCmd) Help() string {
	return `Examples:
  nonassociations serve             beside "nonassociations project" in another process
  nonassociations serve --project   a small installation in one process

MAX_FEEDS_PER_CLIENT=4, MAX_FEEDS=32, MAX_WAITERS_PER_CLIENT=64 and MAX_CONNECTIONS=2048 bound what is given at once.
LEGACY_SUNSET=2027-03-31 is the day on which the legacy list ends, for its callers. PRODUCT_ID=DPS999 is the service catalogue's id in /info.
WING_PARTS=WWI=2,LEI=2 names the prisons whose wings' names have more than one part, as in A-1-2-003.
METRICS_ADDR, if it is set, answers /metrics. OTEL_EXPORTER_OTLP_ENDPOINT, if it is set, gets spans. SIGTERM lets the requests in flight finish and exits with 0 within ten seconds.`
}

// Run serves until SIGTERM. Errors: the port is taken, the configuration is wrong, or
// the log is another one than the read model's.
func (c serveCmd) Run(ctx context.Context) error {
	return start(ctx, app.Roles{Serve: true, Project: c.Project})
}

// projectCmd runs the projections. A lease in Postgres elects one process among
// several.
type projectCmd struct{}

// Help returns the examples that kong prints below the options.
func (projectCmd) Help() string {
	return `Example:
  nonassociations project

Any number may run: one works, the others wait and take over. LISTEN_ADDR, if it is set, answers
/health and, unless METRICS_ADDR has them, /metrics.`
}

// Run projects until SIGTERM.
func (projectCmd) Run(ctx context.Context) error {
	return start(ctx, app.Roles{Project: true})
}

// schemaCmd groups the commands about durable tables.
type schemaCmd struct {
	Up    schemaUpCmd    `cmd:"" help:"Bring the durable tables up to this version."`
	Roles schemaRolesCmd `cmd:"" help:"Give each role of Postgres its rights."`
}

// schemaUpCmd creates and upgrades the durable tables. It runs as their owner, before a
// new version of the roles is deployed.
type schemaUpCmd struct{}

// Help returns the examples that kong prints below the options.
func (schemaUpCmd) Help() string {
	return `Example:
  nonassociations schema up

Repeating it changes nothing. What projections write needs no schema change: they make it.`
}

// Run applies the migrations that are missing. It may be run again and by several
// processes at once.
func (schemaUpCmd) Run(ctx context.Context) error {
	o, err := options(app.Roles{})
	if err != nil {
		return err
	}
	return app.SchemaUp(ctx, o.Config)
}

// schemaRolesCmd runs deploy/postgres/roles.sql. It runs as the owner of the database, after
// each schema up.
type schemaRolesCmd struct{}

// Help returns the examples that kong prints below the options.
func (schemaRolesCmd) Help() string {
	return `Example:
  nonassociations schema up && nonassociations schema roles

Makes a role for each kind of process and gives it the rights that its processes need and no more, as
"psql -f deploy/postgres/roles.sql" does. It does all or nothing, and repeating it changes nothing. An owner
without CREATEROLE needs a superuser to do it once beforehand.`
}

// Run gives the rights. Errors: the login may not.
func (schemaRolesCmd) Run(ctx context.Context) error {
	o, err := options(app.Roles{})
	if err != nil {
		return err
	}
	return app.SchemaRoles(ctx, &o.Config)
}

// start runs roles until the process is stopped. It is tuned here and not by the
// commands that end by themselves: the tuning is for work that goes on.
func start(ctx context.Context, roles app.Roles) error {
	o, err := options(roles)
	if err != nil {
		return err
	}
	environment := app.Environment()
	app.TuneGC(environment)
	app.TuneProcessors(ctx, environment)
	return app.RunTraced(ctx, environment, o)
}
