package domain_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// Several not-closed items beside what is stored: [told] to a record of [stored],
// of which each becomes a word.
func TestMatch_besideTheRecordThatIsNotClosed(t *testing.T) {
	type items = []domain.Item
	for name, c := range map[string]struct {
		stored, told items
		words        []string
		inForce      domain.LocalDateTime
	}{
		"2204 is stored, what is in force takes its place": {
			items{item(y2204, sequence(3))}, items{item(y2020(), sequence(5))}, []string{"AMENDED"}, y2020(),
		},
		"2204 is stored and told beside it": {
			items{item(y2204, sequence(3))}, items{item(y2204, sequence(3)), item(y2020(), sequence(5))}, []string{"NOT_LATEST", "AMENDED"}, y2020(),
		},
		"in force is stored, 2204 does not take its place": {
			items{item(y2020(), sequence(5))}, items{item(y2204, sequence(6))}, []string{"ANOTHER_NOT_CLOSED"}, y2020(),
		},
		"in force is stored, told with 2204": {
			items{item(y2020(), sequence(5))}, items{item(y2020(), sequence(5)), item(y2204, sequence(6))}, []string{"UNCHANGED", "NOT_LATEST"}, y2020(),
		},
		"both are to come, the record moves": {
			items{item(y2204)}, items{item(y2099)}, []string{"AMENDED"}, y2099,
		},
		"one that is yet to come stays for a later one": {
			items{item(y2099, sequence(1))}, items{item(y2099, sequence(1)), item(y2204, sequence(2))}, []string{"UNCHANGED", "NOT_LATEST"}, y2099,
		},
		"the record stays, though another has a later date": {
			items{item(y2018, expiring(y2019), sequence(1)), item(y2021, sequence(2), typed(domain.TypeCell))},
			items{item(y2022, sequence(1)), item(y2021, sequence(2), typed(domain.TypeTotal))},
			[]string{"ANOTHER_NOT_CLOSED", "AMENDED"},
			y2021,
		},
		"the surer name of the record counts": {
			items{item(y2021, sequence(1))}, items{item(y2022, sequence(1)), item(y2021)}, []string{"ANOTHER_NOT_CLOSED", "UNCHANGED"}, y2021,
		},
		"several of one day are joined one by one": {
			items{
				item(y2018, expiring(y2019), comment("a")), item(y2018, expiring(y2019), comment("b")),
				item(y2018, expiring(y2019), comment("c")), item(y2021),
			},
			items{
				item(y2018, expiring(y2019), comment("z")), item(y2018, expiring(y2019), comment("y")), item(y2018, expiring(y2019), comment("x")),
			},
			[]string{"AMENDED", "AMENDED", "AMENDED"},
			y2021,
		},
		"one that would open again what is closed": {
			items{item(y2018, expiring(y2019), sequence(1)), item(y2021, sequence(2))},
			items{item(y2018, sequence(1))},
			[]string{"ANOTHER_NOT_CLOSED"},
			y2021,
		},
		"one that would open again what is closed, beside what is new": {
			items{item(y2018, expiring(y2019), sequence(1)), item(y2204, sequence(2))},
			items{item(y2018, sequence(1)), item(y2022, sequence(7))},
			[]string{"NOT_LATEST", "AMENDED"},
			y2022,
		},
		"the request closes it, and the latest counts": {
			items{item(y2018, expiring(y2019), sequence(1)), item(y2021, sequence(2))},
			items{item(y2018, sequence(1)), item(y2021, sequence(2), expiring(y2022)), item(y2023, sequence(3))},
			[]string{"NOT_LATEST", "AMENDED", "CREATED"},
			y2023,
		},
		"a closed item takes what an ignored one does not": {
			items{item(y2018, expiring(y2019), sequence(1)), item(y2021, sequence(2))},
			items{item(y2018, sequence(1)), item(y2018, expiring(y2022))},
			[]string{"ANOTHER_NOT_CLOSED", "AMENDED"},
			y2021,
		},
		"two that contend for what is closed push nothing aside": {
			items{item(y2204), item(y2018, expiring(y2019))},
			items{item(y2018, typed(domain.TypeCell)), item(y2018, typed(domain.TypeTotal)), item(y2204)},
			[]string{"ANOTHER_NOT_CLOSED", "ANOTHER_NOT_CLOSED", "UNCHANGED"},
			y2204,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := domaintest.NewScenario(t)
			s.Sync(c.stored...)
			count := len(s.State.Items)
			d := s.Sync(c.told...)
			require.Equal(t, c.words, words(d))
			require.Equal(t, c.inForce, inForce(t, s).EffectiveDate)
			for i, o := range d.Outcomes {
				if o.Kind == ignored {
					require.Equal(t, inForce(t, s).ID, o.NonAssociationID, "item %d", i)
				}
			}
			for _, word := range c.words {
				if word == "CREATED" {
					count++
				}
			}
			require.Len(t, s.State.Items, count)
			requireRepeat(t, s, d, c.told...)
		})
	}
}

// An id is a word: what a not-closed item names is no other item's, also when
// that item does not count.
func TestMatch_whatIsNamedByItsIdIsNoOtherItems(t *testing.T) {
	s := domaintest.NewScenario(t)
	first := s.Sync(item(y2018, expiring(y2019)), item(y2021))
	closed := first.Outcomes[0].NonAssociationID
	d := s.Sync(item(y2018, named(closed)), item(y2018, expiring(y2022)))
	require.Equal(t, []string{"ANOTHER_NOT_CLOSED", "CREATED"}, words(d))
	require.Equal(t, ptr(y2019), s.State.Items[0].ExpiryDate)
}

func TestMatch_2204ByItsIdDoesNotPushAsideWhatIsInForce(t *testing.T) {
	s := domaintest.NewScenario(t)
	id := s.Sync(item(y2204)).Outcomes[0].NonAssociationID
	told := []domain.Item{item(y2204, named(id)), item(y2020())}
	d := s.Sync(told...)
	require.Equal(t, []string{"NOT_LATEST", "AMENDED"}, words(d))
	require.Equal(t, y2020(), inForce(t, s).EffectiveDate)
	requireRepeat(t, s, d, told...)
}

func TestMatch_theSameItemTwiceIsOneRecord(t *testing.T) {
	closed, open := item(y2018, expiring(y2019)), item(y2021)
	for name, c := range map[string]struct {
		told    []domain.Item
		records int
	}{
		"closed":                 {[]domain.Item{closed, closed}, 1},
		"closed, three times":    {[]domain.Item{closed, closed, closed}, 1},
		"open":                   {[]domain.Item{open, open}, 1},
		"one has a sequence":     {[]domain.Item{closed, item(y2018, expiring(y2019), sequence(4)), open}, 2},
		"one names an id":        {[]domain.Item{closed, item(y2018, expiring(y2019), named(domaintest.CommandID(99)))}, 1},
		"one knows days only":    {[]domain.Item{item("2018-03-01T00:00:00", expiring("2019-03-01T00:00:00"), daysOnly), closed}, 1},
		"the day has a sequence": {[]domain.Item{closed, item("2018-03-01T00:00:00", expiring("2019-03-01T00:00:00"), daysOnly, sequence(4))}, 1},
		"both have a sequence":   {[]domain.Item{item(y2018, expiring(y2019), sequence(4)), item(y2018, expiring(y2019), sequence(5))}, 2},
		"they differ in a word":  {[]domain.Item{closed, item(y2018, expiring(y2019), comment("other"))}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := domaintest.NewScenario(t)
			d := s.Sync(c.told...)
			require.Len(t, s.State.Items, c.records)
			require.Len(t, d.Events, c.records)
			if c.records == 1 {
				require.Equal(t, d.Outcomes[0], d.Outcomes[1])
			}
			requireRepeat(t, s, d, c.told...)
		})
	}
}

// It comes before what is deleted and before what counts: the item gets the
// answer of the one that it is.
func TestMatch_aTwinGetsTheAnswerOfTheOther(t *testing.T) {
	s := domaintest.NewScenario(t)
	s.Staff(domain.Delete{ID: s.Sync(item(y2021, sequence(1))).Outcomes[0].NonAssociationID})
	require.Equal(t, []string{"DELETED", "DELETED"}, words(s.Sync(item(y2021), item(y2021, sequence(1)))))
	require.Empty(t, s.State.Items[1:])

	s = domaintest.NewScenario(t)
	d := s.Sync(item(y2021), item(y2022), item(y2021, sequence(3)))
	require.Equal(t, []string{"NOT_LATEST", "CREATED", "NOT_LATEST"}, words(d))
	require.Len(t, d.Events, 2, "what is one is recorded once")
}

func TestSync_aNameTwiceIsRefused(t *testing.T) {
	for _, naming := range []func(*domain.Item){sequence(3), named(domaintest.CommandID(99))} {
		domaintest.NewScenario(t).Refused(domain.CodeInvalid, domain.NOMIS, domain.Sync{About: domaintest.High, Items: []domain.Item{
			item(y2021, naming), item(y2022, expiring(y2023)), item(y2023, naming),
		}})
	}
}

func TestSync_recordsComeInTheOrderOfTheRequest(t *testing.T) {
	s := domaintest.NewScenario(t)
	s.Sync(item(y2018))
	s.Sync(item(y2023, expiring(today)), item(y2022), item(y2021, expiring(y2021)), item(y2018, expiring(y2019)))
	var dates []domain.LocalDateTime
	for _, n := range s.State.Items {
		dates = append(dates, n.EffectiveDate)
	}
	require.Equal(t, []domain.LocalDateTime{y2018, y2023, y2022, y2021}, dates)
}

func daysOnly(i *domain.Item) { i.DatePrecision = domain.Day }

func TestMatch_daysAreComparedWithDays(t *testing.T) {
	const day domain.LocalDateTime = "2021-07-05T00:00:00"
	for name, told := range map[string]domain.Item{
		"by date":                item(day, expiring("2022-07-05T00:00:00"), daysOnly),
		"by sequence":            item(day, expiring("2022-07-05T00:00:00"), daysOnly, sequence(1)),
		"with another sequence":  item(day, expiring("2022-07-05T00:00:00"), daysOnly, sequence(1), comment("Do not location near")),
		"exactly, with the time": item(y2021, expiring(y2022)),
	} {
		t.Run(name, func(t *testing.T) {
			s := domaintest.NewScenario(t)
			s.Sync(item(y2021, expiring(y2022), sequence(1)))
			require.Empty(t, s.Sync(told).Events)
		})
	}
	s := domaintest.NewScenario(t)
	s.Sync(item(y2021, expiring(y2022)))
	d := s.Sync(item(day, expiring("2022-07-06T00:00:00"), daysOnly))
	require.Equal(t, []domain.Event{domain.Amended{NonAssociationID: s.State.Items[0].ID, Changes: []domain.Change{
		{Field: domain.FieldExpiryDate, Was: ptr(string(y2022)), Now: ptr("2022-07-06T00:00:00")},
	}}}, d.Events)
	d = s.Sync(item("2021-07-06T00:00:00", expiring("2022-07-06T00:00:00"), daysOnly, named(s.State.Items[0].ID)))
	require.Equal(t, []domain.Event{domain.Amended{NonAssociationID: s.State.Items[0].ID, Changes: []domain.Change{
		{Field: domain.FieldEffectiveDate, Was: ptr(string(y2021)), Now: ptr("2021-07-06T00:00:00")},
	}}}, d.Events)
	d = s.Sync(item("2021-07-06T00:00:00", daysOnly))
	require.Equal(t, []string{"AMENDED"}, words(d), "no expiry is a difference")
	require.Equal(t, []string{"CREATED"}, words(s.Sync(item("2021-07-06T10:00:00", expiring(y2022)))), "without the key every second counts")
}

// A record that arrived by a merge has no sequence until NOMIS tells one, and
// NOMIS numbers the records of the pair anew.
func TestMatch_afterAMergeNoRecordIsMadeTwice(t *testing.T) {
	told := []domain.Item{item(y2021, sequence(1)), item(y2018, expiring(y2019), sequence(2))}
	for name, state := range map[string][]domain.Item{
		"the other was there":   {item(y2021, sequence(1)), item(y2018, expiring(y2019))},
		"this one was there":    {item(y2018, expiring(y2019), sequence(2)), item(y2021)},
		"both arrived":          {item(y2018, expiring(y2019)), item(y2021)},
		"the numbers are apart": {item(y2021, sequence(3)), item(y2018, expiring(y2019))},
		"the numbers swapped":   {item(y2021, sequence(2)), item(y2018, expiring(y2019))},
	} {
		t.Run(name, func(t *testing.T) {
			s := domaintest.NewScenario(t)
			s.Sync(state...)
			before := s.State
			d := s.Sync(told...)
			require.Len(t, s.State.Items, 2)
			require.NotContains(t, words(d), "CREATED")
			for i, n := range s.State.Items {
				require.Equal(t, before.Items[i].EffectiveDate, n.EffectiveDate)
				require.Equal(t, map[domain.LocalDateTime]int{y2021: 1, y2018: 2}[n.EffectiveDate], n.TypeSequence)
			}
			requireRepeat(t, s, d, told...)
		})
	}
}

func TestMatch_afterAMergeThatWasWalked(t *testing.T) {
	from := domaintest.NewScenario(t)
	from.Sync(item(y2018, expiring(y2019), sequence(1)))
	there := givenTarget(t)
	there.Sync(forTarget(item(y2021, sequence(1))))
	there.Merge(transferOf(from))
	told := []domain.Item{forTarget(item(y2021, sequence(1))), forTarget(item(y2018, expiring(y2019), sequence(2)))}
	d := there.Sync(told...)
	require.Equal(t, []string{"UNCHANGED", "UNCHANGED"}, words(d))
	require.Equal(t, []int{1, 2}, sequences(there.State))
	requireRepeat(t, there, d, told...)
}
