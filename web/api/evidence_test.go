package api_test

import (
	"bytes"
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/store"
	"nonassociations/domain"
	"nonassociations/eventstore"
	"nonassociations/web/api"
)

var anUUID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)

// keptTree is the tree over the first facts of a log, as if it had been kept.
type keptTree struct {
	t       *testing.T
	log     eventstore.Store
	covered int // facts under the head; 0: there is no head
}

// whole returns the tree's leaves by event, its head and its note.
func (k *keptTree) whole() (leaves [][]byte, events []uuid.UUID, tree evidence.Tree) {
	recorded, err := k.log.ReadAll(k.t.Context(), eventstore.Forwards, eventstore.Start, 1000)
	require.NoError(k.t, err)
	for _, event := range recorded {
		if !domain.IsOurs(event.Stream) || len(leaves) == k.covered {
			continue
		}
		leaf, err := evidence.NewLeaf(event)
		require.NoError(k.t, err)
		leaves, events = append(leaves, leaf.Text()), append(events, event.ID)
		tree.Add(evidence.LeafHash(leaf.Text()))
	}
	return leaves, events, tree
}

func (k *keptTree) Checkpoint(context.Context) (string, error) {
	if k.covered == 0 {
		return "", store.ErrNoHead
	}
	key, err := evidence.GenerateKey(bytes.NewReader(make([]byte, 32)), evidence.OfLog, "tree.test")
	require.NoError(k.t, err)
	_, _, tree := k.whole()
	return evidence.Sign(evidence.Head{Origin: "tree.test", Size: tree.Size(), Root: tree.Root()}, key.Signer())
}

func (k *keptTree) TileAt(_ context.Context, path string) ([]byte, bool, error) {
	return []byte{1, 2}, path == "0/x001/234.p/5" || path == "entries/000", nil
}

func (k *keptTree) Prove(ctx context.Context, events []uuid.UUID) (store.Proven, error) {
	signed, err := k.Checkpoint(ctx)
	if err != nil {
		return store.Proven{}, err
	}
	leaves, ids, _ := k.whole()
	p := store.Proven{Checkpoint: signed}
	for i, id := range ids {
		for _, event := range events {
			if event == id {
				p.Facts = append(p.Facts, store.ProvenFact{EventID: id, Proof: evidence.Proof{Leaf: leaves[i], Index: int64(i), Signed: signed}})
			}
		}
	}
	return p, nil
}

func (k *keptTree) Reached(ctx context.Context) (uint64, error) {
	end, err := k.log.End(ctx)
	if k.covered < 1000 {
		return 0, err
	}
	return end.Uint64(), err
}

func withTree(t *testing.T) (*testServer, *keptTree) {
	t.Helper()
	tree := &keptTree{t: t, covered: 1000}
	h := newTestServer(t, func(o *api.Options) { o.Evidence = tree })
	tree.log = h.store
	return h, tree
}

func TestEvidence_isServed(t *testing.T) {
	h, tree := withTree(t)
	id := anUUID.FindString(h.sync(record).Body.String())
	w := h.call(http.MethodGet, "/evidence/checkpoint", auditor, "")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	require.True(t, strings.HasPrefix(w.Body.String(), "tree.test\n"))
	for path, want := range map[string]int{"0/x001/234.p/5": 200, "entries/000": 200, "0/x001/234.p/6": 404, "9/000": 404, "nonsense/000": 404} {
		w := h.call(http.MethodGet, "/evidence/tile/"+path, auditor, "")
		require.Equal(t, want, w.Code, path)
		if want == http.StatusOK {
			require.Equal(t, "application/octet-stream", w.Header().Get("Content-Type"))
			require.Contains(t, w.Header().Get("Cache-Control"), "immutable")
		}
	}
	_, events, _ := tree.whole()
	w = h.call(http.MethodGet, "/evidence/proof/"+events[0].String(), auditor, "")
	require.Equal(t, http.StatusOK, w.Code)
	proof, err := evidence.ParseProof(w.Body.String())
	require.NoError(t, err)
	leaf, err := evidence.ParseLeaf(proof.Leaf)
	require.NoError(t, err)
	require.Equal(t, events[0], leaf.EventID)
	w = h.call(http.MethodGet, "/non-associations/"+id+"/proof", auditor, "")
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	require.Contains(t, w.Body.String(), events[0].String())
	h.requireNoCommandID(w.Body.String())
}

// requireNoCommandID looks for the command id of any fact.
func (h *testServer) requireNoCommandID(answer string) {
	h.t.Helper()
	recorded, err := h.store.ReadAll(h.t.Context(), eventstore.Forwards, eventstore.Start, 1000)
	require.NoError(h.t, err)
	require.NotEmpty(h.t, recorded)
	for _, event := range recorded {
		if command := evidence.CommandID(event.Metadata); command != "" {
			require.NotContains(h.t, answer, command)
		}
	}
}

func TestEvidence_thatIsNotThereYet(t *testing.T) {
	h, tree := withTree(t)
	require.Equal(t, http.StatusNotFound, h.call(http.MethodGet, "/evidence/proof/"+anID, auditor, "").Code)
	require.Equal(t, http.StatusNotFound, h.call(http.MethodGet, "/non-associations/"+anID+"/proof", auditor, "").Code)
	for _, path := range []string{"/evidence/proof/x", "/non-associations/x/proof"} {
		require.Equal(t, http.StatusBadRequest, h.call(http.MethodGet, path, auditor, "").Code, path)
	}
	id := anUUID.FindString(h.sync(record).Body.String())
	tree.covered = 0
	for _, path := range []string{"/evidence/checkpoint", "/evidence/proof/" + anID, "/non-associations/" + id + "/proof"} {
		w := h.call(http.MethodGet, path, auditor, "")
		require.Equal(t, http.StatusServiceUnavailable, w.Code, path)
		require.Equal(t, "60", w.Header().Get("Retry-After"), path)
	}
}
