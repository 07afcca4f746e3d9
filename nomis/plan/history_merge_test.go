package plan_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// removed is a number that NOMIS merges into low.
const removed domain.PrisonerNumber = "B1234CD"

// Two numbers turn out to be one prisoner. NOMIS numbers the details anew, the records come
// some time later, and turns crash all the while.
func TestProperty_aMergeLosesNothingInEitherSystem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t)
		h.prompt = true
		from, to := h.of(domaintest.PairOf(removed, high)), h.of(pair)
		for range h.length() {
			h.apart(one(h, "pair", from, to))
		}
		h.nomis.Merge(string(removed), string(low))
		for _, s := range h.streams {
			s.spend(h.world)
		}
		to.waitsUntil = h.now.Add(time.Hour)
		for range one(h, "acts before the records come", 0, 0, 1, 2, 3) {
			h.apart(to)
		}
		h.transfers(from, to)
		to.waitsUntil = time.Time{}
		for range 3 {
			h.calm()
			h.pass(25 * time.Hour)
		}
		require.Empty(t, h.textsHere(from))
	})
}

// apart draws something that happens to one of several pairs.
func (h *history) apart(s *stream) {
	h.acts++
	h.Logf("%d %v at %s", h.acts, s.pair.Numbers(), h.now.Format(time.DateTime))
	switch one(h, "act", "here", "there", "turn", "turn", "time") {
	case "here":
		h.staffHere(s)
	case "there":
		h.staffThere(s)
	case "turn":
		h.turn(s, h.drawCrash())
	case "time":
		h.pass(time.Duration(one(h, "minutes", 1, 20, 90, 1500)) * time.Minute)
	}
}

// transfers gives the records of one pair to the other, with what is known of NOMIS.
func (h *history) transfers(from, to *stream) {
	merged := domain.Renumbering{Previous: removed, Number: low, Reason: domain.ByMerge}
	revision := uint64(max(from.facts, 1)) - 1
	var records []domain.TransferredRecord
	var ids []uuid.UUID
	for _, n := range from.state.Items {
		known := merged.Known(from.exchanges.Of(n.ID).Knowledge(from.pair))
		records = append(records, domain.TransferredRecord{NonAssociation: merged.Of(n), Exchanged: &known})
		ids = append(ids, n.ID)
		if known.Base == nil {
			delete(h.truth.known, n.ID) // that a sequence was learned is not carried along
		}
	}
	_, err := h.decide(to, domain.Merge, "MERGE", domain.TransferIn{Renumbering: merged, From: from.pair, Revision: revision, Records: records})
	require.NoError(h, err)
	_, err = h.decide(from, domain.Merge, "MERGE", domain.TransferOut{Renumbering: merged, To: to.pair, Revision: revision, IDs: ids})
	require.NoError(h, err)
}
