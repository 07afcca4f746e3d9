package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"nonassociations/audit/evidence/store"
	"nonassociations/web/auth"
	"nonassociations/web/shape"
)

// Evidence is the tree over the log, as it is kept. Errors: [store.ErrNoHead],
// [store.ErrNotCovered], and faults of the store. Implementations are safe for concurrent
// use.
type Evidence interface {
	// Checkpoint returns the newest signed head with its cosignatures.
	Checkpoint(ctx context.Context) (string, error)
	// TileAt returns a tile or bundle of C2SP; false when no head has it.
	TileAt(ctx context.Context, path string) (data []byte, found bool, err error)
	// Prove proves events under the newest head. An event without a leaf is left out.
	Prove(ctx context.Context, events []uuid.UUID) (store.Proven, error)
	// Reached returns the position up to which every fact has its leaf.
	Reached(ctx context.Context) (uint64, error)
}

const (
	mediaText  = "text/plain; charset=utf-8"
	mediaBytes = "application/octet-stream"
	// headSoon is after how many seconds a fact has its head, at the latest.
	headSoon = "60"
)

// evidenceRoutes are what auditors check the log with. The name of a tile has as many parts
// as its number needs.
func (a *API) evidenceRoutes(mux *chi.Mux) {
	mux.Get("/evidence/checkpoint", a.authenticated(a.checkpoint, roleAudit))
	for _, tile := range []string{"{n}", "{x1}/{n}", "{x1}/{x2}/{n}", "{x1}/{x2}/{x3}/{n}"} {
		mux.Get("/evidence/tile/{level}/"+tile, a.authenticated(a.tile, roleAudit))
	}
	mux.Get("/evidence/proof/{eventId}", a.authenticated(a.proof, roleAudit))
	mux.Get("/non-associations/{id}/proof", a.authenticated(a.recordProof, roleAudit))
}

// noHeadYet is the 503 for what the next head will cover.
func noHeadYet(cause error) problem {
	p := plain(http.StatusServiceUnavailable, "No signed head covers this yet. One is made about once a minute.")
	p.retryAfter, p.cause = headSoon, cause
	return p
}

// evidenceFault returns the answer to an error of Evidence.
func evidenceFault(err error) error {
	if errors.Is(err, store.ErrNoHead) || errors.Is(err, store.ErrNotCovered) {
		return noHeadYet(err)
	}
	return unavailable(err)
}

// errNoEvidence is the fault of a process without the tree.
var errNoEvidence = errors.New("this process has no tree over the log")

// noEvidence is an Evidence that has none.
type noEvidence struct{}

func (noEvidence) Checkpoint(context.Context) (string, error) { return "", errNoEvidence }
func (noEvidence) TileAt(context.Context, string) ([]byte, bool, error) {
	return nil, false, errNoEvidence
}

func (noEvidence) Prove(context.Context, []uuid.UUID) (store.Proven, error) {
	return store.Proven{}, errNoEvidence
}
func (noEvidence) Reached(context.Context) (uint64, error) { return 0, errNoEvidence }

// checkpoint answers with the newest signed head.
func (a *API) checkpoint(ctx context.Context, _ *http.Request, _ auth.Claims) (response, error) {
	text, err := a.evidence.Checkpoint(ctx)
	if err != nil {
		return response{}, evidenceFault(err)
	}
	return response{status: http.StatusOK, contentType: mediaText, body: []byte(text)}, nil
}

// tile answers with a tile of hashes or a bundle of leaves. A path in another form than that
// of C2SP is one that no head has.
func (a *API) tile(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	data, found, err := a.evidence.TileAt(ctx, strings.TrimPrefix(r.URL.EscapedPath(), "/evidence/tile/"))
	switch {
	case err != nil:
		return response{}, evidenceFault(err)
	case !found:
		return response{}, plain(http.StatusNotFound, "No head has this tile")
	}
	return response{status: http.StatusOK, contentType: mediaBytes, body: data}, nil
}

// proof answers with the proof of one fact.
func (a *API) proof(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	id, err := pathID(r, "eventId")
	if err != nil {
		return response{}, err
	}
	proven, err := a.evidence.Prove(ctx, []uuid.UUID{id})
	if err != nil {
		return response{}, evidenceFault(err)
	}
	if len(proven.Facts) == 0 {
		return response{}, a.withoutLeaf(ctx, "No fact has this id")
	}
	return response{status: http.StatusOK, contentType: mediaText, body: []byte(proven.Facts[0].Proof.Format())}, nil
}

// withoutLeaf is the answer about an event without a leaf: 404 once every fact of the log
// has its leaf, and 503 before, because the event may be a new one.
func (a *API) withoutLeaf(ctx context.Context, message string) error {
	head, err := a.head(ctx)
	if err != nil {
		return unavailable(err)
	}
	reached, err := a.evidence.Reached(ctx)
	switch {
	case err != nil:
		return unavailable(err)
	case reached < head:
		return noHeadYet(store.ErrNotCovered)
	}
	return plain(http.StatusNotFound, message)
}

// recordProof answers with the proofs of all facts of a record, also of a deleted one.
func (a *API) recordProof(ctx context.Context, r *http.Request, _ auth.Claims) (response, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return response{}, err
	}
	reached, err := a.reachStreams(ctx, 0)
	if err != nil {
		return response{}, err
	}
	entries, err := a.historyOfOne(ctx, id, reached)
	if err != nil {
		return response{}, err
	}
	var events []uuid.UUID
	seen := map[uuid.UUID]bool{}
	for _, entry := range entries {
		if !seen[entry.Fact.ID] {
			seen[entry.Fact.ID] = true
			events = append(events, entry.Fact.ID)
		}
	}
	proven, err := a.evidence.Prove(ctx, events)
	if err != nil {
		return response{}, evidenceFault(err)
	}
	if len(proven.Facts) < len(events) {
		return response{}, noHeadYet(store.ErrNotCovered)
	}
	shown := shape.RecordProof{NonAssociationID: id, Checkpoint: proven.Checkpoint, Facts: []shape.FactProof{}}
	for _, fact := range proven.Facts {
		shown.Facts = append(shown.Facts, shape.FactProof{
			EventID: fact.EventID, Index: fact.Proof.Index, Leaf: string(fact.Proof.Leaf), Proof: fact.Proof.Format(),
		})
	}
	out := response{status: http.StatusOK, position: formatPosition(reached)}
	out.body, err = json.Marshal(shown)
	return out, err
}
