package app_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/web/client"
)

// TestMapping_walksTheWholeWay goes from a record that staff opened to one that NOMIS
// does not have any more, through the log and the read model.
func TestMapping_walksTheWholeWay(t *testing.T) {
	s := serveStaff(t)
	opened, err := s.Open(t.Context(), client.Write{}, s.fresh())
	require.NoError(t, err)
	id := opened.Body.ID
	delivery := func(atLeast uint64) client.Delivery {
		got, err := s.Delivery(t.Context(), id.String(), client.Read{AtLeast: atLeast})
		require.NoError(t, err)
		return got.Body
	}
	require.Equal(t, "PENDING", delivery(opened.Position).State)

	asked := client.NewMapping{
		NonAssociationID: id, FirstOffenderNo: s.second.Number, SecondOffenderNo: s.first.Number, NOMISTypeSequence: 1,
	}
	created, err := s.CreateMapping(t.Context(), client.Correlation{}, asked)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, created.Status)
	mapped, err := s.MappingOf(t.Context(), id.String(), client.Read{AtLeast: created.Position})
	require.NoError(t, err)
	require.Equal(t, domain.MappingDPS, mapped.Body.MappingType)
	again, err := s.MappingBySequence(t.Context(), s.first.Number, s.second.Number, 1, client.Read{AtLeast: created.Position})
	require.NoError(t, err)
	require.Equal(t, mapped.Body, again.Body)
	require.Equal(t, 1, *delivery(created.Position).TypeSequence)

	asked.NOMISTypeSequence = 2
	_, err = s.CreateMapping(t.Context(), client.Correlation{}, asked)
	var refused *client.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 1409, refused.Code())
	require.Contains(t, refused.MoreInfo, "existing")

	deleted, err := s.DeleteMapping(t.Context(), id.String(), client.Correlation{})
	require.NoError(t, err)
	_, err = s.MappingOf(t.Context(), id.String(), client.Read{AtLeast: deleted.Position})
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusNotFound, refused.Status)
	history, err := s.MappingHistory(t.Context(), id.String(), client.Read{AtLeast: deleted.Position})
	require.NoError(t, err)
	require.Len(t, history.Body, 1)
	require.NotNil(t, history.Body[0].Until)
	_, err = s.LatestMigrated(t.Context(), client.Read{})
	require.ErrorAs(t, err, &refused)
	page, err := s.MigratedMappings(t.Context(), uuid.NewString(), client.MigratedParams{})
	require.NoError(t, err)
	require.Empty(t, page.Body.Content)
}
