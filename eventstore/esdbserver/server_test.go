package esdbserver_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server over a new log and connects a bare client to it.
func serve(t testing.TB, options esdbserver.Options) (*esdbserver.Server, *esdb.Client) {
	dir, err := os.MkdirTemp("", "esdb") // t.TempDir is too long for a socket
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	require.NoError(t, err)
	server := esdbserver.New(memory.New(), options)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()

	cfg, err := esdb.ParseConnectionString("esdb://ignored?tls=false")
	require.NoError(t, err)
	cfg.Address, cfg.Logger = "unix:"+socket, esdb.NoopLogging()
	client, err := esdb.NewClient(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, client.Close())
		server.Stop()
		require.NoError(t, <-ended)
	})
	return server, client
}

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func events(kinds ...string) []esdb.EventData {
	made := make([]esdb.EventData, len(kinds))
	for i, kind := range kinds {
		made[i] = esdb.EventData{EventID: uuid.New(), EventType: kind, ContentType: esdb.ContentTypeJson, Data: []byte(`{}`)}
	}
	return made
}

func write(t testing.TB, client *esdb.Client, stream string, expected esdb.ExpectedRevision, sent ...esdb.EventData) *esdb.WriteResult {
	t.Helper()
	written, err := client.AppendToStream(within(t), stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, sent...)
	require.NoError(t, err)
	return written
}

func requireCode(t testing.TB, want esdb.ErrorCode, err error) {
	t.Helper()
	var typed *esdb.Error
	require.ErrorAs(t, err, &typed)
	require.Equal(t, want, typed.Code())
}

func readAll(t testing.TB, opened *esdb.ReadStream, err error) []*esdb.RecordedEvent {
	t.Helper()
	require.NoError(t, err)
	defer opened.Close()
	var read []*esdb.RecordedEvent
	for {
		event, err := opened.Recv()
		if errors.Is(err, io.EOF) {
			return read
		}
		require.NoError(t, err)
		read = append(read, event.OriginalEvent())
	}
}

func TestEvent_isWhatWasSent(t *testing.T) {
	_, client := serve(t, esdbserver.Options{})
	before := time.Now().Add(-time.Second)
	sent := events("opened.v1")[0]
	sent.Metadata = []byte(`{"by":"x"}`)
	written := write(t, client, "s-1", esdb.NoStream{}, sent)

	opened, err := client.ReadStream(within(t), "s-1", esdb.ReadStreamOptions{}, 10)
	read := readAll(t, opened, err)
	require.Len(t, read, 1)
	require.Equal(t, sent.EventID, read[0].EventID)
	require.Equal(t, "opened.v1", read[0].EventType)
	require.Equal(t, "application/json", read[0].ContentType)
	require.Equal(t, []byte(`{}`), read[0].Data)
	require.Equal(t, sent.Metadata, read[0].UserMetadata)
	require.Equal(t, written.CommitPosition, read[0].Position.Commit)
	require.Equal(t, written.NextExpectedVersion, read[0].EventNumber)
	// In 100 ns: the client ends its process without it.
	ticks, err := strconv.ParseInt(read[0].SystemMetadata["created"], 10, 64)
	require.NoError(t, err)
	require.WithinRange(t, time.Unix(0, ticks*100), before, time.Now().Add(time.Second))
}

// The same append again is answered as the first time; a wrong revision is an
// answer that says where the stream is.
func TestAppend_answersAsARealServer(t *testing.T) {
	_, client := serve(t, esdbserver.Options{})
	sent := events("a", "b")
	first := write(t, client, "s-1", esdb.NoStream{}, sent...)
	require.Equal(t, first, write(t, client, "s-1", esdb.NoStream{}, sent...))

	_, err := client.AppendToStream(within(t), "s-1", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Revision(7)}, events("c")...)
	requireCode(t, esdb.ErrorCodeWrongExpectedVersion, err)
	require.ErrorContains(t, err, "expecting '7' but got '1'")
	_, err = client.AppendToStream(within(t), "s-2", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Revision(0)}, events("c")...)
	require.ErrorContains(t, err, "but got 'no_stream'")
	write(t, client, "s-2", esdb.NoStream{}) // no events: success, and nothing is written
	opened, err := client.ReadStream(within(t), "s-2", esdb.ReadStreamOptions{}, 1)
	require.NoError(t, err)
	_, err = opened.Recv()
	requireCode(t, esdb.ErrorCodeResourceNotFound, err)
}

func TestLocalAWS_refusesWhatItDoesNotServe(t *testing.T) {
	_, client := serve(t, esdbserver.Options{})
	for _, expected := range []esdb.ExpectedRevision{esdb.Any{}, esdb.StreamExists{}} {
		_, err := client.AppendToStream(within(t), "s-1", esdb.AppendToStreamOptions{ExpectedRevision: expected}, events("a")...)
		require.Error(t, err)
	}
	large := events("a")
	large[0].Data = make([]byte, 1<<20+1)
	_, err := client.AppendToStream(within(t), "s-1", esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, large...)
	require.Equal(t, codes.InvalidArgument, status.Code(err))
	require.ErrorContains(t, err, "Maximum Append Size")
}

func TestDeletedStreams(t *testing.T) {
	_, client := serve(t, esdbserver.Options{})
	write(t, client, "soft", esdb.NoStream{}, events("a", "b", "c")...)
	_, err := client.DeleteStream(within(t), "soft", esdb.DeleteStreamOptions{ExpectedRevision: esdb.Revision(7)})
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	requireCode(t, esdb.ErrorCodeUnknown, err)
	_, err = client.DeleteStream(within(t), "soft", esdb.DeleteStreamOptions{ExpectedRevision: esdb.Revision(2)})
	require.NoError(t, err)
	require.Equal(t, uint64(3), write(t, client, "soft", esdb.NoStream{}, events("d")...).NextExpectedVersion)

	write(t, client, "hard", esdb.NoStream{}, events("a")...)
	_, err = client.TombstoneStream(within(t), "hard", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.StreamExists{}})
	require.NoError(t, err)
	_, err = client.AppendToStream(within(t), "hard", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Revision(0)}, events("b")...)
	requireCode(t, esdb.ErrorCodeStreamDeleted, err)
	opened, err := client.ReadStream(within(t), "hard", esdb.ReadStreamOptions{}, 1)
	require.NoError(t, err)
	_, err = opened.Recv()
	requireCode(t, esdb.ErrorCodeStreamDeleted, err)
}

// More than one page of the store below, both ways, of a stream and of all.
func TestReads_thatAreLong(t *testing.T) {
	const n = 1234
	_, client := serve(t, esdbserver.Options{})
	for i := range n {
		expected := esdb.ExpectedRevision(esdb.NoStream{})
		if i > 0 {
			expected = esdb.Revision(uint64(i - 1))
		}
		write(t, client, "long", expected, events("a")...)
	}
	for _, direction := range []esdb.Direction{esdb.Forwards, esdb.Backwards} {
		for _, limit := range []uint64{n - 1, n, n + 1, 500, 501} {
			want := min(int(limit), n)
			from := map[esdb.Direction]any{esdb.Forwards: esdb.Start{}, esdb.Backwards: esdb.End{}}[direction]
			opened, err := client.ReadStream(within(t), "long", esdb.ReadStreamOptions{Direction: direction, From: from.(esdb.StreamPosition)}, limit)
			requireSteps(t, readAll(t, opened, err), direction, want)
			opened, err = client.ReadAll(within(t), esdb.ReadAllOptions{Direction: direction, From: from.(esdb.AllPosition)}, limit)
			requireSteps(t, readAll(t, opened, err), direction, want)
		}
	}
	opened, err := client.ReadStream(within(t), "long", esdb.ReadStreamOptions{From: esdb.End{}}, 10)
	require.Empty(t, readAll(t, opened, err), "forwards from the end")
}

func requireSteps(t testing.TB, read []*esdb.RecordedEvent, direction esdb.Direction, n int) {
	t.Helper()
	require.Len(t, read, n)
	for i := 1; i < n; i++ {
		before, after := read[i-1].EventNumber, read[i].EventNumber
		if direction == esdb.Backwards {
			before, after = after, before
		}
		require.Equal(t, before+1, after)
	}
}

// A store that is away is Unavailable; everything else that it says has its
// own word.
func TestErrors_ofTheStoreHaveTheirCodes(t *testing.T) {
	var answer error
	_, client := serve(t, esdbserver.Options{Before: func(_ context.Context, method string) error {
		if method == "Read" {
			return answer
		}
		return nil
	}})
	for _, row := range []struct {
		err  error
		code codes.Code
	}{
		{eventstore.ErrDenied, codes.PermissionDenied},
		{eventstore.ErrTooLarge, codes.InvalidArgument},
		{context.Canceled, codes.Canceled},
		{errors.New("disk"), codes.Unknown},
		{status.Error(codes.Aborted, "Operation timed out"), codes.Aborted},
		{eventstore.ErrUnavailable, codes.Unavailable}, // last: the client forgets its connection
	} {
		answer = row.err
		opened, err := client.ReadStream(within(t), "a", esdb.ReadStreamOptions{}, 1)
		require.NoError(t, err)
		_, err = opened.Recv()
		require.Equal(t, row.code, status.Code(err))
	}
}
