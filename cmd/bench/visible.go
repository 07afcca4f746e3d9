package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// measureVisible measures the delay of the read model: from the acknowledgement of a
// write until GET at its position has answered. Writes come one after the other, in
// blocks that alternate with the baseline's. The baseline is the least that any
// asynchronous projection needs: a notification and a commit.
func measureVisible(ctx context.Context, s *harness) (row, error) {
	if err := s.serve(ctx, s.inPostgres()); err != nil {
		return row{}, err
	}
	if err := s.rawTable(ctx); err != nil {
		return row{}, err
	}
	reader, err := s.newPoller(ctx)
	if err != nil {
		return row{}, err
	}
	defer reader.wire.close()
	echo, err := s.newEcho(ctx)
	if err != nil {
		return row{}, err
	}
	defer echo.close(context.WithoutCancel(ctx))
	var seen, echoed []float64
	for range s.Rounds {
		if err := s.waitUntilIdle(ctx); err != nil {
			return row{}, err
		}
		if seen, err = repeat(seen, s.Looks/s.Rounds, reader.poll); err != nil {
			return row{}, err
		}
		if echoed, err = repeat(echoed, s.Looks/s.Rounds, func() (float64, error) { return echo.once(ctx) }); err != nil {
			return row{}, err
		}
	}
	ratio := quantile(seen, 0.99) / quantile(echoed, 0.99)
	return row{
		what: "visible: acknowledged until GET shows it, p50 / p99", measured: times(seen),
		beside: "NOTIFY round trip + one commit, p50 / p99", baseline: times(echoed),
		ratio: ratio, goal: atMost(ratio, 1.5), results: latencies(seen, echoed),
		note: fmt.Sprintf("visible: the ratio is that of the p99; that of the p50 is %.2f, over %d writes",
			median(seen)/median(echoed), len(seen)),
	}, nil
}

// times formats the median and the 99th percentile. Both are in milliseconds.
func times(seconds []float64) string {
	return fmt.Sprintf("%.2f / %.2f ms", 1000*median(seconds), 1000*quantile(seconds, 0.99))
}

// repeat appends the seconds of n calls of once to into. Five calls before them warm up
// and do not count. It stops at the first error.
func repeat(into []float64, n int, once func() (float64, error)) ([]float64, error) {
	for i := range n + 5 {
		took, err := once()
		if err != nil {
			return into, err
		}
		if i >= 5 {
			into = append(into, took)
		}
	}
	return into, nil
}

// poller writes a pair and reads it back at the position of the response. Its
// connection stays open, and its requests are built without allocation.
type poller struct {
	*harness

	wire    *httpConn
	posting request
	query   []byte
}

// newPoller opens the connection, which the caller closes.
func (s *harness) newPoller(ctx context.Context) (*poller, error) {
	w, err := dial(ctx, s.address)
	return &poller{harness: s, wire: w, posting: s.syncRequests("/sync", 1)}, err
}

// poll returns the seconds between the response to the write and the response to the
// read. It fails when the read answers with an earlier position: the service would have
// broken its promise.
func (l *poller) poll() (float64, error) {
	one, other := l.newPair()
	l.posting.fill(0, one)
	l.posting.fill(1, other)
	written, err := l.wire.do(l.posting.bytes)
	began := time.Now()
	if err != nil || written.status != http.StatusOK {
		return 0, fmt.Errorf("POST /sync answers %d: %w", written.status, err)
	}
	l.written(written.position)
	l.query = append(l.query[:0], "GET /non-associations/"...)
	l.query = append(append(l.query, other...), "?atLeast="...)
	l.query = strconv.AppendUint(l.query, written.position, 10)
	l.query = append(append(l.query, " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer "...), l.token...)
	l.query = append(l.query, "\r\n\r\n"...)
	got, err := l.wire.do(l.query)
	if err != nil || got.status != http.StatusOK || got.position < written.position {
		return 0, fmt.Errorf("GET behind position %d answers %d of position %d: %w", written.position, got.status, got.position, err)
	}
	return time.Since(began).Seconds(), nil
}

// echo measures a NOTIFY from one connection to another, followed by one commit.
type echo struct {
	harness           *harness
	notifies, listens *pgx.Conn
}

// newEcho opens both connections and starts to listen. The caller calls close. After an
// error the connections may stay open until the run ends.
func (s *harness) newEcho(ctx context.Context) (*echo, error) {
	notifies, err := pgx.Connect(ctx, s.dsn)
	if err != nil {
		return nil, err
	}
	listens, err := pgx.Connect(ctx, s.dsn)
	if err != nil {
		return nil, err
	}
	_, err = listens.Exec(ctx, "LISTEN bench")
	return &echo{s, notifies, listens}, err
}

// close closes both connections within five seconds. The end of ctx does not matter.
func (e *echo) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_ = e.notifies.Close(ctx)
	_ = e.listens.Close(ctx)
}

// once returns the seconds of a NOTIFY until it has arrived, plus those of one commit.
func (e *echo) once(ctx context.Context) (float64, error) {
	arrived := make(chan error, 1)
	go func() {
		_, err := e.listens.WaitForNotification(ctx)
		arrived <- err
	}()
	began := time.Now()
	if _, err := e.notifies.Exec(ctx, "SELECT pg_notify('bench', '1')"); err != nil {
		return 0, err
	}
	if err := <-arrived; err != nil {
		return 0, err
	}
	if err := e.harness.insert(ctx, e.notifies); err != nil {
		return 0, err
	}
	return time.Since(began).Seconds(), nil
}
