package projections_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/projections"
)

// TestSession_thatIsFencedWritesAndPublishesNothing: every act of a projector that
// stalled is fenced by where it left the checkpoint, and of which log.
func TestSession_thatIsFencedWritesAndPublishesNothing(t *testing.T) {
	acts := map[string]func(context.Context, *projections.Hand, *pgx.Conn, []eventstore.RecordedEvent) error{
		"a live batch": func(ctx context.Context, h *projections.Hand, conn *pgx.Conn, next []eventstore.RecordedEvent) error {
			return h.Work(ctx, conn, next, false)
		},
		"catching up": func(ctx context.Context, h *projections.Hand, conn *pgx.Conn, next []eventstore.RecordedEvent) error {
			if err := h.Work(ctx, conn, next, true); err != nil {
				return err
			}
			return h.CheckLease(ctx, conn)
		},
		"having caught up": func(ctx context.Context, h *projections.Hand, conn *pgx.Conn, _ []eventstore.RecordedEvent) error {
			return h.CaughtUp(ctx, conn)
		},
	}
	overtaken := map[string]string{
		"by another session": `UPDATE read_1.checkpoint SET "commit" = "commit" + 5, prepare = prepare + 5`,
		"by another log":     `UPDATE read_1.checkpoint SET store_id = gen_random_uuid()`,
		"by a rebuild":       `DELETE FROM read_1.checkpoint`,
	}
	for how, sql := range overtaken {
		for what, act := range acts {
			t.Run(what+" "+how, func(t *testing.T) {
				t.Parallel()
				log := someLog(t, "B1111BB", "C1111CC")
				_, conn := database(t)
				events, err := log.log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 10)
				require.NoError(t, err)
				h := projections.NewHand(log.log)
				_, err = h.LoadCheckpoint(t.Context(), conn)
				require.NoError(t, err)
				require.NoError(t, h.Work(t.Context(), conn, events[1:2], false))
				_, err = conn.Exec(t.Context(), sql)
				require.NoError(t, err)
				was := contents(t, conn)

				err = act(t.Context(), h, conn, events[2:3])
				var refused *pgconn.PgError
				require.ErrorAs(t, err, &refused)
				require.Equal(t, "RD001", refused.Code)
				_, err = conn.Exec(t.Context(), `ROLLBACK`) // what was put off goes with its session
				require.NoError(t, err)
				require.Equal(t, was, contents(t, conn))
				require.False(t, viewsThere(conn))
			})
		}
	}
}

// TestCheckpoint_keepsTheLogsID: a projector of a new log begins with it.
func TestCheckpoint_keepsTheLogsID(t *testing.T) {
	log := someLog(t, "B1111BB")
	dsn := built(t, log)
	var id uuid.UUID
	require.NoError(t, connect(t, dsn).QueryRow(t.Context(), `SELECT store_id FROM read_1.checkpoint`).Scan(&id))
	require.Equal(t, identity(t, log.log), id.String())
}
