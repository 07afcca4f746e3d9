package proofcheck_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/proofcheck"
	"nonassociations/eventstore"
)

const origin = "nonassociations.example/evidence/0190"

var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

func keyOf(t *testing.T, n byte, kind evidence.Kind, name string) evidence.PrivateKey {
	t.Helper()
	key, err := evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{n}, 32)), kind, name)
	require.NoError(t, err)
	return key
}

var (
	data     = []byte(`{"n":1}`)
	metadata = []byte(`{"commandId":"7f000001-0000-4000-8000-000000000001","actor":"JSMITH"}`)
)

// proven returns the proof of the first of two leaves, signed by the log and a witness.
func proven(t *testing.T, log, witness evidence.PrivateKey) evidence.Proof {
	t.Helper()
	leaf, err := evidence.NewLeaf(eventstore.RecordedEvent{
		Event:  eventstore.Event{ID: uuid.Max, Type: "NonAssociationOpened.v1", Data: data, Metadata: metadata},
		Stream: "nonAssociation-A1234BC-A1234BD", Revision: 3, RecordedAt: noon,
	})
	require.NoError(t, err)
	other := evidence.LeafHash([]byte("another"))
	head := evidence.Head{Origin: origin, Size: 2, Root: tlog.NodeHash(evidence.LeafHash(leaf.Text()), other)}
	note, err := evidence.Sign(head, log.Signer())
	require.NoError(t, err)
	line, err := evidence.Cosign(witness, head.Text(), noon)
	require.NoError(t, err)
	return evidence.Proof{Leaf: leaf.Text(), Hashes: []tlog.Hash{other}, Signed: evidence.WithLines(note, line)}
}

func TestCheck_ofAProof(t *testing.T) {
	t.Parallel()
	log, witness := keyOf(t, 1, evidence.OfLog, origin), keyOf(t, 2, evidence.OfWitness, "witness.example")
	forger := keyOf(t, 3, evidence.OfLog, origin)
	good := proven(t, log, witness)
	keys := evidence.Keys{log.Key, witness.Key}
	whole := proofcheck.Fact{Data: data, Metadata: metadata}
	forgedLine, err := evidence.Cosign(witness, evidence.Head{Origin: origin, Size: 3}.Text(), noon)
	require.NoError(t, err)

	got, err := proofcheck.Check(good.Format(), keys, whole)
	require.NoError(t, err)
	at := noon
	require.Equal(t, proofcheck.Result{
		OK: true, Origin: origin, Size: 2, Leaf: proofcheck.Leaf{EventID: uuid.Max, Revision: 3, Type: "NonAssociationOpened.v1", RecordedAt: noon},
		Signatures: []proofcheck.Signature{
			{Name: origin, Kind: evidence.OfLog, Known: true, Good: true},
			{Name: "witness.example", Kind: evidence.OfWitness, Known: true, Good: true, Time: &at},
		},
		Data: proofcheck.Same, Metadata: proofcheck.Same, Leads: true,
	}, got)

	for name, test := range map[string]struct {
		change func(*evidence.Proof, *evidence.Keys, *proofcheck.Fact)
		ok     bool
		fails  error
	}{
		"no fact given":          {func(_ *evidence.Proof, _ *evidence.Keys, f *proofcheck.Fact) { *f = proofcheck.Fact{} }, true, nil},
		"the log's key alone":    {func(_ *evidence.Proof, k *evidence.Keys, _ *proofcheck.Fact) { *k = (*k)[:1] }, true, nil},
		"a witness's alone":      {func(_ *evidence.Proof, k *evidence.Keys, _ *proofcheck.Fact) { *k = (*k)[1:] }, false, proofcheck.ErrUnknown},
		"another key":            {func(_ *evidence.Proof, k *evidence.Keys, _ *proofcheck.Fact) { *k = evidence.Keys{forger.Key} }, false, proofcheck.ErrUnknown},
		"other data":             {func(_ *evidence.Proof, _ *evidence.Keys, f *proofcheck.Fact) { f.Data = []byte("{}") }, false, nil},
		"other metadata":         {func(_ *evidence.Proof, _ *evidence.Keys, f *proofcheck.Fact) { f.Metadata = []byte("{}") }, false, nil},
		"empty data":             {func(_ *evidence.Proof, _ *evidence.Keys, f *proofcheck.Fact) { f.Data = []byte{} }, false, nil},
		"another index":          {func(p *evidence.Proof, _ *evidence.Keys, _ *proofcheck.Fact) { p.Index = 1 }, false, nil},
		"another hash":           {func(p *evidence.Proof, _ *evidence.Keys, _ *proofcheck.Fact) { p.Hashes = []tlog.Hash{{}} }, false, nil},
		"no leaf":                {func(p *evidence.Proof, _ *evidence.Keys, _ *proofcheck.Fact) { p.Leaf = nil }, false, evidence.ErrProof},
		"a text that is no leaf": {func(p *evidence.Proof, _ *evidence.Keys, _ *proofcheck.Fact) { p.Leaf = []byte("x") }, false, evidence.ErrLeaf},
		"another root": {func(p *evidence.Proof, _ *evidence.Keys, _ *proofcheck.Fact) {
			p.Signed = strings.Replace(p.Signed, "\n2\n", "\n3\n", 1)
		}, false, nil},
		"a witness's signature of another head": {func(p *evidence.Proof, _ *evidence.Keys, _ *proofcheck.Fact) {
			lines := strings.SplitAfter(p.Signed, "\n")
			p.Signed = evidence.WithLines(strings.Join(lines[:len(lines)-2], ""), forgedLine)
		}, false, nil},
		"another leaf": {func(p *evidence.Proof, _ *evidence.Keys, _ *proofcheck.Fact) {
			p.Leaf = []byte(strings.Replace(string(p.Leaf), "Opened", "Closed", 1))
		}, false, nil},
	} {
		proof, known, fact := good, append(evidence.Keys(nil), keys...), whole
		test.change(&proof, &known, &fact)
		got, err := proofcheck.Check(proof.Format(), known, fact)
		require.ErrorIs(t, err, test.fails, name)
		require.Equal(t, test.ok, got.OK, name)
	}
	_, err = proofcheck.Check("x", keys, whole)
	require.ErrorIs(t, err, evidence.ErrProof)
}
