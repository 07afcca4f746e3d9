package app

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"nonassociations/web/shape"
)

var (
	checkOK   = newDesc("check_ok", "1 when the newest check of the night found nothing wrong, else 0.", "check")
	checkTime = newDesc("check_timestamp_seconds", "Unix time of the newest check of the night.", "check")
)

// checkMetrics is a prometheus.Collector of what the checks of the night found. A check that
// was never made has no metric.
type checkMetrics struct{ process *process }

// Describe implements prometheus.Collector.
func (checkMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- checkOK
	to <- checkTime
}

// Collect implements prometheus.Collector.
func (m checkMetrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(m.process.below, scrapeTimeout)
	defer cancel()
	asked(ctx, m.process, func(ctx context.Context) error {
		all, err := lastChecks(ctx, m.process.consumers.rows)
		for _, c := range all {
			gauge(to, checkOK, oneIf(c.ok), c.name)
			gauge(to, checkTime, float64(c.at.UnixMilli())/1000, c.name)
		}
		return err
	})
}

// lastCheck is the newest result of a check of the night.
type lastCheck struct {
	name string
	at   time.Time
	ok   bool
}

// lastChecks returns the newest result of each check. It is none where the table is not there
// or may not be read: a role without the right has nothing to say of checks.
func lastChecks(ctx context.Context, rows interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
},
) ([]lastCheck, error) {
	var may bool
	err := rows.QueryRow(ctx, `SELECT coalesce((SELECT has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(c.relnamespace, 'USAGE')
		FROM pg_class c WHERE c.relname = 'check' AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'evidence')), false)`).Scan(&may)
	if err != nil || !may {
		return nil, err
	}
	found, err := rows.Query(ctx, `SELECT DISTINCT ON ("check") "check", at, ok FROM evidence."check" ORDER BY "check", at DESC`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, func(row pgx.CollectableRow) (c lastCheck, err error) {
		return c, row.Scan(&c.name, &c.at, &c.ok)
	})
}

// checks tells of the checks of the night. Before the first one there is no such part.
func (a *statusAsking) checks(ctx context.Context) (of shape.PartStatus, err error) {
	all, err := lastChecks(ctx, a.rows)
	if err != nil {
		return of, err
	}
	if len(all) == 0 {
		return of, errNoPart
	}
	of.OK, of.Numbers, of.Runbook = true, map[string]any{}, new(runbookOldCheck)
	for _, c := range all {
		age := a.Clock().Sub(c.at)
		of.Numbers[c.name] = map[string]any{"ok": c.ok, "ageSeconds": age.Seconds()}
		if !c.ok { // which is worse than an old one
			of.Runbook = new(runbookChecks)
		}
		if !c.ok || age > checkedWithin {
			of.OK = false
			if of.Since == nil || c.at.Before(*of.Since) {
				of.Since = &c.at
			}
		}
	}
	return of, nil
}
