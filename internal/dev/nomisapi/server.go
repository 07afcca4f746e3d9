package nomisapi

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"nonassociations/internal/pg"
)

// Role is the role without ROLE_ that a token needs for the API.
const Role = "NOMIS_PRISONER_API__SYNCHRONISATION__RW"

// Options of a Server. Functions must be safe for concurrent use.
type Options struct {
	// DatabaseURL is the Postgres in which the tables are made, in a schema of their own.
	DatabaseURL string
	// Address is "host:port"; empty means a free port of loopback.
	Address string
	// Knows reports whether NOMIS has a prisoner. It is not asked about one who was
	// part of a change before. An error makes the API answer 500.
	Knows func(ctx context.Context, number string) (bool, error)
	// Verify returns the roles of a bearer token, without the prefix ROLE_. An error
	// means that the token is not good.
	Verify func(token string) (roles []string, err error)
	// Sign makes a token with Role for the client, and says how long it is good.
	Sign func(clientID string) (token string, life time.Duration, err error)
	// ClientID and ClientSecret are what the token endpoint accepts. An empty id
	// accepts nobody.
	ClientID, ClientSecret string
	// Events and Merges send a message, an SNS envelope, to the queue of changes and to
	// that of merges. Either may be nil, which loses it.
	Events, Merges func(message string)
	// Now is the time in London: NOMIS knows days only, and its midnight is London's.
	Now func() time.Time
	// Logger may be nil.
	Logger *slog.Logger
}

// Server is a running stand-in. Its methods are safe for concurrent use. Make one with
// Start.
type Server struct {
	options Options
	log     *slog.Logger
	db      *pgxpool.Pool
	url     string
	faults  faults
	outbox  outbox
	reads   ring
	pages   pageMemory
	stop    func(context.Context) error
}

//go:embed schema.sql
var schema string

// Start makes the tables unless they are there, listens and serves until Stop. ctx
// bounds the start only. Errors: no Postgres, or an address that is taken, which
// [errors.Is] finds as syscall.EADDRINUSE.
func Start(ctx context.Context, options Options) (*Server, error) {
	s := &Server{options: options, log: options.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.outbox.send = func(message string) { send(options.Events, message) }
	if options.Address == "" {
		options.Address = "127.0.0.1:0"
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", options.Address)
	if err != nil {
		return nil, fmt.Errorf("listen for the NOMIS stand-in: %w", err)
	}
	if s.db, err = open(ctx, options.DatabaseURL); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s.url = "http://" + listener.Addr().String()
	s.serve(listener)
	return s, nil
}

// send calls a function that may be nil.
func send(to func(string), message string) {
	if to != nil {
		to(message)
	}
}

// Migrate makes the tables, as Start does.
func Migrate(ctx context.Context, address string) error {
	pool, err := open(ctx, address)
	if err != nil {
		return err
	}
	pool.Close()
	return nil
}

// open connects to Postgres and makes the tables.
func open(ctx context.Context, address string) (*pgxpool.Pool, error) {
	config, err := pg.ParsePool(address, 8, pg.ConnectTime)
	if err != nil {
		return nil, fmt.Errorf("read the address of NOMIS's tables: %w", err)
	}
	pg.PreferIndexes(config.ConnConfig)
	pg.Set(config.ConnConfig, "search_path", "nomisapi")
	pg.Set(config.ConnConfig, "lock_timeout", "5s") // a longer wait is the 423 of the real one
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open NOMIS's tables: %w", err)
	}
	if _, err := pool.Exec(ctx, schema); err != nil {
		pool.Close()
		return nil, fmt.Errorf("make NOMIS's tables: %w", err)
	}
	return pool, nil
}

// grace is the time for answers in flight when the server stops.
const grace = 500 * time.Millisecond

// serve begins to serve and sets how it is stopped.
func (s *Server) serve(listener net.Listener) {
	server := &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // always ErrServerClosed, or a listener that broke
	}()
	var once sync.Once
	s.stop = func(ctx context.Context) (err error) {
		once.Do(func() {
			ctx, cancel := context.WithTimeout(ctx, grace)
			defer cancel()
			if server.Shutdown(ctx) != nil {
				err = server.Close()
			}
			<-served
			s.outbox.flush()
			s.db.Close()
		})
		return err
	}
}

// URL returns the base of the API, for NOMIS_API_URL.
func (s *Server) URL() string { return s.url }

// TokenURL returns the token endpoint, for NOMIS_API_TOKEN_URL.
func (s *Server) TokenURL() string { return s.url + "/oauth/token" }

// Stop ends the serving, sends what messages were held back, and closes the tables.
// They stay. A second call does nothing.
func (s *Server) Stop(ctx context.Context) error {
	if err := s.stop(ctx); err != nil {
		return fmt.Errorf("stop the NOMIS stand-in: %w", err)
	}
	return nil
}

// today is the day in London.
func (s *Server) today() string { return s.options.Now().Format(time.DateOnly) }
