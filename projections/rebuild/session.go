package rebuild

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/internal/pg/lease"
	"nonassociations/projections"
	"nonassociations/projections/generation"
)

// The errors of this package, for errors.Is. Nothing was changed.
var (
	ErrBusy     = errors.New("a rebuild or a verification of the read model is at work: wait until it has ended")
	ErrNoModel  = errors.New("there is no read model that answers yet: a projector builds it")
	ErrOtherLog = errors.New("the read model is of another log")
	ErrShape    = errors.New("the read model that answers has another shape than this build")
	ErrNoneKept = errors.New("no generation is kept: there is nothing to go back to")
)

// Options of a rebuild or a verification. DSN, Store, London, Clock and Logger must be
// given.
type Options struct {
	// DSN is the address of the read model's database; no transaction pooler may be in
	// between.
	DSN    string
	Store  eventstore.Store
	London *time.Location
	Clock  func() time.Time
	Logger *slog.Logger
	// Accept flips although the rows differ from the log.
	Accept bool
	// Limit is how many rows that differ are named; 20 when 0.
	Limit int
	// ShowValues puts values in the place of digits.
	ShowValues bool
	// Expects is told by Verify, before it begins, what it will take; nil: nobody is.
	Expects func(facts uint64, expected Expected)
	// Progress is told about the work; nil: nobody is.
	Progress func(Progress)
}

// Progress is how far the work is. Facts of are expected; 0 when that is not known.
type Progress struct {
	Stage     string
	Facts, Of uint64
}

const (
	lockName = "rebuild" // of the lease that rebuilds and verifications share
	firstFew = 20
	waitTime = 15 * time.Second // for the lease of a generation, whose holder ends by itself
)

// session is one connection that holds the lease of all rebuilds.
type session struct {
	Options

	conn    *pgx.Conn
	begun   time.Time
	log     uuid.UUID
	all     []generation.State
	live    generation.State // zero: none answers
	stage   string
	expects uint64
}

// open connects and takes the lease. Errors: ErrBusy, and those of Postgres and the log.
func open(ctx context.Context, o Options) (*session, error) {
	if o.Limit == 0 {
		o.Limit = firstFew
	}
	if o.Expects == nil {
		o.Expects = func(uint64, Expected) {}
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	s := &session{Options: o, begun: o.Clock()}
	var err error
	if s.log, err = eventstore.ReadIdentity(ctx, o.Store); err != nil {
		return nil, fmt.Errorf("read the log's store id: %w", err)
	}
	if s.conn, err = lease.Connect(ctx, o.DSN, lockName); err != nil {
		return nil, err
	}
	var held bool
	err = s.conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended('lease ' || $1, 0))`, lockName).Scan(&held)
	if err == nil && !held {
		err = s.afterTheNight(ctx)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// afterTheNight waits a while for the lease when a check of the night may have it: nobody
// is refused because of that. Errors: ErrBusy, and those of Postgres.
func (s *session) afterTheNight(ctx context.Context) error {
	nightly, err := lease.Held(ctx, s.conn, lease.Nightly)
	if err != nil {
		return err
	}
	if !nightly {
		return ErrBusy
	}
	waiting, cancel := context.WithTimeout(ctx, waitTime)
	defer cancel()
	err = lease.Acquire(waiting, s.conn, lockName, slog.New(slog.DiscardHandler), func() {})
	if ctx.Err() == nil && waiting.Err() != nil {
		return ErrBusy
	}
	return err
}

func (s *session) close() { lease.Close(s.conn) }

func (s *session) seconds() float64 { return s.Clock().Sub(s.begun).Seconds() }

// tell reports how many facts are applied.
func (s *session) tell(facts uint64) { s.Progress(Progress{s.stage, facts, max(s.expects, facts)}) }

// say begins a stage that counts nothing.
func (s *session) say(stage string) {
	s.stage = stage
	s.Progress(Progress{Stage: stage})
}

// look reads the generations. It needs the rights of their owner.
func (s *session) look(ctx context.Context) (err error) {
	if s.all, err = generation.All(ctx, s.conn); err != nil {
		return err
	}
	answers, _, err := generation.Published(ctx, s.conn)
	if err != nil {
		return err
	}
	s.live = generation.State{}
	for _, found := range s.all {
		if found.Number == answers {
			s.live = found
		}
		if found.Store != s.log && (found.Number == answers || found.Answers) {
			return fmt.Errorf("%w: %s is of log %s, this is log %s; to take it over: nonassociations rebuild --adopt-log %s --yes",
				ErrOtherLog, found.Number.Schema(), found.Store, s.log, s.log)
		}
	}
	s.expects = s.live.Facts
	return nil
}

// build takes the lease of a generation and prepares to build it, of prisoners alone where
// some are named.
func (s *session) build(ctx context.Context, n generation.Number, of ...domain.PrisonerNumber) (*projections.Building, error) {
	waiting, cancel := context.WithTimeout(ctx, waitTime)
	defer cancel()
	if err := lease.Acquire(waiting, s.conn, n.Schema(), slog.New(slog.DiscardHandler), func() {}); err != nil {
		if ctx.Err() == nil && waiting.Err() != nil {
			return nil, fmt.Errorf("%w: a session holds the lease of %s", ErrBusy, n.Schema())
		}
		return nil, err
	}
	return projections.Build(ctx, s.conn, projections.BuildOptions{Store: s.Store, Generation: n, London: s.London, Of: of, Progress: s.tell})
}

// inSnapshot runs work in a transaction that reads from one snapshot, and commits.
func (s *session) inSnapshot(ctx context.Context, work func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, s.conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, work)
}
