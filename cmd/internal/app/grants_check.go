package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"nonassociations/internal/pg"
)

// missingRights is the error of a process that lacks rights in Postgres. Waiting does
// not help. It counts as errOtherLog: an answer without the rights would be about what
// could not be seen, and a table that is hidden must never pass for one that is empty.
type missingRights struct {
	role   string
	rights []string
}

// Error names the role, all its missing rights and the script that grants them.
func (l *missingRights) Error() string {
	return fmt.Sprintf("the role %q of Postgres lacks %s: deploy/postgres/roles.sql gives it", l.role, strings.Join(l.rights, ", "))
}

// Is makes errOtherLog match, which ends every loop that waits for the log.
func (l *missingRights) Is(target error) bool { return target == errOtherLog }

// checkTimeout bounds one check of the rights, connecting included.
const checkTimeout = 10 * time.Second

// checkGrants checks the rights at one address. A right on an object that does not exist
// yet is not missing: the catalog, which every role may read, tells the two apart. Rows
// hidden by a row-level policy count as missing, because a query would take them for
// absent. Errors: *missingRights with everything that is missing; any other error means
// that Postgres did not answer.
func checkGrants(ctx context.Context, of requirement) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	conn, err := pg.Connect(ctx, of.dsn)
	if err != nil {
		return fmt.Errorf("ask which rights there are: %w", err)
	}
	defer closeWithin(ctx, conn)
	return of.checkIn(ctx, conn)
}

// checkIn is checkGrants in a session of the address.
func (of requirement) checkIn(ctx context.Context, conn *pgx.Conn) error {
	// One query for all rights: the check runs every few seconds in each process.
	var columns [4][]string
	for _, g := range of.grants {
		for i, text := range []string{g.kind, g.schema, g.name, g.privilege} {
			columns[i] = append(columns[i], text)
		}
	}
	l := missingRights{}
	var missing []string // a number from 1 and the schema
	err := conn.QueryRow(ctx, grantedSQL, columns[0], columns[1], columns[2], columns[3]).Scan(&l.role, &missing, &l.rights)
	if err != nil {
		return fmt.Errorf("ask which rights there are: %w", err)
	}
	for _, text := range missing {
		var n int
		number, schema, _ := strings.Cut(text, " ")
		if n, err = strconv.Atoi(number); err != nil {
			return fmt.Errorf("read which rights there are: %w", err)
		}
		l.rights = append(l.rights, of.grants[n-1].in(schema))
	}
	if len(l.rights) == 0 {
		return nil
	}
	slices.Sort(l.rights)
	return &l
}

const grantedSQL = `SELECT current_user::text, coalesce(array_agg(DISTINCT n || ' ' || coalesce(nspname, '')) FILTER (WHERE NOT CASE
	WHEN kind = '` + database + `' THEN has_database_privilege(current_database(), privilege)
	WHEN kind = 'TABLE' THEN coalesce(has_table_privilege(table_oid, privilege), true)
	WHEN kind = 'FUNCTION' THEN coalesce(has_function_privilege(function_oid, privilege), true)
	WHEN privilege <> '` + membership + `' THEN coalesce(has_schema_privilege(schema_oid, privilege), true)
	ELSE coalesce(pg_has_role(nspowner, 'USAGE'), true) AND NOT EXISTS (
		SELECT FROM pg_class WHERE relnamespace = schema_oid AND NOT pg_has_role(relowner, 'USAGE'))
	END), '{}'), coalesce(array_agg(DISTINCT 'all rows of ' || schema || '.' || name) FILTER (
		WHERE table_oid IS NOT NULL AND row_security_active(table_oid)), '{}')
FROM (
	SELECT w.*, s.oid AS schema_oid, nspowner, nspname,
		(SELECT oid FROM pg_class WHERE relnamespace = s.oid AND relname = name) AS table_oid,
		(SELECT min(oid) FROM pg_proc WHERE pronamespace = s.oid AND proname = name) AS function_oid
	FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY w(kind, schema, name, privilege, n)
	LEFT JOIN pg_namespace s ON nspname = schema OR schema = '` + eachGeneration + `' AND nspname ~ '^read_[0-9]+$'
) wanted`

// closeWithin closes a connection without waiting for a server that hangs.
func closeWithin(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // the connection is over either way
}

// checkAllGrants checks a command before it changes anything, and returns the errors of
// all addresses.
func checkAllGrants(ctx context.Context, all requirements) error {
	var faults []error
	for _, of := range all {
		faults = append(faults, checkGrants(ctx, of))
	}
	return errors.Join(faults...)
}

// grantCheckInterval is how soon a right that was taken away is named.
const grantCheckInterval = 5 * time.Second

// watchRights checks the rights of the process, and again at an interval until ctx ends.
// A right that is missing at the start ends the process. One that is revoked later is
// logged and makes readiness fail until it is granted again: requests that do not need
// it go on. While Postgres is away the result stays as it was.
func (p *process) watchRights(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, of := range p.requirements() {
		group.Go(func() error {
			err := retryUntilAnswered(ctx, p.Logger, "rights in Postgres not readable yet, retrying", func(ctx context.Context) error {
				return checkGrants(ctx, of)
			})
			if err != nil {
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

// waitForRights returns when the rights at DATABASE_URL are complete. When some are
// missing watchRights ends the process, with one error that names them all.
func (p *process) waitForRights(ctx context.Context) error {
	select {
	case <-p.allowed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// watchGrants repeats the check of one address. Objects that were made since the start
// are checked as well.
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
			p.Logger.ErrorContext(ctx, "rights in Postgres were revoked", "error", err)
		case err == nil && was != nil:
			p.missingRights.Delete(of.dsn)
			p.Logger.InfoContext(ctx, "rights in Postgres are complete again")
		case err != nil:
			continue // Postgres is away, which other parts report
		}
		was = err
	}
}

// missingRight returns the error for a right that was revoked while the process runs,
// nil for none.
func (p *process) missingRight() (missing error) {
	p.missingRights.Range(func(_, err any) bool {
		missing, _ = err.(error)
		return false
	})
	return missing
}
