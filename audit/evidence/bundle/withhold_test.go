package bundle_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence/bundle"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
)

func closing(n byte) domain.Event {
	return domain.Closed{NonAssociationID: recordID(n), ClosedAt: "2026-07-15T11:00:00", ClosedBy: "BOSS", ClosedReason: secret}
}

// merge moves a record from the pair of a removed number to that of the one that survives.
func (l *log) merge(id uuid.UUID, removed, survivor, other domain.PrisonerNumber) {
	l.t.Helper()
	from, to := domaintest.PairOf(removed, other), domaintest.PairOf(survivor, other)
	r := domain.Renumbering{Previous: removed, Number: survivor, Reason: "MERGE"}
	l.happens("prisoner-"+string(removed), domain.PrisonerMerged{Renumbering: r, Pairs: []domain.Pair{from}})
	comment := secret
	l.happens(to.Stream(), domain.TransferredIn{NonAssociationID: id, Renumbering: r, From: from, To: to, NonAssociation: domain.NonAssociation{ID: id, Details: details(to, &comment)}})
	l.happens(from.Stream(), domain.TransferredOut{NonAssociationID: id, Renumbering: r, From: from, To: to})
}

// TestCollect_followsARecordThroughMerges in both directions, and takes nothing of others.
func TestCollect_followsARecordThroughMerges(t *testing.T) {
	l := newLog(t)
	l.opens(recordID(1), domaintest.PairOf(dave, bob))
	l.opens(recordID(2), domaintest.PairOf(dave, bob)) // of others until the end
	l.opens(recordID(3), domaintest.PairOf(bob, carol))
	l.merge(recordID(1), dave, alice, bob)
	found := l.collect(alice)
	var streams []string
	for _, f := range found.Facts {
		streams = append(streams, f.Stream)
	}
	require.Equal(t, []string{
		"nonAssociation-B9109UD_D1234DD", "prisoner-D1234DD", "nonAssociation-A0135GA_B9109UD", "nonAssociation-B9109UD_D1234DD",
	}, streams)
	require.Equal(t, []domain.PrisonerNumber{bob, dave}, found.Others)
	require.Equal(t, []string{"nonAssociation-A0135GA_B9109UD"}, found.Streams)

	l.merge(recordID(1), alice, carol, bob)
	require.Len(t, l.collect(alice).Facts, 7, "where the record went")
	require.Len(t, l.collect(carol).Facts, 7, "all the way back, less the merge of two others")
	require.Len(t, l.collect(bob).Facts, 7, "merges of others are not about Bob")
}

// TestCollect_keepsWhatItCannotRead when the stream is the prisoner's.
func TestCollect_keepsWhatItCannotRead(t *testing.T) {
	l := someLog(t)
	unknown := eventstore.Event{ID: uuid.New(), Type: "nonassociation.unheard-of.v9", Data: []byte("{}"), Metadata: []byte("{}")}
	l.append(domaintest.PairOf(alice, bob).Stream(), unknown)
	l.append(domaintest.PairOf(bob, carol).Stream(), eventstore.Event{ID: uuid.New(), Type: unknown.Type, Data: []byte("{}"), Metadata: []byte("{}")})
	found := l.collect(alice)
	require.Equal(t, []uuid.UUID{unknown.ID}, found.Unreadable)
	require.Equal(t, unknown.ID, found.Facts[len(found.Facts)-1].ID)
}

// TestCollect_stopsAtKnownAt leaves out what was recorded later.
func TestCollect_stopsAtKnownAt(t *testing.T) {
	l := someLog(t)
	all := l.collect(alice)
	found, err := bundle.Collect(t.Context(), l.store, alice, all.Facts[0].RecordedAt.Truncate(1000).Add(-1), nil)
	require.NoError(t, err)
	require.Empty(t, found.Facts)
	require.Equal(t, all.Position, found.Position)
}

// TestWithheld_nothingOfOthersIsLeft in any file of the bundle.
func TestWithheld_nothingOfOthersIsLeft(t *testing.T) {
	l := someLog(t)
	l.opens(recordID(4), domaintest.PairOf(dave, bob))
	l.merge(recordID(4), dave, alice, bob)
	s := l.sign(0)
	c := s.contents(t, alice, l.collect(alice))
	c.Withheld = true
	file := written(t, c)
	dir := unpack(t, file)
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, kept := range []string{string(bob), string(carol), string(dave), secret, "commandId", "correlationId"} {
			require.NotContains(t, string(body), kept, path)
		}
		for n := range l.count {
			require.NotContains(t, string(body), domaintest.CommandID(n+1).String(), path)
		}
		return nil
	}))
	facts, err := os.ReadFile(filepath.Join(dir, "facts.ndjson"))
	require.NoError(t, err)
	require.Contains(t, string(facts), `"stream":"nonAssociation-A0135GA_withheld"`)
	require.Contains(t, string(facts), `"sides":{"A0135GA":`)
	require.Contains(t, string(facts), `"data":null`)
	r := verified(t, file, s.keys())
	require.True(t, r.OK(), "%+v", r)
	require.Equal(t, r.Facts, r.ExistenceOnly)
	require.Empty(t, r.Gaps)
}

// TestWithheld_everyTextOfEveryType replaces every text of the golden files by one that has
// a number and a name of another. Only those of known keys may be left, without the number.
func TestWithheld_everyTextOfEveryType(t *testing.T) {
	golden, err := filepath.Glob("../../../domain/testdata/events/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, golden)
	for _, path := range golden {
		if strings.Contains(path, "switch-over") {
			continue // never about a prisoner
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var value any
		require.NoError(t, json.Unmarshal(text, &value))
		spoiled, err := json.Marshal(spoil(value))
		require.NoError(t, err)
		l := newLog(t)
		id := uuid.New()
		l.append(domaintest.PairOf(alice, bob).Stream(), eventstore.Event{ID: id, Type: "any", Data: spoiled, Metadata: []byte(`{}`)})
		s := l.sign(0)
		c := s.contents(t, alice, l.collect(alice))
		c.Withheld = true
		dir := unpack(t, written(t, c))
		facts, err := os.ReadFile(filepath.Join(dir, "facts.ndjson"))
		require.NoError(t, err)
		require.NotContains(t, string(facts), string(bob), path)
		require.NotContains(t, string(facts), "b9109ud", path)
		var line struct {
			DataJSON any `json:"dataJSON"`
		}
		require.NoError(t, json.Unmarshal(facts, &line))
		for _, key := range textKeys(line.DataJSON, "") {
			require.Contains(t, mayShow, key, "%s shows a text of the key %q: decide whether others may read it", path, key)
		}
	}
}

// mayShow are the keys whose texts a bundle may show with others withheld. A new one is a
// decision.
var mayShow = strings.Fields(`nonAssociationId id lastFact effectiveDate expiryDate expiryWas closedAt reopenedAt openedAt updatedAt
	typeCode restriction role reasonCode reasonCodes born field held closedBy reopenedBy updatedBy requestedBy
	namedFirst prisonerNumber previousPrisonerNumber via from to pair pairs`)

func spoil(value any) any {
	switch v := value.(type) {
	case string:
		return v + " B9109UD b9109ud Alan"
	case []any:
		for i := range v {
			v[i] = spoil(v[i])
		}
	case map[string]any:
		for key := range v {
			if key != "field" {
				v[key] = spoil(v[key])
			}
		}
	}
	return value
}

// textKeys returns the keys under which texts of a person are left.
func textKeys(value any, under string) []string {
	var all []string
	switch v := value.(type) {
	case string:
		if strings.Contains(v, "Alan") {
			all = append(all, under)
		}
	case []any:
		for _, one := range v {
			all = append(all, textKeys(one, under)...)
		}
	case map[string]any:
		for key, one := range v {
			next := key
			if _, err := domain.ParsePrisonerNumber(key); err == nil || strings.HasPrefix(key, "withheld") {
				next = under
			}
			if key == "was" || key == "now" {
				next, _ = v["field"].(string)
			}
			all = append(all, textKeys(one, next)...)
		}
	}
	return all
}
