package app_test

import (
	"bytes"
	"log/slog"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
)

// notCalled are variables with a text that nothing is fetched from.
var notCalled = map[string]string{
	"PLAIN_TEXT_ALLOWED": "names of variables", "LISTEN_ADDR": "where this process listens", "METRICS_ADDR": "the same",
	"PUBLIC_URL": "told to others, never called", "AUTH_ISSUER": "a name to compare", "AUTH_AUDIENCE": "a name to compare",
	"SNS_TOPIC_ARN": "a name; the endpoint is AWS's", "HISTORY_TOPIC_ARN": "a name; the endpoint is AWS's",
	"PRISONER_SEARCH_CLIENT_ID": "a name", "PRISONER_SEARCH_CLIENT_SECRET": "a secret",
	"NOMIS_API_CLIENT_ID": "a name", "NOMIS_API_CLIENT_SECRET": "a secret",
	"LEGACY_SUNSET": "a day", "RECONCILE_SCHEDULE": "times", "VERIFY_AT": "a time of day",
	"SCREENS_ADDR": "where this process listens", "SCREENS_PUBLIC_URL": "told to browsers; it has a rule of its own",
	"SCREENS_CLIENT_ID": "a name", "SCREENS_CLIENT_SECRET": "a secret", "SCREENS_SESSION_KEY": "a secret",
	"EVIDENCE_ORIGIN": "a name", "EVIDENCE_KEY_FILE": "a file", "EVIDENCE_OLD_KEYS": "public keys", "WITNESS_KEY": "a public key",
	"DPS_URL": "a link", "SECURITY_TXT_URL": "a link", "RUNBOOKS_URL": "a link", "PRODUCT_ID": "a name",
}

// spellings are addresses without TLS, by what an address is of; HOST is replaced.
var spellings = map[string][]string{
	"web": {"http://HOST", "http://HOST:8080/x", "HTTP://HOST/", "http://localhost@HOST/", "http://u:secret@HOST/"},
	"log": {
		"esdb://HOST?tls=false", "esdb://HOST:2113?TLS=False", "esdb+discover://HOST?tls=false", "kurrentdb://HOST?tls=false",
		"kurrentdb+discover://HOST?tls=false", "esdb://u:secret@HOST?tls=false", "esdb://127.0.0.1,HOST?tls=false",
		"esdb://127.0.0.1:2113,HOST:2113?tls=false",
	},
	"postgres": {
		"postgres://HOST/x", "postgresql://HOST/x?sslmode=prefer", "postgres://HOST/x?sslmode=allow",
		"postgres://u:secret@HOST/x?sslmode=disable", "postgres://localhost,HOST/x", "postgres:///x?host=HOST",
		"postgres:///x?host=/run,HOST&sslmode=disable", "postgres://localhost/x?host=HOST&sslmode=disable",
	},
}

var kinds = map[string][]string{
	"EVENTSTORE_URL": {"log", "postgres"}, "DATABASE_URL": {"postgres"}, "READ_DATABASE_URL": {"postgres"},
}

// addresses are the variables of the configuration that are addresses: every text
// but those above, so that a new one is judged or this test fails.
func addresses(t *testing.T) []string {
	t.Helper()
	var names []string
	var walk func(reflect.Type)
	walk = func(of reflect.Type) {
		for field := range of.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
			if field.Type.Kind() == reflect.Struct {
				walk(field.Type)
			} else if _, other := notCalled[name]; field.Type.Kind() == reflect.String && name != "" && !other {
				names = append(names, name)
			}
		}
	}
	walk(reflect.TypeFor[app.Config]())
	require.GreaterOrEqual(t, len(names), 8)
	t.Log("walked", names)
	return names
}

func addressesOf(name, host string) []string {
	var all []string
	of := kinds[name]
	if of == nil {
		of = []string{"web"}
	}
	for _, kind := range of {
		for _, spelling := range spellings[kind] {
			all = append(all, strings.ReplaceAll(spelling, "HOST", host))
		}
	}
	return all
}

var everyRole = app.Roles{Serve: true, Screens: true, Project: true, Listen: true, Work: true, Publish: true}

func completePublishEnvironment() map[string]string {
	all := completeEnvironment()
	all["SNS_TOPIC_ARN"], all["PRISONER_EVENTS_QUEUE_URL"] = "arn:aws:sns:eu-west-2:000000000000:x", "https://sqs.eu-west-2.amazonaws.com/0/x"
	all["NOMIS_API_URL"] = "https://nomis.test"
	maps.Copy(all, screensEnvironment())
	return all
}

func with(environment map[string]string, name, value string) map[string]string {
	changed := maps.Clone(environment)
	changed[name] = value
	return changed
}

func TestPlainText_neverLeavesThisMachine(t *testing.T) {
	for _, name := range addresses(t) {
		for _, host := range []string{"far.test", "10.0.0.7", "127.0.0.1.far.test", "localhost.far.test", "0.0.0.0"} {
			for _, value := range addressesOf(name, host) {
				_, err := app.ReadConfig(with(completePublishEnvironment(), name, value), everyRole)
				require.ErrorContains(t, err, name+" leads beyond this machine without TLS", value)
				require.ErrorContains(t, err, "PLAIN_TEXT_ALLOWED")
				require.NotContains(t, err.Error(), host)
				require.NotContains(t, err.Error(), "secret")
			}
		}
	}
}

func TestPlainText_onThisMachineNeedsNoPermission(t *testing.T) {
	for _, name := range addresses(t) {
		for _, host := range []string{"127.0.0.1", "127.8.9.10", "localhost", "LocalHost"} {
			for _, value := range addressesOf(name, host) {
				config, err := app.ReadConfig(with(completePublishEnvironment(), name, value), everyRole)
				require.NoError(t, err, value)
				require.Empty(t, warned(t, config))
			}
		}
	}
	for name, value := range map[string]string{
		"AUTH_JWKS_URL": "http://[::1]:8080/keys", "DATABASE_URL": "postgres:///x?host=/run/postgresql", "READ_DATABASE_URL": "postgres://[::1]/x",
		"EVENTSTORE_URL": "embedded",
	} {
		_, err := app.ReadConfig(with(completePublishEnvironment(), name, value), everyRole)
		require.NoError(t, err, value)
	}
}

func TestTLS_needsNoPermission(t *testing.T) {
	for name, values := range map[string][]string{
		"AUTH_JWKS_URL":  {"https://far.test/keys"},
		"EVENTSTORE_URL": {"esdb://far.test", "esdb+discover://far.test", "kurrentdb://a.test,b.test", "postgres://far.test/x?sslmode=verify-full"},
		"DATABASE_URL":   {"postgres://far.test/x?sslmode=require", "postgres://a.test,b.test/x?sslmode=verify-full"},
	} {
		for _, value := range values {
			_, err := app.ReadConfig(with(completePublishEnvironment(), name, value), everyRole)
			require.NoError(t, err, value)
		}
	}
}

// What a role does not use it need not have, but what it uses is judged in each.
func TestPlainText_isRefusedInEveryRole(t *testing.T) {
	for _, roles := range []app.Roles{{}, {Serve: true}, {Project: true}, {Listen: true}, {Work: true}, {Publish: true}, everyRole} {
		for _, name := range []string{"EVENTSTORE_URL", "DATABASE_URL", "READ_DATABASE_URL", "PRISONER_EVENTS_QUEUE_URL", "NOMIS_API_URL"} {
			_, err := app.ReadConfig(with(with(completePublishEnvironment(), "PUBLIC_URL", "https://x.test"), name, addressesOf(name, "far.test")[0]), roles)
			require.ErrorContains(t, err, name, roles)
		}
		embedded := with(completePublishEnvironment(), "EVENTSTORE_URL", app.Embedded)
		_, err := app.ReadConfig(with(embedded, "DATABASE_URL", "postgres://far.test/x"), roles)
		require.ErrorContains(t, err, "DATABASE_URL", roles)
	}
}

func TestPlainText_isAllowedByNameAndLoggedEachTime(t *testing.T) {
	for _, name := range addresses(t) {
		for _, list := range []string{name, " " + name + " ,", "AUTH_JWKS_URL," + name + ",EVENTSTORE_URL"} {
			environment := with(with(completePublishEnvironment(), name, addressesOf(name, "far.test")[0]), "PLAIN_TEXT_ALLOWED", list)
			config, err := app.ReadConfig(environment, everyRole)
			require.NoError(t, err)
			require.Equal(t, []string{name}, warned(t, config), "those that are used, and no other")
		}
		environment := with(with(completePublishEnvironment(), name, addressesOf(name, "far.test")[0]), "PLAIN_TEXT_ALLOWED", strings.ToLower(name))
		_, err := app.ReadConfig(environment, everyRole)
		require.ErrorContains(t, err, name)
	}
}

// TestIssuer_thatPagesAskIsNotAskedInPlainText: its discovery document says where users
// type their passwords. Where the addresses are set the issuer is a name.
func TestIssuer_thatPagesAskIsNotAskedInPlainText(t *testing.T) {
	for _, set := range []string{"", "SCREENS_AUTHORIZE_URL", "SCREENS_TOKEN_URL"} {
		environment := with(completePublishEnvironment(), "AUTH_ISSUER", "http://far.test/issuer")
		_, err := app.ReadConfig(environment, everyRole)
		require.NoError(t, err)
		for _, name := range []string{"SCREENS_AUTHORIZE_URL", "SCREENS_TOKEN_URL"} {
			if name != set {
				delete(environment, name)
			}
		}
		_, err = app.ReadConfig(environment, everyRole)
		require.ErrorContains(t, err, "AUTH_ISSUER leads beyond this machine without TLS")
		require.NotContains(t, err.Error(), "far.test")
		config, err := app.ReadConfig(with(environment, "PLAIN_TEXT_ALLOWED", "AUTH_ISSUER"), everyRole)
		require.NoError(t, err)
		require.Equal(t, []string{"AUTH_ISSUER"}, warned(t, config))
		_, err = app.ReadConfig(environment, app.Roles{Serve: true})
		require.NoError(t, err, "the API compares it")
	}
}

func TestPermission_forWhatIsNoAddressIsRefused(t *testing.T) {
	for _, list := range []string{"DATABASE_URI", "AUTH_ISSUER", "DATABASE_URL,LISTEN_ADDR,NO_SUCH", "*"} {
		_, err := app.ReadConfig(with(completePublishEnvironment(), "PLAIN_TEXT_ALLOWED", list), everyRole)
		require.ErrorContains(t, err, "PLAIN_TEXT_ALLOWED", list)
		for _, name := range []string{"DATABASE_URI", "AUTH_ISSUER", "LISTEN_ADDR", "NO_SUCH"} {
			require.Equal(t, strings.Contains(list, name), strings.Contains(err.Error(), name))
		}
	}
	_, err := app.ReadConfig(with(completePublishEnvironment(), "PLAIN_TEXT_ALLOWED", "postgres://u:secret@h"), everyRole)
	require.ErrorContains(t, err, "PLAIN_TEXT_ALLOWED")
	require.NotContains(t, err.Error(), "secret")
}

// warned are the variables that the log names.
func warned(t *testing.T, config app.Config) []string {
	t.Helper()
	var lines bytes.Buffer
	config.WarnOfPlainText(t.Context(), slog.New(slog.NewTextHandler(&lines, nil)))
	var names []string
	for line := range strings.SplitSeq(strings.TrimSpace(lines.String()), "\n") {
		if _, name, found := strings.Cut(line, "variable="); found {
			names = append(names, name)
		}
	}
	return names
}
