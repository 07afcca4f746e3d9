package demo

import (
	"bytes"
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/commands"
	"nonassociations/domain"
	"nonassociations/eventstore/memory"
	"nonassociations/queries"
	"nonassociations/web/api"
	"nonassociations/web/auth"
)

// anyVerifier believes every token.
type anyVerifier struct{}

func (anyVerifier) Verify(context.Context, string) (auth.Claims, error) {
	return auth.Claims{User: "DEMO", Roles: []string{"NON_ASSOCIATIONS_MIGRATE", "READ_NON_ASSOCIATIONS"}}, nil
}

// unread has an empty list for every prisoner: the demonstration only waits for it.
type unread struct {
	api.Reads

	waited uint64
}

func (*unread) List(context.Context, domain.PrisonerNumber, uint64) (queries.List, error) {
	return queries.List{Document: []byte("{}")}, nil
}

func (u *unread) WaitFor(_ context.Context, position uint64) error {
	u.waited = position
	return nil
}

func (u *unread) Position() uint64 { return u.waited }

// TestService_takesTheEstate holds the made-up items to the real rules, and
// the loading to what it promises: loading again changes nothing.
func TestService_takesTheEstate(t *testing.T) {
	clock := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	log, reads := memory.New(), &unread{}
	server := httptest.NewServer(api.New(api.Options{
		Commands: commands.New(log, commands.Options{Clock: clock}), Reads: reads, Verifier: anyVerifier{}, Clock: clock,
	}))
	defer server.Close()
	load := func() string {
		var out bytes.Buffer
		require.NoError(t, Run(t.Context(), Options{BaseURL: server.URL, Token: "any", Seed: 1, Prisoners: 3000, Out: &out}))
		_, summary, _ := strings.Cut(out.String(), " a second:")
		summary, _, _ = strings.Cut(summary, "\n")
		return summary
	}
	first := load()
	require.Contains(t, first, "CREATED")
	require.Contains(t, first, "IGNORED", "a pair that was sent twice")
	require.NotContains(t, first, "AMENDED")
	require.NotContains(t, first, "UNCHANGED")
	position := reads.waited
	require.Positive(t, position)

	again := load()
	require.Equal(t, strings.Replace(first, "CREATED", "UNCHANGED", 1), again)
	require.Equal(t, position, reads.waited, "nothing was added to the log")
}
