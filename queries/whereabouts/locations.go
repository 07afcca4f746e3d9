package whereabouts

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"nonassociations/domain"
	"nonassociations/queries/directory"
)

// Fresh is how long an answer about a prison is used without asking again.
const Fresh = 60 * time.Second

// ErrNoLocations says that the directory is away and has never answered about the prison
// in this process.
var ErrNoLocations = errors.New("the locations of the prison cannot be read")

// Directory knows where people are. [directory.Directory] implements it. Errors:
// [directory.ErrUnavailable] and the context's; implementations limit the time of a call,
// and are safe for concurrent use.
type Directory interface {
	// Prison returns all people of a prison, as they are now.
	Prison(ctx context.Context, id domain.PrisonID) (directory.Page, error)
	// Find looks numbers up; an answer may be a minute old. Unknown numbers are left out.
	// What it returns beside an error is valid.
	Find(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]directory.Prisoner, error)
	// FindNow is Find without the cache.
	FindNow(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]directory.Prisoner, error)
}

// People is an answer of the directory about a prison. The map is not to be changed.
type People struct {
	ByNumber map[domain.PrisonerNumber]directory.Prisoner
	Missing  int       // how many people could not be read
	At       time.Time // when the directory was asked
}

// Locations are the last answers of the directory about each prison. They are safe for
// concurrent use.
type Locations struct {
	directory Directory
	clock     func() time.Time
	flights   singleflight.Group

	mu    sync.Mutex
	last  map[domain.PrisonID]People // only of prisons that somebody was in
	names map[domain.PrisonID]string
}

// NewLocations returns Locations without an answer.
func NewLocations(d Directory, clock func() time.Time) *Locations {
	return &Locations{directory: d, clock: clock, last: map[domain.PrisonID]People{}, names: map[domain.PrisonID]string{}}
}

// Of returns the people of a prison. An answer is fresh for a minute; one call at a time
// asks about a prison. While the directory is away, the last answer is returned, however
// old it is. A prison that the directory does not know has nobody. Errors:
// ErrNoLocations, and the context's.
func (l *Locations) Of(ctx context.Context, prison domain.PrisonID) (People, error) {
	if last, is := l.fresh(prison); is {
		return last, nil
	}
	// Whoever leaves does not end the question for the others. The directory bounds it.
	flight := l.flights.DoChan(string(prison), func() (any, error) {
		if last, is := l.fresh(prison); is { // another question has ended since
			return last, nil
		}
		return l.ask(context.WithoutCancel(ctx), prison)
	})
	select {
	case answer := <-flight:
		if people, is := answer.Val.(People); is && answer.Err == nil {
			return people, nil
		}
		if last, asked := l.get(prison); asked {
			return last, nil
		}
		return People{}, fmt.Errorf("%w: %w", ErrNoLocations, answer.Err)
	case <-ctx.Done():
		return People{}, fmt.Errorf("wait for the locations of a prison: %w", ctx.Err())
	}
}

// fresh returns the last answer while it is young enough to be used again.
func (l *Locations) fresh(prison domain.PrisonID) (People, bool) {
	last, asked := l.get(prison)
	return last, asked && l.clock().Before(last.At.Add(Fresh))
}

func (l *Locations) get(prison domain.PrisonID) (People, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last, asked := l.last[prison]
	return last, asked
}

// ask asks the directory and keeps the answer. A prison in which nobody ever was is not
// kept, so that mistyped ids take no memory.
func (l *Locations) ask(ctx context.Context, prison domain.PrisonID) (People, error) {
	at := l.clock()
	page, err := l.directory.Prison(ctx, prison)
	if err != nil {
		return People{}, err
	}
	people := People{ByNumber: make(map[domain.PrisonerNumber]directory.Prisoner, len(page.People)), Missing: page.Missing(), At: at}
	for _, person := range page.People {
		people.ByNumber[person.Number] = person
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, was := l.last[prison]; was || len(page.People) > 0 {
		l.last[prison] = people
	}
	l.learn(people.ByNumber)
	return people, nil
}

// find looks numbers up by a call of the directory, and learns the names of prisons.
func (l *Locations) find(
	ctx context.Context, by func(context.Context, []domain.PrisonerNumber) (map[domain.PrisonerNumber]directory.Prisoner, error),
	numbers []domain.PrisonerNumber,
) (map[domain.PrisonerNumber]directory.Prisoner, error) {
	if len(numbers) == 0 {
		return nil, nil //nolint:nilnil // nobody was asked for
	}
	found, err := by(ctx, numbers)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.learn(found)
	return found, err
}

// maxNames bounds the names that are kept. There are far fewer prisons.
const maxNames = 1000

// learn keeps the names of prisons. The caller holds the lock.
func (l *Locations) learn(people map[domain.PrisonerNumber]directory.Prisoner) {
	for _, person := range people {
		id := prisonOf(person)
		if _, known := l.names[id]; person.PrisonName != "" && id.IsPrison() && (known || len(l.names) < maxNames) {
			l.names[id] = person.PrisonName
		}
	}
}

// NameOf returns the name of a prison as the directory last gave it for any of its people,
// else the id.
func (l *Locations) NameOf(prison domain.PrisonID) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if name := l.names[prison]; name != "" {
		return name
	}
	return string(prison)
}
