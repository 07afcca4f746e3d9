// Package demo loads a made-up estate into a running service, as the migration from
// NOMIS would: through POST /migrate, with one request for each prisoner with records.
// Loading again adds nothing, because records that exist already are UNCHANGED. A stand-in
// for NOMIS gets its own view of the estate, in which some hundred pairs differ. A migration
// and a reconciliation then show them.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/sync/errgroup"

	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/web/client"
)

// Options are the service to load into, the estate, and the output.
type Options struct {
	BaseURL   string // http://127.0.0.1:8080
	Token     string // may POST /migrate; if it may read as well, the end waits until all can be read; with NOMIS it may write as staff and administer too
	NOMIS     string // the stand-in, http://127.0.0.1:9580; "" when there is none
	Seed      uint64
	Prisoners int       // estate.DefaultPrisoners when 0
	Crowded   int       // open pairs that the fullest prison has beside the others
	Out       io.Writer // progress and summary
	// Show is a prefix of each command of the summary, such as "DATA_DIR=/tmp/x ". It
	// may be empty.
	Show string
}

const (
	// connections bounds the requests at once. More of them only queue in the service.
	connections = 16 // at once
	// patience is the time limit of one request, its retries included.
	patience = 60 * time.Second // for one request, trying again included
)

// Run loads the estate. It prints the progress, a summary and example commands to
// Options.Out. Errors: the first request that failed for good; what was loaded before
// stays.
func Run(ctx context.Context, options Options) error { return runPausing(ctx, options, pause) }

// runPausing is Run with an injected pause, so that tests of retries do not wait.
func runPausing(ctx context.Context, options Options, pause pauser) error {
	e, err := estate.New(estate.Options{Seed: options.Seed, Prisoners: options.Prisoners, Crowded: options.Crowded})
	if err != nil {
		return err
	}
	fmt.Fprintf(options.Out, "a made-up estate: %d prisons, %d prisoners, %d pairs to be kept apart (seed %d)\n",
		len(e.Prisons), len(e.Prisoners), len(e.Pairs), options.Seed)
	l := newLoader(options, pause)
	defer l.http.CloseIdleConnections()
	v := &view{}
	if options.NOMIS != "" {
		v = viewOf(e)
	}
	if err := l.load(ctx, e, v); err != nil {
		return errors.Join(err, fmt.Errorf("%d pairs were loaded; the same command goes on from there", l.total.pairs))
	}
	l.summary()
	if err := l.untilReadable(ctx, e); err != nil {
		return err
	}
	if options.NOMIS != "" {
		if err := l.fillNOMIS(ctx, v); err != nil {
			return err
		}
		if err := l.compare(ctx, v); err != nil {
			return err
		}
	}
	l.lookAt(e)
	return nil
}

// pauser waits for a duration. Errors: the context's.
type pauser func(context.Context, time.Duration) error

// loader sends requests and counts their outcomes. mu guards total, which all requests
// update.
type loader struct {
	Options

	http    *http.Client
	service *client.Client
	pause   pauser
	took    time.Duration

	mu    sync.Mutex
	total tally
}

// tally counts the outcomes of all responses.
type tally struct {
	pairs    int
	outcomes map[domain.OutcomeKind]int
	position uint64 // the highest
}

// newLoader makes a loader without sending anything. Each of the parallel requests
// keeps its connection open.
func newLoader(options Options, pause pauser) *loader {
	transport := &http.Transport{MaxIdleConnsPerHost: connections}
	options.BaseURL = strings.TrimSuffix(options.BaseURL, "/")
	connection := &http.Client{Transport: transport, Timeout: patience}
	return &loader{
		Options: options, http: connection, pause: pause,
		service: client.New(client.Options{
			BaseURL: options.BaseURL, Token: client.StaticToken(options.Token), HTTP: connection,
		}),
		total: tally{outcomes: map[domain.OutcomeKind]int{}},
	}
}

// load sends all requests of the estate, connections at a time. The first error stops
// the others and is returned. The duration is stored for the summary. What the view holds
// back is left out.
func (l *loader) load(ctx context.Context, e *estate.Estate, v *view) error {
	began := time.Now()
	bar := l.bar("POST /migrate", len(e.Pairs)-len(v.held))
	work, within := errgroup.WithContext(ctx)
	work.SetLimit(connections)
	for request := range e.SyncRequests() {
		if within.Err() != nil {
			break
		}
		if request = v.without(request); len(request.NonAssociations) == 0 {
			continue
		}
		work.Go(func() error {
			pairs, err := l.send(within, request)
			if err != nil {
				return err
			}
			return bar.Add(pairs)
		})
	}
	err := work.Wait()
	if err == nil {
		err = ctx.Err()
	}
	l.took = time.Since(began)
	if err != nil {
		fmt.Fprintln(l.Out)
	}
	return err
}

// bar shows on a terminal how many of some pairs are done.
func (l *loader) bar(what string, pairs int) *progressbar.ProgressBar {
	if !isTerminal(l.Out) {
		return progressbar.DefaultSilent(int64(pairs))
	}
	return progressbar.NewOptions(pairs,
		progressbar.OptionSetWriter(l.Out), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("pairs"),
		progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionOnCompletion(func() { fmt.Fprintln(l.Out) }))
}

func isTerminal(out io.Writer) bool {
	file, is := out.(*os.File)
	if !is {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// send sends one request until it is accepted, and returns the number of its pairs. A
// pair may have several records, so pairs are counted by the other prisoner.
func (l *loader) send(ctx context.Context, request client.SyncRequest) (pairs int, err error) {
	answer, err := l.post(ctx, request)
	if err != nil {
		return 0, fmt.Errorf("load prisoner %s: %w", request.PrisonerNumber, err)
	}
	others := map[domain.PrisonerNumber]bool{}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, result := range answer.Results {
		others[result.PrisonerNumber] = true
		l.total.outcomes[result.Outcome]++
	}
	l.total.pairs += len(others)
	l.total.position = max(l.total.position, answer.Position)
	return len(others), nil
}
