package app

import (
	"context"
	"errors"
	"time"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/nomis"
	"nonassociations/nomis/npa"
	"nonassociations/nomis/store"
	"nonassociations/queries"
	"nonassociations/web/api"
	"nonassociations/web/shape"
)

const (
	// knownAge, detailAge are how old an answer about prisons may be.
	knownAge  = time.Second
	detailAge = time.Minute
	// detailTime bounds a question about prisons that goes to another service.
	detailTime = 3 * time.Second
	// maxDifferences bounds what is counted by prison: their prisoners fit one request to
	// the directory.
	maxDifferences = 500
)

// knownPrisons tells what is known of prisons. It implements [api.Prisons].
//
// Names and openNonAssociations are those of the last walk ([nomis.PrisonWalk]).
// Differences are those that are open, by where their prisoners are now; they are not
// known while there are more than 500, or while the directory does not answer. What
// NOMIS's staff changed is known as far as [nomis.EditCounter] has counted it, and not at
// all where nothing counts it.
type knownPrisons struct {
	known       *briefly[[]store.KnownPrison]
	differences *briefly[map[domain.PrisonID]int]               // nil: not known
	screen      *briefly[npa.Screen]                            // not Known: NOMIS does not say
	edits       *briefly[map[domain.PrisonID]store.PrisonEdits] // nil: nothing counts them
}

// editsOf returns what NOMIS's staff changed, as of a day in London; nil: it is not known.
type editsOf func(ctx context.Context, today string) (map[domain.PrisonID]store.PrisonEdits, error)

// newKnownPrisons returns what is known by the tables, by the directory, and by NOMIS.
// places may be nil. edits may be nil too, where nothing counts what NOMIS's staff change.
func newKnownPrisons(
	tables *store.Store, places commands.Places, screen func(context.Context) (npa.Screen, error), edits editsOf, clock func() time.Time,
) *knownPrisons {
	if edits == nil {
		edits = func(context.Context, string) (map[domain.PrisonID]store.PrisonEdits, error) { return nil, nil } //nolint:nilnil // not counted
	}
	return &knownPrisons{
		edits: newBriefly(func(ctx context.Context) (map[domain.PrisonID]store.PrisonEdits, error) {
			return edits(ctx, domain.Today(clock()))
		}, knownAge, clock),
		known:  newBriefly(tables.KnownPrisons, knownAge, clock),
		screen: newBriefly(screen, detailAge, clock),
		differences: newBriefly(func(ctx context.Context) (map[domain.PrisonID]int, error) {
			return countDifferences(ctx, tables, places)
		}, detailAge, clock),
	}
}

// Known returns every prison that the directory ever gave for a prisoner with a live
// record.
func (k *knownPrisons) Known(ctx context.Context) ([]domain.PrisonID, error) {
	known, err := k.known.get(ctx)
	ids := make([]domain.PrisonID, len(known))
	for i, p := range known {
		ids[i] = p.ID
	}
	return ids, err
}

// Details returns what is known of prisons, also beside an error.
func (k *knownPrisons) Details(ctx context.Context, ids []domain.PrisonID) (map[domain.PrisonID]shape.PrisonDetails, error) {
	known, unread := k.known.get(ctx)
	differences, uncounted := k.differences.get(ctx)
	screen, unasked := k.screen.get(ctx)
	edits, unseen := k.edits.get(ctx)
	details := map[domain.PrisonID]shape.PrisonDetails{}
	for _, id := range ids {
		var of shape.PrisonDetails
		if differences != nil {
			of.Differences = new(differences[id])
		}
		if screen.Known {
			of.ScreenBlocked = new(screen.Blocks(string(id)))
		}
		if edits != nil {
			of.LastNOMISChange, of.NOMISEdits7Days = lastOf(edits[id]), new(edits[id].LastWeek)
		}
		details[id] = of
	}
	for _, p := range known {
		of, wanted := details[p.ID]
		if !wanted {
			continue
		}
		if of.OpenNonAssociations = p.Open; p.Name != "" {
			of.Name = &p.Name
		}
		details[p.ID] = of
	}
	return details, errors.Join(unread, uncounted, unasked, unseen)
}

// lastOf returns when NOMIS's staff last changed something; nil for never.
func lastOf(e store.PrisonEdits) *time.Time {
	if e.Last.IsZero() {
		return nil
	}
	return &e.Last
}

// openEdits returns the question what NOMIS's staff changed; nil where nobody counts it,
// because there is no NOMIS or no directory.
func (p *process) openEdits() editsOf {
	if p.nomis.api == nil || p.directory.places == nil {
		return nil
	}
	return p.kept.PrisonEdits
}

// countDifferences returns the open differences by prison, nil when they cannot be
// counted cheaply. One with its two prisoners in two prisons counts in both.
func countDifferences(ctx context.Context, tables *store.Store, places commands.Places) (map[domain.PrisonID]int, error) {
	open, whole, err := tables.OpenDifferences(ctx, maxDifferences)
	if err != nil || !whole {
		return nil, err
	}
	counts := map[domain.PrisonID]int{}
	if len(open) == 0 {
		return counts, nil
	}
	if places == nil {
		return nil, nil //nolint:nilnil // nobody knows where they are
	}
	var numbers []domain.PrisonerNumber
	for pair := range open {
		one, other := pair.Numbers()[0], pair.Numbers()[1]
		numbers = append(numbers, one, other)
	}
	at, err := places.PrisonsOf(ctx, numbers)
	if err != nil {
		return nil, err
	}
	for pair, n := range open {
		one, other := at[pair.Numbers()[0]], at[pair.Numbers()[1]]
		counts[one] += n
		if other != one {
			counts[other] += n
		}
	}
	return counts, nil
}

// openScreen returns the question where NOMIS's own screen is blocked. Without NOMIS it
// is not known.
func (p *process) openScreen() func(context.Context) (npa.Screen, error) {
	if p.nomis.api == nil {
		return func(context.Context) (npa.Screen, error) { return npa.Screen{}, nil }
	}
	asks := p.nomis.api.For(npa.SwitchOver)
	return func(ctx context.Context) (npa.Screen, error) { return asks.Blocked(ctx, npa.NonAssociationsScreen) }
}

// NewPrisonWalk returns the walk that renews the known prisons, with the places that a
// directory gives.
func NewPrisonWalk(reads *queries.Reader, directory api.Directory, tables *store.Store, clock func() time.Time) nomis.PrisonWalk {
	return nomis.PrisonWalk{
		Live: reads.Live, Store: tables, Clock: clock,
		Places: func(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]nomis.Place, error) {
			people, err := directory.Find(ctx, numbers)
			places := make(map[domain.PrisonerNumber]nomis.Place, len(people))
			for number, p := range people {
				places[number] = nomis.Place{PrisonID: domain.PrisonID(p.PrisonID), Name: p.PrisonName}
			}
			return places, err
		},
	}
}
