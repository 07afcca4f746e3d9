package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"nonassociations/eventstore/esdb"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/postgres"
)

// measureEsdb creates new pairs with an EventStoreDB as the log. The read model needs a
// database of its own, because its checkpoint belongs to one log. The goal applies to a
// real server only: with our own server both sides measure Postgres.
func measureEsdb(ctx context.Context, s *harness) (row, error) {
	dsn, err := s.newDatabase(ctx)
	if err != nil {
		return row{}, err
	}
	address, stop, err := s.eventStoreDB(ctx, dsn)
	if err != nil {
		return row{}, err
	}
	defer stop()
	if err := s.serve(ctx, installation{rowEsdb, address, dsn}); err != nil {
		return row{}, err
	}
	defer s.stopService() //nolint:errcheck // stopped again, and reported, at the end
	log, err := esdb.Open(ctx, address, esdb.Options{})
	if err != nil {
		return row{}, err
	}
	if err := s.takeSample(ctx, log); err != nil {
		return row{}, err
	}
	bare, err := newBareClient(address)
	if err != nil {
		return row{}, err
	}
	defer bare.Close()
	d, err := s.compare(ctx, s.syncWorkload(), s.appendWorkload(bare))
	if err != nil {
		return row{}, err
	}
	measured, baseline, ratio := d.rates()
	r := row{
		what: fmt.Sprintf("esdb: POST /sync, new pairs, %d connections", s.Connections), measured: rate(measured),
		beside: fmt.Sprintf("the bare client's appends, %d at once", s.Connections), baseline: rate(baseline),
		ratio: ratio, goal: atLeast(ratio, 0.7), note: s.note("esdb", d), results: d.results(),
	}
	if s.Eventstore == "" {
		r.what, r.goal = "esdb: the same, our own esdbserver as the log", goal{}
	}
	return r, nil
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

// appendWorkload is the baseline: one event of the sample's size to a new stream a
// turn, by as many loops as the service has connections. The loops share one client, as
// the service does.
func (s *harness) appendWorkload(bare *client.Client) workload {
	return func(ctx context.Context, d time.Duration) (measurement, error) {
		return s.runWorkers(ctx, s.Connections, d, func(ctx context.Context) (func() (int, error), func(), error) {
			turn := func() (int, error) {
				one, other := s.newPair()
				// The prefix is outside of the projections' filter, so the baseline
				// does not cost the read model anything.
				_, err := bare.AppendToStream(ctx, "bench-"+one+"_"+other+"-"+uuid.NewString()[:8],
					client.AppendToStreamOptions{ExpectedRevision: client.NoStream{}}, client.EventData{
						EventID: uuid.New(), EventType: s.sample.eventType, ContentType: client.ContentTypeJson,
						Data: s.sample.data, Metadata: s.sample.metadata,
					})
				return 1, err
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
