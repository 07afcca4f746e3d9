package nomis_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis"
	"nonassociations/nomis/store"
)

// What is more than a year old goes, in several statements. Everything else stays.
func TestPruner_removesWhatIsMoreThanAYearOld(t *testing.T) {
	c := circle.New(t)
	old, young := c.Now.AddDate(-1, 0, -1), c.Now.AddDate(-1, 0, 1)
	var messages []store.PrisonerMessage
	for n := range 2500 {
		messages = append(messages, store.PrisonerMessage{
			Prisoner: domaintest.Low, ReceivedAt: old.Add(-time.Duration(n) * time.Minute), MessageID: strconv.Itoa(n), Kind: store.Merged,
		})
	}
	messages = append(messages, store.PrisonerMessage{Prisoner: domaintest.Low, ReceivedAt: young, MessageID: "young", Kind: store.BookingDeleted})
	require.NoError(t, c.Store.Remember(t.Context(), messages...))
	for _, at := range []time.Time{old, young} {
		purge := store.Purge{Queue: "queue", Reason: "x", By: "OPERATOR", At: at}
		require.NoError(t, c.Store.KeepPurged(t.Context(), purge, store.PurgedMessage{MessageID: "one", Body: "{}"}))
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- nomis.NewPruner(c.Store, func() time.Time { return c.Now }, c.Logger).Run(ctx) }()
	require.Eventually(t, func() bool {
		left, err := c.Store.Between(t.Context(), []domain.PrisonerNumber{domaintest.Low}, old.AddDate(-1, 0, 0), c.Now)
		return err == nil && len(left) == 1 && left[0].MessageID == "young"
	}, workTime, look)
	require.Eventually(t, func() bool { // the copies go with the first batch
		removed, err := c.Store.Prune(t.Context(), c.Now.AddDate(-1, 0, 0), 10)
		return err == nil && removed == 0
	}, workTime, look)
	stop()
	require.NoError(t, <-ended)
	removed, err := c.Store.Prune(t.Context(), c.Now, 10)
	require.NoError(t, err)
	require.Equal(t, 1, removed, "the young ones are there")
}
