package merge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// What NOMIS held of a record goes along, so that a change there is still told from a
// change here.
func TestTransfer_carriesWhatNOMISHeld(t *testing.T) {
	e := newFixture(t)
	id := e.opens(removed, third)
	old := domaintest.PairOf(removed, third)
	n, _ := e.state(removed, third).Item(id)
	held, _ := n.Detail()
	e.does(removed, third, domain.Deliver{ID: id, TypeSequence: 7, Revision: 0, Detail: held})
	comment := "written here since"
	e.does(removed, third, domain.Amend{ID: id, Comment: &comment})
	e.merges(message(), merging)

	arrival := facts(t, e.log, domaintest.PairOf(survivor, third).Stream())[0].Event.(domain.TransferredIn)
	require.NotNil(t, arrival.Base)
	require.Equal(t, held.ReasonCodes[removed], arrival.Base.ReasonCodes[survivor])
	require.Equal(t, held.Comment, arrival.Base.Comment)
	require.Equal(t, []*string{held.Comment, &comment}, arrival.OwnSince[domain.DetailComment])
	require.Len(t, arrival.OwnSince, len(domain.DetailFields(old)))
	require.Zero(t, e.state(survivor, third).Items[0].TypeSequence, "NOMIS numbers a pair's records anew")
}

// The facts about NOMIS alone are nothing to carry over.
func TestTransfer_ofAnUnknownBaseCarriesNone(t *testing.T) {
	e := newFixture(t)
	e.opens(removed, third)
	e.merges(message(), merging)
	arrival := facts(t, e.log, domaintest.PairOf(survivor, third).Stream())[0].Event.(domain.TransferredIn)
	require.Zero(t, arrival.NOMISKnowledge)
}
