package projections_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

func TestList_isTheContractsJSONFromEitherSide(t *testing.T) {
	log := newLog(t)
	dsn, conn := database(t)
	pair := pairOf(t, "A9109UD", "A0135GA")
	closed := item(pair, "2020-01-02T03:04:05", domain.CodePerpetrator, domain.CodeVictim)
	closed.ExpiryDate, closed.Comment, closed.AuthorisedBy = text[domain.LocalDateTime]("2020-02-01T00:00:00"), nil, nil
	log.sync(pair, item(pair, "2021-07-05T10:35:17", domain.CodePerpetrator, domain.CodeVictim), closed)

	start(t, log.log, dsn).reaches(t, log.last)

	require.Eventually(t, func() bool { return viewsThere(conn) }, patience, poll)
	require.Equal(t, `{"prisonerNumber":"A9109UD","nonAssociations":[`+
		`{"reasonCode":"VIC","typeCode":"WING","effectiveDate":"2020-01-02T03:04:05","expiryDate":"2020-02-01T00:00:00","authorisedBy":null,"comments":null,`+
		`"prisonerNonAssociation":{"prisonerNumber":"A0135GA","reasonCode":"PER"}},`+
		`{"reasonCode":"VIC","typeCode":"WING","effectiveDate":"2021-07-05T10:35:17","expiryDate":null,"authorisedBy":"A. Officer","comments":"keep \"apart\" <&> é",`+
		`"prisonerNonAssociation":{"prisonerNumber":"A0135GA","reasonCode":"PER"}}]}`, document(t, conn, "A9109UD"))
	require.Contains(t, document(t, conn, "A0135GA"),
		`"reasonCode":"PER","typeCode":"WING","effectiveDate":"2021-07-05T10:35:17"`)
}

func TestList_omitsDeletedAndKeepsTheRecordedOrder(t *testing.T) {
	log := newLog(t)
	dsn, conn := database(t)
	r := start(t, log.log, dsn)
	for _, other := range []string{"C1111CC", "B1111BB", "D1111DD"} {
		pair := pairOf(t, "A1111AA", other)
		log.sync(pair, item(pair, "2021-07-05T10:35:17", domain.CodeVictim, domain.CodePerpetrator))
	}
	gone := pairOf(t, "A1111AA", "B1111BB")
	log.execute(gone, domain.NOMIS, domain.Delete{ID: log.states[gone].Items[0].ID})
	r.reaches(t, log.last)
	require.Eventually(t, func() bool { return viewsThere(conn) }, patience, poll)
	require.Regexp(t, `C1111CC.*D1111DD`, document(t, conn, "A1111AA"))
	require.NotContains(t, document(t, conn, "A1111AA"), "B1111BB")
	require.Equal(t, `{"prisonerNumber":"B1111BB","nonAssociations":[]}`, document(t, conn, "B1111BB"))
}
