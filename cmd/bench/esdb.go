package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"nonassociations/eventstore/esdb"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/estate"
)

// measureEsdb creates new pairs with an EventStoreDB as the log, beside two ways to append
// without the service: the vendor's client, and a loop over BatchAppend. One writer alone
// is measured too. The read model needs a database of its own, because its checkpoint
// belongs to one log. The goals apply to a real server only: with our own server all sides
// measure Postgres.
func measureEsdb(ctx context.Context, s *harness) (table, error) {
	dsn, err := s.newDatabase(ctx)
	if err != nil {
		return table{}, err
	}
	address, stop, err := s.eventStoreDB(ctx, dsn)
	if err != nil {
		return table{}, err
	}
	defer stop()
	if err := s.serve(ctx, installation{rowEsdb, address, dsn}); err != nil {
		return table{}, err
	}
	defer s.stopService() //nolint:errcheck // stopped again, and reported, at the end
	log, err := esdb.Open(ctx, address, esdb.Options{})
	if err != nil {
		return table{}, err
	}
	if err := s.takeSample(ctx, log); err != nil {
		return table{}, err
	}
	bare, err := newBareClient(address)
	if err != nil {
		return table{}, err
	}
	defer bare.Close()
	batch, err := newBareBatch(ctx, address)
	if err != nil {
		return table{}, err
	}
	defer batch.close()
	var t table
	for _, r := range []struct {
		name        string
		connections int
		beside      string
		goal        float64
		append      appendOnce
	}{
		{rowEsdb, s.Connections, "the bare client's appends", 1.0, bareAppend(bare)},
		{rowEsdb + "-batch", s.Connections, "a bare loop over BatchAppend", 0.6, batch.append},
		{rowEsdb + "-alone", 1, "the bare client's appends", 0.8, bareAppend(bare)},
	} {
		d, err := s.compare(ctx, s.syncWorkload(r.connections), s.appendWorkload(r.connections, r.append))
		if err != nil {
			return table{}, err
		}
		measured, baseline, ratio := d.rates()
		one := row{
			name: r.name, what: fmt.Sprintf("%s: POST /sync, new pairs, %d connections", r.name, r.connections), measured: rate(measured),
			beside: fmt.Sprintf("%s, %d at once", r.beside, r.connections), baseline: rate(baseline),
			ratio: ratio, goal: atLeast(ratio, r.goal), note: s.note(r.name, d), results: d.results(),
		}
		if s.Eventstore == "" {
			one.what, one.goal = one.what+", our own esdbserver as the log", goal{}
		}
		t.rows = append(t.rows, one)
	}
	if s.Eventstore != "" {
		return t, nil
	}
	ours, err := s.besideCommits(ctx)
	t.rows = append(t.rows, ours.rows...)
	return t, err
}

// besideCommits measures the service over our own esdbserver, as `make run` starts it,
// beside raw commits in the same Postgres.
func (s *harness) besideCommits(ctx context.Context) (table, error) {
	if err := s.rawTable(ctx); err != nil {
		return table{}, err
	}
	return s.syncRows(ctx, "sync-default", ", our own esdbserver as the log")
}

// newBareClient returns the vendor's client without the containment of package esdb, so
// that the baseline is what any program could reach. It does not connect yet.
func newBareClient(address string) (*client.Client, error) {
	config, err := client.ParseConnectionString(address)
	if err != nil {
		return nil, errors.New("--eventstore is no connection string")
	}
	config.Logger = client.NoopLogging()
	return client.NewClient(config)
}

// appendOnce appends one event to a new stream, without anything of the service.
type appendOnce func(ctx context.Context, stream string, event sampleEvent) error

// bareAppend appends by the vendor's client.
func bareAppend(bare *client.Client) appendOnce {
	return func(ctx context.Context, stream string, event sampleEvent) error {
		_, err := bare.AppendToStream(ctx, stream, client.AppendToStreamOptions{ExpectedRevision: client.NoStream{}}, client.EventData{
			EventID: uuid.New(), EventType: event.eventType, ContentType: client.ContentTypeJson,
			Data: event.data, Metadata: event.metadata,
		})
		return err
	}
}

// appendWorkload is the baseline: one event of the sample's size to a new stream a
// turn, by some loops. The loops share one connection, as the service does.
func (s *harness) appendWorkload(loops int, append appendOnce) workload {
	return func(ctx context.Context, d time.Duration) (measurement, error) {
		return s.runWorkers(ctx, loops, d, func(ctx context.Context) (func() (int, error), func(), error) {
			turn := func() (int, error) {
				one, other := s.newPair()
				// The prefix is outside of the projections' filter, so the baseline
				// does not cost the read model anything.
				return 1, append(ctx, "bench-"+one+"_"+other+"-"+uuid.NewString()[:8], s.sample)
			}
			return turn, func() {}, nil
		})
	}
}

// eventStoreDB returns the address of the server that --eventstore names. Without it,
// it starts our own server over the database, in a process of its own so that its CPU
// time is not the load's. The caller calls stop.
func (s *harness) eventStoreDB(ctx context.Context, dsn string) (address string, stop func(), err error) {
	if s.Eventstore != "" {
		// A server of others keeps the pairs of earlier runs: this run begins elsewhere.
		s.next.Store(2 * rand.Uint64N(estate.Numbers/2)) //nolint:gosec // a spread, no secret
		return s.Eventstore, func() {}, nil
	}
	listen, err := freeAddress(ctx)
	if err != nil {
		return "", nil, err
	}
	server, err := s.spawn("esdbserver", self(), nil, "log", "--address", listen, "--dsn", dsn)
	if err != nil {
		return "", nil, err
	}
	s.bystander = server
	stop = func() {
		s.bystander = nil
		// The rounds are complete, so an error of the end changes no result.
		_ = server.stop()
	}
	err = server.ready(ctx, func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", listen)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	if err != nil {
		stop()
	}
	return "esdb://" + listen + "?tls=false", stop, err
}

// logCmd serves a log in Postgres by the protocol of EventStoreDB. The harness spawns
// it.
type logCmd struct {
	Address string `required:""`
	DSN     string `name:"dsn"  required:""`
}

// Run serves until SIGTERM. The store is closed after the server, which still uses it
// for the calls in flight.
func (c logCmd) Run(ctx context.Context) error {
	if err := postgres.Migrate(ctx, c.DSN); err != nil {
		return err
	}
	store, err := postgres.Open(ctx, c.DSN, postgres.Options{})
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Address)
	if err != nil {
		return err
	}
	server := esdbserver.New(store, esdbserver.Options{})
	stop := context.AfterFunc(ctx, server.Stop)
	defer stop()
	err = server.Serve(listener)
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, store.Close(limit))
}
