package projections_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/projections"
)

// ofNumber appends facts of a number's own stream.
func (s *logWriter) ofNumber(number domain.PrisonerNumber, message uuid.UUID, decide func(domain.Removal, domain.Cause) []domain.Fact) {
	removal := s.removals[number]
	removal.Number = number
	expected := eventstore.NoStream
	if s.numberFacts[number] > 0 {
		expected = eventstore.Exactly(s.numberFacts[number] - 1)
	}
	facts := decide(removal, domain.Cause{CommandID: message, Actor: "MERGER", Source: domain.Merge})
	if len(facts) == 0 {
		return
	}
	events := make([]eventstore.Event, len(facts))
	for i, fact := range facts {
		removal, events[i] = removal.Evolve(fact), eventstore.Encode(fact)
	}
	appended, err := s.log.Append(context.Background(), eventstore.Append{Stream: number.Stream(), Expected: expected, Events: events})
	require.NoError(s.t, err)
	s.removals[number], s.last = removal, appended.Position
	s.numberFacts[number] += uint64(len(facts))
}

// merge records a merge, and gives the message's id.
func (s *logWriter) merge(previous, number domain.PrisonerNumber) uuid.UUID {
	s.serial++
	message := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, previous, number, s.serial, s.last))
	s.ofNumber(previous, message, func(r domain.Removal, by domain.Cause) []domain.Fact {
		return r.Remove(domain.RemoveNumber{Renumbering: domain.Renumbering{Previous: previous, Number: number, Reason: domain.ByMerge}}, s.now, by)
	})
	return message
}

// unmerge takes the merge of a message back.
func (s *logWriter) unmerge(message uuid.UUID) {
	for number, removal := range s.removals {
		m, known := removal.By(message)
		if !known {
			continue
		}
		s.ofNumber(number, uuid.NewSHA1(message, []byte("back")), func(r domain.Removal, by domain.Cause) []domain.Fact {
			return r.Return(domain.ReturnNumber{Renumbering: domain.Renumbering{Previous: number, Number: m.Into, Reason: "Two men"}, Message: message}, s.now, by)
		})
		return
	}
}

// someMerge records a merge, or takes one back.
func (s *logWriter) someMerge(t *rapid.T, previous, number domain.PrisonerNumber) {
	merges := s.removals[previous].Merges
	if len(merges) > 0 && rapid.Bool().Draw(t, "back") {
		s.unmerge(rapid.SampledFrom(merges).Draw(t, "merge").Message)
		return
	}
	s.merge(previous, number)
}

// requireMergesOf compares the rows with what folding the numbers' streams
// gives, in the order of the log.
func requireMergesOf(t require.TestingT, conn *pgx.Conn, log *logWriter) {
	var want, got []string
	for number, removal := range log.removals {
		for i, m := range removal.Merges {
			want = append(want, fmt.Sprint(number, i, m.Message, m.Into, m.TakenBack))
		}
	}
	rows, err := conn.Query(context.Background(), `SELECT removed, row_number() OVER (PARTITION BY removed ORDER BY position) - 1,
		message, survivor, taken_back FROM read_1.merge`)
	require.NoError(t, err)
	var (
		number, survivor domain.PrisonerNumber
		place            int
		message          uuid.UUID
		back             bool
	)
	_, err = pgx.ForEachRow(rows, []any{&number, &place, (*[16]byte)(&message), &survivor, &back}, func() error {
		got = append(got, fmt.Sprint(number, place, message, survivor, back))
		return nil
	})
	require.NoError(t, err)
	slices.Sort(want)
	slices.Sort(got)
	require.Equal(t, want, got)
}

// The live way, the building way and a rebuild give the same rows, also for
// batches that have nothing but merges, and one in which a merge begins and ends.
func TestMerges_areRowsWhicheverWayTheyCome(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	first := log.merge("A1111AA", "B1111BB")
	log.unmerge(first)
	log.merge("A1111AA", "C1111CC")
	second := log.merge("C1111CC", "D1111DD")
	third := log.merge("E1111EE", "D1111DD")
	log.unmerge(third)
	log.unmerge(second)
	log.merge("E1111EE", "B1111BB")
	events := ownEvents(t, log.log)
	require.Len(t, events, 8)

	ctx := context.Background()
	dsn, conn := database(t)
	var want []string
	for name, work := range map[string]func(hand *projections.Hand){
		"one live batch": func(hand *projections.Hand) { require.NoError(t, hand.Work(ctx, conn, events, false)) },
		"a batch each": func(hand *projections.Hand) {
			for i := range events {
				require.NoError(t, hand.Work(ctx, conn, events[i:i+1], false))
			}
		},
		"built": func(hand *projections.Hand) {
			require.NoError(t, hand.Work(ctx, conn, events[:3], true))
			require.NoError(t, hand.Work(ctx, conn, events[3:], true))
			require.NoError(t, hand.CheckLease(ctx, conn))
		},
		"built, then live": func(hand *projections.Hand) {
			require.NoError(t, hand.Work(ctx, conn, events[:6], true))
			require.NoError(t, hand.Work(ctx, conn, events[6:], false))
		},
	} {
		work(begin(t, conn, log))
		requireMergesOf(t, conn, log)
		got := contents(t, conn)
		require.Len(t, got, 5+len(events), name) // and the place of each fact
		if want == nil {
			want = got
		}
		require.Equal(t, want, got, name)
		require.NoError(t, projections.Rebuild(ctx, dsn, projections.FirstGeneration))
	}
	r := start(t, log.log, dsn)
	r.reaches(t, log.last)
	require.Eventually(t, func() bool { return viewsThere(conn) }, patience, poll)
	require.Equal(t, want, contents(t, conn), "rebuilt by a runner")
	require.True(t, isTrue(conn, `SELECT (SELECT array_agg(removed || survivor || taken_back ORDER BY position) FROM read.merge)
		= ARRAY['A1111AAB1111BBtrue', 'A1111AAC1111CCfalse', 'C1111CCD1111DDtrue', 'E1111EED1111DDtrue', 'E1111EEB1111BBfalse']`))
}

func TestTables_ofABuildWithoutMergesAreMadeAnew(t *testing.T) {
	for name, older := range map[string]string{
		"without the table": `DROP TABLE read_1.merge CASCADE`, "without the view": `DROP VIEW read.merge`,
	} {
		t.Run(name, func(t *testing.T) {
			log := someLog(t, "B1111BB")
			log.merge("A1111AA", "C1111CC")
			dsn := built(t, log)
			conn := connect(t, dsn)
			_, err := conn.Exec(t.Context(), older)
			require.NoError(t, err)
			start(t, log.log, dsn)
			require.Eventually(t, func() bool {
				return isTrue(conn, `SELECT removed = 'A1111AA' AND survivor = 'C1111CC' AND NOT taken_back FROM read.merge`)
			}, patience, poll)
			requireMergesOf(t, conn, log)
			require.Contains(t, document(t, conn, "A1111AA"), "B1111BB")
		})
	}
}

// TestReader_aloneSeesMerges: by the views alone.
func TestReader_aloneSeesMerges(t *testing.T) {
	log := someLog(t, "B1111BB")
	log.merge("A1111AA", "C1111CC")
	dsn := built(t, log)
	reader := connect(t, asReader(t, connect(t, dsn), dsn))
	require.True(t, isTrue(reader, `SELECT count(*) = 1 FROM read.merge`))
	_, err := reader.Exec(t.Context(), `SELECT FROM read_1.merge`)
	require.ErrorContains(t, err, "permission denied")
}
