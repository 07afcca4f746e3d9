package app_test

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"

	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/manifests"
	"nonassociations/internal/dev/testcert"
)

const rootFolder = "../../.."

// rolesOf are the roles of a process by their names in deploy/.
var rolesOf = map[string]app.Roles{
	"serve": {Serve: true}, "screens": {Screens: true}, "project": {Project: true}, "publish": {Publish: true},
	"listen": {Listen: true}, "work": {Work: true}, "evidence": {Sign: true},
}

// ofTheProcess are variables that a role has whatever the installation says.
var ofTheProcess = []string{"LISTEN_ADDR", "SCREENS_ADDR", "METRICS_ADDR"}

// Who reads a struct of the configuration, and who a variable where they are others. A
// struct that is not here, and so each new variable, is read by every role.
var (
	every, all = []string{"every"}, slices.Sorted(maps.Keys(rolesOf))
	answering  = []string{"serve", "screens"}
	withNOMIS  = []string{"serve", "screens", "listen", "work"}
	readersOf  = map[reflect.Type][]string{
		reflect.TypeFor[app.Edge](): answering, reflect.TypeFor[app.Screens](): {"screens"}, reflect.TypeFor[app.NOMIS](): withNOMIS,
		reflect.TypeFor[app.Search](): withNOMIS, reflect.TypeFor[app.Evidence](): {"evidence"},
	}
	readers = map[string][]string{
		"READ_DATABASE_URL": withNOMIS, "PUBLIC_URL": {"serve", "screens", "publish", "evidence"},
		"LISTEN_ADDR": {"serve", "project", "publish", "listen", "work", "evidence"}, "RECONCILE_SCHEDULE": {"work"},
		"PRISONER_EVENTS_QUEUE_URL": {"serve", "screens", "listen"}, "DOMAIN_EVENTS_QUEUE_URL": {"serve", "screens", "listen"},
		"NOMIS_EVENTS_QUEUE_URL": {"serve", "screens", "listen"}, "SNS_TOPIC_ARN": {"publish"}, "HISTORY_TOPIC_ARN": {"publish"},
	}
	// outside are variables that no struct has: they are read by name, or by a library.
	outside = map[string][]string{
		"MAX_FEEDS_PER_CLIENT": answering, "MAX_FEEDS": answering, "MAX_WAITERS_PER_CLIENT": answering, "MAX_CONNECTIONS": answering,
		"WING_PARTS": answering, "AWS_REGION": {"serve", "screens", "publish", "listen"}, "GOGC": every, "GOMAXPROCS": every, "GOMEMLIMIT": every,
		"OTEL_EXPORTER_OTLP_HEADERS": every, "OTEL_SERVICE_NAME": every, "OTEL_RESOURCE_ATTRIBUTES": every, "OTEL_TRACES_EXPORTER": every,
		"OTEL_TRACES_SAMPLER": every, "OTEL_TRACES_SAMPLER_ARG": every, "OTEL_SDK_DISABLED": every,
	}
)

// variablesOf adds the variables of a struct and of those in it, each with its readers.
func variablesOf(of reflect.Type, by []string, into map[string][]string) {
	if others := readersOf[of]; others != nil {
		by = others
	}
	for field := range of.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("env"), ",")
		switch {
		case name != "" && name != "-":
			into[name] = by
		case field.Type.Kind() == reflect.Struct && field.Type.PkgPath() == of.PkgPath():
			variablesOf(field.Type, by, into)
		}
	}
}

// known are the variables that a role reads and has a use for.
func known(name string) map[string]bool {
	found := map[string][]string{}
	variablesOf(reflect.TypeFor[app.Config](), every, found)
	maps.Copy(found, outside)
	maps.Copy(found, readers)
	variables := map[string]bool{}
	for variable, by := range found {
		if slices.Contains(by, name) || slices.Equal(by, every) {
			variables[variable] = true
		}
	}
	return variables
}

// TestVariables_areAllLookedAt finds each variable that the program asks for by its name, so
// that a new one is not forgotten in the chart.
func TestVariables_areAllLookedAt(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{
		"DATA_DIR": true, "PATH": true, // of commands
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": true, "OTEL_EXPORTER_OTLP_PROTOCOL": true, // one protocol is spoken
	}
	for _, name := range all {
		maps.Copy(seen, known(name))
	}
	asked := 0
	for _, folder := range []string{".", "../../../internal/tracing"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		require.NoError(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, found := range regexp.MustCompile(`(?:environment\[|Getenv\()"(\w+)"|"(OTEL_\w*\w|MAX_\w+)"`).FindAllStringSubmatch(string(text), -1) {
				asked++
				require.True(t, seen[found[1]+found[2]], "%s asks for %s%s, which no role of the chart has", file, found[1], found[2])
			}
		}
	}
	require.Greater(t, asked, 10, "the rule sees nothing")
}

// TestRolesOfTheChart_haveExactlyTheVariablesThatTheyRead holds roles.yaml together with the
// configuration.
func TestRolesOfTheChart_haveExactlyTheVariablesThatTheyRead(t *testing.T) {
	t.Parallel()
	roles, err := manifests.Roles(rootFolder)
	require.NoError(t, err)
	require.ElementsMatch(t, slices.Collect(maps.Keys(rolesOf)), slices.Collect(maps.Keys(roles)))
	for name, role := range roles {
		want := slices.DeleteFunc(slices.Sorted(maps.Keys(known(name))), func(v string) bool { return slices.Contains(ofTheProcess, v) })
		var has []string
		for _, variable := range slices.Concat(role.Secrets, role.Env, slices.Collect(maps.Keys(role.Files))) {
			has = append(has, strings.TrimSuffix(variable, "?"))
		}
		require.ElementsMatch(t, want, has, name)
		for _, variable := range slices.Concat(role.Secrets, role.Env) {
			variable = strings.TrimSuffix(variable, "?")
			secret := strings.HasSuffix(variable, "_SECRET") || variable == "SCREENS_SESSION_KEY" || strings.HasSuffix(variable, "_HEADERS") || strings.HasSuffix(variable, "DATABASE_URL") ||
				strings.HasSuffix(variable, "CLIENT_ID") || variable == "EVENTSTORE_URL"
			require.Equal(t, secret, !slices.Contains(role.Env, variable), "%s of %s", variable, name)
		}
	}
}

// secrets are values in place of those of Secrets.
var secrets = map[string]string{
	"DATABASE_URL": "postgres://na_role:p@db.example.org/na?sslmode=verify-full", "READ_DATABASE_URL": "postgres://na_read:p@db.example.org/na?sslmode=verify-full",
	"EVENTSTORE_URL":      "esdb://nonassociations:p@one:2113,two:2113,three:2113?tls=true",
	"SCREENS_SESSION_KEY": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
}

// environmentsOf are the variables of each role as the chart sets them.
func environmentsOf(t *testing.T) map[string]map[string]string {
	t.Helper()
	all, err := manifests.Render(t.Context(), rootFolder)
	require.NoError(t, err)
	environments := map[string]map[string]string{}
	for _, of := range manifests.Of[*appsv1.Deployment](all) {
		environment := map[string]string{}
		for _, variable := range of.Spec.Template.Spec.Containers[0].Env {
			require.NotContains(t, environment, variable.Name)
			value := variable.Value
			if variable.ValueFrom != nil {
				value = secrets[variable.Name]
				if value == "" {
					value = "x"
				}
			}
			environment[variable.Name] = value
		}
		environments[of.Labels["app.kubernetes.io/component"]] = environment
	}
	return environments
}

// TestChart_setsWhatEachRoleRequires: the program reads each role's variables without a
// fault, knows every one of them, and misses each required one.
func TestChart_setsWhatEachRoleRequires(t *testing.T) {
	t.Parallel()
	environments := environmentsOf(t)
	require.Len(t, environments, len(rolesOf))
	for name, environment := range environments {
		requireReads(t, name, environment)
		require.Equal(t, known(name)["PRODUCT_ID"], environment["PRODUCT_ID"] == "DPS999", "productId of the values, in %s", name)
	}
}

func requireReads(t *testing.T, name string, environment map[string]string) {
	t.Helper()
	_, err := app.ReadConfig(environment, rolesOf[name])
	require.NoError(t, err, name)
	for variable := range environment {
		require.True(t, known(name)[variable], "%s does not know %s", name, variable)
	}
	for _, variable := range []string{"DATABASE_URL", "EVENTSTORE_URL"} {
		less := maps.Clone(environment)
		delete(less, variable)
		_, err := app.ReadConfig(less, rolesOf[name])
		require.ErrorContains(t, err, variable, name)
	}
}

// ofTheTrial are variables by which compose.yaml leads to its stand-ins for AWS.
var ofTheTrial = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_SNS"}

// TestCompose_setsWhatEachRoleRequires, and none that the role does not know.
func TestCompose_setsWhatEachRoleRequires(t *testing.T) {
	t.Parallel()
	env := map[string]string{"SCREENS_SESSION_KEY": secrets["SCREENS_SESSION_KEY"]}
	for _, name := range []string{"POSTGRES", "OWNER", "SERVE", "READ", "SCREENS", "PROJECT", "PUBLISH", "LISTEN", "WORK", "EVIDENCE", "OPERATOR", "STAND_INS"} {
		env[name+"_PASSWORD"], env["EVENTSTORE_"+name+"_PASSWORD"] = "p", "p"
	}
	env["EVENTSTORE_ADMIN_PASSWORD"], env["EVENTSTORE_OPS_PASSWORD"] = "p", "p"
	all, err := manifests.LoadCompose(rootFolder, env)
	require.NoError(t, err)
	authority, _ := testcert.New(t)
	for name := range rolesOf {
		environment := map[string]string{}
		for variable, value := range all.Services[name].Environment {
			if !slices.Contains(ofTheTrial, variable) {
				environment[variable] = strings.ReplaceAll(value, "/authority/ca.crt", authority)
			}
		}
		requireReads(t, name, environment)
	}
}
