package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"nonassociations/domain"
	"nonassociations/internal/dev/issuer"
	"nonassociations/internal/dev/nomisapi"
	"nonassociations/queries/directory"
)

// nomisEvents is the name of the local queue of NOMIS's changes.
const nomisEvents = "nomis-events"

// nomisClient and nomisSecret get a token of the stand-in for NOMIS. They are no secret:
// it listens on loopback, and its pages change it without a token.
const nomisClient, nomisSecret = "nonassociations", "development"

// startNomis starts the stand-in for NOMIS's API in the run's own Postgres, and points the
// service at it. It knows the prisoners of the directory.
func (s *standIns) startNomis(ctx context.Context, set settings, logger *slog.Logger) error {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		return fmt.Errorf("load the London time zone: %w", err)
	}
	options := nomisapi.Options{
		DatabaseURL: s.environment["DATABASE_URL"], Knows: s.knows(ctx, logger), Logger: logger,
		Now: func() time.Time { return time.Now().In(london) },
	}
	// A stand-in needs no care, and a developer no patience.
	s.setDefault("NOMIS_RATE", "0")
	s.setDefault("NOMIS_DELETE_AFTER", "5s")
	s.setDefault("NOMIS_SWEEP", "5s")
	s.setDefault("NOMIS_API_CLIENT_ID", nomisClient)
	s.setDefault("NOMIS_API_CLIENT_SECRET", nomisSecret)
	options.ClientID, options.ClientSecret = s.environment["NOMIS_API_CLIENT_ID"], s.environment["NOMIS_API_CLIENT_SECRET"]
	folder := set.DataDir
	if !s.own {
		folder = filepath.Join(folder, "nomis") // a key beside that of the service's issuer
	}
	keys, err := issuer.Open(folder, s.environment["AUTH_AUDIENCE"])
	if err != nil {
		return err
	}
	options.Verify, options.Sign = nomisapi.Tokens(keys)
	if err := s.nomisQueues(ctx, set, &options, logger); err != nil {
		return err
	}
	server, err := serveNomis(ctx, set, options)
	if err != nil {
		return err
	}
	s.stops = append(s.stops, server.Stop)
	s.nomis = server.URL()
	s.environment["NOMIS_API_URL"] = server.URL()
	s.setDefault("NOMIS_API_TOKEN_URL", server.TokenURL())
	return nil
}

// serveNomis starts the stand-in at NOMIS_PORT. Without that it is PORT + 1500, or a free
// one where there is no such port or another program has it.
func serveNomis(ctx context.Context, set settings, options nomisapi.Options) (*nomisapi.Server, error) {
	port := int(set.NomisPort)
	if port == 0 && set.Port != 0 {
		port = int(set.Port) + 1500
	}
	if port > 0 && port <= 65535 {
		options.Address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	server, err := nomisapi.Start(ctx, options)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return server, err
	}
	if set.NomisPort != 0 {
		// Text, since the caller takes the errno for that of PORT.
		return nil, fmt.Errorf("port %d is taken: choose another, such as NOMIS_PORT=%d", set.NomisPort, set.NomisPort+1)
	}
	options.Address = ""
	return nomisapi.Start(ctx, options)
}

// knows returns whether the directory in use has a prisoner. When it does not answer, all
// are known: NOMIS is not down because Prisoner Search is.
func (s *standIns) knows(ctx context.Context, logger *slog.Logger) func(context.Context, string) (bool, error) {
	options := directory.Options{URL: s.environment["PRISONER_SEARCH_URL"], Clock: time.Now, CacheTTL: 5 * time.Second, Logger: logger}
	if url := s.environment["PRISONER_SEARCH_TOKEN_URL"]; url != "" {
		options.Credentials = &directory.Credentials{
			TokenURL: url, ClientID: s.environment["PRISONER_SEARCH_CLIENT_ID"], ClientSecret: s.environment["PRISONER_SEARCH_CLIENT_SECRET"],
		}
	}
	search := directory.New(ctx, options)
	s.stops = append(s.stops, func(context.Context) error {
		search.Close()
		return nil
	})
	return func(ctx context.Context, text string) (bool, error) {
		number, err := domain.ParsePrisonerNumber(text)
		if err != nil {
			return false, nil //nolint:nilerr // no prisoner number is nobody's
		}
		found, err := search.Find(ctx, []domain.PrisonerNumber{number})
		if err != nil {
			logger.WarnContext(ctx, "the directory does not answer: NOMIS takes every prisoner for known")
			return true, nil //nolint:nilerr // as said above
		}
		_, known := found[number]
		return known, nil
	}
}

// printNomis prints how to do what NOMIS's own staff do, if the stand-in runs.
func printNomis(local *standIns) {
	if local.nomis != "" {
		fmt.Print(strings.ReplaceAll(nomisExample, "NOMIS_URL", local.nomis))
	}
}

const nomisExample = `
  NOMIS as its own staff see it, with its rows, calls and faults: NOMIS_URL/
    curl -sS NOMIS_URL/staff/non-associations -d '{
      "offenderNo": "A9109UD", "nsOffenderNo": "A0135GA", "reason": "VIC", "recipReason": "PER", "type": "WING",
      "effectiveDate": "2021-07-05", "authorisedBy": "Staff Name", "comment": "Do not locate near"}'

  Merge two numbers there; NOMIS moves the records and tells this service:
    curl -sS NOMIS_URL/staff/merges -d '{"from": "A0135GA", "to": "A1234BC"}'
`
