package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// handlerCmd is the baseline of get: the least code that answers GET from the read
// model. It has no token, no route, no position and no log line. The harness spawns it.
type handlerCmd struct {
	Address string `required:""`
	DSN     string `name:"dsn"  required:""`
}

// Run runs until the process is stopped.
func (c handlerCmd) Run(ctx context.Context) error {
	pool, err := pgxpool.New(ctx, c.DSN)
	if err != nil {
		return err
	}
	defer pool.Close()
	server := &http.Server{Addr: c.Address, ReadHeaderTimeout: 5 * time.Second, Handler: baseline(pool)}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// baseline answers with the stored document, 404 without one, and 503 when Postgres
// fails. The content length is set, as in the service: chunks would cost the load more
// to read.
func baseline(pool *pgxpool.Pool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		number := strings.TrimPrefix(r.URL.Path, "/non-associations/")
		var document []byte
		err := pool.QueryRow(r.Context(), `SELECT document FROM read.prisoner WHERE prisoner_number = $1`, number).Scan(&document)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			w.WriteHeader(http.StatusNotFound)
		case err != nil:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", strconv.Itoa(len(document)))
			_, _ = w.Write(document)
		}
	}
}
