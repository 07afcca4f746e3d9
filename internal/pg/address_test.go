package pg_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/testdb"
	"nonassociations/internal/pg"
)

func TestPool_isAsLargeAsItsAddressSays(t *testing.T) {
	for address, want := range map[string]int32{
		"postgres://h/d?pool_max_conns=3":                  3,
		"postgres://h/d?pool_max_conns=3&pool_min_conns=3": 3,
		"postgres://h/d?pool_max_conns=99":                 99,
		"host=h pool_max_conns=2":                          2,
	} {
		config, err := pg.ParsePool(address, 50, time.Second)
		require.NoError(t, err)
		require.Equal(t, want, config.MaxConns, address)
	}
	config, err := pg.ParsePool("postgres://h/d?pool_min_conns=60&pool_min_idle_conns=70", 50, time.Second)
	require.NoError(t, err)
	require.Equal(t, []int32{50, 50, 50}, []int32{config.MaxConns, config.MinConns, config.MinIdleConns})
}

func TestConnect_takesNoLongerThanTheAddressAndLimitAllow(t *testing.T) {
	for parameter, want := range map[string]time.Duration{
		"": 4 * time.Second, "?connect_timeout=1": time.Second, "?connect_timeout=60": 4 * time.Second, "?connect_timeout=0": 4 * time.Second,
	} {
		conn, err := pg.ParseConn("postgres://h/d"+parameter, 4*time.Second)
		require.NoError(t, err)
		require.Equal(t, want, conn.ConnectTimeout, parameter)
		pool, err := pg.ParsePool("postgres://h/d"+parameter, 1, 4*time.Second)
		require.NoError(t, err)
		require.Equal(t, want, pool.ConnConfig.ConnectTimeout, parameter)
	}
}

// Whatever an address says, what is only read cannot be written to.
func TestReadOnlySession_writesNothing(t *testing.T) {
	for _, parameter := range []string{
		"", "&default_transaction_read_only=off", "&options=-c%20default_transaction_read_only%3Doff", "&target_session_attrs=read-write",
	} {
		config, err := pg.ParsePool(testdb.New(t)+parameter, 1, pg.ConnectTime)
		require.NoError(t, err)
		pg.ReadOnly(config.ConnConfig)
		pool := open(t, config)
		_, err = pool.Exec(t.Context(), "CREATE TABLE x (y int)")
		require.ErrorContains(t, err, "read-only", parameter)
	}
}

func TestSetting_isReplacedInWhateverCaseItWasGiven(t *testing.T) {
	config, err := pg.ParseConn("postgres://h/d?LOCK_Timeout=0&lock_timeout=1", time.Second)
	require.NoError(t, err)
	pg.Set(config, "lock_timeout", "4s")
	require.Equal(t, map[string]string{"lock_timeout": "4s"}, config.RuntimeParams)
}

// A list of hosts is judged host by host, and so are the tries without TLS that
// an address allows behind those with it.
func TestPlainHosts_mayBeReachedWithoutTLS(t *testing.T) {
	for address, want := range map[string][]string{
		"postgres://far/d":                                     {"far"},
		"postgres://far/d?sslmode=disable":                     {"far"},
		"postgres://far/d?sslmode=allow":                       {"far"},
		"postgres://far/d?sslmode=prefer":                      {"far"},
		"postgres://far/d?sslmode=require":                     nil,
		"postgres://far/d?sslmode=verify-ca":                   nil,
		"postgres://far/d?sslmode=verify-full":                 nil,
		"postgres://far/d?sslrootcert=system":                  nil,
		"postgres://far/d?sslnegotiation=direct":               nil,
		"postgres://127.0.0.1,far:5433/d":                      {"127.0.0.1", "far"},
		"postgres:///d?host=/run,far&sslmode=disable":          {"far"},
		"postgres:///d?host=/run":                              nil,
		"host=far sslmode=disable":                             {"far"},
		"postgres://far/d?host=near&sslmode=disable":           {"near"},
		"postgres://[2001:db8::1]/d":                           {"2001:db8::1"},
		"postgres://u:p@h:99999/d":                             nil,
		"postgres://127.0.0.1/d?host=127.0.0.1%2Cfar&port=1,2": {"127.0.0.1", "far"},
	} {
		require.Equal(t, want, pg.PlainHosts(address), address)
	}
	t.Setenv("PGSSLMODE", "verify-full")
	require.Nil(t, pg.PlainHosts("postgres://far/d"), "the driver reads the PG variables too")
}

// An address means the same everywhere because one package reads it.
func TestAddresses_ofPostgresAreReadOnlyHere(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "git", "-C", "../..", "ls-files", "*.go").Output()
	require.NoError(t, err)
	reads := regexp.MustCompile(`\b(pgx|pgconn|pgxpool|sql)\.(Connect|ParseConfig|ParseConfigWithOptions|ConnectWithOptions|New|Open)\(`)
	walked := 0
	for file := range strings.FieldsSeq(string(out)) {
		if strings.HasSuffix(file, "_test.go") || within(file, "internal/", "cmd/bench/", "cmd/dev/") {
			continue // they have servers of their own
		}
		source, err := os.ReadFile(filepath.Join("..", "..", file))
		require.NoError(t, err)
		require.Empty(t, reads.FindAllString(string(source), -1), "%s opens or reads an address by itself: internal/pg does that", file)
		walked++
	}
	require.Greater(t, walked, 100)
}

func within(file string, folders ...string) bool {
	for _, folder := range folders {
		if strings.HasPrefix(file, folder) {
			return true
		}
	}
	return false
}

func open(t *testing.T, config *pgxpool.Config) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// What an operator was told is done is on the disk, whatever the database says.
func TestOperatorCommand_outlivesACrash(t *testing.T) {
	dsn := testdb.New(t)
	require.NoError(t, pg.WithSession(t.Context(), dsn+"&synchronous_commit=off", func(conn *pgx.Conn) error {
		var setting string
		if err := conn.QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&setting); err != nil {
			return err
		}
		require.Equal(t, "on", setting)
		return nil
	}))
	failed := errors.New("the act failed")
	require.ErrorIs(t, pg.WithSession(t.Context(), dsn, func(*pgx.Conn) error { return failed }), failed)
	require.Error(t, pg.WithSession(t.Context(), "postgres:///x?host="+t.TempDir(), func(*pgx.Conn) error { return nil }))
}
