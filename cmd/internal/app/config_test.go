package app_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
)

func completeEnvironment() map[string]string {
	return map[string]string{
		"EVENTSTORE_URL": "esdb://one:2113,two:2113?tls=true", "DATABASE_URL": "postgres://app@db/app?sslmode=verify-full",
		"AUTH_ISSUER": "https://issuer", "AUTH_JWKS_URL": "https://issuer/keys", "AUTH_AUDIENCE": "nonassociations",
	}
}

func TestWholeEnvironment_isRead(t *testing.T) {
	config, err := app.ReadConfig(completeEnvironment(), app.Roles{Serve: true})
	require.NoError(t, err)
	require.Equal(t, ":8080", config.Edge.ListenAddr)
	require.Equal(t, "http://localhost:8080", config.Edge.PublicURL)
	require.Equal(t, "esdb://one:2113,two:2113?tls=true", config.EventStoreURL)
}

func TestMissingVariable_isReportedAtOnce(t *testing.T) {
	_, err := app.ReadConfig(nil, app.Roles{Serve: true})
	for _, name := range []string{"EVENTSTORE_URL", "DATABASE_URL", "AUTH_ISSUER", "AUTH_JWKS_URL", "AUTH_AUDIENCE"} {
		require.ErrorContains(t, err, name)
	}
}

func TestBadVariable_isReportedAtOnceWithoutItsValue(t *testing.T) {
	environment := completeEnvironment()
	environment["EVENTSTORE_URL"] = "mysql://secret"
	environment["DATABASE_URL"] = "secret"
	environment["AUTH_JWKS_URL"] = "secret"
	environment["LISTEN_ADDR"] = "8080"
	delete(environment, "AUTH_ISSUER")
	_, err := app.ReadConfig(environment, app.Roles{Serve: true})
	for _, name := range []string{"EVENTSTORE_URL", "DATABASE_URL", "AUTH_JWKS_URL", "LISTEN_ADDR", "AUTH_ISSUER"} {
		require.ErrorContains(t, err, name)
	}
	require.NotContains(t, err.Error(), "secret")
}

func TestValue_isReadBeforeItIsNeeded(t *testing.T) {
	for name, values := range map[string][]string{
		"LISTEN_ADDR":       {"8080", ":65536", ":-1", ":http", "127.0.0.1", ":"},
		"DATABASE_URL":      {"postgres://u:secret@host:99999/x", "postgres://u:secret@host/x?sslmode=secret", "postgres:///x?port=secret", "postgres:///x?pool_max_conns=secret"},
		"READ_DATABASE_URL": {"postgres://u:secret@host:99999/x"},
		"EVENTSTORE_URL":    {"postgres://u:secret@host:99999/x", "esdb://u:secret@host:port", "esdb://host?tls=secret", "esdb+discover://"},
		"AUTH_ISSUER":       {" "},
		"AUTH_AUDIENCE":     {"\t"},
		"AUTH_JWKS_URL":     {"ftp://secret/keys", "issuer/keys", "https:///keys", "HTTPS://", "file:///secret"},
		"PUBLIC_URL":        {"secret:8080"},
		"LEGACY_SUNSET":     {"secret", "2027-02-30", "2027-3-1", "2027-03-31T00:00:00", " "},
	} {
		for _, value := range values {
			environment := completeEnvironment()
			environment[name] = value
			_, err := app.ReadConfig(environment, app.Roles{Serve: true})
			require.ErrorContains(t, err, name, value)
			require.NotContains(t, err.Error(), "secret")
		}
	}
}

func TestProjector_needsNoIssuer(t *testing.T) {
	environment := map[string]string{"EVENTSTORE_URL": "embedded", "DATABASE_URL": "postgresql:///app?host=/run"}
	_, err := app.ReadConfig(environment, app.Roles{Project: true})
	require.NoError(t, err)
}
