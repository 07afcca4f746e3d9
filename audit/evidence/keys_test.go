package evidence_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence"
)

func TestKey_isReadBack(t *testing.T) {
	t.Parallel()
	for _, kind := range []evidence.Kind{evidence.OfLog, evidence.OfWitness} {
		made := keyOf(t, 1, kind, origin)
		public, err := evidence.ParseKey(made.VKey)
		require.NoError(t, err)
		require.Equal(t, made.Key, public)
		private, err := evidence.ParsePrivateKey(made.Secret())
		require.NoError(t, err)
		require.Equal(t, made, private)
		for _, verb := range []string{"%s", "%v", "%+v", "%#v"} {
			require.Equal(t, made.VKey, fmt.Sprintf(verb, made), "a log line has no private key")
		}
	}
	require.NotEqual(t, keyOf(t, 1, evidence.OfLog, origin).VKey, keyOf(t, 1, evidence.OfWitness, origin).VKey)
}

func TestParseKey_saysWhatIsWrong(t *testing.T) {
	t.Parallel()
	vkey := keyOf(t, 1, evidence.OfLog, origin).VKey
	parts := strings.SplitN(vkey, "+", 3)
	for want, text := range map[string]string{
		"<name>+<hash>+<key": "nonsense", "8 hexadecimal digits": parts[0] + "+12+" + parts[2],
		"no Ed25519 key in base64": parts[0] + "+" + parts[1] + "+AAAA", "not that of its name and key": "other" + "+" + parts[1] + "+" + parts[2],
		"of type 9": parts[0] + "+" + parts[1] + "+C" + parts[2][1:],
	} {
		_, err := evidence.ParseKey(text)
		require.ErrorIs(t, err, evidence.ErrKey, text)
		if want != "of type 9" {
			require.ErrorContains(t, err, want)
		}
	}
	_, err := evidence.ParseKeys([]string{vkey, "nonsense"})
	require.ErrorIs(t, err, evidence.ErrKey)
	keys, err := evidence.ParseKeys([]string{vkey})
	require.NoError(t, err)
	require.Len(t, keys, 1)
}

func TestParseKeyFile_neverShowsWhatIsInIt(t *testing.T) {
	t.Parallel()
	first, second := keyOf(t, 1, evidence.OfLog, origin), keyOf(t, 2, evidence.OfLog, origin)
	keys, err := evidence.ParseKeyFile(first.Secret() + "\n\n" + second.Secret() + "\n")
	require.NoError(t, err)
	require.Equal(t, []evidence.PrivateKey{first, second}, keys)
	for _, text := range []string{"", "\n", first.Secret() + "\nPRIVATE+KEY+a+b+c\n", first.VKey, first.Secret()[:60], strings.Replace(first.Secret(), "evidence", "other", 1)} {
		_, err := evidence.ParseKeyFile(text)
		require.ErrorIs(t, err, evidence.ErrPrivateKey, text)
		secret := strings.SplitN(first.Secret(), "+", 5)[4]
		require.NotContains(t, err.Error(), secret[:12])
	}
	_, err = evidence.GenerateKey(seed(1), evidence.OfLog, "a name")
	require.ErrorIs(t, err, evidence.ErrOrigin)
	_, err = evidence.GenerateKey(strings.NewReader("short"), evidence.OfLog, origin)
	require.Error(t, err)
}

func FuzzParseKey(f *testing.F) {
	f.Add(keyOf(f, 1, evidence.OfLog, origin).VKey)
	f.Add(keyOf(f, 1, evidence.OfWitness, "w").VKey)
	f.Fuzz(func(t *testing.T, vkey string) {
		key, err := evidence.ParseKey(vkey)
		if err != nil {
			require.ErrorIs(t, err, evidence.ErrKey)
			return
		}
		require.NoError(t, evidence.CheckOrigin(key.Name))
		require.False(t, key.Verifier().Verify([]byte("text"), []byte("signature")))
	})
}
