package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/api"
)

// longList is a read model of which a group has as many records as a test wants.
// They are made as they are asked for, so that none is kept.
type longList struct {
	api.Reads

	count  int
	fault  func(pass, i int) error // before record i of a pass through a group
	change func(pass int) string   // what the comments of a pass say
	opened atomic.Int64
	closed atomic.Int64
	passes atomic.Int64
	made   atomic.Int64 // records of the latest pass
}

func (l *longList) Position() uint64 { return 1 }

func (l *longList) WaitFor(context.Context, uint64) error { return nil }

func (l *longList) Between(context.Context, []domain.PrisonerNumber, queries.Filter) (queries.Group, error) {
	return l.open(), nil
}

func (l *longList) Involving(context.Context, []domain.PrisonerNumber, queries.Filter) (queries.Group, error) {
	return l.open(), nil
}

func (l *longList) open() queries.Group {
	l.opened.Add(1)
	var closed atomic.Bool
	return queries.Group{Position: 77, Each: l.each, Close: func() {
		if closed.CompareAndSwap(false, true) {
			l.closed.Add(1)
		}
	}}
}

func (l *longList) each(ctx context.Context, most int, do func(queries.Record) error) error {
	pass := int(l.passes.Add(1))
	l.made.Store(0)
	for i := range l.count {
		if most > 0 && i == most {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if l.fault != nil {
			if err := l.fault(pass, i); err != nil {
				return err
			}
		}
		comment := strings.Repeat("x", 200)
		if l.change != nil {
			comment = l.change(pass)
		}
		if err := do(recordOf(i, comment)); err != nil {
			return err
		}
		l.made.Add(1)
	}
	return nil
}

// recordOf is the i-th of a long list: A9109UD with every number, once each.
func recordOf(i int, comment string) queries.Record {
	other := domain.PrisonerNumber(fmt.Sprintf("B%04d%cB", i%10_000, 'A'+i/10_000))
	pair, err := domain.NewPair("A9109UD", other)
	if err != nil {
		panic(err)
	}
	return queries.Record{Pair: pair, NonAssociation: domain.NonAssociation{
		Details: domain.Details{
			Comment: &comment, EffectiveDate: "2021-07-05T10:35:17", TypeCode: domain.TypeWing, Reason: domain.Bullying, Restriction: domain.Wing,
			Sides: map[domain.PrisonerNumber]domain.Side{
				"A9109UD": {Role: domain.Victim, ReasonCode: domain.CodeVictim}, other: {Role: domain.Perpetrator, ReasonCode: domain.CodePerpetrator},
			},
		},
		ID: uuid.NewSHA1(uuid.Nil, []byte(other)), FirstPrisoner: "A9109UD", CreatedSource: domain.NOMIS,
		OpenedAt: noon, UpdatedAt: noon, UpdatedBy: "SOMEBODY",
	}}
}

// longListServer is a test server with so many records in every group.
func longListServer(t *testing.T, count int, change ...func(*api.Options)) (*testServer, *longList) {
	t.Helper()
	list := &longList{count: count}
	h := newTestServer(t, append([]func(*api.Options){func(o *api.Options) { o.Reads = list }}, change...)...)
	t.Cleanup(func() { require.Equal(t, list.opened.Load(), list.closed.Load(), "every group is closed") })
	return h, list
}

// overHTTP asks a real server, so that what arrives is what a client would see.
func overHTTP(t *testing.T, h http.Handler, path string) (*http.Response, error) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+path, strings.NewReader(aGroup))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+reader)
	r.Header.Set("Content-Type", "application/json")
	return server.Client().Do(r)
}

const aGroup = `["A9109UD","B0000AB"]`
