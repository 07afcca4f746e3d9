package whereabouts

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/queries/directory"
)

// Reads are the reads of the read model. [queries.Reader] implements them. Errors:
// [queries.ErrNotCaughtUp], [queries.ErrBehind].
type Reads interface {
	// OpenOf reads the open records of prisoners, in one snapshot.
	OpenOf(ctx context.Context, numbers []domain.PrisonerNumber, today string, atLeast uint64) (queries.OpenRecords, error)
	// Version reads of which facts the read model is made, and the position that it reflects.
	Version(ctx context.Context, atLeast uint64) (queries.Version, uint64, error)
	// PairsOf lists the pairs of a prisoner, also those without records any more.
	PairsOf(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.Pair, error)
	// MergedWith lists the removed numbers whose streams hold merges of a number.
	MergedWith(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error)
}

// Options of a Service. Logger may be nil, and so may Head; all else must be set.
type Options struct {
	Reads     Reads
	Directory Directory
	WingParts domain.WingParts
	Clock     func() time.Time // in Europe/London: it decides what has begun
	// Head returns the position of the last fact of ours, read after the call began. A
	// number is unknown only when the read model, as far as that, has nothing of it.
	Head   func(ctx context.Context) (uint64, error)
	Logger *slog.Logger
}

// Service answers questions about who is where. It is safe for concurrent use.
type Service struct {
	options   Options
	locations *Locations
	kept      *kept
}

// New returns a Service without any answer of the directory.
func New(options Options) *Service {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{options: options, locations: NewLocations(options.Directory, options.Clock), kept: newKept()}
}

// Locations returns the last answers of the directory, which the Service uses.
func (s *Service) Locations() *Locations { return s.locations }

// Destination parses a wing, landing or cell of a prison. The zero value of its result is
// anywhere. Errors: [domain.ErrDestination], also for an empty text.
func (s *Service) Destination(prison domain.PrisonID, text string) (domain.Destination, error) {
	return s.options.WingParts.ParseDestination(prison, text)
}

// Seen is what every answer about a prison has.
type Seen struct {
	Prison domain.PrisonID
	Name   string // of the prison, or its id
	// People are all people of the prison, and the others of the records, as far as the
	// directory answered.
	People      map[domain.PrisonerNumber]directory.Prisoner
	LocationsAt time.Time // the age of the oldest answer that was used
	Incomplete  int       // how many people of the prison could not be read
	// OthersUnread reports whether it is not known where the prisoners of the records are
	// who are not in the answer about the prison: the directory did not say.
	OthersUnread bool
	Position     uint64 // the records reflect exactly this
}

// gathered is what a question is judged by.
type gathered struct {
	Seen

	records queries.OpenRecords
	places  domain.PrisonPlaces
	today   string
}

// gather reads records and places. numbers are those whose records are read; nil: of
// everybody in the prison. by asks for those who are not in the answer about the prison,
// also for those of asked.
func (s *Service) gather(ctx context.Context, prison domain.PrisonID, people People, numbers []domain.PrisonerNumber, atLeast uint64, by lookUp) (g gathered, err error) {
	g.today = domain.Today(s.options.Clock())
	g.Prison, g.LocationsAt, g.Incomplete = prison, people.At, people.Missing
	everybody := numbers == nil
	if everybody {
		numbers = slices.Collect(maps.Keys(people.ByNumber))
	}
	if g.records, err = s.options.Reads.OpenOf(ctx, numbers, g.today, atLeast); err != nil {
		return g, err
	}
	g.Position = g.records.Position
	others := othersOf(g.records, numbers, people)
	found, err := s.locations.find(ctx, by, others)
	if err != nil {
		if ctx.Err() != nil {
			return g, fmt.Errorf("ask where prisoners are: %w", err)
		}
		s.options.Logger.WarnContext(ctx, "places of some prisoners not known: prisoner directory unavailable", "error", err)
		g.OthersUnread = true
	}
	g.People = make(map[domain.PrisonerNumber]directory.Prisoner, len(people.ByNumber)+len(found))
	maps.Copy(g.People, people.ByNumber)
	maps.Copy(g.People, found)
	g.places = domain.PrisonPlaces{ID: prison, WingParts: s.options.WingParts, Places: g.placesOf()}
	g.Name = s.locations.NameOf(prison)
	return g, nil
}

// lookUp is a call of the directory that looks numbers up.
type lookUp func(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]directory.Prisoner, error)

// othersOf lists the prisoners of records, the numbers that survive them, and the numbers
// that were asked for, without those in the answer about the prison.
func othersOf(records queries.OpenRecords, asked []domain.PrisonerNumber, people People) []domain.PrisonerNumber {
	others := slices.Clone(asked)
	for _, record := range records.Records {
		numbers := record.Pair.Numbers()
		others = append(others, numbers[:]...)
	}
	for number, survivor := range records.Survivors {
		others = append(others, number, survivor)
	}
	slices.Sort(others)
	return slices.DeleteFunc(slices.Compact(others), func(n domain.PrisonerNumber) bool {
		_, here := people.ByNumber[n]
		return here
	})
}

// placesOf returns where everybody of the records is. A removed number that has no place
// is where the number is that survives: a later sync may have left a record under it.
func (g gathered) placesOf() map[domain.PrisonerNumber]domain.Place {
	places := make(map[domain.PrisonerNumber]domain.Place, len(g.People))
	for number, person := range g.People {
		if id := prisonOf(person); id != "" {
			places[number] = domain.Place{PrisonID: id, Location: person.CellLocation, RestrictedPatient: person.RestrictedPatient}
		}
	}
	for number, survivor := range g.records.Survivors {
		if _, placed := places[number]; placed {
			continue
		}
		if place, is := places[survivor]; is {
			places[number] = place
		}
	}
	return places
}

// prisonOf returns the id of a prisoner's prison in capitals; "" when it is not known.
func prisonOf(p directory.Prisoner) domain.PrisonID {
	return domain.PrisonID(strings.ToUpper(strings.TrimSpace(p.PrisonID)))
}

// TooClose is who is too close to whom in a prison. Its lists are shared: never change one.
type TooClose struct {
	domain.TooClose
	Seen
}

// TooClose judges the open records of everybody in a prison by where they are. Errors:
// ErrNoLocations, those of package queries, and the context's.
func (s *Service) TooClose(ctx context.Context, prison domain.PrisonID, atLeast uint64) (TooClose, error) {
	found, err := s.ofPrison(ctx, prison, atLeast)
	if err != nil {
		return TooClose{}, fmt.Errorf("find who is too close: %w", err)
	}
	return TooClose{found.tooClose(), found.Seen}, nil
}

// IsKnown reports whether a prison is one of the caseloads or has anybody in it. A prison
// that is not known is never one where nobody must be kept apart. Errors:
// ErrNoLocations, and the context's.
func (s *Service) IsKnown(ctx context.Context, prison domain.PrisonID, caseloads []domain.PrisonID) (bool, error) {
	if !prison.IsPrison() || slices.Contains(caseloads, prison) {
		return prison.IsPrison(), nil
	}
	people, err := s.locations.Of(ctx, prison)
	return isKnown(people), err
}

// isKnown reports whether an answer about a prison names anybody, also somebody who could
// not be read.
func isKnown(people People) bool { return len(people.ByNumber)+people.Missing > 0 }
