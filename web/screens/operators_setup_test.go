package screens_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	evidence "nonassociations/audit/evidence/store"
	"nonassociations/domain"
	"nonassociations/internal/dev/localaws"
	"nonassociations/internal/dev/testdb"
	"nonassociations/nomis"
	nomisstore "nonassociations/nomis/store"
	publisherstore "nonassociations/publisher/store"
	"nonassociations/web/screens"
	"nonassociations/web/screens/store"
	"nonassociations/web/shape"
)

// officeTables is a database with the tables of the parts of operators.
var officeTables = testdb.NewTemplate(evidence.Migrate, publisherstore.Migrate, nomisstore.Migrate)

// office is a house with the parts of operators: their stores on a Postgres of their own,
// and the stand-in for AWS.
type office struct {
	*house

	dsn    string
	db     *pgxpool.Pool
	acts   *evidence.Store
	kept   *nomisstore.Store
	aws    *localaws.Server
	status shape.SystemStatus
	// away makes a part fail.
	away map[string]bool
}

const (
	events     = "nomis-events"
	deadEvents = "nomis-events-dead"
)

var errBackendAway = errors.New("the backend is away")

// newOffice builds an office that ends with the test. change may alter what the pages get.
func newOffice(t *testing.T, change ...func(*office, *screens.Operators)) *office {
	t.Helper()
	o := &office{dsn: officeTables.New(t), away: map[string]bool{}}
	var err error
	o.db, err = pgxpool.New(t.Context(), o.dsn)
	require.NoError(t, err)
	t.Cleanup(o.db.Close)
	o.acts, err = evidence.Open(t.Context(), o.dsn)
	require.NoError(t, err)
	t.Cleanup(o.acts.Close)
	o.kept, err = nomisstore.Open(t.Context(), o.dsn)
	require.NoError(t, err)
	t.Cleanup(o.kept.Close)
	o.aws, err = localaws.Start(t.Context(), localaws.Options{Fail: func(string) (int, string) {
		if o.away["aws"] {
			return http.StatusForbidden, "AccessDenied"
		}
		return 0, ""
	}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.aws.Stop(context.Background())) })
	o.aws.Redrive(events, deadEvents, 1)
	queues, err := nomis.OpenQueues(t.Context(), o.kept, o.aws.Queue(events))
	require.NoError(t, err)
	o.status = shape.NewSystemStatus("build 7", nil)
	o.house = newHouse(t, func(options *screens.Options) {
		handler, _ := options.Commands.(screens.SwitchOver)
		operators := screens.Operators{
			Status:      func(context.Context) (shape.SystemStatus, error) { return o.status, o.fault("status") },
			Projections: func(context.Context) (screens.Projected, error) { return projected(), nil },
			Acts:        o.acts, Queues: queues, Publisher: parkedRows{o}, SwitchOver: handler, RunbooksURL: "https://runbooks.invalid/",
		}
		for _, c := range change {
			c(o, &operators)
		}
		options.Operators = operators
	})
	return o
}

// projected has one consumer that is well, and one with a fault.
func projected() screens.Projected {
	ten, twelve := uint64(10), uint64(12)
	return screens.Projected{
		Head: &twelve, Generations: []screens.Generation{{Number: 1, Answers: true, Position: &ten}},
		Consumers: []screens.Consumer{
			{Name: "readModel", Build: "7", Position: &ten, Heartbeat: noon, Age: 4 * time.Second},
			{Name: "publisher", Build: "7", Position: &twelve, Heartbeat: noon, Age: time.Minute, Fault: &screens.ConsumerFault{
				Category: "CANNOT_READ", Type: hostile, EventID: uuid.New(), Position: 11, Since: noon,
			}},
		},
	}
}

func (o *office) fault(part string) error {
	if o.away[part] {
		return errBackendAway
	}
	return nil
}

// parkedRows are the parked messages over the publisher's own table.
type parkedRows struct{ *office }

func (p parkedRows) Parked(ctx context.Context) ([]screens.ParkedMessage, error) {
	found, err := publisherstore.Inspect(ctx, p.dsn)
	if err = errors.Join(err, p.fault("publisher")); err != nil {
		return nil, err
	}
	var all []screens.ParkedMessage
	for _, m := range found.Parked {
		all = append(all, screens.ParkedMessage{
			Topic: m.Topic, EventID: m.EventID, Pairs: m.Pairs, Position: m.Position.Uint64(), State: string(m.State), Reason: m.Reason,
			Attempts: m.Attempts, Since: m.Since, Request: string(m.Request),
			Payload: func(context.Context) (string, error) {
				return `{"nomsNumber":"` + string(otto) + `","description":"` + hostile + `"}`, p.fault("payload")
			},
		})
	}
	return all, nil
}

func (p parkedRows) Retry(ctx context.Context, topic string, event uuid.UUID) error {
	return notParked(errors.Join(publisherstore.RequestRetry(ctx, p.dsn, topic, event), p.fault("retry")))
}

func (p parkedRows) Skip(ctx context.Context, topic string, event uuid.UUID, reason string) error {
	return notParked(publisherstore.RequestSkip(ctx, p.dsn, topic, event, reason, p.clock()))
}

func notParked(err error) error {
	if errors.Is(err, publisherstore.ErrNothing) {
		return errors.Join(screens.ErrNotParked, err)
	}
	return err
}

// park parks a message of a pair.
func (o *office) park(state publisherstore.State, reason string, numbers ...domain.PrisonerNumber) uuid.UUID {
	o.t.Helper()
	pair, err := domain.NewPair(numbers[0], numbers[1])
	require.NoError(o.t, err)
	id := uuid.New()
	_, err = o.db.Exec(o.t.Context(), `INSERT INTO publisher.parked (topic, event_id, pairs, revision, "commit", prepare, state, reason, attempts, parked_at, changed_at)
		VALUES ('domain', $1, $2, 0, 7, 7, $3, $4, 2, $5, $5)`, id, []string{pair.String()}, string(state), reason, o.clock())
	require.NoError(o.t, err)
	return id
}

// recorded are the acts of operators, newest first.
func (o *office) recorded() []evidence.Action {
	o.t.Helper()
	all, _, err := o.acts.Actions(o.t.Context(), evidence.Filter{})
	require.NoError(o.t, err)
	return all
}

// everything is all that the stores of operators and the log hold, but for views, sessions
// and acts.
func (o *office) everything() string {
	o.t.Helper()
	var all strings.Builder
	rows, err := o.db.Query(o.t.Context(), `SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('publisher', 'nomis')
		AND tablename NOT LIKE '%goose%' ORDER BY 1`)
	require.NoError(o.t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(o.t, err)
	for _, table := range tables {
		var text string
		require.NoError(o.t, o.db.QueryRow(o.t.Context(), `SELECT coalesce(string_agg(t::text, E'\n' ORDER BY t::text), '') FROM `+table+` t`).Scan(&text))
		all.WriteString(table + ": " + text + "\n")
	}
	for _, queue := range []string{events, deadEvents} {
		for _, m := range o.aws.Messages(queue) {
			all.WriteString(queue + ": " + m.Body + "\n")
		}
	}
	all.WriteString(time.Duration(o.facts()).String())
	return all.String()
}

// show sends the first step of the act at a path.
func (b *browser) show(path string, typed url.Values) *page {
	b.t.Helper()
	return b.post(path, b.get(path).form("form", typed))
}

// why is the reason of a test.
func why(more ...string) url.Values {
	form := url.Values{"reason": {"Agreed in the call of today"}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

// act walks through both steps of an act. The first one changes nothing.
func (o *office) act(b *browser, path string, typed url.Values) *page {
	o.t.Helper()
	o.pass(time.Second) // acts are told apart by their time
	before, recorded := o.everything(), len(o.recorded())
	plan := b.show(path, typed)
	require.Equal(o.t, http.StatusOK, plan.Code, plan.Text)
	require.NotEmpty(o.t, plan.text("#plan"), plan.Text)
	require.Equal(o.t, before, o.everything(), "the first step changes nothing")
	require.Len(o.t, o.recorded(), recorded)
	require.Equal(o.t, "Confirm", plan.text("form button"))
	form := plan.form("form", nil)
	require.Equal(o.t, "act", form.Get("formId"))
	require.NotEmpty(o.t, form.Get("planId"))
	done := b.post(path, form)
	require.Equal(o.t, http.StatusSeeOther, done.Code, done.Text)
	again := b.post(path, form)
	require.Equal(o.t, done.location(), again.location(), "a double press confirms once")
	require.Len(o.t, o.recorded(), recorded+1)
	act := o.recorded()[0]
	require.Equal(o.t, evidence.Done, act.Outcome)
	require.Equal(o.t, "OPERATOR", act.User)
	require.Equal(o.t, strings.TrimSpace(strings.ReplaceAll(typed.Get("reason"), "\r\n", "\n")), act.Reason)
	require.NotEmpty(o.t, act.RequestID)
	p := b.get(done.location())
	require.Equal(o.t, http.StatusOK, p.Code, p.Text)
	require.Contains(o.t, p.text("#done"), act.Done)
	require.NotEmpty(o.t, act.Done)
	return p
}

// viewOf returns the last view of a page.
func (o *office) viewOf(name store.Page) store.View {
	o.t.Helper()
	for _, view := range o.views(store.ViewFilter{}) {
		if view.Page == name {
			return view
		}
	}
	require.Fail(o.t, "no view of "+string(name))
	return store.View{}
}
