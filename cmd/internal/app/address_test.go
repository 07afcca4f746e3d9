package app_test

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
	"nonassociations/projections/rebuild"
)

// validAddresses is how many addresses of Postgres have the values of validParameters.
const validAddresses = 3

// validParameters are values of each parameter of the driver and of its pools that an
// operator may give. The value at i is in the address i, counted round; "" is in none. An
// empty list says that every address of this test has the parameter.
func validParameters(t *testing.T) map[string][]string {
	t.Helper()
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	services := filepath.Join(t.TempDir(), "services")
	require.NoError(t, os.WriteFile(services, []byte("[one]\nuser=app\n"), 0o600))
	return map[string][]string{
		"host": {}, "port": {}, "database": {}, "user": {}, "password": {"guess"}, "passfile": {empty},
		"connect_timeout": {"10", "600", "1"}, "service": {"one", "", ""}, "servicefile": {services},
		"sslmode": {"disable", "prefer", "require"}, "sslkey": {empty}, "sslcert": {empty}, "sslcertmode": {"disable"},
		"sslrootcert": {empty}, "sslnegotiation": {"postgres"}, "sslpassword": {"guess"}, "sslsni": {"0"},
		"krbspn": {"x"}, "krbsrvname": {"x"}, "target_session_attrs": {"any", "read-write", "primary"},
		"min_protocol_version": {"3.0"}, "max_protocol_version": {"3.0", "latest", ""}, "channel_binding": {"prefer", "disable", ""},
		"require_auth":               {"none"},
		"default_query_exec_mode":    {"cache_statement", "cache_describe", "describe_exec"},
		"statement_cache_capacity":   {"1", "4096", "0"},
		"description_cache_capacity": {"", "1", "0"},
		"pool_max_conns":             {"6", "1", "40"}, "pool_min_conns": {"3", "", ""}, "pool_min_idle_conns": {"2", "", ""},
		"pool_max_conn_lifetime": {"1h", "", "100ms"}, "pool_max_conn_lifetime_jitter": {"1m", "", ""},
		"pool_max_conn_idle_time": {"5m", "1ms", ""}, "pool_health_check_period": {"20ms"}, "pool_ping_timeout": {"1s"},
	}
}

// invalidParameters are values that would fail at each connect, for ever, and are said at
// the start.
var invalidParameters = map[string][]string{
	"port": {"0", "many"}, "connect_timeout": {"soon"}, "sslmode": {"maybe"},
	"target_session_attrs":     {"standby", "read-only", "prefer-standby", "master"},
	"min_protocol_version":     {"4.0"},
	"channel_binding":          {"maybe"},
	"default_query_exec_mode":  {"exec", "simple_protocol", "fast"},
	"statement_cache_capacity": {"0", "many"}, "description_cache_capacity": {"0&default_query_exec_mode=cache_describe"},
	"pool_max_conns": {"0", "many"}, "pool_min_conns": {"9&pool_max_conns=4"}, "pool_min_idle_conns": {"9&pool_max_conns=4"},
	"pool_max_conn_lifetime": {"0s", "long"}, "pool_max_conn_idle_time": {"0s"}, "pool_health_check_period": {"0s"},
	"pool_ping_timeout": {"long"}, "pool_max_con": {"6"}, "POOL_MAX_CONNS": {"6"},
	"hostaddr": {"127.0.0.1"}, "gssencmode": {"disable"}, "keepalives": {"1"}, "replication": {"database"},
	"client_encoding": {"LATIN1"},
}

// driverParameters are the parameters that the driver's own source names, so that one of a
// later version is not forgotten here.
func driverParameters(t *testing.T) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/jackc/pgx/v5").Output()
	require.NoError(t, err)
	var names []string
	for file, pattern := range map[string]string{
		"pgxpool/pool.go":  `RuntimeParams\["(\w+)"\]`,
		"conn.go":          `RuntimeParams\["(\w+)"\]`,
		"pgconn/config.go": `(?m)(?:^\t\t|settings\[)"(\w+)"(?:\]|:\s+\{\},$)`,
	} {
		source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), file))
		require.NoError(t, err)
		found := regexp.MustCompile(pattern).FindAllStringSubmatch(string(source), -1)
		require.NotEmpty(t, found, file)
		for _, match := range found {
			names = append(names, match[1])
		}
	}
	return names
}

// TestDriverParameter_worksInEveryProcess migrates, serves, projects, writes,
// reads and rebuilds at addresses that together have all of them.
func TestDriverParameter_worksInEveryProcess(t *testing.T) {
	t.Parallel()
	all := validParameters(t)
	for _, name := range driverParameters(t) {
		require.Contains(t, all, name, "a parameter of the driver that has not been tried")
	}
	for i := range validAddresses {
		query := url.Values{}
		for name, values := range all {
			if len(values) > 0 && values[i%len(values)] != "" {
				query.Set(name, values[i%len(values)])
			}
		}
		t.Run(query.Get("default_query_exec_mode"), func(t *testing.T) {
			t.Parallel()
			worksEverywhere(t, query.Encode())
		})
	}
}

func worksEverywhere(t *testing.T, parameters string) {
	t.Helper()
	dsn := migrated(t) + "&" + parameters
	require.NoError(t, app.SchemaUp(t.Context(), app.Config{EventStoreURL: dsn, DatabaseURL: dsn}))
	r := run(t, dsn, dsn)
	select {
	case <-r.ready:
	case err := <-r.ended:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		require.Fail(t, "never ready")
	}
	response, err := r.client.Do(r.request(t, http.MethodPost, "/sync", strings.NewReader(syncBody)))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	status, list := r.get(t, "/non-associations/A9109UD?atLeast="+response.Header.Get("X-Position"))
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, list, "A0135GA")
	r.stop()
	require.NoError(t, <-r.ended)
	report, err := app.Rebuild(t.Context(), serving(t, dsn, dsn), app.RebuildRequest{})
	require.NoError(t, err)
	require.Equal(t, rebuild.Flipped, report.Status)
	found, err := app.VerifyReadModel(t.Context(), serving(t, dsn, dsn), app.VerifyRequest{})
	require.NoError(t, err)
	require.True(t, found.OK)
}

func TestParameters_thatNoSessionTakesAreRefusedAtTheStart(t *testing.T) {
	for name, values := range invalidParameters {
		for _, value := range values {
			for _, variable := range []string{"DATABASE_URL", "READ_DATABASE_URL", "EVENTSTORE_URL"} {
				environment := completeEnvironment()
				environment[variable] = "postgres://app:secret@localhost/app?" + name + "=" + value
				_, err := app.ReadConfig(environment, app.Roles{Serve: true})
				if reader := variable == "READ_DATABASE_URL" && name == "target_session_attrs" && value != "master"; reader {
					require.NoError(t, err, value)
					continue
				}
				require.ErrorContains(t, err, variable, name+"="+value)
				require.NotContains(t, err.Error(), "secret")
				require.NotContains(t, err.Error(), "localhost")
			}
		}
	}
}
