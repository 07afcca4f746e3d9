package app

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/queries"
)

// The build and every answer are the same without either way: only the time differs until
// a change is seen.
func TestProjector_isJoinedWithTheReadsOfItsProcess(t *testing.T) {
	reads, err := queries.Open(t.Context(), "postgres://nobody@127.0.0.1:1/none", queries.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer reads.Close()
	p := process{Options: Options{Clock: time.Now}}
	require.Nil(t, p.projectorOptions().Wanted(), "a process without reads")

	p.reads = reads
	options := p.projectorOptions()
	wanted := options.Wanted()
	waited := make(chan error, 1)
	go func() { waited <- reads.WaitFor(t.Context(), 7) }()
	deadline, cancel := context.WithTimeout(t.Context(), queries.WaitTime)
	defer cancel()
	select {
	case <-wanted:
	case <-deadline.Done():
		require.Fail(t, "the projector is not told that a request waits")
	}
	options.OnCommit(7)
	require.NoError(t, <-waited)
}
