package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"nonassociations/internal/pg"
)

// missingRights says which rights in Postgres a process does not have. Waiting does not
// help, and an answer without them would be one about what could not be seen:
// for who waits it is as final as errOtherLog.
type missingRights struct {
	role   string
	rights []string
}

// Error is error's.
func (l *missingRights) Error() string {
	return fmt.Sprintf("the role %q of Postgres lacks %s: deploy/postgres/roles.sql gives it", l.role, strings.Join(l.rights, ", "))
}

// Is makes it end whatever waits for the log and its tables.
func (l *missingRights) Is(target error) bool { return target == errOtherLog }

// checkTimeout bounds one look at the rights, connecting included.
const checkTimeout = 10 * time.Second

// checkGrants checks rights in one database. A right on what is not there yet is not
// missing: the catalog, which everybody may read, tells the two apart. Rows that a
// policy hides are missing, since they would count as not there. Errors:
// *lacking with all that is missing; else Postgres could not be asked.
func checkGrants(ctx context.Context, of requirement) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	conn, err := pg.Connect(ctx, of.dsn)
	if err != nil {
		return fmt.Errorf("ask which rights there are: %w", err)
	}
	defer closeWithin(ctx, conn)
	var columns [4][]string
	for _, g := range of.grants {
		for i, text := range []string{g.kind, g.schema, g.name, g.privilege} {
			columns[i] = append(columns[i], text)
		}
	}
	l := missingRights{}
	var missing []int
	err = conn.QueryRow(ctx, grantedSQL, columns[0], columns[1], columns[2], columns[3]).Scan(&l.role, &missing, &l.rights)
	if err != nil {
		return fmt.Errorf("ask which rights there are: %w", err)
	}
	for _, n := range missing {
		l.rights = append(l.rights, of.grants[n-1].String())
	}
	if len(l.rights) == 0 {
		return nil
	}
	slices.Sort(l.rights)
	return &l
}

const grantedSQL = `SELECT current_user::text, coalesce(array_agg(n) FILTER (WHERE NOT CASE
	WHEN kind = '` + database + `' THEN has_database_privilege(current_database(), privilege)
	WHEN kind = 'TABLE' THEN coalesce(has_table_privilege(table_oid, privilege), true)
	WHEN kind = 'FUNCTION' THEN coalesce(has_function_privilege(function_oid, privilege), true)
	WHEN privilege <> '` + membership + `' THEN coalesce(has_schema_privilege(schema_oid, privilege), true)
	ELSE coalesce(pg_has_role(nspowner, 'USAGE'), true) AND NOT EXISTS (
		SELECT FROM pg_class WHERE relnamespace = schema_oid AND NOT pg_has_role(relowner, 'USAGE'))
	END), '{}'), coalesce(array_agg(DISTINCT 'all rows of ' || schema || '.' || name) FILTER (
		WHERE table_oid IS NOT NULL AND row_security_active(table_oid)), '{}')
FROM (
	SELECT w.*, s.oid AS schema_oid, nspowner,
		(SELECT oid FROM pg_class WHERE relnamespace = s.oid AND relname = name) AS table_oid,
		(SELECT min(oid) FROM pg_proc WHERE pronamespace = s.oid AND proname = name) AS function_oid
	FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY w(kind, schema, name, privilege, n)
	LEFT JOIN pg_namespace s ON nspname = schema
) wanted`

// closeWithin does not wait for a server that hangs.
func closeWithin(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // whatever it says, the connection is over
}

// checkAllGrants is for a command, which checks before it does anything.
func checkAllGrants(ctx context.Context, all requirements) error {
	var faults []error
	for _, of := range all {
		faults = append(faults, checkGrants(ctx, of))
	}
	return errors.Join(faults...)
}

// grantCheckInterval is how soon a right that was taken away is named.
const grantCheckInterval = 5 * time.Second

// watchRights checks what the process needs: at its start everything that is missing
// ends it, afterwards it is told to the log and to readiness until it is back.
// Postgres that is away is waited for.
func (p *process) watchRights(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, of := range p.requirements() {
		group.Go(func() error {
			if err := retryUntilGranted(ctx, of, p.Logger); err != nil {
				return err
			}
			if of.dsn == p.Config.DatabaseURL {
				close(p.allowed)
			}
			return p.watchGrants(ctx, of)
		})
	}
	return group.Wait()
}

// retryUntilGranted returns when the rights in the durable tables are whole. What is
// missing there ends the process elsewhere, in one sentence that names it all.
func (p *process) waitForRights(ctx context.Context) error {
	select {
	case <-p.allowed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func retryUntilGranted(ctx context.Context, of requirement, logger *slog.Logger) error {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = 50*time.Millisecond, 2*time.Second
	for {
		err := checkGrants(ctx, of)
		if err == nil || errors.Is(err, errOtherLog) || ctx.Err() != nil {
			return err
		}
		wait := waits.NextBackOff()
		logger.WarnContext(ctx, "the rights in Postgres cannot be asked yet, waiting", "again", wait, "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// watchGrants tells when a right goes, and when it is back. What exists now and did not
// at the start is looked at too.
func (p *process) watchGrants(ctx context.Context, of requirement) error {
	tick := time.NewTicker(grantCheckInterval)
	defer tick.Stop()
	for was := error(nil); ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		err := checkGrants(ctx, of)
		var l *missingRights
		switch {
		case errors.As(err, &l):
			p.missingRights.Store(of.dsn, err)
			p.Logger.ErrorContext(ctx, "a right in Postgres is gone", "error", err)
		case err == nil && was != nil:
			p.missingRights.Delete(of.dsn)
			p.Logger.InfoContext(ctx, "all rights in Postgres are there again")
		case err != nil:
			continue // away, which others tell
		}
		was = err
	}
}

// missingRight is one that went while the process runs; nil when none did.
func (p *process) missingRight() (missing error) {
	p.missingRights.Range(func(_, err any) bool {
		missing, _ = err.(error)
		return false
	})
	return missing
}
