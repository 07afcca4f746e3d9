package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"nonassociations/audit/evidence/logcheck"
	"nonassociations/audit/evidence/nightly"
	kept "nonassociations/audit/evidence/store"
	"nonassociations/projections/rebuild"
)

// checkNightly makes the checks of every night until ctx ends, beside the signer.
func (p *process) checkNightly(ctx context.Context) error {
	at, err := nightly.ParseTimeOfDay(p.Config.Evidence.VerifyAt)
	if err != nil {
		return fmt.Errorf("VERIFY_AT %w", err)
	}
	nightly.Run(ctx, nightly.Options{
		DSN: p.Config.DatabaseURL, Kept: p.signing.store.Tree(), At: at, Clock: p.Clock, Logger: p.Logger,
		Checks: []nightly.Check{{Name: kept.ReadModelCheck, Judge: p.judgeReadModel}, {Name: kept.LogCheck, Judge: p.judgeLog}},
	})
	return nil
}

// maxNightRows is how many rows that differ are kept with the result of a night.
const maxNightRows = 100

// judgeReadModel is verify read-model. It always compares everything.
func (p *process) judgeReadModel(ctx context.Context, _ int64) (nightly.Finding, error) {
	found, err := rebuild.Verify(ctx, rebuild.Options{
		DSN: p.Config.DatabaseURL, Store: p.log, London: p.Clock().Location(), Clock: p.Clock, Logger: p.Logger, Limit: maxNightRows,
	})
	if errors.Is(err, rebuild.ErrNoModel) {
		return nightly.Finding{}, fmt.Errorf("%w: %w", nightly.ErrNotYet, err)
	}
	return nightly.Finding{OK: found.OK, Total: int64(found.Total), Result: found}, withoutText(err)
}

// judgeLog is verify log --from a head. When that head is gone, all of the log is checked.
func (p *process) judgeLog(ctx context.Context, from int64) (nightly.Finding, error) {
	keys, err := KnownKeys(p.Config.Evidence.keyVariables(), nil)
	if err != nil {
		return nightly.Finding{}, err
	}
	tree := p.signing.store.Tree()
	found, err := p.checkLog(ctx, p.log, &tree, LogCheck{Keys: keys, From: from})
	if errors.Is(err, logcheck.ErrFrom) {
		found, err = p.checkLog(ctx, p.log, &tree, LogCheck{Keys: keys})
	}
	if errors.Is(err, logcheck.ErrNoHead) {
		return nightly.Finding{}, fmt.Errorf("%w: %w", nightly.ErrNotYet, err)
	}
	finding := nightly.Finding{OK: found.OK, Total: found.ProblemsTotal, Result: found}
	if found.NewestHead != nil {
		finding.HeadSize = &found.NewestHead.Size
	}
	return finding, err
}

// keyVariables are the variables that have keys, as KnownKeys reads them.
func (e Evidence) keyVariables() map[string]string {
	return map[string]string{
		"EVIDENCE_KEY_FILE": e.KeyFile, "EVIDENCE_OLD_KEYS": strings.TrimSpace(e.OldKeys), "WITNESS_KEY": e.WitnessKey,
	}
}
