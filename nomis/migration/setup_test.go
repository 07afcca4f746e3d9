package migration_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/internal/dev/circle"
	"nonassociations/internal/dev/nomisapi"
	"nonassociations/internal/pg/lease"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	patience = 30 * time.Second
	look     = 5 * time.Millisecond
)

// listed is a pair of the list of ids.
type listed struct {
	OffenderNo1 string `json:"offenderNo1"`
	OffenderNo2 string `json:"offenderNo2"`
}

// fixture has both systems, with a proxy before NOMIS that may change its lists.
type fixture struct {
	*circle.Circle

	t       *testing.T
	runs    *migration.Runs
	api     *npa.API
	options migration.Options
	// pages, if any, changes the pages of ids: it is given the number of the page, from 0,
	// and what is on it. Set it before a run.
	pages func(number int, content []listed) []listed
	db    *pgx.Conn
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, Circle: circle.New(t)}
	target, err := url.Parse(f.NOMIS.URL())
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: f.change, Transport: &http.Transport{},
	}
	server := httptest.NewServer(proxy)
	f.api = npa.New(npa.Options{
		URL: server.URL, Clock: time.Now,
		Credentials: &npa.Credentials{TokenURL: server.URL + "/oauth/token", ClientID: "client", ClientSecret: "secret"},
	})
	t.Cleanup(func() {
		f.api.Close()
		server.Close()
		proxy.Transport.(*http.Transport).CloseIdleConnections()
	})
	f.db, err = pgx.Connect(t.Context(), f.DSN)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.db.Close(context.Background()) })
	clock := func() time.Time { return f.Now }
	f.runs = &migration.Runs{Store: f.Store, NOMIS: f.api.For(npa.Operator), Clock: clock, Logger: f.Logger}
	f.options = migration.Options{
		Store: f.Store, API: f.api, Turns: f.Turns.Options, Clock: clock, Logger: f.Logger, PageSize: 4, Poll: look,
		Locks: func(ctx context.Context) (*store.PairLocks, error) { return store.OpenPairLocks(ctx, f.DSN) },
		Pause: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Exclusively: func(ctx context.Context, do func(context.Context)) error {
			return lease.With(ctx, f.DSN, "nomis migration", f.Logger, do)
		},
	}
	return f
}

// change changes a page of ids on its way.
func (f *fixture) change(r *http.Response) error {
	if f.pages == nil || !strings.HasSuffix(r.Request.URL.Path, "/non-associations/ids") || r.Request.URL.Query().Get("size") == "1" {
		return nil
	}
	number, _ := strconv.Atoi(r.Request.URL.Query().Get("page"))
	var page struct {
		Content       []listed `json:"content"`
		TotalElements int      `json:"totalElements"`
	}
	if err := json.NewDecoder(r.Body).Decode(&page); err != nil {
		return err
	}
	page.Content = append([]listed{}, f.pages(number, page.Content)...)
	text, err := json.Marshal(page)
	r.Body = io.NopCloser(bytes.NewReader(text))
	r.ContentLength = int64(len(text))
	r.Header.Set("Content-Length", strconv.Itoa(len(text)))
	return err
}

// runner starts a runner, which ends with the test or with stop.
func (f *fixture) runner(change ...func(*migration.Options)) (stop func()) {
	f.t.Helper()
	options := f.options
	for _, c := range change {
		c(&options)
	}
	ctx, cancel := context.WithCancel(f.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- migration.NewRunner(options).Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		require.NoError(f.t, <-ended)
	}
	f.t.Cleanup(stop)
	return stop
}

// start requests a run.
func (f *fixture) start(order migration.Order) uuid.UUID {
	f.t.Helper()
	order.By = "OPERATOR"
	run, err := f.runs.Start(f.t.Context(), order)
	require.NoError(f.t, err)
	return run.ID
}

// get reads a run.
func (f *fixture) get(id uuid.UUID) migration.Run {
	f.t.Helper()
	run, err := f.runs.Get(f.t.Context(), id)
	require.NoError(f.t, err)
	return run
}

// eventually waits for a run to be as wanted, and returns it.
func (f *fixture) eventually(id uuid.UUID, is func(migration.Run) bool) migration.Run {
	f.t.Helper()
	var run migration.Run
	require.Eventually(f.t, func() bool {
		run = f.get(id)
		return is(run)
	}, patience, look, "%+v\n%s", &run, f.Logs)
	return run
}

func (f *fixture) ended(id uuid.UUID) migration.Run {
	f.t.Helper()
	return f.eventually(id, func(run migration.Run) bool { return !run.IsAtWork() })
}

// carries requests a run, carries it out and returns it.
func (f *fixture) carries(order migration.Order) migration.Run {
	f.t.Helper()
	id := f.start(order)
	stop := f.runner()
	defer stop()
	return f.ended(id)
}

// one is a closed record of the n-th of some pairs.
func one(n, sequence int) nomisapi.Record {
	expiry := fmt.Sprintf("2020-%02d-28", sequence%12+1)
	comment := fmt.Sprintf("Comment %d of %d", sequence, n)
	return nomisapi.Record{
		OffenderNo: fmt.Sprintf("A%04dAA", n), NSOffenderNo: fmt.Sprintf("B%04dBB", n), TypeSequence: sequence, Reason: "VIC", RecipReason: "PER",
		Type: "WING", EffectiveDate: fmt.Sprintf("2019-%02d-01", sequence%12+1), ExpiryDate: &expiry, Comment: &comment, UpdatedBy: "STAFF",
	}
}

// open is an open record of the n-th pair.
func open(n, sequence int) nomisapi.Record {
	r := one(n, sequence)
	r.ExpiryDate, r.EffectiveDate = nil, fmt.Sprintf("2021-%02d-01", sequence%12+1)
	return r
}

func (f *fixture) fill(records ...nomisapi.Record) {
	f.t.Helper()
	_, err := f.NOMIS.Fill(f.t.Context(), slices.Values(records))
	require.NoError(f.t, err)
}

// stock fills NOMIS with pairs of every kind: of each ten one has a closed and an open
// one, one two open ones, and one is listed with the higher number first.
func (f *fixture) stock(pairs int) {
	f.t.Helper()
	var all []nomisapi.Record
	for n := 1; n <= pairs; n++ {
		switch n % 10 {
		case 3:
			all = append(all, one(n, 1), open(n, 2))
		case 6:
			all = append(all, open(n, 1), open(n, 2))
		case 9:
			r := one(n, 1)
			r.OffenderNo, r.NSOffenderNo = r.NSOffenderNo, r.OffenderNo
			all = append(all, r)
		default:
			all = append(all, open(n, 1))
		}
	}
	f.fill(all...)
}

// number asks NOMIS's tables, or the log's facts, for a number.
func (f *fixture) number(sql string) int {
	f.t.Helper()
	var n int
	require.NoError(f.t, f.db.QueryRow(f.t.Context(), sql).Scan(&n))
	return n
}
