package app

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"nonassociations/audit/evidence/signer"
	"nonassociations/audit/evidence/store"
	"nonassociations/web/shape"
)

var (
	headSize        = newDesc("evidence_head_size", "Number of facts under the newest signed head.")
	headTime        = newDesc("evidence_head_timestamp_seconds", "Unix time at which the newest head was signed.")
	unsignedFacts   = newDesc("evidence_unsigned_facts", "Facts that were read and that no head covers.")
	witnessRefusals = newDesc("evidence_witness_refusals_total", "Heads that the witness refused as shrunk or forked.")
)

// evidenceMetrics is a prometheus.Collector of a process that signs.
type evidenceMetrics struct{ process *process }

// Describe implements prometheus.Collector.
func (evidenceMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{headSize, headTime, unsignedFacts, witnessRefusals} {
		to <- d
	}
}

// Collect implements prometheus.Collector. Before the first head there is no time of one.
// While Postgres does not answer nothing is sent.
func (m evidenceMetrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(m.process.below, scrapeTimeout)
	defer cancel()
	asked(ctx, m.process, func(ctx context.Context) error {
		found, err := readEvidence(ctx, m.process.signing.store.Tree())
		if err != nil {
			return err
		}
		buffered := 0
		if s := m.process.signing.signer.Load(); s != nil {
			buffered = s.Buffered()
		}
		gauge(to, headSize, float64(found.head.Size))
		gauge(to, unsignedFacts, float64(found.unsigned()+int64(buffered)))
		if found.head.Size > 0 {
			gauge(to, headTime, float64(found.head.SignedAt.UnixMilli())/1000)
		}
		to <- prometheus.MustNewConstMetric(witnessRefusals, prometheus.CounterValue, float64(found.refusals.Count))
		return nil
	})
}

// evidenceNumbers is how the tree is.
type evidenceNumbers struct {
	state    store.State
	head     store.Head // the zero Head before the first
	refusals store.Refusals
}

// unsigned is the number of leaves that no head covers.
func (e evidenceNumbers) unsigned() int64 { return max(0, e.state.Size-e.head.Size) }

func readEvidence(ctx context.Context, tree store.Tree) (e evidenceNumbers, err error) {
	if e.head, err = tree.NewestHead(ctx); err != nil && !errors.Is(err, store.ErrNoHead) {
		return e, err
	}
	if e.state, err = tree.State(ctx); err != nil {
		return e, err
	}
	e.refusals, err = tree.Refusals(ctx)
	return e, err
}

// evidence tells of the signer and of its newest head. A witness that refused a head later
// than it was cosigned is not well: the tree may have shrunk or forked.
func (a *statusAsking) evidence(ctx context.Context) (shape.PartStatus, error) {
	of, there, err := a.consumer(ctx, signer.Consumer)
	if err != nil {
		return of, err
	}
	if !there {
		if a.config.Evidence.KeyFile == "" {
			return of, errNoPart
		}
		return shape.PartStatus{Numbers: map[string]any{}}, nil
	}
	tree := store.On(a.rows)
	found, err := readEvidence(ctx, tree)
	if err != nil {
		return of, err
	}
	cosigned, err := tree.LastCosigned(ctx)
	if err != nil {
		return of, err
	}
	of.Numbers["headSize"], of.Numbers["unsigned"] = found.head.Size, found.unsigned()
	of.Numbers["cosigned"], of.Numbers["witnessRefusals"] = cosigned, found.refusals.Count
	if found.head.Size > 0 {
		of.Numbers["headSeconds"] = a.Clock().Sub(found.head.SignedAt).Seconds()
	}
	if found.refusals.Count > 0 && found.refusals.Size > cosigned {
		of.OK, of.Since, of.Runbook = false, &found.refusals.LastAt, new(runbookWitness)
	}
	return of, nil
}
