package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/logcheck"
	"nonassociations/audit/evidence/store"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/eventstore/postgres"
)

// signedLog is a log in Postgres with its tree: heads of 10 and of 20 of its 24 facts.
type signedLog struct {
	dsn     string
	conn    *pgx.Conn
	log     *postgres.Store
	key     evidence.PrivateKey
	witness evidence.PrivateKey
	notes   []string
	ids     []uuid.UUID
}

func newSignedLog(t *testing.T) signedLog {
	t.Helper()
	dsn, conn, id := newRecord(t)
	s := signedLog{dsn: dsn, conn: conn, key: evidenceKey(t, 1, evidence.OfLog, evidenceOrigin), witness: evidenceKey(t, 2, evidence.OfWitness, "witness.example")}
	var err error
	s.log, err = postgres.Open(t.Context(), dsn, postgres.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.log.Close(context.Background())) })
	s.add(t, 24)
	kept, err := store.Open(t.Context(), dsn)
	require.NoError(t, err)
	defer kept.Close()
	var edge evidence.Tree
	var state store.State
	recorded, err := s.log.ReadAll(t.Context(), eventstore.Forwards, eventstore.Start, 1000)
	require.NoError(t, err)
	for _, event := range recorded {
		if !domain.IsOurs(event.Stream) || state.Size == 20 {
			continue
		}
		leaf, err := evidence.NewLeaf(event)
		require.NoError(t, err)
		nodes := edge.Add(evidence.LeafHash(leaf.Text()))
		to := store.State{StoreID: id, Size: state.Size + 1, At: event.Position, EventID: event.ID, Stream: event.Stream, Revision: event.Revision}
		row := store.Leaf{Index: state.Size, EventID: event.ID, At: event.Position, Text: leaf.Text()}
		require.NoError(t, kept.Tree().Append(t.Context(), state, to, []store.Leaf{row}, nodes))
		if state = to; state.Size%10 == 0 {
			s.sign(t, kept.Tree(), evidence.Head{Origin: evidenceOrigin, Size: state.Size, Root: edge.Root()})
		}
	}
	_, err = conn.Exec(t.Context(), `ALTER TABLE eventstore.events DISABLE TRIGGER append_only;
		ALTER TABLE evidence.head DISABLE TRIGGER head_is_kept; ALTER TABLE evidence.leaf DISABLE TRIGGER leaf_is_kept;
		ALTER TABLE evidence.cosignature DISABLE TRIGGER cosignature_is_kept`)
	require.NoError(t, err)
	return s
}

func (s *signedLog) add(t *testing.T, facts int) {
	t.Helper()
	for range facts {
		n := len(s.ids)
		s.ids = append(s.ids, uuid.New())
		_, err := s.log.Append(t.Context(), eventstore.Append{
			Stream: fmt.Sprintf("nonAssociation-A1234BC-A%04dBD", n), Expected: eventstore.NoStream,
			Events: []eventstore.Event{{
				ID: s.ids[n], Type: "NonAssociationOpened.v1", Data: fmt.Appendf(nil, `{"n":%d}`, n),
				Metadata: fmt.Appendf(nil, `{"commandId":"%s","actor":"JSMITH"}`, uuid.New()),
			}},
		})
		require.NoError(t, err)
	}
}

func (s *signedLog) sign(t *testing.T, tree store.Tree, head evidence.Head) {
	t.Helper()
	note, err := evidence.Sign(head, s.key.Signer())
	require.NoError(t, err)
	added, err := tree.AddHead(t.Context(), head.Size, note, time.Now())
	require.NoError(t, err)
	require.True(t, added)
	line, err := evidence.Cosign(s.witness, head.Text(), time.Now())
	require.NoError(t, err)
	require.NoError(t, tree.AddCosignature(t.Context(), store.Cosignature{Size: head.Size, Line: line, At: time.Now()}))
	s.notes = append(s.notes, note)
}

// verify runs verify log with both keys.
func (s *signedLog) verify(t *testing.T, args ...string) (logcheck.Result, int) {
	t.Helper()
	text, status := printed(t, append([]string{"verify", "log", "--json", "--key", s.key.VKey, "--key", s.witness.VKey}, args...)...)
	var r logcheck.Result
	require.Equal(t, status <= 1, text != "", text)
	if text != "" {
		require.NoError(t, json.Unmarshal([]byte(text), &r))
	}
	return r, status
}

// named are the problems in short.
func named(r logcheck.Result) (all []string) {
	for _, p := range r.Problems {
		text := string(p.Kind)
		if p.Index != nil {
			text += fmt.Sprint(" ", *p.Index)
		}
		all = append(all, text+fmt.Sprint(" ", p.Parts))
	}
	return all
}

// atRow is the condition of the row of a fact by its index: each has a stream of its own.
func atRow(n int) string { return fmt.Sprintf(` WHERE stream = 'nonAssociation-A1234BC-A%04dBD'`, n) }

const update = `UPDATE eventstore.events SET `

// swap exchanges the places of two rows.
const swap = update + `position = 1000` + ` WHERE position = 9; ` + update + `position = 9 WHERE position = 6; ` + update + `position = 6 WHERE position = 1000`

// TestVerifyLog_namesWhatWasDoneToTheTables, read as a log in Postgres and by the protocol of
// EventStoreDB.
func TestVerifyLog_namesWhatWasDoneToTheTables(t *testing.T) {
	s := newSignedLog(t)
	t.Setenv("DATABASE_URL", s.dsn)
	for _, test := range []struct {
		sql  string
		want []string
	}{
		{`SELECT 1`, nil},
		{update + `data = '{}'` + atRow(3), []string{"CHANGED 3 [data]"}},
		{update + `metadata = metadata || ' '` + atRow(3), []string{"CHANGED 3 [metadata]"}},
		{update + `metadata = '{"commandId":"x"}'` + atRow(3), []string{"CHANGED 3 [metadata]"}},
		{update + `stream = 'nonAssociation-A1234BC-Z9999ZZ'` + atRow(3), []string{"CHANGED 3 [stream]"}},
		{update + `type = 'x'` + atRow(3), []string{"CHANGED 3 [type]"}},
		{update + `recorded_at = recorded_at + interval '1 microsecond'` + atRow(3), []string{"CHANGED 3 [recordedAt]"}},
		{update + `revision = 7` + atRow(3), []string{"CHANGED 3 [revision]"}},
		{update + `id = gen_random_uuid()` + atRow(3), []string{"CHANGED 3 [eventId]"}},
		{update + `data = '{}', type = 'x', revision = 2, metadata = metadata || ' '` + atRow(19), []string{"CHANGED 19 [data metadata type revision]"}},
		{`DELETE FROM eventstore.events` + atRow(19), []string{"MISSING 19 []"}},
		{`DELETE FROM eventstore.events WHERE position > 18`, []string{"MISSING 17 []", "MISSING 18 []", "MISSING 19 []"}},
		{update + `position = 100` + atRow(3), []string{"MOVED 3 []"}},
		{swap, []string{"MOVED 4 []", "MOVED 7 []"}},
		{`UPDATE evidence.head SET note = overlay(note placing 'AAAA' from length(note) - 8) WHERE size = 10`, []string{"HEAD []"}},
		{`UPDATE evidence.cosignature SET note_line = overlay(note_line placing 'AAAA' from length(note_line) - 8) WHERE size = 20`, []string{"COSIGNATURE []"}},
		{`UPDATE evidence.leaf SET text = replace(text, 'Opened', 'Closed') WHERE index = 15`, []string{"CHANGED 15 [type]", "HEAD []"}},
		{update + `position = position + 100 WHERE position > 7; ` + update + `position = position - 99 WHERE position > 100;
			INSERT INTO eventstore.events VALUES (8, 'prisoner-A1234BC', 0, gen_random_uuid(), 'x', '{}', '{}')`, []string{"ADDED []"}},
	} {
		undo := s.tamper(t, test.sql)
		for _, address := range []string{s.dsn, "embedded"} {
			t.Setenv("EVENTSTORE_URL", address)
			r, status := s.verify(t)
			require.Equal(t, test.want, named(r), test.sql)
			require.Equal(t, min(len(test.want), 1), status, test.sql)
			require.Equal(t, status == 0, r.OK)
		}
		undo()
	}
}

// tamper changes rows, and returns a function that puts all tables back as they were.
func (s *signedLog) tamper(t *testing.T, sql string) (undo func()) {
	t.Helper()
	tables := []string{"eventstore.events", "evidence.cosignature", "evidence.head", "evidence.leaf"}
	for i, table := range tables {
		_, err := s.conn.Exec(t.Context(), fmt.Sprintf(`CREATE TEMP TABLE was_%d AS TABLE %s`, i, table))
		require.NoError(t, err)
	}
	_, err := s.conn.Exec(t.Context(), sql)
	require.NoError(t, err, sql)
	return func() {
		var text strings.Builder
		text.WriteString(`DELETE FROM evidence.cosignature;`)
		for _, i := range []int{0, 2, 1, 3} {
			fmt.Fprintf(&text, `DELETE FROM %s; INSERT INTO %s TABLE was_%d; DROP TABLE was_%d;`, tables[i], tables[i], i, i)
		}
		_, err := s.conn.Exec(t.Context(), text.String())
		require.NoError(t, err)
	}
}

// TestVerifyLog_againstACheckpointFromOutside: of a file and of a URL, without Postgres.
func TestVerifyLog_againstACheckpointFromOutside(t *testing.T) {
	s := newSignedLog(t)
	t.Setenv("DATABASE_URL", s.dsn)
	t.Setenv("EVENTSTORE_URL", s.dsn)
	t.Setenv("NONASSOCIATIONS_TOKEN", "secret")
	var authorization string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization = r.Header.Get("Authorization")
		if r.URL.Path == "/checkpoint" {
			_, _ = w.Write([]byte(s.notes[1]))
			return
		}
		http.NotFound(w, r)
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "checkpoint")
	require.NoError(t, os.WriteFile(file, []byte(s.notes[1]), 0o600))

	for _, from := range []string{file, server.URL + "/checkpoint"} {
		r, status := s.verify(t, "--against", from)
		require.Zero(t, status)
		require.Equal(t, &logcheck.Against{Size: 20, Prefix: true}, r.Against)
	}
	require.Equal(t, "Bearer secret", authorization)
	for _, wrong := range []string{file + "x", server.URL + "/x", "http://127.0.0.1:1/x"} {
		_, status := s.verify(t, "--against", wrong)
		require.Equal(t, 2, status, wrong)
	}
	_, status := printed(t, "verify", "log", "--against", file, "--key", evidenceKey(t, 7, evidence.OfLog, evidenceOrigin).VKey)
	require.Equal(t, 2, status, "no known key")

	_, err := s.conn.Exec(t.Context(), `DELETE FROM evidence.cosignature; DELETE FROM evidence.head WHERE size = 20; DELETE FROM evidence.leaf WHERE index >= 10;
		DELETE FROM eventstore.events WHERE stream >= 'nonAssociation-A1234BC-A0012BD' AND stream < 'nonAssociation-B'`)
	require.NoError(t, err)
	for _, dsn := range []string{s.dsn, ""} { // with what was restored, and of the log alone
		t.Setenv("DATABASE_URL", dsn)
		r, status := s.verify(t, "--against", file)
		require.Equal(t, 1, status)
		require.Equal(t, &logcheck.Against{Size: 20, Missing: 8}, r.Against)
		require.EqualValues(t, 12, r.Facts)
	}
	t.Setenv("DATABASE_URL", s.dsn)
	r, status := s.verify(t)
	require.Zero(t, status, "what was restored with it is as old as it: %v", named(r))
}

// TestVerifyLog_thatCannotBeJudged is no pass.
func TestVerifyLog_thatCannotBeJudged(t *testing.T) {
	s := newSignedLog(t)
	t.Setenv("DATABASE_URL", s.dsn)
	t.Setenv("EVENTSTORE_URL", s.dsn)
	r, status := s.verify(t, "--from", "10")
	require.Zero(t, status)
	require.EqualValues(t, 10, r.From)
	require.EqualValues(t, 24, r.Facts)
	_, status = s.verify(t, "--from", "11")
	require.Equal(t, 2, status, "no such head")
	for _, args := range [][]string{{"--from", "x"}, {"--from", "10", "--against", "x"}, {"--from", "10", "--archive", "x"}} {
		_, status = s.verify(t, args...)
		require.Equal(t, 80, status, args)
	}
	empty := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(empty, "store-id"), []byte(uuid.NewString()+"\n"), 0o600))
	_, status = s.verify(t, "--archive", empty)
	require.Equal(t, 2, status, "an archive without a checkpoint")
	for _, variable := range []string{"EVIDENCE_KEY_FILE", "EVIDENCE_OLD_KEYS", "WITNESS_KEY"} {
		t.Setenv(variable, "")
	}
	_, status = printed(t, "verify", "log", "--json")
	require.Equal(t, 2, status, "no known key")
	t.Setenv("EVIDENCE_OLD_KEYS", s.key.VKey)
	text, status := printed(t, "verify", "log")
	require.Zero(t, status, text)
	require.Contains(t, text, "Nothing is wrong.")
	_, err := s.conn.Exec(t.Context(), `UPDATE evidence.tree SET log_id = gen_random_uuid()`)
	require.NoError(t, err)
	_, status = s.verify(t)
	require.Equal(t, 2, status, "of another log")
	_, err = s.conn.Exec(t.Context(), `DELETE FROM evidence.cosignature; DELETE FROM evidence.head; DELETE FROM evidence.leaf; DELETE FROM evidence.tree`)
	require.NoError(t, err)
	_, status = s.verify(t)
	require.Equal(t, 2, status, "no head at all")
}
