package outbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/domain"
	"nonassociations/internal/dev/doubles"
	"nonassociations/internal/dev/localaws"
	"nonassociations/internal/dev/testdb"
	"nonassociations/web/screens/outbox"
	"nonassociations/web/screens/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// queueName is the audit queue of the tests.
const queueName = "audit"

// tables is a database with the tables of the store.
var tables = testdb.NewTemplate(store.Migrate)

// fixture is a real table of views and a real queue over HTTP, with one clock.
type fixture struct {
	*store.Store
	*doubles.Clock

	t    *testing.T
	dsn  string
	aws  *localaws.Server
	logs *doubles.Log
}

func newFixture(t *testing.T, options localaws.Options) *fixture {
	t.Helper()
	f := &fixture{t: t, dsn: tables.New(t), logs: &doubles.Log{}, Clock: doubles.NewClock(noon.Add(time.Hour))}
	key, err := store.NewKey(bytes.Repeat([]byte{1}, store.KeySize))
	require.NoError(t, err)
	f.Store, err = store.Open(t.Context(), f.dsn, key)
	require.NoError(t, err)
	t.Cleanup(f.Close)
	f.aws, err = localaws.Start(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.aws.Stop(context.Background())) })
	f.aws.Queue(queueName)
	return f
}

// look records a view of an officer of a list.
func (f *fixture) look(change func(*store.View)) store.View {
	f.t.Helper()
	v := store.View{
		ID: uuid.New(), At: noon.Add(1500 * time.Microsecond), UserName: "OFFICER_A", Page: store.PageList, Route: "/prisoner/{pn}/non-associations",
		Query: "reason=THREAT", Subjects: []domain.PrisonerNumber{"A1234BC"}, Shown: []domain.PrisonerNumber{"D5678EF"},
		Position: 7, Build: "b1", RequestID: uuid.New(),
	}
	if change != nil {
		change(&v)
	}
	require.NoError(f.t, f.InsertView(f.t.Context(), v))
	return v
}

// sender returns a sender that keeps its views in some table.
func (f *fixture) sender(views outbox.Views) *outbox.Sender {
	f.t.Helper()
	queue, err := outbox.OpenQueue(f.t.Context(), f.aws.URL()+"/000000000000/"+queueName)
	require.NoError(f.t, err)
	return outbox.New(outbox.Options{
		Views: views, Queue: queue, Clock: f.Now, Logger: slog.New(slog.NewJSONHandler(f.logs, nil)), Interval: time.Millisecond,
	})
}

// runs lets a sender run until the function that it returns is called.
func (f *fixture) runs(s *outbox.Sender) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			require.NoError(f.t, <-ended)
		})
	}
	f.t.Cleanup(stop)
	return stop
}

func (f *fixture) unsent() int {
	count, _, err := f.UnsentViews(context.Background())
	require.NoError(f.t, err)
	return count
}

// waitUntilSent waits until no view is left.
func (f *fixture) waitUntilSent() {
	f.t.Helper()
	require.Eventually(f.t, func() bool { return f.unsent() == 0 }, 20*time.Second, time.Millisecond)
}

// received are the messages in the queue.
func (f *fixture) received() []map[string]any {
	f.t.Helper()
	var all []map[string]any
	for _, m := range f.aws.Messages(queueName) {
		var one map[string]any
		require.NoError(f.t, json.Unmarshal([]byte(m.Body), &one), m.Body)
		all = append(all, one)
	}
	return all
}

// of are the messages of one view.
func (f *fixture) of(v store.View) (all []map[string]any) {
	for _, m := range f.received() {
		if m["correlationId"] == v.RequestID.String() {
			all = append(all, m)
		}
	}
	return all
}
