package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// nomisTold tells when NOMIS has a record: a trigger on its rows notifies at the commit,
// so that nothing asks again and again and takes processor time.
type nomisTold struct{ conn *pgx.Conn }

const toldSQL = `
CREATE FUNCTION nomisapi.tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_notify('bench_nomis', NEW.comment_text); RETURN NULL; END $$;
CREATE TRIGGER tell AFTER INSERT OR UPDATE ON nomisapi.offender_na_details FOR EACH ROW EXECUTE FUNCTION nomisapi.tell();
LISTEN bench_nomis`

// newNomisTold begins to listen. The stand-in has made its tables before.
func newNomisTold(ctx context.Context, dsn string) (*nomisTold, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	_, err = conn.Exec(ctx, toldSQL)
	return &nomisTold{conn}, err
}

// close closes the connection within five seconds.
func (t *nomisTold) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return t.conn.Close(ctx)
}

// has returns when both rows of NOMIS have a comment. A comment that is not there after
// half a minute is an error.
func (t *nomisTold) has(ctx context.Context, comment string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		said, err := t.conn.WaitForNotification(ctx)
		if err != nil {
			return fmt.Errorf("NOMIS does not get %q: %w", comment, err)
		}
		if said.Payload == comment {
			return nil
		}
	}
}

// record is a non-association that was written. id is empty where it was written bare.
type record struct{ one, other, id string }

// alternating writes by one way, in turns a new record and a change of the one before the
// last: what is still done behind the last one is not waited for.
type alternating struct {
	// do writes a comment, to a new record where of is nil. It returns when the write is
	// acknowledged, and from when the time counts.
	do func(ctx context.Context, of *record, comment string) (record, time.Time, error)
	// behind is called when NOMIS has the comment. It may be nil.
	behind func(began time.Time, of record) error

	by              string // part of each comment, so that no two ways write the same one
	count           int
	older, newer    *record
	opened, amended []float64
}

// next writes once and returns the seconds until NOMIS has it. has waits for a comment.
func (a *alternating) next(ctx context.Context, has func(context.Context, string) error) (float64, error) {
	a.count++
	comment := fmt.Sprintf("Threats made through the cell window after lock-up, %d by %s.", a.count, a.by)
	var of *record
	if a.count%2 == 0 {
		of = a.older
	}
	written, began, err := a.do(ctx, of, comment)
	if err != nil {
		return 0, err
	}
	if err := has(ctx, comment); err != nil {
		return 0, err
	}
	took := time.Since(began).Seconds()
	if of == nil {
		a.older, a.newer = a.newer, &written
		a.opened = append(a.opened, took)
	} else {
		a.amended = append(a.amended, took)
	}
	if a.behind != nil {
		err = a.behind(began, written)
	}
	return took, err
}
