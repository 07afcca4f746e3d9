package evidence_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"nonassociations/audit/evidence"
)

// prove returns the proof of a leaf in a tree that is kept.
func prove(t testing.TB, k *kept, index int64) evidence.Proof {
	t.Helper()
	signed, err := evidence.Sign(k.head(), keyOf(t, 1, evidence.OfLog, origin).Signer())
	require.NoError(t, err)
	parsed, err := evidence.ParseNote(signed)
	require.NoError(t, err)
	proof, err := evidence.Prove(parsed, signed, index, k.leaves[index], evidence.HashReader(k.head(), k.tiles))
	require.NoError(t, err)
	return proof
}

func TestProof_ofEveryLeafIsReadBackAndGood(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2, 7, 256, 300} {
		k := grow(t, size)
		for _, index := range []int64{0, int64(size / 2), int64(size - 1)} {
			proof := prove(t, k, index)
			again, err := evidence.ParseProof(proof.Format())
			require.NoError(t, err)
			require.Equal(t, proof.Format(), again.Format())
			require.NoError(t, again.Check())
		}
	}
}

func TestProof_ofSomethingElseIsRefused(t *testing.T) {
	t.Parallel()
	k := grow(t, 300)
	for name, spoil := range map[string]func(*evidence.Proof){
		"another leaf": func(p *evidence.Proof) { p.Leaf = k.leaves[8] },
		"what is no leaf of ours": func(p *evidence.Proof) {
			other := &kept{leaves: [][]byte{[]byte("x")}}
			other.tree.Add(evidence.LeafHash([]byte("x")))
			*p = prove(t, other, 0)
		},
		"no leaf":        func(p *evidence.Proof) { p.Leaf = nil },
		"another index":  func(p *evidence.Proof) { p.Index++ },
		"after the end":  func(p *evidence.Proof) { p.Index = 300 },
		"another hash":   func(p *evidence.Proof) { p.Hashes[0][0] ^= 1 },
		"a hash less":    func(p *evidence.Proof) { p.Hashes = p.Hashes[1:] },
		"a hash more":    func(p *evidence.Proof) { p.Hashes = append(p.Hashes, tlog.Hash{}) },
		"another root":   func(p *evidence.Proof) { p.Signed = prove(t, grow(t, 299), 7).Signed },
		"no signed head": func(p *evidence.Proof) { p.Signed = "nothing" },
	} {
		proof := prove(t, k, 7)
		spoil(&proof)
		require.Error(t, proof.Check(), name)
	}
}

func TestHashReader_findsAChangedTile(t *testing.T) {
	t.Parallel()
	k := grow(t, 600)
	head := k.head()
	k.leaves[300] = k.leaves[299]
	signed, err := evidence.Sign(head, keyOf(t, 1, evidence.OfLog, origin).Signer())
	require.NoError(t, err)
	parsed, err := evidence.ParseNote(signed)
	require.NoError(t, err)
	_, err = evidence.Prove(parsed, signed, 310, k.leaves[310], evidence.HashReader(head, k.tiles))
	require.Error(t, err)
}

func TestParseProof_refusesOtherTexts(t *testing.T) {
	t.Parallel()
	good := prove(t, grow(t, 5), 3).Format()
	for name, text := range map[string]string{
		"empty": "", "another version": strings.Replace(good, "@v1", "@v2", 1), "no index": strings.Replace(good, "index 3\n", "", 1),
		"a signed index": strings.Replace(good, "index 3", "index +3", 1), "a negative index": strings.Replace(good, "index 3", "index -3", 1),
		"extra is no base64": strings.Replace(good, "extra ", "extra !", 1), "hash is no base64": strings.Replace(good, "index 3\n", "index 3\nx\n", 1),
		"no checkpoint": strings.SplitAfter(good, "\n\n")[0], "too many hashes": strings.Replace(good, "index 3\n", "index 3\n"+strings.Repeat("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", 70), 1),
		"only a header": "c2sp.org/tlog-proof@v1\n\n", "no signatures": strings.Join(strings.SplitAfter(good, "\n\n")[:2], ""),
	} {
		_, err := evidence.ParseProof(text)
		require.Error(t, err, name)
	}
}

func TestSubmission_isReadBack(t *testing.T) {
	t.Parallel()
	k := grow(t, 300)
	proof, err := tlog.ProveTree(300, 250, evidence.HashReader(k.head(), k.tiles))
	require.NoError(t, err)
	body := evidence.Submission{Old: 250, Proof: proof, Signed: prove(t, k, 1).Signed}.Format()
	got, err := evidence.ParseSubmission(body)
	require.NoError(t, err)
	require.NoError(t, tlog.CheckTree(got.Proof, 300, k.tree.Root(), 250, rootOf(t, 250)))
	for _, bad := range []string{"", "old 250\n", strings.Replace(body, "old 250", "old -1", 1), strings.Replace(body, "old 250", "new 250", 1), "old 0\nx\n\n" + prove(t, k, 1).Signed, "old 0\n\nx"} {
		_, err := evidence.ParseSubmission(bad)
		require.Error(t, err, bad)
	}
}

func rootOf(t testing.TB, size int) tlog.Hash {
	t.Helper()
	return grow(t, size).head().Root
}

func FuzzParseProof(f *testing.F) {
	f.Add(prove(f, grow(f, 5), 3).Format())
	f.Fuzz(func(t *testing.T, text string) {
		if proof, err := evidence.ParseProof(text); err == nil {
			require.Equal(t, text, proof.Format())
			_ = proof.Check() // it does not panic
		}
	})
}

func FuzzParseSubmission(f *testing.F) {
	f.Add("old 0\n\n" + prove(f, grow(f, 5), 3).Signed)
	f.Fuzz(func(t *testing.T, body string) {
		if submission, err := evidence.ParseSubmission(body); err == nil {
			require.Equal(t, body, submission.Format())
		}
	})
}
