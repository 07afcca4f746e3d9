package main

import (
	"context"
	"fmt"

	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/prisonersearch"
)

// demoSeed is the default seed of the demonstration. The directory stand-in always uses
// it, so an estate of another seed has prisoners that the directory does not know.
const demoSeed = 1

// startDirectory serves a stand-in for Prisoner Search. It knows the prisoners of the
// demonstration and those of the documentation.
func (s *standIns) startDirectory(ctx context.Context, _ settings) error {
	e, err := estate.New(estate.Options{Seed: demoSeed})
	if err != nil {
		return fmt.Errorf("make up prisoners: %w", err)
	}
	server, err := prisonersearch.Serve(ctx, prisonersearch.WithExamples(e))
	if err != nil {
		return err
	}
	s.stops = append(s.stops, func(context.Context) error { return server.Stop() })
	s.environment["PRISONER_SEARCH_URL"] = server.URL()
	return nil
}
