package app_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/bundle"
	"nonassociations/audit/evidence/signer"
	kept "nonassociations/audit/evidence/store"
	"nonassociations/cmd/internal/app"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
	"nonassociations/internal/pg"
	screens "nonassociations/web/screens/store"
)

// exporter has a log with one record, and the tables of an installation.
type exporter struct {
	t   *testing.T
	dsn string
	log *postgres.Store
	key evidence.PrivateKey
}

func newExporter(t *testing.T) *exporter {
	t.Helper()
	e := &exporter{t: t, dsn: migrated(t)}
	log, err := postgres.Open(t.Context(), e.dsn, postgres.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, log.Close(context.Background())) })
	e.log = log
	_, err = eventstore.WriteIdentity(t.Context(), log, uuid.New())
	require.NoError(t, err)
	e.key, err = evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{5}, 64)), evidence.OfLog, "localhost/evidence/1")
	require.NoError(t, err)
	s := domaintest.NewScenario(t)
	s.Sync(domaintest.SyncOf(domaintest.Pair, "Keep apart").Items...)
	appended := eventstore.Append{Stream: domaintest.Pair.Stream(), Expected: eventstore.NoStream}
	for _, fact := range s.Facts {
		appended.Events = append(appended.Events, eventstore.Encode(fact))
	}
	_, err = log.Append(t.Context(), appended)
	require.NoError(t, err)
	return e
}

// sign signs heads until the test ends.
func (e *exporter) sign() {
	e.t.Helper()
	tree, err := kept.Open(e.t.Context(), e.dsn)
	require.NoError(e.t, err)
	s, err := signer.New(signer.Options{
		Log: e.log, DSN: e.dsn, Tree: tree.Tree(), Origin: e.key.Name, Keys: []evidence.PrivateKey{e.key},
		Every: 100 * time.Millisecond, Clock: time.Now, Logger: slog.New(slog.DiscardHandler), Build: "test",
	})
	require.NoError(e.t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	e.t.Cleanup(func() {
		stop()
		<-ended
		tree.Close()
	})
}

func (e *exporter) options() app.Options {
	return app.Options{
		Config: app.Config{EventStoreURL: e.dsn, DatabaseURL: e.dsn, Evidence: app.Evidence{OldKeys: e.key.VKey}}, Clock: func() time.Time { return time.Now().In(domaintest.London) },
		Logger: slog.New(slog.DiscardHandler),
	}
}

// export asks for a bundle of High.
func (e *exporter) export(file string, change func(*app.Export)) (app.Exported, error) {
	asked := app.Export{
		Number: domaintest.High, File: file, Act: app.Act{User: "AUDITOR", Action: "export", Reason: "Inquiry 7"},
		Wait: time.Minute, Say: func(string) {},
	}
	now := time.Now().In(domaintest.London)
	var err error
	asked.At, err = audit.ParseMoments("", "", "", now.Add(time.Minute))
	require.NoError(e.t, err)
	if change != nil {
		change(&asked)
	}
	return app.ExportBundle(e.t.Context(), e.options(), asked)
}

func (e *exporter) views() []screens.View {
	e.t.Helper()
	views, err := screens.Open(e.t.Context(), e.dsn, nil)
	require.NoError(e.t, err)
	defer views.Close()
	all, err := views.Views(e.t.Context(), screens.ViewFilter{}, screens.Cursor{}, 100)
	require.NoError(e.t, err)
	return all
}

func (e *exporter) actions() []kept.Action {
	e.t.Helper()
	store, err := kept.Open(e.t.Context(), e.dsn)
	require.NoError(e.t, err)
	defer store.Close()
	all, _, err := store.Actions(e.t.Context(), kept.Filter{})
	require.NoError(e.t, err)
	return all
}

// TestExport_provesWhatTheLogHolds, is recorded, and is for its owner alone.
func TestExport_provesWhatTheLogHolds(t *testing.T) {
	t.Parallel()
	e := newExporter(t)
	e.sign()
	file := filepath.Join(t.TempDir(), "bundle.zip")
	made, err := e.export(file, func(x *app.Export) { x.Views = true })
	require.NoError(t, err)
	require.Equal(t, 1, made.Facts)
	require.Empty(t, made.Uncovered)
	require.NotNil(t, made.Head)

	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode())
	opened, err := os.Open(file)
	require.NoError(t, err)
	defer func() { require.NoError(t, opened.Close()) }()
	found, err := bundle.Verify(opened, info.Size(), evidence.Keys{e.key.Key})
	require.NoError(t, err)
	require.True(t, found.OK(), "%+v", found)
	require.Equal(t, 1, found.Proven)

	views, actions := e.views(), e.actions()
	require.Len(t, views, 1)
	require.Equal(t, screens.PageExport, views[0].Page)
	require.Equal(t, "AUDITOR", views[0].UserName)
	require.Equal(t, "A9109UD", string(views[0].Subjects[0]))
	require.Equal(t, "A0135GA", string(views[0].Shown[0]))
	require.Len(t, actions, 1)
	require.Equal(t, kept.Done, actions[0].Outcome)
}

// TestExport_isRecordedBeforeItsFile: where the view cannot be recorded, or the file cannot
// be written, there is no file, and the act is kept as one that failed.
func TestExport_isRecordedBeforeItsFile(t *testing.T) {
	t.Parallel()
	e := newExporter(t)
	e.sign()
	dir := t.TempDir()
	e.exec(`ALTER TABLE screens.view RENAME TO hidden`)
	e.exec(`CREATE VIEW screens.view AS SELECT * FROM screens.hidden WHERE false GROUP BY id`) // takes no row
	_, err := e.export(filepath.Join(dir, "a.zip"), nil)
	require.ErrorContains(t, err, "record a view")
	require.Empty(t, entries(t, dir))
	e.exec(`DROP VIEW screens.view`)
	e.exec(`ALTER TABLE screens.hidden RENAME TO view`)

	require.Equal(t, kept.Failed, e.actions()[0].Outcome)

	_, err = e.export(filepath.Join(dir, "b.zip"), nil)
	require.NoError(t, err)
	require.Len(t, e.views(), 1)
}

// TestExport_writesOverNothing that is there before, nor what came meanwhile.
func TestExport_writesOverNothing(t *testing.T) {
	t.Parallel()
	e := newExporter(t)
	e.sign()
	dir := t.TempDir()
	file := filepath.Join(dir, "bundle.zip")
	require.NoError(t, os.WriteFile(file, []byte("mine"), 0o600))
	_, err := e.export(file, nil)
	require.ErrorIs(t, err, app.ErrExists)
	require.Empty(t, e.views())

	_, err = e.export(filepath.Join(dir, "nowhere", "bundle.zip"), nil)
	require.ErrorContains(t, err, "folder")

	require.NoError(t, os.Remove(file))
	require.NoError(t, os.Symlink("/dev/null", file))
	_, err = e.export(file, nil)
	require.ErrorIs(t, err, app.ErrExists, "a link is a file too")

	// One that comes while the export waits for a head.
	waiting := newExporter(t)
	late := filepath.Join(dir, "late.zip")
	_, err = waiting.export(late, func(x *app.Export) {
		x.Wait = 1
		x.Say = func(string) { require.NoError(t, os.WriteFile(late, []byte("mine"), 0o600)) }
	})
	require.ErrorIs(t, err, app.ErrExists)
	text, err := os.ReadFile(late)
	require.NoError(t, err)
	require.Equal(t, "mine", string(text))
	require.Len(t, entries(t, dir), 2, "nothing is left of what was begun")
}

// TestExport_saysWhatNoHeadCovers when nothing signs, and writes the bundle all the same.
func TestExport_saysWhatNoHeadCovers(t *testing.T) {
	t.Parallel()
	e := newExporter(t)
	var said []string
	made, err := e.export(filepath.Join(t.TempDir(), "bundle.zip"), func(x *app.Export) {
		x.Wait = 1 // over at once
		x.Say = func(sentence string) { said = append(said, sentence) }
	})
	require.NoError(t, err)
	require.Len(t, made.Uncovered, 1)
	require.Nil(t, made.Head)
	require.Contains(t, said[0], "Waiting for a signed head that covers all 1 facts")
}

// exec changes tables as a stranger would.
func (e *exporter) exec(sql string) {
	e.t.Helper()
	require.NoError(e.t, pg.WithSession(e.t.Context(), e.dsn, func(conn *pgx.Conn) error {
		_, err := conn.Exec(e.t.Context(), sql)
		return err
	}))
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	all, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, one := range all {
		names = append(names, one.Name())
	}
	return names
}
