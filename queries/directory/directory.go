package directory

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"nonassociations/domain"
)

// Prisoner is what the directory says of a number. A text is empty when it was
// not told, or was not fit to be shown.
type Prisoner struct {
	Number       domain.PrisonerNumber
	FirstName    string
	LastName     string
	PrisonID     string
	PrisonName   string
	CellLocation string
}

// ErrUnavailable says that not every number was answered for.
var ErrUnavailable = errors.New("the prisoner directory is not available")

// Options of a directory. URL and Clock must be set.
type Options struct {
	URL         string       // of the service, without a path of ours
	Credentials *Credentials // nil: no token is sent
	Clock       func() time.Time
	Logger      *slog.Logger  // nil is silent
	Timeout     time.Duration // of one request of ours, all chunks; 3 s when zero
	CacheTTL    time.Duration // how long an answer may be used again; 60 s when zero
	CacheSize   int           // numbers at most; 20,000 when zero
}

// Directory asks and remembers for a short while. It is safe for concurrent
// use; make one with New and Close it.
type Directory struct {
	options Options
	service service
	breaker *breaker
	slots   chan struct{} // a token for each request under way

	ctx    context.Context //nolint:containedctx // the directory's life: a question outlives who asked it first
	cancel context.CancelFunc

	mu       sync.Mutex
	known    *cache
	inFlight map[domain.PrisonerNumber]*lookup
	closed   bool
	running  sync.WaitGroup
}

// maxSlots is how many requests are under way at once.
const maxSlots = 8

// New makes a directory that lives until Close. It does not connect yet.
func New(ctx context.Context, options Options) *Directory {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Timeout == 0 {
		options.Timeout = 3 * time.Second
	}
	if options.CacheTTL == 0 {
		options.CacheTTL = 60 * time.Second
	}
	if options.CacheSize == 0 {
		options.CacheSize = 20_000
	}
	d := &Directory{
		options:  options,
		service:  newService(options),
		breaker:  newBreaker(options.Clock, options.Logger),
		slots:    make(chan struct{}, maxSlots),
		known:    newCache(options.CacheSize, options.CacheTTL, options.Clock),
		inFlight: map[domain.PrisonerNumber]*lookup{},
	}
	d.ctx, d.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return d
}

// Close ends what is under way; later questions are ErrUnavailable.
func (d *Directory) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.cancel()
	d.running.Wait()
	d.service.close()
}

// Find looks up numbers; unknown ones are left out. With ErrUnavailable, or a
// context error, the map holds those that were answered for all the same.
func (d *Directory) Find(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]Prisoner, error) {
	return d.lookUp(ctx, numbers, all)
}

// Missing lists, in the order given, the numbers that the directory does not
// know now, and those that it knows in no prison now: that either was so a
// moment ago is no answer, since somebody may just have been received. Errors:
// ErrUnavailable, the context's.
func (d *Directory) Missing(ctx context.Context, numbers []domain.PrisonerNumber) (missing, nowhere []domain.PrisonerNumber, err error) {
	found, err := d.lookUp(ctx, numbers, inPrison)
	for _, number := range numbers {
		switch prisoner, known := found[number]; {
		case !known:
			missing = append(missing, number)
		case prisoner.PrisonID == "":
			nowhere = append(nowhere, number)
		}
	}
	if len(missing) == 0 {
		return nil, nowhere, nil // whoever was not answered for, it is none of these
	}
	if err != nil {
		return nil, nil, err
	}
	return missing, nowhere, nil
}

// all and inPrison are what may be taken from memory.
func all(answer) bool { return true }

func inPrison(a answer) bool { return a.known && a.prisoner.PrisonID != "" }

func (d *Directory) lookUp(ctx context.Context, numbers []domain.PrisonerNumber, trusts func(answer) bool) (map[domain.PrisonerNumber]Prisoner, error) {
	found, questions, err := d.prepare(numbers, trusts)
	if err != nil {
		return found, err
	}
	return found, collect(ctx, questions, found)
}
