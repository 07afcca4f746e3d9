package main

import (
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/nomis/store"
)

func TestResume_releasesTheBrakeAndSaysWhatItWasAbout(t *testing.T) {
	record(t)
	tables, err := store.Open(t.Context(), os.Getenv("DATABASE_URL"))
	require.NoError(t, err)
	t.Cleanup(tables.Close)
	text, status := printed(t, "nomis", "resume", "--from", "DPS", "--reason", "Restored")
	require.Equal(t, 1, status, text)

	at := time.Now()
	_, err = tables.GiveBack(t.Context(), store.GivingBack{Now: at, Within: time.Hour, Most: 20}, domaintest.Pair,
		store.GivenBack{NonAssociationID: uuid.New(), Before: domain.Detail{EffectiveDate: "2021-07-05"}, After: domain.Detail{EffectiveDate: "2020-07-05"}})
	require.NoError(t, err)
	require.NoError(t, tables.SetBrake(t.Context(), at, "NOMIS looks restored."))
	for _, wrong := range [][]string{{"--from", "DPS"}, {"--from", "BOTH", "--reason", "x"}, {"--reason", "x"}, {"--from", "DPS", "--reason", " "}} {
		_, status := printed(t, append([]string{"nomis", "resume"}, wrong...)...)
		require.NotZero(t, status, wrong)
	}
	text, status = printed(t, "nomis", "resume", "--from", "DPS", "--reason", "Restored", "--dry-run")
	require.Equal(t, 0, status, text)
	require.Contains(t, text, ": NOMIS looks restored.\n"+domaintest.Pair.String()+" 1\nnothing was done yet")
	brake, err := tables.GetBrake(t.Context())
	require.NoError(t, err)
	require.True(t, brake.IsOn())
	backlog, err := tables.Backlog(t.Context())
	require.NoError(t, err)
	require.Zero(t, backlog.Pending)

	text, status = printed(t, "nomis", "resume", "--from", "DPS", "--reason", "Restored", "--by", "OPERATOR")
	require.Equal(t, 0, status, text)
	require.Contains(t, text, "turns go on, and DPS is right\n")
	brake, err = tables.GetBrake(t.Context())
	require.NoError(t, err)
	require.False(t, brake.IsOn())
	brake.Release.At = time.Time{}
	require.Equal(t, store.Release{From: store.FromDPS, Reason: "Restored", By: "OPERATOR"}, brake.Release)
	due, err := tables.Get(t.Context(), domaintest.Pair)
	require.NoError(t, err)
	require.Equal(t, []store.Cause{{Kind: store.Resumed}}, due.Causes)
	restored, err := tables.RestoredPair(t.Context(), domaintest.Pair)
	require.NoError(t, err)
	require.Len(t, restored.Records, 1)

	_, status = printed(t, "nomis", "resume", "--from", "DPS", "--reason", "Again")
	require.Equal(t, 1, status, "it is not on")
}
