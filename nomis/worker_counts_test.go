package nomis_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/circle"
	"nonassociations/nomis"
	"nonassociations/nomis/store"
)

func TestWorker_countsHowItsTurnsEnd(t *testing.T) {
	c := circle.New(t)
	c.StaffOpen()
	w := worker(t, c)
	require.Equal(t, map[nomis.Outcome]int64{nomis.OutcomeDone: 0, nomis.OutcomeFailed: 0, nomis.OutcomeStopped: 0}, w.Counts())
	rings(t, c)
	isSettled(t, c)
	require.EqualValues(t, 1, w.Counts()[nomis.OutcomeDone])

	c.Fault("error-503", 1)
	rings(t, c, store.Ring{Pair: circle.Pair, Cause: store.Cause{Kind: store.OurEvent, ID: "again"}})
	require.Eventually(t, func() bool { return w.Counts()[nomis.OutcomeFailed] > 0 }, workTime, look)
	require.Zero(t, w.Counts()[nomis.OutcomeStopped])

	require.NoError(t, c.Store.SetBrake(t.Context(), c.Now, "NOMIS looks restored."))
	rings(t, c, store.Ring{Pair: circle.Pair, Cause: store.Cause{Kind: store.OurEvent, ID: "braked"}})
	require.Eventually(t, func() bool { return w.Counts()[nomis.OutcomeStopped] > 0 }, workTime, look)
	for outcome := range w.Counts() {
		require.Contains(t, nomis.Outcomes(), outcome)
	}
}
