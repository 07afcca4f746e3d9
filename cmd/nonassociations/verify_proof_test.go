package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence"
	"nonassociations/eventstore"
)

const evidenceOrigin = "nonassociations.example/evidence/0190"

func evidenceKey(t *testing.T, n byte, kind evidence.Kind, name string) evidence.PrivateKey {
	t.Helper()
	key, err := evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{n}, 32)), kind, name)
	require.NoError(t, err)
	return key
}

// TestVerifyProof_ofAFileAlone: without a variable, and by the exit status what it is.
func TestVerifyProof_ofAFileAlone(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	t.Setenv("EVENTSTORE_URL", "")
	log, witness := evidenceKey(t, 1, evidence.OfLog, evidenceOrigin), evidenceKey(t, 2, evidence.OfWitness, "witness.example")
	data, metadata := []byte(`{"n":1}`), []byte(`{"commandId":"7f000001-0000-4000-8000-000000000001"}`)
	leaf, err := evidence.NewLeaf(eventstore.RecordedEvent{
		Event:  eventstore.Event{ID: uuid.Max, Type: "NonAssociationOpened.v1", Data: data, Metadata: metadata},
		Stream: "nonAssociation-A1234BC-A1234BD", RecordedAt: time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC),
	})
	require.NoError(t, err)
	note, err := evidence.Sign(evidence.Head{Origin: evidenceOrigin, Size: 1, Root: evidence.LeafHash(leaf.Text())}, log.Signer())
	require.NoError(t, err)
	file := func(name string, text []byte) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, text, 0o600))
		return path
	}
	proof := file("a.tlog-proof", []byte(evidence.Proof{Leaf: leaf.Text(), Signed: note}.Format()))
	d, m, other := file("data", data), file("metadata", metadata), file("other", []byte("x"))

	text, status := printed(t, "verify", "proof", proof, "--key", log.VKey, "--key", witness.VKey, "--data", d, "--metadata", m, "--json")
	require.Equal(t, 0, status, text)
	var got map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &got))
	require.Equal(t, map[string]any{
		"ok": true, "origin": evidenceOrigin, "size": 1.0, "index": 0.0, "data": "SAME", "metadata": "SAME",
		"leaf":       map[string]any{"eventId": uuid.Max.String(), "revision": 0.0, "type": "NonAssociationOpened.v1", "recordedAt": "2026-07-15T12:00:00Z"},
		"signatures": []any{map[string]any{"name": evidenceOrigin, "kind": "LOG", "known": true, "good": true, "time": nil}},
	}, got)
	for _, test := range []struct {
		args []string
		want int
	}{
		{[]string{proof, "--key", log.VKey}, 0},
		{[]string{proof, "--key", log.VKey, "--data", other, "--metadata", m}, 1},
		{[]string{proof, "--key", log.VKey, "--data", d, "--metadata", other}, 1},
		{[]string{proof, "--key", witness.VKey}, 2},
		{[]string{other, "--key", log.VKey}, 2},
		{[]string{proof + "x", "--key", log.VKey}, 2},
		{[]string{proof, "--key", log.VKey, "--data", d + "x", "--metadata", m}, 2},
		{[]string{proof, "--key", log.VKey[:len(log.VKey)-4] + "AAA="}, 80},
		{[]string{proof, "--key", log.VKey, "--data", d}, 80},
		{[]string{proof, "--key", log.VKey, "--metadata", m}, 80},
		{[]string{proof}, 80},
		{[]string{"--key", log.VKey}, 80},
	} {
		text, status := printed(t, append([]string{"verify", "proof"}, test.args...)...)
		require.Equal(t, test.want, status, "%v: %s", test.args, text)
		text, _ = printed(t, append([]string{"verify", "proof", "--json"}, test.args...)...)
		require.Equal(t, test.want <= 1, text != "", test.args)
	}
}
