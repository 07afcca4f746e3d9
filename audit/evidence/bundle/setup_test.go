package bundle_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/bundle"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

const (
	alice  domain.PrisonerNumber = "A0135GA"
	bob    domain.PrisonerNumber = "B9109UD"
	carol  domain.PrisonerNumber = "C1234CC"
	dave   domain.PrisonerNumber = "D1234DD"
	secret                       = "Alan Secret of wing nine"
	origin                       = "nonassociations.example/evidence/0190"
)

var noon = domaintest.Noon

// log is a log in memory with facts that are written one after the other.
type log struct {
	t     testing.TB
	store *memory.Store
	next  map[string]int64 // revision of the next fact of each stream
	count int
}

func newLog(t testing.TB) *log {
	store := memory.New()
	t.Cleanup(func() { require.NoError(t, store.Close(context.Background())) })
	return &log{t: t, store: store, next: map[string]int64{}}
}

// happens appends a fact of staff with a recorded command in its metadata.
func (l *log) happens(stream string, event domain.Event) {
	l.t.Helper()
	l.count++
	command := domaintest.CommandID(l.count)
	fact := domain.Fact{ID: domain.EventID(command, stream, 0), Event: event, Meta: domain.Meta{
		Cause: domaintest.CauseOf(command, domain.DPS), Count: 1, DecidedAt: noon, OccurredAt: noon,
		Command: []byte(`{"type":"open","input":{"comment":"` + secret + `"}}`),
	}}
	l.append(stream, eventstore.Encode(fact))
}

func (l *log) append(stream string, event eventstore.Event) {
	l.t.Helper()
	_, err := l.store.Append(l.t.Context(), eventstore.Append{
		Stream: stream, Expected: eventstore.Expected(l.next[stream] - 1), Events: []eventstore.Event{event},
	})
	require.NoError(l.t, err)
	l.next[stream]++
}

func recordID(n byte) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceOID, []byte{n, 1}) }

// opens opens a record with a comment about the other.
func (l *log) opens(id uuid.UUID, pair domain.Pair) {
	l.t.Helper()
	comment := secret
	l.happens(pair.Stream(), domain.Opened{NonAssociationID: id, PrisonerNumber: pair.Numbers()[0], Details: details(pair, &comment)})
}

func details(pair domain.Pair, comment *string) domain.Details {
	numbers := pair.Numbers()
	return domain.Details{
		AuthorisedBy: &secretName, Comment: comment, EffectiveDate: "2021-07-05T10:35:17", Reason: domain.Threat, Restriction: domain.Wing, TypeCode: "WING",
		Sides: map[domain.PrisonerNumber]domain.Side{
			numbers[0]: {Role: domain.Victim, ReasonCode: domain.CodeVictim}, numbers[1]: {Role: domain.Perpetrator, ReasonCode: domain.CodePerpetrator},
		},
	}
}

var secretName = secret

// collect finds the facts about a prisoner that are known at noon of the store's clock.
func (l *log) collect(number domain.PrisonerNumber) bundle.Collected {
	l.t.Helper()
	found, err := bundle.Collect(l.t.Context(), l.store, number, time.Now().Add(time.Hour), nil)
	require.NoError(l.t, err)
	return found
}

// tree is the tree of a log with the note of its head.
type tree struct {
	leaves map[[2]uint64]int64 // by position
	texts  [][]byte
	signed string
	note   evidence.Note
	hashes []tlog.Hash
	key    evidence.PrivateKey
}

// ReadHashes is a tlog.HashReader over all hashes, which are kept for a small tree.
func (s *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		out[i] = s.hashes[index]
	}
	return out, nil
}

// sign makes the tree of the first size facts; all of them when size is 0.
func (l *log) sign(size int) *tree {
	l.t.Helper()
	events, err := l.store.ReadAll(l.t.Context(), eventstore.Forwards, eventstore.Start, 10_000)
	require.NoError(l.t, err)
	if size > 0 {
		events = events[:size]
	}
	s := &tree{leaves: map[[2]uint64]int64{}}
	for n, recorded := range events {
		leaf, err := evidence.NewLeaf(recorded)
		require.NoError(l.t, err)
		hashes, err := tlog.StoredHashes(int64(n), leaf.Text(), s)
		require.NoError(l.t, err)
		s.hashes = append(s.hashes, hashes...)
		s.texts = append(s.texts, leaf.Text())
		s.leaves[[2]uint64{recorded.Position.Commit, recorded.Position.Prepare}] = int64(n)
	}
	root, err := tlog.TreeHash(int64(len(events)), s)
	require.NoError(l.t, err)
	s.key, err = evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)), evidence.OfLog, origin)
	require.NoError(l.t, err)
	s.signed, err = evidence.Sign(evidence.Head{Origin: origin, Size: int64(len(events)), Root: root}, s.key.Signer())
	require.NoError(l.t, err)
	s.note, err = evidence.ParseNote(s.signed)
	require.NoError(l.t, err)
	return s
}

// contents are a bundle of what was collected.
func (s *tree) contents(t testing.TB, number domain.PrisonerNumber, found bundle.Collected) bundle.Contents {
	t.Helper()
	c := bundle.Contents{
		PrisonerNumber: number, KnownAt: noon, MadeAt: noon, User: "AUDITOR", Reason: "Inquiry 7\nthird request",
		Signed: s.signed, Keys: []string{s.key.VKey}, Page: []byte("<!doctype html>"),
	}
	for _, recorded := range found.Facts {
		f := bundle.Fact{Recorded: recorded}
		if index, is := s.leaves[[2]uint64{recorded.Position.Commit, recorded.Position.Prepare}]; is {
			proof, err := evidence.Prove(s.note, s.signed, index, s.texts[index], s)
			require.NoError(t, err)
			f.Proof = &proof
		}
		c.Facts = append(c.Facts, f)
	}
	return c
}

func (s *tree) keys() evidence.Keys { return evidence.Keys{s.key.Key} }

func written(t testing.TB, c bundle.Contents) []byte {
	t.Helper()
	var out bytes.Buffer
	n, err := c.WriteTo(&out)
	require.NoError(t, err)
	require.Equal(t, int64(out.Len()), n)
	return out.Bytes()
}

func verified(t testing.TB, file []byte, keys evidence.Keys) bundle.Result {
	t.Helper()
	r, err := bundle.Verify(bytes.NewReader(file), int64(len(file)), keys)
	require.NoError(t, err)
	return r
}
