package domain_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// standings folds facts into standings and into exchanges, which have to agree.
type standings struct {
	*exchanges

	list    domain.Standings
	folding *domain.Folding
	changes []domain.MappingChange // of the last fact
}

func newStandings() *standings {
	return &standings{exchanges: newExchanges(), folding: domain.NewFolding(domain.State{Pair: pair})}
}

func (x *standings) happens(source domain.Source, event domain.Event) uint64 {
	id := event.About()
	index := x.folding.Index(id)
	before, was := x.folding.Find(id)
	fact := factOf(int(x.revision), event)
	fact.Meta.Source = source
	x.folding.Add(fact)
	after, is := x.folding.Find(id)
	x.changes = x.list.Add(fact, domain.Recorded{Revision: x.revision, At: recordedAt(x.revision)}, index, pointer(before, was), pointer(after, is))
	return x.exchanges.happens(source, event)
}

// opened and commentsBy are those of exchanges, of the whole of x.
func (x *standings) opened(source domain.Source) uint64 {
	return x.happens(source, domain.Opened{NonAssociationID: recordID(1), TypeSequence: 4, Details: detailsOf(y2021)})
}

func (x *standings) commentsBy(source domain.Source, comment string) uint64 {
	return x.happens(source, domain.Amended{NonAssociationID: recordID(1), Changes: []domain.Change{{Field: domain.FieldComment, Now: &comment}}})
}

func pointer(n domain.NonAssociation, there bool) *domain.NonAssociation {
	if !there {
		return nil
	}
	return &n
}

// exchanged is any event about the n-th record that an earlier fact may precede.
func exchanged(t *rapid.T, x *standings, n int) domain.Event {
	id := recordID(n)
	comment := ptr(comments.Draw(t, "comment") + rapid.SampledFrom([]string{"", " ", "\r\n"}).Draw(t, "blanks"))
	details := detailsOf(dates.Draw(t, "date"))
	details.Comment = comment
	carried := domain.NonAssociation{ID: id, Details: details}
	sequence := rapid.IntRange(1, 3).Draw(t, "sequence")
	here, is := x.State().Item(id)
	if !is {
		known := domain.NOMISKnowledge{}
		if base, _ := carried.Detail(); rapid.Bool().Draw(t, "known") {
			known = domain.NOMISKnowledge{Base: &base, OwnSince: map[domain.DetailField][]*string{}}
			for _, f := range domain.DetailFields(pair)[rapid.IntRange(0, 6).Draw(t, "fields"):] {
				known.OwnSince[f] = nil
			}
		}
		return rapid.SampledFrom([]domain.Event{
			domain.Opened{NonAssociationID: id, TypeSequence: sequence, Details: details},
			domain.Opened{NonAssociationID: id, Details: details},
			domain.Imported{NonAssociationID: id, TypeSequence: sequence, Details: details},
			domain.TransferredIn{NonAssociationID: id, Renumbering: renamed, From: target, To: pair, NonAssociation: carried, NOMISKnowledge: known},
			domain.Ignored{NonAssociationID: id, Reason: domain.NotLatest, Item: ptr(item(y2021))},
		}).Draw(t, "begins")
	}
	detail, _ := here.Detail()
	held := []domain.DetailField{domain.DetailComment}[:rapid.IntRange(0, 1).Draw(t, "held")]
	return rapid.SampledFrom([]domain.Event{
		domain.Amended{NonAssociationID: id, Changes: []domain.Change{{Field: domain.FieldComment, Now: comment}}},
		domain.Amended{NonAssociationID: id, Changes: []domain.Change{
			{Field: domain.FieldRole, PrisonerNumber: domaintest.Low, Now: ptr("VICTIM")}, {Field: domain.FieldTypeSequence, Now: ptr("2")},
		}},
		domain.Closed{NonAssociationID: id, ClosedAt: details.EffectiveDate},
		domain.Reopened{NonAssociationID: id},
		domain.Deleted{NonAssociationID: id},
		domain.Ignored{NonAssociationID: id, Reason: domain.NotLatest, Item: ptr(item(y2021))},
		domain.SequenceLearned{NonAssociationID: id, TypeSequence: sequence},
		domain.SequenceReleased{NonAssociationID: id, TypeSequence: sequence},
		domain.SequenceReleased{NonAssociationID: id, TypeSequence: here.TypeSequence},
		domain.Delivered{NonAssociationID: id, TypeSequence: sequence, Revision: x.revision - 1, Detail: detail, Held: held},
		domain.Delivered{NonAssociationID: id, Revision: x.revision - 1, Detail: detail.With(domain.DetailComment, comment), Held: held},
		domain.Restored{NonAssociationID: id, NonAssociation: carried},
		domain.TransferredIn{NonAssociationID: id, Renumbering: renamed, From: target, To: pair, NonAssociation: carried},
		domain.TransferredOut{NonAssociationID: id, Renumbering: renamed, From: pair, To: target},
	}).Draw(t, "event")
}

// requireBaseOf compares a standing with the exchange of its record.
func requireBaseOf(t require.TestingT, n domain.NonAssociation, s domain.Standing, e domain.Exchange) {
	detail, _ := n.Detail()
	whole, is := e.WholeBase(pair)
	require.Equal(t, is && whole.Equal(detail), s.Same)
	require.Equal(t, e.Delivery(), s.Delivery)
	for _, f := range domain.DetailFields(pair) {
		want, known := e.Base(f)
		got, has := s.Base[f]
		if s.Same {
			require.Nil(t, s.Base)
			got, has = detail.Get(f), true
		}
		require.Equal(t, known, has, f)
		require.Equal(t, want, got, f)
	}
}

func TestProperty_standingsSayWhatExchangesSay(t *testing.T) {
	sources := rapid.SampledFrom([]domain.Source{domain.DPS, domain.NOMIS, domain.Migration, domain.Merge})
	rapid.Check(t, func(t *rapid.T) {
		x, mapped := newStandings(), map[int]int{}
		for range rapid.IntRange(1, 40).Draw(t, "facts") {
			event := exchanged(t, x, rapid.IntRange(0, 3).Draw(t, "record"))
			at := x.revision
			x.happens(sources.Draw(t, "source"), event)
			state := x.State()
			require.Len(t, x.list, len(state.Items))
			for _, change := range x.changes {
				require.NotEqual(t, change.TypeSequence == 0, change.Type != "")
				mapped[int(change.ID[0])<<8|int(change.ID[1])] = change.TypeSequence
			}
			holders := map[int]bool{}
			for i, n := range state.Items {
				s := x.list[i]
				require.Equal(t, n.ID, s.ID)
				require.Equal(t, n.Deleted, s.Deleted)
				require.Equal(t, s.Mapped, mapped[int(n.ID[0])<<8|int(n.ID[1])], "the changes tell of it")
				if s.Mapped != 0 {
					require.Equal(t, n.TypeSequence, s.Mapped)
					require.False(t, holders[s.Mapped], "one record a sequence")
					holders[s.Mapped] = true
				}
				require.False(t, s.Differs.After(recordedAt(at)))
				switch apart := x.Of(n.ID).ApartSince(); {
				case !n.Deleted:
					require.Equal(t, s.Same, s.Differs.IsZero())
					require.Equal(t, apart.IsZero(), s.Differs.IsZero())
				case !s.Differs.IsZero():
					require.False(t, apart.IsZero(), "a release is planned for what is pending")
				}
				requireBaseOf(t, n, s, x.Of(n.ID))
			}
		}
	})
}

func TestStanding_differsSinceTheFirstFactThatMakesADifference(t *testing.T) {
	x := newStandings()
	x.opened(domain.NOMIS)
	require.True(t, x.list[0].Differs.IsZero())
	first := x.commentsBy(domain.DPS, "ours")
	x.commentsBy(domain.DPS, "ours again")
	require.Equal(t, recordedAt(first), x.list[0].Differs)
	x.happens(domain.NOMIS, domain.Delivered{NonAssociationID: recordID(1), TypeSequence: 4, Revision: x.revision - 1, Detail: x.detail()})
	require.True(t, x.list[0].Differs.IsZero())
}

func TestStanding_ofADeletedRecordIsInStepWhenNOMISDoesNotHaveIt(t *testing.T) {
	deletion := domain.Deleted{NonAssociationID: recordID(1)}
	for name, story := range map[string]func(x *standings){
		"never there": func(x *standings) {
			x.happens(domain.DPS, domain.Opened{NonAssociationID: recordID(1), Details: detailsOf(y2021)})
			x.happens(domain.DPS, deletion)
		},
		"released": func(x *standings) {
			x.opened(domain.NOMIS)
			at := x.happens(domain.DPS, deletion)
			require.Equal(t, recordedAt(at), x.list[0].Differs)
			x.happens(domain.NOMIS, domain.SequenceReleased{NonAssociationID: recordID(1), TypeSequence: 4})
		},
		"taken by another": func(x *standings) {
			x.opened(domain.NOMIS)
			x.happens(domain.DPS, deletion)
			x.happens(domain.NOMIS, domain.Opened{NonAssociationID: recordID(2), TypeSequence: 4, Details: detailsOf(y2022)})
			require.Equal(t, []domain.MappingChange{{ID: recordID(1)}, {ID: recordID(2), TypeSequence: 4, Type: domain.MappingNOMIS}}, x.changes)
		},
		"deleted there, of no known sequence": func(x *standings) {
			x.happens(domain.NOMIS, domain.Opened{NonAssociationID: recordID(1), Details: detailsOf(y2021)})
			x.happens(domain.NOMIS, deletion)
		},
		"not there by any sequence": func(x *standings) {
			x.happens(domain.NOMIS, domain.Opened{NonAssociationID: recordID(1), Details: detailsOf(y2021)})
			x.happens(domain.DPS, deletion)
			require.False(t, x.list[0].Differs.IsZero())
			x.happens(domain.NOMIS, domain.SequenceReleased{NonAssociationID: recordID(1)})
			require.True(t, x.Of(recordID(1)).Released())
		},
		"taken by another before, and not there by any other": func(x *standings) {
			x.opened(domain.NOMIS)
			x.happens(domain.NOMIS, domain.Opened{NonAssociationID: recordID(2), TypeSequence: 4, Details: detailsOf(y2022)})
			x.happens(domain.DPS, deletion)
			require.False(t, x.list[0].Differs.IsZero(), "NOMIS may have numbered it anew, and no turn has looked")
			x.happens(domain.NOMIS, domain.SequenceReleased{NonAssociationID: recordID(1)})
		},
	} {
		x := newStandings()
		story(x)
		require.True(t, x.list[0].Differs.IsZero(), name)
	}
	x := newStandings()
	x.happens(domain.NOMIS, domain.Opened{NonAssociationID: recordID(1), Details: detailsOf(y2021)})
	at := x.happens(domain.DPS, deletion)
	require.Equal(t, recordedAt(at), x.list[0].Differs, "NOMIS has it, by whatever sequence")
}

func TestMapping_hasTheTypeOfWhoMadeItKnown(t *testing.T) {
	for want, by := range map[domain.MappingType][2]domain.Source{
		domain.MappingMigrated: {domain.Migration, domain.Migration},
		domain.MappingNOMIS:    {domain.NOMIS, domain.Migration},
		domain.MappingDPS:      {domain.NOMIS, domain.DPS},
	} {
		require.Equal(t, want, domain.MappingTypeOf(by[0], by[1]))
	}
}

func TestRecord_isShortenedOnlyWhereNOMISCannotHoldIt(t *testing.T) {
	n := domain.NonAssociation{Details: detailsOf(y2021)}
	require.False(t, n.IsShortened())
	n.Comment = ptr(strings.Repeat("é", domain.MaxComment))
	require.False(t, n.IsShortened(), "units, not bytes")
	n.Comment = ptr(strings.Repeat("é", domain.MaxComment+1))
	require.True(t, n.IsShortened())
}
