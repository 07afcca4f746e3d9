package api_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries"
	"nonassociations/web/api"
)

// floors is a read model that notes what each read must reflect at least.
type floors struct {
	*twin

	asked map[string]uint64
}

func (f *floors) note(read string, atLeast uint64) { f.asked[read] = atLeast }

func (f *floors) List(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (queries.List, error) {
	f.note("List", atLeast)
	return f.twin.List(ctx, number, atLeast)
}

func (f *floors) One(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Records, error) {
	f.note("One", atLeast)
	return f.twin.One(ctx, id, atLeast)
}

func (f *floors) OfPrisoner(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (queries.Records, error) {
	f.note("OfPrisoner", atLeast)
	return f.twin.OfPrisoner(ctx, number, atLeast)
}

func (f *floors) Between(ctx context.Context, numbers []domain.PrisonerNumber, wanted queries.Filter) (queries.Group, error) {
	f.note("Between", wanted.AtLeast)
	return f.twin.Between(ctx, numbers, wanted)
}

func (f *floors) Involving(ctx context.Context, numbers []domain.PrisonerNumber, wanted queries.Filter) (queries.Group, error) {
	f.note("Involving", wanted.AtLeast)
	return f.twin.Involving(ctx, numbers, wanted)
}

func (f *floors) Page(ctx context.Context, of queries.PageRequest) (queries.Page, error) {
	f.note("Page", of.AtLeast)
	return f.twin.Page(ctx, of)
}

func (f *floors) PairOf(ctx context.Context, id uuid.UUID, atLeast uint64) (domain.Pair, bool, error) {
	f.note("PairOf", atLeast)
	return f.twin.PairOf(ctx, id, atLeast)
}

func (f *floors) PairsOf(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.Pair, error) {
	f.note("PairsOf", atLeast)
	return f.twin.PairsOf(ctx, number, atLeast)
}

func (f *floors) MergedWith(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error) {
	f.note("MergedWith", atLeast)
	return f.twin.MergedWith(ctx, number, atLeast)
}

func (f *floors) RemovedInto(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) ([]domain.PrisonerNumber, error) {
	f.note("RemovedInto", atLeast)
	return f.twin.RemovedInto(ctx, number, atLeast)
}

func (f *floors) MappingOf(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Mappings, error) {
	f.note("MappingOf", atLeast)
	return f.twin.MappingOf(ctx, id, atLeast)
}

func (f *floors) MappingBySequence(ctx context.Context, pair domain.Pair, sequence int, atLeast uint64) (queries.Mappings, error) {
	f.note("MappingBySequence", atLeast)
	return f.twin.MappingBySequence(ctx, pair, sequence, atLeast)
}

func (f *floors) MappingHistory(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Mappings, error) {
	f.note("MappingHistory", atLeast)
	return f.twin.MappingHistory(ctx, id, atLeast)
}

func (f *floors) Migrated(ctx context.Context, of queries.MigratedRequest) (queries.MigratedPage, error) {
	f.note("Migrated", of.AtLeast)
	return f.twin.Migrated(ctx, of)
}

func (f *floors) LatestMigrated(ctx context.Context, atLeast uint64) (queries.Mappings, error) {
	f.note("LatestMigrated", atLeast)
	return f.twin.LatestMigrated(ctx, atLeast)
}

func (f *floors) Delivery(ctx context.Context, id uuid.UUID, atLeast uint64) (queries.Deliveries, error) {
	f.note("Delivery", atLeast)
	return f.twin.Delivery(ctx, id, atLeast)
}

// TestReads_areAskedForWhatTheCallerHasSeen: another server than the one that was
// waited for may answer a read. Every documented atLeast is walked.
func TestReads_areAskedForWhatTheCallerHasSeen(t *testing.T) {
	walked := map[string]bool{}
	walk := func(t *testing.T, method, path, body string) {
		f := &floors{asked: map[string]uint64{}}
		h := newTestServer(t, func(o *api.Options) {
			f.twin = o.Reads.(*twin)
			o.Reads, o.Streams, o.Mappings = f, f, f
		})
		h.call(http.MethodPost, "/sync", anyRole("c"), record)
		h.call(method, path+"1", anyRole("c"), body)
		for read, atLeast := range f.asked {
			walked[read] = true
			require.GreaterOrEqual(t, atLeast, uint64(1), "%s of %s", read, path)
		}
	}
	reading(t, walk)
	for _, path := range []string{"", "/history"} { // the same paths, of one record
		walk(t, http.MethodGet, "/non-associations/"+uuid.NewString()+path+"?atLeast=", "")
	}
	require.Len(t, walked, 16, "%v", walked)
}
