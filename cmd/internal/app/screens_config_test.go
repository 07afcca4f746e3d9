package app_test

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/cmd/internal/app"
)

// screensEnvironment are the variables that the pages need beside those of the API.
func screensEnvironment() map[string]string {
	return map[string]string{
		"PRISONER_SEARCH_URL": "https://search.test", "SCREENS_CLIENT_ID": "screens", "SCREENS_PUBLIC_URL": "https://screens.test",
		"SCREENS_SESSION_KEY":   base64.StdEncoding.EncodeToString(make([]byte, 32)),
		"SCREENS_AUTHORIZE_URL": "https://issuer/authorize", "SCREENS_TOKEN_URL": "https://issuer/token",
	}
}

func completeScreensEnvironment() map[string]string {
	all := completeEnvironment()
	maps.Copy(all, screensEnvironment())
	return all
}

func TestScreens_wholeEnvironmentIsRead(t *testing.T) {
	config, err := app.ReadConfig(completeScreensEnvironment(), app.Roles{Screens: true})
	require.NoError(t, err)
	require.Equal(t, ":9080", config.Screens.Addr)
	require.Equal(t, 12*time.Hour, config.Screens.Lifetime)
	require.Equal(t, time.Hour, config.Screens.Idle)
	require.Equal(t, 15*time.Minute, config.Screens.KeepForm)
	require.Empty(t, config.Screens.AuditQueueURL)
	require.Empty(t, config.Edge.ListenAddr, "it serves no API")
	key, err := config.Screens.Key()
	require.NoError(t, err)
	require.Len(t, key, 32)
}

// TestScreens_missingVariablesAreAllNamed at once.
func TestScreens_missingVariablesAreAllNamed(t *testing.T) {
	required := []string{
		"EVENTSTORE_URL", "DATABASE_URL", "AUTH_ISSUER", "AUTH_JWKS_URL", "AUTH_AUDIENCE", "PRISONER_SEARCH_URL",
		"SCREENS_CLIENT_ID", "SCREENS_SESSION_KEY", "SCREENS_PUBLIC_URL",
	}
	for _, environment := range []map[string]string{nil, {"SCREENS_CLIENT_ID": "", "SCREENS_SESSION_KEY": "", "SCREENS_ADDR": "0.0.0.0:9080"}} {
		_, err := app.ReadConfig(environment, app.Roles{Screens: true})
		for _, name := range required {
			require.ErrorContains(t, err, name)
		}
	}
	for _, name := range required {
		environment := completeScreensEnvironment()
		delete(environment, name)
		_, err := app.ReadConfig(environment, app.Roles{Screens: true})
		require.ErrorContains(t, err, name)
	}
	for _, address := range []string{"127.0.0.1:9080", "localhost:0", "[::1]:9080"} {
		environment := with(completeScreensEnvironment(), "SCREENS_ADDR", address)
		delete(environment, "SCREENS_PUBLIC_URL")
		_, err := app.ReadConfig(environment, app.Roles{Screens: true})
		require.NoError(t, err, "browsers of this machine reach %s", address)
	}
}

// TestScreens_eachVariableIsJudgedBeforeItIsNeeded, and none of the values is repeated.
func TestScreens_eachVariableIsJudgedBeforeItIsNeeded(t *testing.T) {
	web := []string{"secret", "ftp://secret/x", "https:///secret", "://secret", "javascript:secret"}
	for name, values := range map[string][]string{
		"SCREENS_ADDR":       {"secret", "9080", ":65536", ":-1", "127.0.0.1"},
		"SCREENS_PUBLIC_URL": {"secret", "http://secret.test", "https://secret.test/path", "https://secret.test?q=1", "https://secret.test#x", "https://u:secret@x.test", "ftp://secret.test"},
		"SCREENS_SESSION_KEY": {
			"secret", base64.StdEncoding.EncodeToString([]byte(strings.Repeat("secret", 5))), base64.StdEncoding.EncodeToString(make([]byte, 33)),
			strings.TrimRight(base64.StdEncoding.EncodeToString(make([]byte, 32)), "="),
		},
		"SCREENS_LIFETIME": {"secret", "0s", "-1h", "12"}, "SCREENS_IDLE": {"secret", "0", "-1s"}, "SCREENS_KEEP_FORM": {"secret", "0s", "-15m"},
		"SCREENS_AUTHORIZE_URL": web, "SCREENS_TOKEN_URL": web, "SCREENS_SIGN_OUT_URL": web, "USER_ROLES_API_URL": web, "AUDIT_QUEUE_URL": web,
		"COMPONENT_API_URL": web, "DPS_URL": web, "SECURITY_TXT_URL": web, "RUNBOOKS_URL": web,
		"PRISONER_SEARCH_URL": web, "AUTH_ISSUER": {" "}, "AUTH_AUDIENCE": {"\t"}, "AUTH_JWKS_URL": web,
	} {
		for _, value := range values {
			_, err := app.ReadConfig(with(completeScreensEnvironment(), name, value), app.Roles{Screens: true})
			require.ErrorContains(t, err, name, "%q", value)
			require.NotContains(t, err.Error(), "secret", name)
			require.Len(t, strings.Split(err.Error(), "\n"), 2, "one line a fault: %s", err)
		}
	}
	for name, value := range map[string]string{
		"SCREENS_PUBLIC_URL": "http://127.0.0.1:9080", "SCREENS_CLIENT_SECRET": "anything", "AUDIT_QUEUE_URL": "https://sqs.eu-west-2.amazonaws.com/0/x",
		"SCREENS_LIFETIME": "1h", "DPS_URL": "http://links.test", "SCREENS_ADDR": "0.0.0.0:0",
	} {
		_, err := app.ReadConfig(with(completeScreensEnvironment(), name, value), app.Roles{Screens: true})
		require.NoError(t, err, name)
	}
}

// TestCommand_knowsTheAuditQueue: it decides which views may be removed.
func TestCommand_knowsTheAuditQueue(t *testing.T) {
	environment := with(completeEnvironment(), "AUDIT_QUEUE_URL", "https://sqs.eu-west-2.amazonaws.com/0/x")
	config, err := app.ReadConfig(environment, app.Roles{})
	require.NoError(t, err)
	require.Equal(t, environment["AUDIT_QUEUE_URL"], config.Screens.AuditQueueURL)
	_, err = app.ReadConfig(with(environment, "AUDIT_QUEUE_URL", "secret"), app.Roles{})
	require.ErrorContains(t, err, "AUDIT_QUEUE_URL")
	require.NotContains(t, err.Error(), "secret")
}
