package directory

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"nonassociations/domain"
	"nonassociations/internal/bearer"
)

// Prisoner is what the directory says about a number. A field is empty when the service
// did not send it, or sent a text that must not be shown (see sanitise).
type Prisoner struct {
	Number       domain.PrisonerNumber
	FirstName    string
	LastName     string
	PrisonID     string
	PrisonName   string
	CellLocation string

	LocationDescription string // of somebody in no prison: where they are, in words
	InOutStatus         string // IN, OUT (as for a day at court) or TRN
	LastPrisonID        string // of somebody in no prison: where they were
	// RestrictedPatient reports whether a prison is responsible for somebody who is OUT
	// in a hospital. It is false too when the service did not say so.
	RestrictedPatient  bool
	SupportingPrisonID string // of a restricted patient: the prison that is responsible
}

// intersect keeps the fields in which two answers for the same number agree.
func (p Prisoner) intersect(other Prisoner) Prisoner {
	agreed := func(one, other string) string {
		if one != other {
			return ""
		}
		return one
	}
	p.PrisonID, p.PrisonName = agreed(p.PrisonID, other.PrisonID), agreed(p.PrisonName, other.PrisonName)
	p.CellLocation = agreed(p.CellLocation, other.CellLocation)
	p.FirstName, p.LastName = agreed(p.FirstName, other.FirstName), agreed(p.LastName, other.LastName)
	p.LocationDescription = agreed(p.LocationDescription, other.LocationDescription)
	p.InOutStatus, p.LastPrisonID = agreed(p.InOutStatus, other.InOutStatus), agreed(p.LastPrisonID, other.LastPrisonID)
	p.SupportingPrisonID = agreed(p.SupportingPrisonID, other.SupportingPrisonID)
	p.RestrictedPatient = p.RestrictedPatient && other.RestrictedPatient
	return p
}

// ErrUnavailable says that at least one number could not be looked up. It wraps no
// detail of the answer, which may hold names.
var ErrUnavailable = errors.New("the prisoner directory is not available")

// Credentials are those with which the service's tokens are got.
type Credentials = bearer.Credentials

// Options of a Directory. URL and Clock must be set.
type Options struct {
	URL         string       // base address of the service
	Credentials *Credentials // nil: no token is sent
	Clock       func() time.Time
	Logger      *slog.Logger  // nil: nothing is logged
	Timeout     time.Duration // of one request of ours, with all its chunks; 3 s when zero
	CacheTTL    time.Duration // how long an answer may be used again; 60 s when zero
	CacheSize   int           // the most numbers that are cached; 20,000 when zero

	transport http.RoundTripper // nil: over the network; tests replace it
}

// Directory looks prisoners up and caches the answers for a short while. It is safe for
// concurrent use. New makes one, and Close must be called.
type Directory struct {
	options Options
	service service
	breaker *gobreaker.CircuitBreaker[answers]
	slots   chan struct{} // holds one value for each request under way

	ctx    context.Context //nolint:containedctx // the life of the Directory: a lookup outlives the caller that began it
	cancel context.CancelFunc

	mu       sync.Mutex
	known    cache
	inFlight map[domain.PrisonerNumber]*lookup
	closed   bool
	running  sync.WaitGroup
}

// maxSlots limits the requests that are under way at once.
const maxSlots = 8

// New returns a Directory that lives until Close, also when ctx has ended. It does not
// connect yet. Nothing fails here: a wrong URL is an error of each lookup.
func New(ctx context.Context, options Options) *Directory {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	options.Timeout = cmp.Or(options.Timeout, 3*time.Second)
	options.CacheTTL = cmp.Or(options.CacheTTL, 60*time.Second)
	options.CacheSize = cmp.Or(options.CacheSize, 20_000)
	d := &Directory{
		options:  options,
		service:  newService(options),
		slots:    make(chan struct{}, maxSlots),
		known:    newCache(options.CacheSize, options.CacheTTL, options.Clock),
		inFlight: map[domain.PrisonerNumber]*lookup{},
	}
	d.ctx, d.cancel = context.WithCancel(context.WithoutCancel(ctx))
	// A request that Close cut off is no failure of the service.
	d.breaker = newBreaker(options.Logger, func() bool { return d.ctx.Err() != nil })
	return d
}

// Close cancels the lookups under way and waits for them. Later lookups fail with
// ErrUnavailable.
func (d *Directory) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.cancel()
	d.running.Wait()
	d.service.close()
}

// Find looks numbers up; unknown ones are left out. An answer may be as old as CacheTTL.
// Errors: ErrUnavailable, and the context's. The map then still holds the numbers that
// were answered.
func (d *Directory) Find(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]Prisoner, error) {
	return d.find(ctx, numbers, anyAnswer)
}

// FindNow looks numbers up as Find does, but without the cache, and without the lookups
// that are under way: every answer was given after the call began. Errors: as Find.
func (d *Directory) FindNow(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]Prisoner, error) {
	found := map[domain.PrisonerNumber]Prisoner{}
	lookups, err := d.startAll(numbers)
	if err != nil {
		return found, err
	}
	return found, collect(ctx, lookups, found)
}

// Cached returns the cached answers for numbers. It calls nothing. complete reports
// whether there is an answer for each of them, be it that the number is unknown.
func (d *Directory) Cached(numbers []domain.PrisonerNumber) (_ map[domain.PrisonerNumber]Prisoner, complete bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, complete := map[domain.PrisonerNumber]Prisoner{}, true
	for _, number := range numbers {
		answer, exists := d.known.get(number)
		if answer.known {
			found[number] = answer.prisoner
		}
		complete = complete && exists
	}
	return found, complete
}

// Missing lists, in the order given, the numbers that the directory does not know now,
// and those that it knows but places in no prison now. A cached answer of either kind
// is asked again, because the prisoner may have been received since. Errors:
// ErrUnavailable, and the context's.
func (d *Directory) Missing(ctx context.Context, numbers []domain.PrisonerNumber) (missing, nowhere []domain.PrisonerNumber, err error) {
	// With inPrison a cached answer counts only if it allows the number.
	found, err := d.find(ctx, numbers, inPrison)
	for _, number := range numbers {
		switch prisoner, known := found[number]; {
		case !known:
			missing = append(missing, number)
		case prisoner.PrisonID == "":
			nowhere = append(nowhere, number)
		}
	}
	if len(missing) == 0 {
		return nil, nowhere, nil // an error concerns none of these numbers
	}
	if err != nil {
		return nil, nil, err
	}
	return missing, nowhere, nil
}

// PrisonsOf returns the prison of each prisoner whose place is known, OUT and TRN too.
// An answer may be as old as CacheTTL. Errors: as Find, and what was found is returned
// beside them.
func (d *Directory) PrisonsOf(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]domain.PrisonID, error) {
	found, err := d.Find(ctx, numbers)
	places := make(map[domain.PrisonerNumber]domain.PrisonID, len(found))
	for number, prisoner := range found {
		if id := prisonID(prisoner.PrisonID); id != "" {
			places[number] = id
		}
	}
	return places, err
}

// anyAnswer and inPrison say which cached answers may be used.
func anyAnswer(answer) bool { return true }

func inPrison(a answer) bool { return a.known && a.prisoner.PrisonID != "" }

// find is Find with a condition on cached answers: those that are not usable are looked
// up again. It starts lookups before it waits, so that chunks run in parallel.
func (d *Directory) find(ctx context.Context, numbers []domain.PrisonerNumber, usable func(answer) bool) (map[domain.PrisonerNumber]Prisoner, error) {
	found, lookups, err := d.prepare(numbers, usable)
	if err != nil {
		return found, err
	}
	return found, collect(ctx, lookups, found)
}
