package domain_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// exchanges folds facts about one record of pair, one revision after the other.
type exchanges struct {
	*domain.Exchanges
	revision uint64
}

func newExchanges() *exchanges { return &exchanges{Exchanges: domain.NewExchanges(pair)} }

// happens folds a fact and returns its revision.
func (x *exchanges) happens(source domain.Source, event domain.Event) uint64 {
	fact := factOf(int(x.revision), event)
	fact.Meta.Source = source
	x.Add(x.revision, recordedAt(x.revision), fact)
	x.revision++
	return x.revision - 1
}

// recordedAt is a time for each revision.
func recordedAt(revision uint64) time.Time {
	return domaintest.Noon.Add(time.Duration(revision) * time.Hour)
}

func (x *exchanges) record() domain.Exchange { return x.Of(recordID(1)) }

func (x *exchanges) opened(source domain.Source) uint64 {
	return x.happens(source, domain.Opened{NonAssociationID: recordID(1), TypeSequence: 4, Details: detailsOf(y2021)})
}

func (x *exchanges) comments(source domain.Source, comment string) uint64 {
	return x.happens(source, domain.Amended{NonAssociationID: recordID(1), Changes: []domain.Change{
		{Field: domain.FieldComment, Now: &comment}, {Field: domain.FieldRole, PrisonerNumber: domaintest.Low, Now: ptr("VICTIM")},
	}})
}

// detail is what the record is now.
func (x *exchanges) detail() domain.Detail {
	n, _ := x.State().Item(recordID(1))
	detail, _ := n.Detail()
	return detail
}

func TestBase_ofOneToldByNOMISIsTheWhole(t *testing.T) {
	for _, source := range []domain.Source{domain.NOMIS, domain.Migration} {
		x := newExchanges()
		at := x.opened(source)
		base, whole := x.record().WholeBase(pair)
		require.True(t, whole)
		require.True(t, base.Equal(x.detail()))
		require.Equal(t, domain.Delivery{At: recordedAt(at), Revision: at}, x.record().Delivery())
	}
	x := newExchanges()
	x.happens(domain.Migration, domain.Imported{NonAssociationID: recordID(1), Details: detailsOf(y2021)})
	require.True(t, x.record().HasBase())
	require.Empty(t, x.Of(recordID(2)).FormsSince(), "of one that the pair lacks")
}

func TestBase_ofOneByStaffIsNotKnown(t *testing.T) {
	x := newExchanges()
	x.opened(domain.DPS)
	x.comments(domain.DPS, "more")
	x.happens(domain.NOMIS, domain.SequenceLearned{NonAssociationID: recordID(1), TypeSequence: 2})
	x.happens(domain.NOMIS, domain.Ignored{NonAssociationID: recordID(1), Reason: domain.NotLatest, Item: ptr(item(y2021))})
	require.False(t, x.record().HasBase())
	require.Equal(t, []*string{nil, ptr("more")}, x.record().OwnSince(domain.DetailComment), "all values since it was opened")
	require.Len(t, x.record().FormsSince(), 2)
	require.Zero(t, x.record().Delivery())
}

func TestBase_isSetByAnAmendmentOfNOMISInItsFieldsOnly(t *testing.T) {
	x := newExchanges()
	x.opened(domain.DPS)
	x.comments(domain.DPS, "ours ")
	at := x.comments(domain.NOMIS, "theirs \r\n")
	value, known := x.record().Base(domain.DetailComment)
	require.True(t, known)
	require.Equal(t, ptr("theirs"), value, "in canonical form")
	_, known = x.record().Base(domain.DetailTypeCode)
	require.False(t, known)
	_, whole := x.record().WholeBase(pair)
	require.False(t, whole)
	require.Equal(t, []*string{ptr("theirs")}, x.record().OwnSince(domain.DetailComment), "what it was before counts no more")
	require.Equal(t, domain.Delivery{At: recordedAt(at), Revision: at}, x.record().Delivery())

	x.comments(domain.DPS, "ours again")
	require.Equal(t, []*string{ptr("theirs"), ptr("ours again")}, x.record().OwnSince(domain.DetailComment))
}

func TestBase_ofADeliveryIsAsOfItsRevision(t *testing.T) {
	x := newExchanges()
	x.opened(domain.DPS)
	sent := x.comments(domain.DPS, "sent")
	wasSent := x.detail()
	x.comments(domain.DPS, "written while it was sent")
	delivered := x.happens(domain.NOMIS, domain.Delivered{NonAssociationID: recordID(1), TypeSequence: 4, Revision: sent, Detail: wasSent})
	base, whole := x.record().WholeBase(pair)
	require.True(t, whole)
	require.True(t, base.Equal(wasSent))
	require.Equal(t, []*string{ptr("sent"), ptr("written while it was sent")}, x.record().OwnSince(domain.DetailComment))
	require.Len(t, x.record().FormsSince(), 2)
	require.Equal(t, domain.Delivery{At: recordedAt(delivered), Revision: sent}, x.record().Delivery())
	require.Greater(t, x.record().Revision(), sent)
	readBack, is := x.record().ReadBack()
	require.True(t, is)
	require.Equal(t, sent, readBack.Revision)
}

func TestBase_leavesOutWhatADeliveryHeld(t *testing.T) {
	x := newExchanges()
	at := x.opened(domain.NOMIS)
	theirs := x.detail().With(domain.DetailComment, ptr("to be decided")).With(domain.DetailTypeCode, ptr("CELL"))
	x.happens(domain.NOMIS, domain.Delivered{
		NonAssociationID: recordID(1), Revision: at, Detail: theirs, Held: []domain.DetailField{domain.DetailComment},
	})
	value, _ := x.record().Base(domain.DetailComment)
	require.Nil(t, value)
	value, _ = x.record().Base(domain.DetailTypeCode)
	require.Equal(t, ptr("CELL"), value)
}

func TestBase_isClearedWhenItsOwnSequenceIsReleased(t *testing.T) {
	x := newExchanges()
	x.opened(domain.NOMIS)
	x.happens(domain.NOMIS, domain.SequenceReleased{NonAssociationID: recordID(1), TypeSequence: 3})
	require.True(t, x.record().HasBase(), "it has another sequence by then")
	require.False(t, x.record().Released())
	x.happens(domain.NOMIS, domain.SequenceReleased{NonAssociationID: recordID(1), TypeSequence: 4})
	require.False(t, x.record().HasBase())
	require.True(t, x.record().Released())
	x.happens(domain.NOMIS, domain.SequenceLearned{NonAssociationID: recordID(1), TypeSequence: 5})
	require.False(t, x.record().Released())
}

func TestBase_goesAlongWithATransfer(t *testing.T) {
	x := newExchanges()
	x.opened(domain.NOMIS)
	x.comments(domain.DPS, "ours")
	known := renamed.Known(x.record().Knowledge(pair))
	require.Contains(t, known.Base.ReasonCodes, renamed.Number)
	require.NotContains(t, known.Base.ReasonCodes, renamed.Previous)
	require.Equal(t, []*string{nil, ptr("ours")}, known.OwnSince[domain.DetailComment])
	n, _ := x.State().Item(recordID(1))

	there := &exchanges{Exchanges: domain.NewExchanges(target)}
	at := there.happens(domain.Merge, domain.TransferredIn{
		NonAssociationID: n.ID, Renumbering: renamed, From: pair, To: target, NonAssociation: renamed.Of(n), NOMISKnowledge: known,
	})
	require.Zero(t, at)
	base, whole := there.record().WholeBase(target)
	require.True(t, whole)
	require.True(t, base.Equal(*known.Base))
	require.Equal(t, known.OwnSince[domain.DetailComment], there.record().OwnSince(domain.DetailComment))
	require.Len(t, there.record().FormsSince(), 1)
	require.Zero(t, there.record().Delivery(), "NOMIS was not seen to hold it in this pair")

	there.comments(domain.NOMIS, "theirs")
	require.Equal(t, []*string{ptr("theirs")}, there.record().OwnSince(domain.DetailComment))
	there.happens(domain.Merge, domain.TransferredIn{
		NonAssociationID: n.ID, Renumbering: renamed, From: pair, To: target, NonAssociation: renamed.Of(n), NOMISKnowledge: known,
	})
	value, _ := there.record().Base(domain.DetailComment)
	require.Equal(t, ptr("theirs"), value, "what is known from this pair is newer")
}

func TestBase_ofATransferBeforeItWasCarriedIsNotKnown(t *testing.T) {
	require.Zero(t, renamed.Known(newExchanges().record().Knowledge(pair)))
	there := &exchanges{Exchanges: domain.NewExchanges(target)}
	n := domain.NonAssociation{ID: recordID(1), Details: detailsOf(y2021)}
	there.happens(domain.Merge, domain.TransferredIn{NonAssociationID: n.ID, Renumbering: renamed, From: pair, To: target, NonAssociation: n})
	require.False(t, there.record().HasBase())
	there.happens(domain.Merge, domain.TransferredOut{NonAssociationID: n.ID, Renumbering: renamed, From: target, To: pair})
	require.Empty(t, there.record().FormsSince(), "it is not here any more")
}

func TestUnheld_areTheFormsBeforeNOMISWasKnownToHoldIt(t *testing.T) {
	x := newExchanges()
	x.happens(domain.DPS, domain.Opened{NonAssociationID: recordID(1), Details: detailsOf(y2021)})
	first := x.detail()
	x.comments(domain.DPS, "Second")
	second := x.detail()
	x.comments(domain.NOMIS, "Third")
	x.comments(domain.DPS, "Fourth")
	require.Equal(t, []domain.Detail{first, second}, x.record().UnheldForms())
	x.happens(domain.NOMIS, domain.SequenceReleased{NonAssociationID: recordID(1)})
	x.comments(domain.DPS, "Fifth")
	require.Equal(t, []domain.Detail{first, second}, x.record().UnheldForms())

	x = newExchanges()
	x.opened(domain.NOMIS)
	require.Empty(t, x.record().UnheldForms())
	require.True(t, x.record().Held())

	x = newExchanges()
	x.happens(domain.DPS, domain.Opened{NonAssociationID: recordID(1), Details: detailsOf(y2021)})
	require.False(t, x.record().Held())
	x.happens(domain.NOMIS, domain.SequenceLearned{NonAssociationID: recordID(1), TypeSequence: 4})
	x.comments(domain.DPS, "Second")
	require.True(t, x.record().Held())
	require.Len(t, x.record().UnheldForms(), 1)
}

// What is known of NOMIS changes nothing that is shown or that an entity tag is made of.
func TestPrivateFacts_changeNothingOfTheRecord(t *testing.T) {
	x := newExchanges()
	x.opened(domain.DPS)
	before, _ := x.State().Item(recordID(1))
	for _, event := range []domain.Event{
		domain.SequenceLearned{NonAssociationID: recordID(1), TypeSequence: 7},
		domain.Delivered{NonAssociationID: recordID(1), TypeSequence: 7, Detail: x.detail()},
		domain.SequenceReleased{NonAssociationID: recordID(1), TypeSequence: 7},
	} {
		x.happens(domain.NOMIS, event)
		after, _ := x.State().Item(recordID(1))
		after.TypeSequence = before.TypeSequence
		require.Equal(t, before, after, "%T", event)
	}
}
