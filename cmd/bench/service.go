package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"time"

	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/issuer"
)

// installation is a log and a database for the service, as URLs. name is that of its
// process and its log file; installations with one name are the same.
type installation struct {
	name, eventstoreURL, databaseURL string
}

// serve starts the service unless it runs there already, and waits until its read model
// has caught up. It applies the schema first. Every start resets the highest
// acknowledged position, which belongs to the log.
func (s *harness) serve(ctx context.Context, where installation) error {
	if s.service != nil && s.service.name == where.name {
		return nil
	}
	if err := s.stopService(); err != nil {
		return err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	environment := s.environment(where, address)
	up, err := s.spawn(where.name+"-schema", s.Binary, environment, "schema", "up")
	if s.Profile != "" {
		up, err = s.spawn(where.name+"-schema", self(), environment, "service", "--schema")
	}
	if err != nil {
		return err
	}
	if err := <-up.ended; err != nil {
		return fmt.Errorf("schema up: %w: %s", err, up.lastLogLine())
	}
	s.service, err = s.spawnRole(where, environment, "serve", "--project")
	if err != nil {
		return err
	}
	s.address = address
	s.position.Store(0)
	return s.service.ready(ctx, answers(address, "/non-associations/"+string(estate.Number(0)), s.token))
}

// spawnRole starts the compiled service. With --profile it starts this binary instead,
// which contains the service and writes a CPU profile.
func (s *harness) spawnRole(where installation, environment []string, role ...string) (*process, error) {
	if s.Profile == "" {
		return s.spawn(where.name, s.Binary, environment, role...)
	}
	file := filepath.Join(s.Profile, where.name+".pprof")
	args := []string{"service", "--file", file}
	for _, part := range role {
		if part != "nomis" { // of "nomis work"
			args = append(args, "--"+strings.TrimPrefix(part, "--"))
		}
	}
	return s.spawn(where.name, self(), environment, args...)
}

// environment returns the configuration of the service in installation where. Variables
// that this process may have inherited are set to empty, so that they do not take part.
func (s *harness) environment(where installation, address string) []string {
	return []string{
		"EVENTSTORE_URL=" + where.eventstoreURL, "DATABASE_URL=" + where.databaseURL, "READ_DATABASE_URL=",
		"LISTEN_ADDR=" + address, "AUTH_ISSUER=" + issuer.Name, "AUTH_JWKS_URL=" + s.issuer.KeysURL(),
		"AUTH_AUDIENCE=" + audience, "PRISONER_SEARCH_URL=" + s.directory,
	}
}

// stopService stops the service, if it runs. It may be called twice. An error is an
// exit status other than 0.
func (s *harness) stopService() error {
	if s.service == nil {
		return nil
	}
	running := s.service
	s.service = nil
	return running.stop()
}

// inPostgres is the installation of all rows but esdb.
func (s *harness) inPostgres() installation { return installation{"postgres", s.dsn, s.dsn} }

// waitUntilIdle waits until the read model has caught up with what was written, and
// makes Postgres write a checkpoint. A round would otherwise pay for the one before it.
func (s *harness) waitUntilIdle(ctx context.Context) error {
	if s.service != nil {
		began := time.Now()
		path := fmt.Sprintf("/non-associations/%s?atLeast=%d", estate.Number(0), s.position.Load())
		if err := s.service.ready(ctx, answers(s.address, path, s.token)); err != nil {
			return fmt.Errorf("wait for the read model: %w", err)
		}
		s.lags = append(s.lags, time.Since(began).Seconds())
	}
	_, err := s.db.Exec(ctx, "CHECKPOINT")
	if s.DatabaseURL != "" {
		return nil // the role may lack the right
	}
	return err
}

// note returns what explains a row: where the CPU time went, and how long the read
// model needed after a round. It resets the lags and the number of 503 for the next
// row.
func (s *harness) note(row string, d comparison) string {
	defer func() { s.lags, _ = nil, s.busy.Swap(0) }()
	bystander := ""
	if s.bystander != nil {
		bystander = s.bystander.name
	}
	return fmt.Sprintf("%s: %s; read model at the end %.2f s after a round at most; %d answers were 503",
		row, d.describeCPU(bystander), quantile(s.lags, 1), s.busy.Load())
}

// self returns the path of this binary, which serves as the baselines' processes too.
func self() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

// serviceCmd runs the service inside this binary and writes a CPU profile. The profile
// is written when Run ends; a killed process leaves an empty one. The harness spawns
// it.
type serviceCmd struct {
	File    string
	Serve   bool
	Project bool
	Work    bool
	Schema  bool
}

// Run runs the service until SIGTERM. It repeats what the production binary does with
// its environment, so that the profile is that of the service.
func (c serviceCmd) Run(ctx context.Context) error {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		return err
	}
	environment := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		environment[name] = value
	}
	roles := app.Roles{Serve: c.Serve, Project: c.Project, Work: c.Work}
	app.TuneGC(environment)
	config, err := app.ReadConfig(environment, roles)
	if err != nil {
		return err
	}
	if c.Schema {
		return app.SchemaUp(ctx, config)
	}
	out, err := os.Create(c.File)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	err = app.Run(ctx, app.Options{
		Config: config, Roles: roles, Clock: func() time.Time { return time.Now().In(london) },
		Logger: slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{ReplaceAttr: app.MaskAttr})),
	})
	pprof.StopCPUProfile()
	return errors.Join(err, out.Close())
}
