package app_test

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/store"
	"nonassociations/cmd/internal/app"
)

// evidenceSecret returns a private key of a name.
func evidenceSecret(t *testing.T, origin string) string {
	t.Helper()
	key, err := evidence.GenerateKey(rand.Reader, evidence.OfLog, origin)
	require.NoError(t, err)
	return key.Secret()
}

func TestEvidenceConfig_saysWhatIsWrong(t *testing.T) {
	t.Parallel()
	log, err := evidence.ParsePrivateKey(evidenceSecret(t, "tree.test"))
	require.NoError(t, err)
	base := completeEnvironment()
	base["EVIDENCE_KEY_FILE"], base["EVIDENCE_ORIGIN"] = "keys", "tree.test"
	_, err = app.ReadConfig(base, app.Roles{Sign: true})
	require.NoError(t, err)
	for name, c := range map[string]struct{ value, says string }{
		"EVIDENCE_KEY_FILE": {"", `"EVIDENCE_KEY_FILE" is not set`}, "EVIDENCE_ORIGIN": {"a b", "EVIDENCE_ORIGIN must be a name"},
		"EVIDENCE_OLD_KEYS": {"x+y+z", "EVIDENCE_OLD_KEYS: no key: the hash of a vkey"}, "EVIDENCE_EVERY": {"-1s", "EVIDENCE_EVERY must be longer than 0"},
		"VERIFY_AT":   {"3.30", "VERIFY_AT must be a time of day in London, such as 03:30"},
		"WITNESS_URL": {"ftp://x", "WITNESS_URL must begin with"}, "WITNESS_KEY": {log.VKey, "WITNESS_KEY is the vkey of a log"},
	} {
		_, err := app.ReadConfig(with(base, name, c.value), app.Roles{Sign: true})
		require.ErrorContains(t, err, c.says, name)
	}
	_, err = app.ReadConfig(with(base, "WITNESS_URL", "https://x.test"), app.Roles{Sign: true})
	require.ErrorContains(t, err, "set both or not at all")
}

// TestEvidenceKey_isAddedAndNeverReplaced, and its file is its owner's alone.
func TestEvidenceKey_isAddedAndNeverReplaced(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "evidence.key")
	o := app.Options{Config: app.Config{Evidence: app.Evidence{KeyFile: file, Origin: "tree.test"}}}
	_, err := o.Config.EvidenceKeys()
	require.ErrorContains(t, err, "EVIDENCE_KEY_FILE cannot be read")
	first, err := o.NewEvidenceKeyOf(t.Context())
	require.NoError(t, err)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	o.Config.Evidence.Origin = "" // that of the key which signs now
	second, err := o.NewEvidenceKeyOf(t.Context())
	require.NoError(t, err)
	keys, err := o.Config.EvidenceKeys()
	require.NoError(t, err)
	require.Equal(t, []string{second, first}, keys)
	ended, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, bytes.TrimSuffix(ended, []byte("\n")), 0o600)) // as an editor leaves it
	third, err := o.NewEvidenceKeyOf(t.Context())
	require.NoError(t, err)
	keys, err = o.Config.EvidenceKeys()
	require.NoError(t, err)
	require.Equal(t, []string{third, second, first}, keys)
	require.NoError(t, os.WriteFile(file, []byte("nonsense\n"), 0o600))
	_, err = o.NewEvidenceKeyOf(t.Context())
	require.ErrorContains(t, err, "line 1: no private key")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "nonsense\n", string(text))
	o.Config.Evidence.KeyFile = ""
	_, err = o.NewEvidenceKeyOf(t.Context())
	require.ErrorContains(t, err, `"EVIDENCE_KEY_FILE" is not set`)
}

// TestSigner_worksWithItsOwnLogin beside a serving process, which gives the log its id.
func TestSigner_worksWithItsOwnLogin(t *testing.T) {
	t.Parallel()
	e := newInstallation(t)
	serving := e.start(t, "serve --project")
	serving.waitReady(t)
	signing := e.start(t, "evidence sign")
	opened, err := store.Open(t.Context(), e.super)
	require.NoError(t, err)
	defer opened.Close()
	require.Eventually(t, func() bool {
		state, err := opened.Tree().State(t.Context())
		return err == nil && state.StoreID == identity(t, e.super)
	}, time.Minute, 20*time.Millisecond)
	conn, err := pgx.Connect(t.Context(), e.logins["evidence"])
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	for _, sql := range []string{`DELETE FROM evidence.leaf`, `UPDATE evidence.head SET note = ''`, `DELETE FROM eventstore.events`, `INSERT INTO commands.log DEFAULT VALUES`} {
		_, err := conn.Exec(t.Context(), sql)
		require.ErrorContains(t, err, "permission denied", sql)
	}
	signing.stopInOrder(t)
	serving.stopInOrder(t)
}
