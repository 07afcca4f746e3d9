package estate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/web/client"
)

const today = "2026-01-01"

func made(t *testing.T, options estate.Options) *estate.Estate {
	t.Helper()
	e, err := estate.New(options)
	require.NoError(t, err)
	return e
}

func fingerprint(t *testing.T, e *estate.Estate) string {
	t.Helper()
	hash := sha256.New()
	people, err := json.Marshal(e.Prisoners)
	require.NoError(t, err)
	hash.Write(people)
	for request := range e.SyncRequests() {
		hash.Write(bodyOf(t, request))
	}
	return hex.EncodeToString(hash.Sum(nil)[:8])
}

// bodyOf returns the request as it is sent.
func bodyOf(t *testing.T, request client.SyncRequest) []byte {
	t.Helper()
	body, err := json.Marshal(request)
	require.NoError(t, err)
	return body
}

// The golden value keeps the estate the same over builds: a demonstration
// that is loaded again after an update must find everything unchanged.
func TestSameSeed_isTheSameEstate(t *testing.T) {
	one := made(t, estate.Options{Seed: 7, Prisoners: 3000})
	require.Equal(t, fingerprint(t, one), fingerprint(t, made(t, estate.Options{Seed: 7, Prisoners: 3000})))
	require.Equal(t, "5480c965da2a4af5", fingerprint(t, one))
	require.NotEqual(t, fingerprint(t, one), fingerprint(t, made(t, estate.Options{Seed: 8, Prisoners: 3000})))
}

func TestEstate_hasASize(t *testing.T) {
	for _, n := range []int{-1, 1, estate.MaxPrisoners + 1} {
		_, err := estate.New(estate.Options{Prisoners: n})
		require.Error(t, err)
	}
	require.Len(t, made(t, estate.Options{Prisoners: 2}).Prisoners, 2)
	require.Len(t, made(t, estate.Options{}).Prisoners, estate.DefaultPrisoners)
}

func TestPrisoners_areFoundByTheirNumber(t *testing.T) {
	e := made(t, estate.Options{Seed: 1, Prisoners: 5000})
	seen := map[domain.PrisonerNumber]bool{}
	for _, p := range e.Prisoners {
		parsed, err := domain.ParsePrisonerNumber(string(p.Number))
		require.NoError(t, err)
		require.Equal(t, p.Number, parsed)
		require.False(t, seen[p.Number], "a number twice")
		seen[p.Number] = true
		found, there := e.Find(p.Number)
		require.True(t, there)
		require.Equal(t, p, found)
		require.NotEmpty(t, p.FirstName+p.LastName)
	}
	_, there := e.Find("nobody")
	require.False(t, there)
	names := map[string]bool{}
	for _, prison := range e.Prisons {
		require.Regexp(t, `^X[A-Z]{2}$`, prison.ID)
		require.False(t, names[prison.Name], prison.Name)
		names[prison.Name] = true
	}
}

func TestEstate_mostPrisonersHaveNoRecordAndSomeHaveDozens(t *testing.T) {
	e := made(t, estate.Options{Seed: 3})
	degree := make([]int, len(e.Prisoners))
	for _, pair := range e.Pairs {
		degree[pair.First]++
		degree[pair.Other]++
	}
	var none, few, dozens int
	for _, d := range degree {
		switch {
		case d == 0:
			none++
		case d <= 3:
			few++
		case d >= 20:
			dozens++
		}
	}
	require.Greater(t, none, len(degree)/2)
	require.Greater(t, few, len(degree)/5)
	require.GreaterOrEqual(t, dozens, 10)
	require.Less(t, dozens, 100)
}

// TestCrowded_addsOpenPairsToOnePrison is for screens that must show very many.
func TestCrowded_addsOpenPairsToOnePrison(t *testing.T) {
	plain, crowded := made(t, estate.Options{Seed: 1}), made(t, estate.Options{Seed: 1, Crowded: 4000})
	require.Equal(t, plain.Prisoners, crowded.Prisoners)
	require.Equal(t, plain.Pairs, crowded.Pairs[:len(plain.Pairs)])
	people, open := map[string]int{}, 0
	for _, p := range crowded.Prisoners {
		people[p.PrisonID]++
	}
	in := crowded.Prisoners[crowded.Pairs[len(crowded.Pairs)-1].First].PrisonID
	for _, pair := range crowded.Pairs[len(plain.Pairs):] {
		require.Equal(t, in, crowded.Prisoners[pair.First].PrisonID)
		require.Equal(t, in, crowded.Prisoners[pair.Other].PrisonID)
		if last := pair.Items[len(pair.Items)-1]; last.ExpiryDate == nil && last.EffectiveDate < estate.ToCome {
			open++
		}
	}
	require.Equal(t, 4000, open)
	require.GreaterOrEqual(t, people[in], 1500)
	made(t, estate.Options{Seed: 1, Prisoners: 20, Crowded: 4000}) // ends
}

// TestPlaces_areOfEveryKind: a screen must show each of them.
func TestPlaces_areOfEveryKind(t *testing.T) {
	kinds := map[string]int{}
	for _, p := range made(t, estate.Options{Seed: 1}).Prisoners {
		switch p.PrisonID {
		case "OUT", "TRN":
			require.Empty(t, p.CellLocation)
			require.NotEmpty(t, p.LocationDescription)
			require.NotEmpty(t, p.LastPrisonID)
			kinds[p.PrisonID]++
		default:
			require.Regexp(t, `^([A-F]-[1-4]-0[0-6][0-9]|RECP|CSWAP|COURT)$`, p.CellLocation)
			if len(p.CellLocation) < 7 {
				kinds[p.CellLocation]++
			}
		}
		require.Equal(t, p.RestrictedPatient, p.SupportingPrisonID != "")
		if p.RestrictedPatient {
			require.Equal(t, "OUT", p.PrisonID)
			kinds["patient"]++
		}
	}
	for _, kind := range []string{"OUT", "TRN", "RECP", "CSWAP", "COURT", "patient"} {
		require.GreaterOrEqual(t, kinds[kind], 50, kind)
	}
}

// Every item must be one that the service takes, and every kind of life must be there.
func TestItems_areValidAndOfEveryKind(t *testing.T) {
	e := made(t, estate.Options{Seed: 5})
	kinds := map[string]int{}
	for _, pair := range e.Pairs {
		require.NotEqual(t, pair.First, pair.Other)
		require.NotEmpty(t, pair.Items)
		open := 0
		for i, item := range pair.Items {
			require.Equal(t, i+1, *item.TypeSequence)
			require.Equal(t, e.Prisoners[pair.Other].Number, item.PrisonerNonAssociation.PrisonerNumber)
			if check(t, item, kinds) {
				open++
			}
		}
		kinds["said twice"] += max(0, open-1)
		if len(pair.Items) > 3 {
			kinds["history"]++
		}
	}
	for _, word := range domain.ReasonCodes() {
		require.Positive(t, kinds[string(word.Code)], word)
	}
	for _, word := range domain.TypeCodes() {
		require.Positive(t, kinds[string(word.Code)], word)
	}
	for _, kind := range []string{
		"closed", "pending", "expires", "said twice", "history", "no comment", "no authority", "240",
	} {
		require.Positive(t, kinds[kind], kind)
	}
}

// check counts what an item is and reports whether it is not closed.
func check(t *testing.T, item client.SyncItem, kinds map[string]int) bool {
	t.Helper()
	kinds[string(item.ReasonCode)]++
	kinds[string(item.PrisonerNonAssociation.ReasonCode)]++
	kinds[string(item.TypeCode)]++
	_, err := domain.ParseLocalDateTime(string(item.EffectiveDate))
	require.NoError(t, err)
	if item.Comments == nil {
		kinds["no comment"]++
	} else {
		n := utf8.RuneCountInString(*item.Comments)
		require.LessOrEqual(t, n, domain.MaxComment)
		if n == domain.MaxComment {
			kinds["240"]++
		}
	}
	if item.AuthorisedBy == nil {
		kinds["no authority"]++
	} else {
		require.LessOrEqual(t, utf8.RuneCountInString(*item.AuthorisedBy), domain.MaxAuthorisedBy)
	}
	if item.EffectiveDate.Date() > today {
		kinds["pending"]++
	}
	if item.ExpiryDate == nil {
		return true
	}
	require.Greater(t, *item.ExpiryDate, item.EffectiveDate)
	closed := item.ExpiryDate.Date() <= today
	kinds[map[bool]string{true: "closed", false: "expires"}[closed]]++
	return !closed
}

func TestSyncRequests_nameEveryPairOnce(t *testing.T) {
	e := made(t, estate.Options{Seed: 2, Prisoners: 4000})
	seen := map[string]bool{}
	items := 0
	for request := range e.SyncRequests() {
		require.Less(t, len(bodyOf(t, request)), 1<<20)
		others := map[domain.PrisonerNumber]bool{}
		for _, item := range request.NonAssociations {
			items++
			others[item.PrisonerNonAssociation.PrisonerNumber] = true
		}
		for other := range others {
			pair, err := domain.NewPair(request.PrisonerNumber, other)
			require.NoError(t, err)
			require.False(t, seen[pair.String()])
			seen[pair.String()] = true
		}
	}
	require.Len(t, seen, len(e.Pairs))
	total := 0
	for _, pair := range e.Pairs {
		total += len(pair.Items)
	}
	require.Equal(t, total, items)
	for range e.SyncRequests() {
		break // who has seen enough may leave
	}
}

func TestEstate_dependsOnNoYear(t *testing.T) {
	e := made(t, estate.Options{Seed: 9, Prisoners: 5000})
	for _, pair := range e.Pairs {
		for _, item := range pair.Items {
			for _, date := range []*domain.LocalDateTime{&item.EffectiveDate, item.ExpiryDate} {
				if date != nil {
					year := date.In(time.UTC).Year()
					require.True(t, year < 2025 || year >= 2035, *date)
				}
			}
		}
	}
}
