package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
	"nonassociations/web/client"
)

// measureSync creates new pairs, one with each request. The baseline commits one row of
// the same size: the lowest price of a durable write with this concurrency.
func measureSync(ctx context.Context, s *harness) (table, error) {
	if err := s.serve(ctx, s.inPostgres()); err != nil {
		return table{}, err
	}
	if err := s.rawTable(ctx); err != nil {
		return table{}, err
	}
	return s.syncRows(ctx, "sync", "")
}

// syncRows measures the service that runs, over many connections and over one. where is
// what the rows say of its log.
func (s *harness) syncRows(ctx context.Context, name, where string) (table, error) {
	var t table
	for _, r := range []struct {
		name        string
		connections int
		goal        float64
	}{{name, s.Connections, 0.8}, {name + "-alone", 1, 0.4}} {
		d, err := s.compare(ctx, s.syncWorkload(r.connections), s.insertWorkload(r.connections))
		if err != nil {
			return table{}, err
		}
		measured, baseline, ratio := d.rates()
		t.rows = append(t.rows, row{
			name: r.name, what: fmt.Sprintf("%s: POST /sync, new pairs, connections: %d%s", r.name, r.connections, where), measured: rate(measured),
			beside: fmt.Sprintf("INSERT + commit of one row of %d bytes, connections: %d", s.sample.size(), r.connections), baseline: rate(baseline),
			ratio: ratio, goal: atLeast(ratio, r.goal), note: s.note(r.name, d), results: d.results(),
		})
	}
	return t, nil
}

// syncRequests returns a request template for that many pairs, with placeholders for
// both prisoners of each.
func (s *harness) syncRequests(path string, pairs int) request {
	body := client.SyncRequest{PrisonerNumber: placeholder}
	for range pairs {
		body.NonAssociations = append(body.NonAssociations, client.SyncItem{
			NonAssociation: client.NonAssociation{
				ReasonCode: domain.CodeVictim, TypeCode: domain.TypeWing, EffectiveDate: "2021-07-05T10:35:17",
				AuthorisedBy: new(authorisedBy), Comments: new(commentText),
				PrisonerNonAssociation: client.Side{PrisonerNumber: placeholder, ReasonCode: domain.CodePerpetrator},
			},
			TypeSequence: new(1),
		})
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic("a request is not JSON: " + err.Error()) // a bug: it is made of texts and numbers
	}
	return newRequest(http.MethodPost, path, s.token, text)
}

// syncWorkload creates one new pair a turn, over some connections. Every pair is new, so no request conflicts
// with another.
func (s *harness) syncWorkload(connections int) workload {
	template := s.syncRequests("/sync", 1)
	return func(ctx context.Context, d time.Duration) (measurement, error) {
		return s.runWorkers(ctx, connections, d, s.postWorker(template, 1, s.fillPair))
	}
}

// fillPair writes the numbers of a pair that was never used.
func (s *harness) fillPair(r request) {
	one, other := s.newPair()
	r.fill(0, one)
	r.fill(1, other)
}

// sampleEvent is an event as the service wrote it. The baselines write the same bytes.
// Its position is not kept: the baselines have an identity column.
type sampleEvent struct {
	eventType      string
	data, metadata []byte
}

// size returns the bytes of the event.
func (s sampleEvent) size() int { return len(s.eventType) + len(s.data) + len(s.metadata) }

// takeSample lets the service write one event, reads it back from the log, and
// closes the log: one that stays open listens, and would cost what is measured.
func (s *harness) takeSample(ctx context.Context, log eventstore.Store) error {
	defer log.Close(context.WithoutCancel(ctx))
	w, err := dial(ctx, s.address)
	if err != nil {
		return err
	}
	defer w.close()
	one, other := s.newPair()
	r := s.syncRequests("/sync", 1)
	r.fill(0, one)
	r.fill(1, other)
	if err := s.post(w, r); err != nil {
		return err
	}
	pair, err := domain.NewPair(domain.PrisonerNumber(one), domain.PrisonerNumber(other))
	if err != nil {
		return err
	}
	events, err := log.ReadStream(ctx, pair.Stream(), eventstore.Forwards, 0, 1)
	if err != nil {
		return err
	}
	s.sample = sampleEvent{events[0].Type, events[0].Data, events[0].Metadata}
	return nil
}

// The baseline's table has the columns of an event and one primary key, but no further
// index and no trigger.
const (
	rawTableSQL = `CREATE SCHEMA IF NOT EXISTS bench;
CREATE TABLE IF NOT EXISTS bench.raw (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  stream text NOT NULL, revision bigint NOT NULL, id uuid NOT NULL, type text NOT NULL,
  data bytea NOT NULL, metadata bytea NOT NULL, recorded_at timestamptz NOT NULL DEFAULT now())`
	rawInsertSQL = `INSERT INTO bench.raw (stream, revision, id, type, data, metadata) VALUES ($1, 0, $2, $3, $4, $5)`
)

// rawTable takes the sample, once a run, and creates the table that the baselines write.
func (s *harness) rawTable(ctx context.Context) error {
	if s.sample.size() == 0 {
		log, err := postgres.Open(ctx, s.dsn, postgres.Options{})
		if err != nil {
			return err
		}
		if err := s.takeSample(ctx, log); err != nil {
			return err
		}
	}
	_, err := s.db.Exec(ctx, rawTableSQL)
	return err
}

// insertWorkload commits single rows, one a turn, each worker on its own connection.
func (s *harness) insertWorkload(connections int) workload {
	return func(ctx context.Context, d time.Duration) (measurement, error) {
		return s.runWorkers(ctx, connections, d, func(ctx context.Context) (func() (int, error), func(), error) {
			conn, err := pgx.Connect(ctx, s.dsn)
			if err != nil {
				return nil, nil, err
			}
			turn := func() (int, error) { return 1, s.insert(ctx, conn) }
			return turn, func() { _ = conn.Close(context.WithoutCancel(ctx)) }, nil
		})
	}
}

// insert commits one row of the sample's size. Without a transaction around it the
// statement is one round trip and one commit.
func (s *harness) insert(ctx context.Context, conn *pgx.Conn) error {
	one, other := s.newPair()
	_, err := conn.Exec(ctx, rawInsertSQL, domain.StreamPrefix+one+"_"+other, [16]byte(uuid.New()),
		s.sample.eventType, s.sample.data, s.sample.metadata)
	return err
}
