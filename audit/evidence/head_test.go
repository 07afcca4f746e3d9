package evidence_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"nonassociations/audit/evidence"
)

var signedAt = time.Date(2026, 7, 15, 12, 0, 1, 0, time.UTC)

// TestHead_isACheckpoint: the example of C2SP's tlog-checkpoint.
func TestHead_isACheckpoint(t *testing.T) {
	t.Parallel()
	const text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
	head, err := evidence.ParseHead(text)
	require.NoError(t, err)
	require.EqualValues(t, 20852163, head.Size)
	require.Equal(t, text, head.Text())
	extended, err := evidence.ParseHead(text + "an extension\n")
	require.NoError(t, err)
	require.Equal(t, head, extended)
	for _, bad := range []string{
		"", "a\n1\n", strings.TrimSuffix(text, "\n"), strings.Replace(text, "2085", "02085", 1), strings.Replace(text, "2085", "-2085", 1),
		strings.Replace(text, "Cs", "C", 1), strings.Replace(text, "example.com", "a b", 1), strings.Replace(text, "2I=", "2J=", 1), "\n" + text,
	} {
		_, err := evidence.ParseHead(bad)
		require.ErrorIs(t, err, evidence.ErrNote, bad)
	}
}

// TestSign_isReadByTheLibrary, and what the library signs is read here.
func TestSign_isReadByTheLibrary(t *testing.T) {
	t.Parallel()
	key := keyOf(t, 1, evidence.OfLog, origin)
	signed, err := evidence.Sign(grow(t, 5).head(), key.Signer())
	require.NoError(t, err)
	theirs, err := note.NewVerifier(key.VKey)
	require.NoError(t, err)
	opened, err := note.Open([]byte(signed), note.VerifierList(theirs))
	require.NoError(t, err)
	require.Len(t, opened.Sigs, 1)
	signer, err := note.NewSigner(key.Secret())
	require.NoError(t, err)
	again, err := note.Sign(&note.Note{Text: opened.Text}, signer)
	require.NoError(t, err)
	require.Equal(t, signed, string(again))
	_, err = note.Open([]byte(signed), note.VerifierList(key.Verifier()))
	require.NoError(t, err)
}

func TestCheck_ofEachKindOfSignature(t *testing.T) {
	t.Parallel()
	log, old, stranger := keyOf(t, 1, evidence.OfLog, origin), keyOf(t, 2, evidence.OfLog, origin), keyOf(t, 3, evidence.OfLog, "other.example")
	witness, forger := keyOf(t, 4, evidence.OfWitness, "witness.example"), keyOf(t, 5, evidence.OfWitness, "witness.example")
	head := grow(t, 5).head()
	signed, err := evidence.Sign(head, log.Signer(), old.Signer(), stranger.Signer())
	require.NoError(t, err)
	good, err := evidence.Cosign(witness, head.Text(), signedAt)
	require.NoError(t, err)
	unknown, err := evidence.Cosign(forger, head.Text(), signedAt)
	require.NoError(t, err)
	parsed, err := evidence.ParseNote(evidence.WithLines(signed, good, unknown))
	require.NoError(t, err)
	require.Equal(t, head, parsed.Head)

	checked := parsed.Check(evidence.Keys{log.Key, witness.Key})
	require.Len(t, checked, 5)
	for i, want := range []evidence.Checked{
		{Kind: evidence.OfLog, Known: true, Good: true},
		{Kind: evidence.OfLog},
		{Kind: evidence.OfWitness},
		{Kind: evidence.OfWitness, Known: true, Good: true, Time: signedAt},
		{Kind: evidence.OfWitness},
	} {
		want.Signature = parsed.Signatures[i]
		require.Equal(t, want, checked[i], i)
	}
	require.True(t, parsed.SignedBy(evidence.Keys{log.Key}))
	require.True(t, parsed.SignedBy(evidence.Keys{old.Key}))
	require.False(t, parsed.SignedBy(evidence.Keys{witness.Key}), "a witness alone is not the log")
	require.False(t, parsed.SignedBy(evidence.Keys{stranger.Key}), "the key of another log")
	require.False(t, parsed.SignedBy(nil))
	require.False(t, parsed.KnowsLog(evidence.Keys{witness.Key}))

	parsed.Body = strings.Replace(parsed.Body, "\n5\n", "\n6\n", 1)
	for _, c := range parsed.Check(evidence.Keys{log.Key, old.Key, witness.Key}) {
		require.False(t, c.Good, "of another text")
	}
	require.True(t, parsed.KnowsLog(evidence.Keys{log.Key}))
	require.False(t, parsed.SignedBy(evidence.Keys{log.Key}))
}

// TestCosign_isOfItsTime: another time in the line is a forgery.
func TestCosign_isOfItsTime(t *testing.T) {
	t.Parallel()
	witness := keyOf(t, 4, evidence.OfWitness, "witness.example")
	head := grow(t, 5).head()
	line, err := evidence.Cosign(witness, head.Text(), signedAt)
	require.NoError(t, err)
	signatures, err := evidence.ParseSignatureLines(line)
	require.NoError(t, err)
	require.Equal(t, line, evidence.SignatureLine(signatures[0]))
	raw, err := base64.StdEncoding.DecodeString(signatures[0].Base64)
	require.NoError(t, err)
	require.True(t, witness.Verifier().Verify([]byte(head.Text()), raw[4:]))
	for i := range 12 {
		forged := append([]byte(nil), raw[4:]...)
		forged[i] ^= 1
		require.False(t, witness.Verifier().Verify([]byte(head.Text()), forged), i)
	}
	require.False(t, witness.Verifier().Verify([]byte(head.Text()), raw[5:]), "too short")
	_, err = evidence.Cosign(keyOf(t, 1, evidence.OfLog, origin), head.Text(), signedAt)
	require.ErrorIs(t, err, evidence.ErrNotWitness)
	_, err = evidence.ParseSignatureLines("not a line\n")
	require.ErrorIs(t, err, evidence.ErrNote)
}

func FuzzParseNote(f *testing.F) {
	key := keyOf(f, 1, evidence.OfLog, origin)
	signed, err := evidence.Sign(grow(f, 5).head(), key.Signer())
	require.NoError(f, err)
	f.Add(signed)
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := evidence.ParseNote(text)
		if err != nil {
			require.ErrorIs(t, err, evidence.ErrNote)
			return
		}
		require.True(t, strings.HasPrefix(parsed.Body, parsed.Text()))
		if parsed.SignedBy(evidence.Keys{key.Key}) {
			require.True(t, strings.HasPrefix(text, strings.SplitAfterN(signed, "\n\n", 2)[0]), "a signature for another text")
		}
	})
}
