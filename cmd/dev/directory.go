package main

import (
	"context"
	"fmt"

	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/prisonersearch"
)

// demoSeed is the default seed of the demonstration. The directory stand-in always uses
// it, so an estate of another seed has prisoners that the directory does not know.
const demoSeed = 1

// startDirectory serves a stand-in for Prisoner Search. It knows the prisoners of the
// demonstration and those in the examples of the documentation.
func (s *standIns) startDirectory(ctx context.Context, _ settings) error {
	e, err := estate.New(estate.Options{Seed: demoSeed})
	if err != nil {
		return fmt.Errorf("make up prisoners: %w", err)
	}
	server, err := prisonersearch.Serve(ctx, demoDirectory{e})
	if err != nil {
		return err
	}
	s.stops = append(s.stops, func(context.Context) error { return server.Stop() })
	s.environment["PRISONER_SEARCH_URL"] = server.URL()
	return nil
}

// demoDirectory is the estate of the demonstration with the prisoners of the examples
// added.
type demoDirectory struct{ *estate.Estate }

// Find returns a prisoner by number, and whether there is one. The estate wins over the
// examples. It implements prisonersearch.Estate and is safe for concurrent use.
func (a demoDirectory) Find(number domain.PrisonerNumber) (estate.Prisoner, bool) {
	if prisoner, there := a.Estate.Find(number); there {
		return prisoner, true
	}
	name, is := examples[number]
	if !is {
		return estate.Prisoner{}, false
	}
	prison := a.Prisons[0]
	return estate.Prisoner{
		Number: number, FirstName: name[0], LastName: name[1],
		PrisonID: prison.ID, PrisonName: prison.Name, CellLocation: prison.ID + "-A-1-00" + name[2],
	}, true
}

// examples are first name, last name and the last digit of the cell by prisoner number.
// They are the prisoners of the documentation, of which none is a real person.
var examples = map[domain.PrisonerNumber][3]string{
	"A9109UD": {"Adam", "Example", "1"},
	"A0135GA": {"Bertram", "Sample", "2"},
	"A1234BC": {"John", "Doe", "3"},
	"D5678EF": {"Merlin", "Somerplumbs", "4"},
}
