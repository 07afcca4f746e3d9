package nomis_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis/plan"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

// of are the edits of one prison.
func of(edits int) map[domain.PrisonID]int { return map[domain.PrisonID]int{"MDI": edits} }

func TestEdits_areCountedOnceEach(t *testing.T) {
	c := newEditCircle(t)
	require.Nil(t, c.edits(), "nobody has counted yet")
	n := c.open()
	first, second := c.count(c.feed()), c.count(c.feed())
	c.isCounted()
	require.Equal(t, of(1), c.lastWeek())
	c.NOMISChange(1, map[string]any{"comment": "Told later"})
	require.NotEmpty(t, c.TakeTurn())
	c.isCounted()
	first()
	second()
	require.Equal(t, of(2), c.lastWeek())
	require.True(t, c.Now.Equal(c.edits()["MDI"].Last))

	c.executes(domain.NOMIS, domain.Delete{ID: n.ID})
	tell(t, c.Circle, told(uuid.Nil, 0, "2019-01-01", "Not allowed"), told(uuid.Nil, 0, "2018-01-01", "Not allowed"))
	require.Equal(t, of(5), c.counted(), "a deletion, and two that were not allowed")
	require.Equal(t, of(5), c.counted(), "a counter that starts again goes on where it was")
}

func TestEdits_ofOthersAreNotCounted(t *testing.T) {
	c := newEditCircle(t)
	id := c.StaffOpen()
	require.NotEmpty(t, c.TakeTurn(), "it is posted, learned and delivered")
	c.executes(domain.Migration, told(uuid.Nil, 2, "2019-01-01", "Long ago"))
	c.executes(domain.Migration, told(id, 1, domain.Today(c.Now), "Migrated"))
	c.executes(domain.Merge, domain.Delete{ID: id})
	require.Empty(t, c.counted())

	c = newEditCircle(t)
	require.NoError(t, c.Store.LearnAuthor(t.Context(), "STAFF", c.Now))
	c.open()
	require.Empty(t, c.counted(), "the service wrote it")
	require.Zero(t, c.timesAsked())
}

// A record that has another sequence, and nothing else, was changed by nobody.
func TestEdits_areNoOtherSequence(t *testing.T) {
	c := newEditCircle(t)
	n := c.open()
	c.executes(domain.NOMIS, told(n.ID, 7, "2021-07-05", "Told"))
	require.Equal(t, 7, c.Items()[0].TypeSequence)
	require.Equal(t, of(1), c.counted())
}

func TestEdits_countInThePrisonsOfBothPrisoners(t *testing.T) {
	c := newEditCircle(t)
	c.place("LEI", "MDI")
	c.open()
	require.Equal(t, map[domain.PrisonID]int{"LEI": 1, "MDI": 1}, c.counted())
	c.place(domain.Outside, "MDI")
	c.NOMISChange(1, map[string]any{"comment": "Told later"})
	require.NotEmpty(t, c.TakeTurn())
	require.Equal(t, map[domain.PrisonID]int{"LEI": 1, "MDI": 2}, c.counted())
	c.place(domain.InTransfer, "")
	c.NOMISChange(1, map[string]any{"comment": "Told last"})
	require.NotEmpty(t, c.TakeTurn())
	require.Equal(t, map[domain.PrisonID]int{"LEI": 1, "MDI": 2}, c.counted(), "in no prison")
}

func TestEdits_waitForTheDirectory(t *testing.T) {
	c := newEditCircle(t)
	c.goesAway(true)
	c.open()
	c.Inbound = false
	c.NOMISChange(1, map[string]any{"comment": "Told later"})
	require.Empty(t, c.TakeTurn())
	c.count(c.feed())
	require.Eventually(t, func() bool { return c.timesAsked() > 1 }, workTime, look)
	at, err := c.Store.EditCheckpoint(t.Context())
	require.NoError(t, err)
	require.Zero(t, at)
	require.Nil(t, c.edits())
	c.goesAway(false)
	c.isCounted()
	require.Equal(t, of(2), c.lastWeek())
}

// The count and the checkpoint are one transaction: a process that is killed between them has
// done neither.
func TestEdits_areCountedOnceWhenTheCheckpointIsNotMoved(t *testing.T) {
	c := newEditCircle(t)
	c.open()
	db, err := pgx.Connect(t.Context(), c.DSN)
	require.NoError(t, err)
	defer db.Close(context.WithoutCancel(t.Context()))
	_, err = db.Exec(t.Context(), `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''killed''; END';
		CREATE CONSTRAINT TRIGGER killed AFTER INSERT OR UPDATE ON nomis.prison_edit_checkpoint DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION fail()`)
	require.NoError(t, err)
	c.count(c.feed())
	require.Eventually(t, func() bool { return c.timesAsked() > 2 }, workTime, look)
	_, err = db.Exec(t.Context(), `DROP TRIGGER killed ON nomis.prison_edit_checkpoint`)
	require.NoError(t, err)
	c.isCounted()
	require.Equal(t, of(1), c.lastWeek())
}

// What a comparison finds while NOMIS's changes are not allowed is told by no fact.
func TestEdits_thatAComparisonFindsAreCountedOnce(t *testing.T) {
	c := newEditCircle(t)
	n := c.open()
	c.Inbound = false
	c.NOMISChange(1, map[string]any{"comment": "Told later"})
	require.Empty(t, c.TakeTurn())
	require.Empty(t, c.TakeTurn())
	require.Equal(t, of(2), c.counted())
	require.Equal(t, of(2), c.counted())
	c.NOMISChange(1, map[string]any{"comment": "Told last"})
	require.Empty(t, c.TakeTurn())
	require.Equal(t, of(3), c.counted())

	c.Inbound = true
	id := c.Living()[0].ID
	_, err := c.Store.Repairing(t.Context(), id, c.Living()[0].Version, store.Decision{By: "OPERATOR", Reason: "NOMIS is right."})
	require.NoError(t, err)
	_, err = c.Take(t.Context(), circle.Pair, turn.Why{
		Cause: uuid.New(), Actor: "OPERATOR", Repair: &plan.Repair{NonAssociationID: n.ID, FromNOMIS: true},
	})
	require.NoError(t, err)
	require.Equal(t, "Told last", *c.Items()[0].Comment)
	require.Equal(t, of(3), c.counted(), "it was counted when NOMIS's staff changed it")
}

// The sync told of a change, and the turn that it rings for finds it in NOMIS.
func TestEdits_thatASyncToldAreNotFoundAgain(t *testing.T) {
	c := newEditCircle(t)
	n := c.open()
	c.Inbound = false
	c.NOMISChange(1, map[string]any{"comment": "Told later", "expiryDate": "2022-07-05"})
	c.NOMISOpen("2023-07-05")
	both, expiry := told(n.ID, 1, "2021-07-05", "Told later"), domain.LocalDateTime("2022-07-05T00:00:00")
	both.Items[0].ExpiryDate = &expiry
	both.Items = append(both.Items, told(uuid.Nil, 0, "2023-07-05", "Told").Items...)
	tell(t, c.Circle, both)
	stop := switched(t, c.Circle)
	followed(t, c.Circle)
	stop()
	require.Len(t, c.Living(), 2)
	require.Empty(t, c.TakeTurn())
	require.Equal(t, of(3), c.counted())
}

// entries is a feed of facts that no store has.
type entries []audit.Entry

func (e entries) Feed(_ context.Context, feed audit.Feed) error {
	if err := feed.Begin(uint64(len(e))); err != nil {
		return err
	}
	for _, entry := range e {
		if entry.Fact.Position.Uint64() <= feed.From {
			continue
		}
		if err := feed.Line(entry); err != nil {
			return err
		}
	}
	return nil
}

// add adds a fact of NOMIS.
func (e entries) add(command uuid.UUID, event domain.Event) entries {
	position := uint64(len(e) + 1)
	return append(e, audit.Entry{Fact: eventstore.Fact{
		Fact: domain.Fact{ID: uuid.New(), Event: event, Meta: domain.Meta{
			Cause: domain.Cause{CommandID: command, Source: domain.NOMIS, Actor: "STAFF"}, DecidedAt: domaintest.Noon,
		}},
		Pair: circle.Pair, Position: eventstore.Position{Commit: position, Prepare: position},
	}})
}

// The facts of one command are not parted, although that makes more than are counted at once.
func TestEdits_ofOneCommandAboutOneRecordAreOne(t *testing.T) {
	c := newEditCircle(t)
	var facts entries
	for range 499 {
		facts = facts.add(uuid.New(), domain.Opened{NonAssociationID: uuid.New()})
	}
	command, id := uuid.New(), uuid.New()
	facts = facts.add(command, domain.Opened{NonAssociationID: id}).add(command, domain.Closed{NonAssociationID: id}).
		add(command, domain.Closed{NonAssociationID: uuid.New()}).add(uuid.New(), domain.Deleted{NonAssociationID: id})
	c.count(facts)
	require.Eventually(t, func() bool {
		at, err := c.Store.EditCheckpoint(t.Context())
		return err == nil && at == uint64(len(facts))
	}, workTime, look)
	require.Equal(t, of(502), c.lastWeek())
	require.Equal(t, 2, c.timesAsked())
}

// Another log is in use: the checkpoint is beyond its end.
func TestEdits_areCountedAnewOnAnotherLog(t *testing.T) {
	c := newEditCircle(t)
	c.open()
	require.NoError(t, c.Store.CountEdits(t.Context(), store.Counting{To: 1 << 40, Today: "2026-07-15", Edits: []store.PrisonEdit{
		{Prison: "MDI", Day: "2026-07-15", Edits: 9, Last: c.Now.Add(-time.Minute)},
	}}))
	c.count(c.feed())
	require.Eventually(t, func() bool { return c.lastWeek()["MDI"] == 1 }, workTime, look)
}
