package app_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/prisonersearch"
	"nonassociations/internal/dev/token"
	"nonassociations/web/client"
)

// officer may do everything.
var officer = token.Request{User: "OFFICER", Scopes: []string{"write"}, Roles: []string{
	"READ_NON_ASSOCIATIONS", "WRITE_NON_ASSOCIATIONS", "REOPEN_NON_ASSOCIATIONS", "DELETE_NON_ASSOCIATIONS",
	"NON_ASSOCIATIONS_SYNC", "SAR_DATA_ACCESS", "NOMIS_MAPPING_API__SYNCHRONISATION__RW",
}}

// staffClient are a whole process on a real log and read model, with two prisoners.
type staffClient struct {
	*client.Client

	t      *testing.T
	search *prisonersearch.Server
	first  estate.Prisoner
	second estate.Prisoner
}

func serveStaff(t *testing.T) *staffClient {
	e, err := estate.New(estate.Options{Prisoners: 100})
	require.NoError(t, err)
	search, err := prisonersearch.Serve(t.Context(), e)
	require.NoError(t, err)
	r := runWith(t, app.Embedded, migrated(t), search.URL(), officer)
	<-r.ready
	t.Cleanup(func() {
		r.stop()
		require.NoError(t, <-r.ended)
		require.NoError(t, search.Stop())
	})
	return &staffClient{
		Client: client.New(client.Options{BaseURL: r.base, Token: client.StaticToken(r.token), HTTP: r.client}),
		t:      t, search: search, first: e.Prisoners[0], second: e.Prisoners[1],
	}
}

func (s *staffClient) fresh() client.NewNonAssociation {
	return client.NewNonAssociation{
		FirstPrisonerNumber: s.second.Number, FirstPrisonerRole: domain.Perpetrator,
		SecondPrisonerNumber: s.first.Number, SecondPrisonerRole: domain.Victim,
		Reason: domain.Threat, RestrictionType: domain.Landing, Comment: "They keep fighting",
	}
}

// TestStaff_walkTheWholeWay goes from an empty record to a deleted one, and sees
// each step in every read at the position that the write named.
func TestStaff_walkTheWholeWay(t *testing.T) {
	s := serveStaff(t)
	ctx := t.Context()
	opened, err := s.Open(ctx, client.Write{IdempotencyKey: "one"}, s.fresh())
	require.NoError(t, err)
	again, err := s.Open(ctx, client.Write{IdempotencyKey: "one"}, s.fresh())
	require.NoError(t, err)
	require.Equal(t, opened.Body, again.Body)
	id := opened.Body.ID.String()
	seen := client.Read{AtLeast: opened.Position}

	one, err := s.Record(ctx, id, seen)
	require.NoError(t, err)
	require.Equal(t, opened.Body, one.Body, "one renderer")
	require.Equal(t, opened.ETag, one.ETag, "one entity tag")
	held, err := s.Record(ctx, id, client.Read{IfNoneMatch: one.ETag})
	require.NoError(t, err)
	require.True(t, held.NotModified)

	list, err := s.OfPrisoner(ctx, string(s.first.Number), client.PrisonerParams{OtherPrisons: true})
	require.NoError(t, err)
	require.Equal(t, s.first.LastName, *list.Body.LastName)
	require.Equal(t, s.second.LastName, *list.Body.NonAssociations[0].OtherPrisonerDetails.LastName)
	require.Equal(t, "OFFICER", *list.Body.NonAssociations[0].AuthorisedBy)
	require.Equal(t, opened.Body.WhenCreated, list.Body.NonAssociations[0].WhenCreated)
	group := []domain.PrisonerNumber{s.first.Number, s.second.Number}
	between, err := s.Between(ctx, client.BetweenParams{}, group)
	require.NoError(t, err)
	require.Equal(t, []client.StaffNonAssociation{opened.Body}, between.Body)

	comment := "Changed"
	amended, err := s.Amend(ctx, id, client.Write{IfMatch: one.ETag}, client.Amendment{Comment: &comment})
	require.NoError(t, err)
	_, err = s.Amend(ctx, id, client.Write{IfMatch: one.ETag}, client.Amendment{Comment: &comment})
	var stale *client.Error
	require.ErrorAs(t, err, &stale)
	require.Equal(t, 412, stale.Status)
	require.Equal(t, amended.ETag, stale.ETag)
	closed, err := s.Close(ctx, id, client.Write{}, client.Closing{ClosedReason: "Friends now"})
	require.NoError(t, err)
	all, err := s.All(ctx, client.PageParams{Read: client.Read{AtLeast: closed.Position}, Include: client.Closed})
	require.NoError(t, err)
	require.Equal(t, []client.StaffNonAssociation{closed.Body}, all.Body.Content)
	_, err = s.Reopen(ctx, id, client.Write{}, client.Reopening{ReopenReason: "Again"})
	require.NoError(t, err)
	deletion := client.Deletion{DeletionReason: "In error", StaffUserNameRequestingDeletion: "BOSS"}
	deleted, err := s.Delete(ctx, id, client.Write{}, deletion)
	require.NoError(t, err)

	_, err = s.Record(ctx, id, client.Read{AtLeast: deleted.Position})
	var gone *client.Error
	require.ErrorAs(t, err, &gone)
	require.Equal(t, 404, gone.Code())
	history, err := s.History(ctx, id, client.Read{})
	require.NoError(t, err)
	require.Len(t, history.Body.Entries, 5)
	require.Equal(t, opened.Body, history.Body.Entries[0].After.NonAssociation)
	require.Equal(t, "BOSS", *history.Body.Entries[4].RequestedBy)
	subject, err := s.SubjectAccess(ctx, client.SubjectParams{PrisonerNumber: string(s.first.Number)})
	require.NoError(t, err)
	require.Equal(t, "BOSS", subject.Body.Content.NonAssociations[0].Deleted.By)
}

// TestPages_ofARealRecord follows the links through more than a page.
func TestPages_ofARealRecord(t *testing.T) {
	s := serveStaff(t)
	said := client.SyncRequest{PrisonerNumber: s.first.Number}
	for i := range 25 {
		said.NonAssociations = append(said.NonAssociations, client.SyncItem{NonAssociation: client.NonAssociation{
			ReasonCode: domain.CodeVictim, TypeCode: domain.TypeWing, EffectiveDate: "2021-07-05T10:35:17",
			PrisonerNonAssociation: client.Side{PrisonerNumber: estate.Number(uint64(1000 + i)), ReasonCode: domain.CodePerpetrator},
		}})
	}
	told, err := s.Sync(t.Context(), client.Correlation{}, said)
	require.NoError(t, err)
	require.Equal(t, told.Position, told.Body.Position)
	seen := map[uuid.UUID]bool{}
	ask := client.PageParams{Read: client.Read{AtLeast: told.Position}, Size: 10, Sort: "id,DESC"}
	for n, err := range s.Every(t.Context(), ask) {
		require.NoError(t, err)
		require.False(t, seen[n.ID])
		seen[n.ID] = true
	}
	require.Len(t, seen, 25)
	ask.Sort = "whenCreated,DESC"
	var last error
	for _, err := range s.Every(t.Context(), ask) {
		last = err
	}
	require.ErrorIs(t, last, client.ErrNoNext, "part of a list never looks like all of it")
	list, err := s.OfPrisoner(t.Context(), string(s.first.Number), client.PrisonerParams{})
	require.NoError(t, err)
	require.True(t, list.Body.NamesMissing, "those are in no estate")
	require.Equal(t, 25, list.Body.OpenCount)
}

// TestDirectory_thatIsDownStopsCreatingAndNothingElse in the whole process.
func TestDirectory_thatIsDownStopsCreatingAndNothingElse(t *testing.T) {
	s := serveStaff(t)
	s.search.Down(true)
	_, err := s.Open(t.Context(), client.Write{}, s.fresh())
	var busy *client.Error
	require.ErrorAs(t, err, &busy)
	require.True(t, busy.Temporary())
	require.Positive(t, busy.RetryAfter)
	list, err := s.OfPrisoner(t.Context(), string(s.first.Number), client.PrisonerParams{})
	require.NoError(t, err)
	require.True(t, list.Body.NamesMissing)
	require.Empty(t, list.Body.NonAssociations)
}
