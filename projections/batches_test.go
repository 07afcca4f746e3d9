package projections_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/projections"
)

// randomLog writes a few commands of any kind about a handful of prisoners, and
// merges of their numbers.
func randomLog(t *rapid.T) *logWriter {
	log := newLog(t)
	codes := rapid.SampledFrom([]domain.ReasonCode{domain.CodeVictim, domain.CodePerpetrator, domain.CodeBullying})
	dates := rapid.SampledFrom([]string{"2020-01-01T00:00:00", "2021-07-05T10:35:17", "2022-02-02T02:02:02"})
	numbers := rapid.SampledFrom([]string{"A1111AA", "B1111BB", "C1111CC", "D1111DD"})
	for range rapid.IntRange(1, 25).Draw(t, "commands") {
		one, other := numbers.Draw(t, "one"), numbers.Draw(t, "other")
		if one == other {
			continue
		}
		if rapid.IntRange(0, 4).Draw(t, "of numbers") == 0 {
			log.someMerge(t, domain.PrisonerNumber(one), domain.PrisonerNumber(other))
			continue
		}
		pair := pairOf(t, one, other)
		items := log.states[pair].Items
		switch what := rapid.IntRange(0, 8).Draw(t, "what"); {
		case what <= 2 || len(items) == 0:
			it := item(pair, dates.Draw(t, "date"), codes.Draw(t, "low"), codes.Draw(t, "high"))
			if rapid.Bool().Draw(t, "closed") {
				it.ExpiryDate = text[domain.LocalDateTime]("2023-01-01T00:00:00")
			}
			it.TypeSequence = rapid.IntRange(0, 3).Draw(t, "sequence")
			log.sync(pair, it)
		case what == 3:
			log.execute(pair, domain.NOMIS, domain.Delete{ID: rapid.SampledFrom(items).Draw(t, "item").ID})
		case what == 4:
			log.execute(pair, domain.DPS, domain.Close{ID: rapid.SampledFrom(items).Draw(t, "item").ID, ClosedReason: "over"})
		case what >= 6:
			log.exchange(t, pair, rapid.SampledFrom(items).Draw(t, "item"))
		default:
			log.execute(pair, domain.DPS, domain.Reopen{ID: rapid.SampledFrom(items).Draw(t, "item").ID, ReopenReason: "again"})
		}
	}
	return log
}

func ownEvents(t require.TestingT, log eventstore.Store) []eventstore.RecordedEvent {
	events, err := log.ReadAll(context.Background(), eventstore.Forwards, eventstore.Start, 10_000)
	require.NoError(t, err)
	return slices.DeleteFunc(events, func(e eventstore.RecordedEvent) bool { return !domain.IsOurs(e.Stream) })
}

// However the log is cut into batches, put off or not, and wherever a crash
// takes back what was not committed, the rows are those of one batch, and those
// that folding the streams gives.
func TestRows_dependOnlyOnTheLog(t *testing.T) {
	t.Parallel()
	dsn, conn := database(t)
	rapid.Check(t, func(rt *rapid.T) {
		log := randomLog(rt)
		events := ownEvents(rt, log.log)

		require.NoError(rt, begin(rt, conn, log).Work(context.Background(), conn, events, false))
		want := contents(t, conn)
		requireDocumentsOf(rt, conn, log)
		requireRecordRowsOf(rt, conn, log)
		requireStatesOf(rt, conn, log)
		requireMergesOf(rt, conn, log)
		requireMappingsOf(rt, conn, log)
		requireDeliveriesOf(rt, conn, log)

		require.NoError(rt, projections.Rebuild(context.Background(), dsn, projections.FirstGeneration))
		projectInPieces(rt, dsn, log)
		require.Equal(rt, want, contents(t, conn))
		drop(rt, conn)
	})
}

// projectInPieces cuts at random, and crashes at random.
func projectInPieces(t *rapid.T, dsn string, log *logWriter) {
	ctx := context.Background()
	session, err := pgx.Connect(ctx, dsn)
	require.NoError(t, err)
	hand := projections.NewHand(log.log)
	at, err := hand.LoadCheckpoint(ctx, session)
	require.NoError(t, err)
	for crashes := 0; ; {
		left := slices.DeleteFunc(ownEvents(t, log.log), func(e eventstore.RecordedEvent) bool { return !at.Before(e.Position) })
		if len(left) == 0 {
			break
		}
		piece := left[:rapid.IntRange(1, len(left)).Draw(t, "piece")]
		require.NoError(t, hand.Work(ctx, session, piece, rapid.Bool().Draw(t, "more")))
		at = piece[len(piece)-1].Position
		if crashes < 5 && rapid.IntRange(0, 3).Draw(t, "crash") == 0 {
			crashes++
			require.NoError(t, session.Close(ctx))
			session, err = pgx.Connect(ctx, dsn)
			require.NoError(t, err)
			at, err = hand.LoadCheckpoint(ctx, session)
			require.NoError(t, err)
		}
	}
	require.NoError(t, hand.CheckLease(ctx, session)) // commits what was put off
	require.NoError(t, session.Close(ctx))
}

func begin(t require.TestingT, conn *pgx.Conn, log *logWriter) *projections.Hand {
	hand := projections.NewHand(log.log)
	_, err := hand.LoadCheckpoint(context.Background(), conn)
	require.NoError(t, err)
	return hand
}

func drop(t require.TestingT, conn *pgx.Conn) {
	_, err := conn.Exec(context.Background(), `DROP SCHEMA IF EXISTS read_1, read CASCADE`)
	require.NoError(t, err)
}

// The record's own shape, written down a second time.
type (
	list struct {
		PrisonerNumber  domain.PrisonerNumber `json:"prisonerNumber"`
		NonAssociations []listed              `json:"nonAssociations"`
	}
	listed struct {
		ReasonCode    domain.ReasonCode     `json:"reasonCode"`
		TypeCode      domain.TypeCode       `json:"typeCode"`
		EffectiveDate domain.LocalDateTime  `json:"effectiveDate"`
		ExpiryDate    *domain.LocalDateTime `json:"expiryDate"`
		AuthorisedBy  *string               `json:"authorisedBy"`
		Comments      *string               `json:"comments"`
		Other         otherListed           `json:"prisonerNonAssociation"`
	}
	otherListed struct {
		PrisonerNumber domain.PrisonerNumber `json:"prisonerNumber"`
		ReasonCode     domain.ReasonCode     `json:"reasonCode"`
	}
)

// requireDocumentsOf compares every document with what the folded states say.
func requireDocumentsOf(t require.TestingT, conn *pgx.Conn, log *logWriter) {
	want := map[domain.PrisonerNumber]list{}
	for pair, state := range log.states {
		for _, number := range pair.Numbers() {
			l := want[number]
			l.PrisonerNumber = number
			for _, n := range state.Items {
				if !n.Deleted {
					other := pair.Other(number)
					l.NonAssociations = append(l.NonAssociations, listed{
						n.Sides[number].ReasonCode, n.TypeCode, n.EffectiveDate, n.ExpiryDate, n.AuthorisedBy, n.Comment,
						otherListed{other, n.Sides[other].ReasonCode},
					})
				}
			}
			want[number] = l
		}
	}
	rows, err := conn.Query(context.Background(), `SELECT document FROM read_1.prisoner`)
	require.NoError(t, err)
	documents, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.Len(t, documents, len(want))
	for _, document := range documents {
		var got list
		require.NoError(t, json.Unmarshal([]byte(document), &got))
		require.True(t, slices.IsSortedFunc(got.NonAssociations, func(a, b listed) int {
			return strings.Compare(string(a.EffectiveDate), string(b.EffectiveDate))
		}))
		require.ElementsMatch(t, texts(want[got.PrisonerNumber].NonAssociations), texts(got.NonAssociations))
	}
}

func texts(all []listed) []string {
	var found []string
	for _, l := range all {
		b, err := json.Marshal(l)
		found = append(found, fmt.Sprint(string(b), err))
	}
	return found
}
