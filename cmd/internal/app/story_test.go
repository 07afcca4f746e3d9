package app_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/commands"
	"nonassociations/commands/merge"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/dev/token"
	"nonassociations/queries"
)

// story is a running service whose log gets what staff, NOMIS and merges do, at random.
type story struct {
	*service

	t       *testing.T
	dsn     string
	random  *rand.Rand
	handler *commands.Handler
	merges  *merge.Process
	reads   *queries.Reader
	ids     []uuid.UUID
	merged  []uuid.UUID // messages
	options app.Options // for commands that read what the service wrote
}

// cast are the prisoners of every story.
var cast = []domain.PrisonerNumber{"A1111AA", "B2222BB", "C3333CC", "D4444DD"}

// storyRoles read everything about records.
var storyRoles = token.Request{User: "AUDITOR", Roles: []string{
	"NON_ASSOCIATIONS_AUDIT", "READ_NON_ASSOCIATIONS", "NON_ASSOCIATIONS_SYNC", "SAR_DATA_ACCESS", "NON_ASSOCIATIONS_ADMIN",
	"NOMIS_MAPPING_API__SYNCHRONISATION__RW",
}}

func newStory(t *testing.T, seed uint64) *story {
	t.Helper()
	dsn := migrated(t)
	s := &story{t: t, dsn: dsn, random: rand.New(rand.NewPCG(seed, 1)), service: runWith(t, dsn, dsn, "", storyRoles)}
	t.Cleanup(func() {
		s.stop()
		require.NoError(t, <-s.ended)
	})
	<-s.ready
	log, err := postgres.Open(t.Context(), dsn, postgres.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	s.reads, err = queries.Open(t.Context(), dsn, queries.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() {
		s.reads.Close()
		require.NoError(t, log.Close(context.Background()))
	})
	clock := func() time.Time { return time.Now().In(domaintest.London) }
	s.handler = commands.New(log, commands.Options{Clock: clock, Locator: s.reads})
	s.merges = merge.New(merge.Options{Log: log, Handler: s.handler, Clock: clock})
	s.options = app.Options{
		Config: app.Config{EventStoreURL: dsn, DatabaseURL: dsn}, Clock: clock, Logger: slog.New(slog.DiscardHandler),
	}
	return s
}

// by is the cause of the next act.
func (s *story) by(source domain.Source, actor string) domain.Cause {
	return domain.Cause{CommandID: uuid.New(), Actor: actor, Source: source}
}

// act does something that the rules allow now, or nothing.
func (s *story) act() {
	s.t.Helper()
	one, other := s.random.IntN(len(cast)), 1+s.random.IntN(len(cast)-1)
	pair := domaintest.PairOf(cast[one], cast[(one+other)%len(cast)])
	text := fmt.Sprintf("text %d\nof many", s.random.IntN(1000))
	var id uuid.UUID
	if len(s.ids) > 0 {
		id = s.ids[s.random.IntN(len(s.ids))]
	}
	var err error
	switch s.random.IntN(12) {
	case 0, 1, 2:
		err = s.opens(pair)
	case 3, 4:
		err = s.tells(pair, text)
	case 5, 6:
		_, err = s.handler.ExecuteByID(s.t.Context(), s.by(domain.DPS, "AMENDER"), id, domain.Amend{ID: id, Comment: &text})
	case 7:
		_, err = s.handler.ExecuteByID(s.t.Context(), s.by(domain.DPS, "CLOSER"), id, domain.Close{ID: id, ClosedReason: text})
	case 8:
		_, err = s.handler.ExecuteByID(s.t.Context(), s.by(domain.DPS, "OPENER"), id, domain.Reopen{ID: id, ReopenReason: text})
	case 9:
		_, err = s.handler.ExecuteByID(s.t.Context(), s.by(domain.DPS, "DELETER"), id, domain.Delete{ID: id, DeletionReason: text})
	case 10:
		err = s.wanders(cast[one], cast[(one+other)%len(cast)])
	default:
		_, err = s.handler.ChangeSwitchOver(s.t.Context(), s.by(domain.DPS, "OPERATOR"), domain.StagePrison{
			PrisonID: "MDI", Stage: domain.StageBoth, Reason: text,
		})
	}
	var refusal domain.Refusal
	if errors.As(err, &refusal) || errors.Is(err, merge.ErrCircle) || errors.Is(err, merge.ErrNothingMerged) {
		return
	}
	require.NoError(s.t, err)
}

func (s *story) opens(pair domain.Pair) error {
	first := pair.Numbers()[s.random.IntN(2)]
	receipt, err := s.handler.Execute(s.t.Context(), s.by(domain.DPS, "OPENER"), pair, domain.Open{
		Comment: "They fight", FirstPrisoner: first, Reason: domain.Threat, Restriction: domain.Landing,
		Roles: map[domain.PrisonerNumber]domain.Role{first: domain.Perpetrator, pair.Other(first): domain.Victim},
	})
	if err == nil {
		s.ids = append(s.ids, receipt.NonAssociation.ID)
	}
	return err
}

// tells is what NOMIS tells of a pair, sometimes with an expiry.
func (s *story) tells(pair domain.Pair, text string) error {
	numbers := pair.Numbers()
	item := domain.Item{
		EffectiveDate: domain.LocalDateTime(fmt.Sprintf("2021-07-%02dT10:35:17", 1+s.random.IntN(28))), TypeCode: domain.TypeWing,
		TypeSequence: 1 + s.random.IntN(2), Comment: &text,
		ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{numbers[0]: domain.CodeVictim, numbers[1]: domain.CodePerpetrator},
	}
	if s.random.IntN(2) == 0 {
		expiry := domain.LocalDateTime("2022-01-01T00:00:00")
		item.ExpiryDate = &expiry
	}
	by := s.by(domain.NOMIS, "NOMIS_USER")
	by.About = numbers[0]
	_, err := s.handler.Execute(s.t.Context(), by, pair, domain.Sync{About: numbers[0], Items: []domain.Item{item}})
	return err
}

// wanders merges two numbers, or takes the last merge back.
func (s *story) wanders(one, other domain.PrisonerNumber) error {
	by := s.by(domain.Merge, "MERGER")
	if n := len(s.merged); n > 0 && s.random.IntN(2) == 0 {
		by.CommandID = s.merged[n-1]
		_, err := s.merges.Undo(s.t.Context(), by, "They are two men", false)
		s.merged = s.merged[:n-1]
		return err
	}
	_, err := s.merges.Apply(s.t.Context(), by, merge.Message{Renumbering: domain.Renumbering{
		Previous: one, Number: other, Reason: domain.ByMerge,
	}}, s.reads)
	if err == nil {
		s.merged = append(s.merged, by.CommandID)
	}
	return err
}

// head is the position of the last fact of the log.
func (s *story) head() uint64 {
	s.t.Helper()
	head, err := s.handler.Head(s.t.Context())
	require.NoError(s.t, err)
	return head.Uint64()
}

func bodyOf(t *testing.T, response *http.Response) string {
	t.Helper()
	defer func() { require.NoError(t, response.Body.Close()) }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(text)
}
