package app_test

import (
	"maps"
	"reflect"
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
	"listen": {Listen: true}, "work": {Work: true},
}

// ofTheProcess are variables that a role has whatever the installation says.
var ofTheProcess = []string{"LISTEN_ADDR", "SCREENS_ADDR", "METRICS_ADDR"}

// outside are variables that no struct of the configuration has. The AWS client reads its own.
var outside = map[string][]string{
	"answers": {"MAX_FEEDS_PER_CLIENT", "MAX_FEEDS", "MAX_WAITERS_PER_CLIENT", "MAX_CONNECTIONS", "WING_PARTS"},
	"aws":     {"AWS_REGION"},
}

// known are the variables that a role reads and has a use for.
func known(name string) map[string]bool {
	roles, all := rolesOf[name], map[string]bool{"PLAIN_TEXT_ALLOWED": true, "METRICS_ADDR": true}
	add := func(of reflect.Type, less ...string) {
		for field := range of.Fields() {
			variable, _, _ := strings.Cut(field.Tag.Get("env"), ",")
			if variable != "" && variable != "-" && !slices.Contains(less, variable) {
				all[variable] = true
			}
		}
	}
	put := func(variables ...string) {
		for _, variable := range variables {
			all[variable] = true
		}
	}
	put("EVENTSTORE_URL", "DATABASE_URL")
	answers, nomis := roles.Serve || roles.Screens, roles.Serve || roles.Screens || roles.Listen || roles.Work
	if nomis {
		put("READ_DATABASE_URL")
		add(reflect.TypeFor[app.NOMIS](), "RECONCILE_SCHEDULE")
		add(reflect.TypeFor[app.Search]())
	}
	if answers {
		add(reflect.TypeFor[app.Edge](), "LISTEN_ADDR")
		put(outside["answers"]...)
	}
	if answers || roles.Listen {
		put("PRISONER_EVENTS_QUEUE_URL", "DOMAIN_EVENTS_QUEUE_URL", "NOMIS_EVENTS_QUEUE_URL")
	}
	if answers || roles.Listen || roles.Publish {
		put(outside["aws"]...)
	}
	if roles.Work {
		put("RECONCILE_SCHEDULE")
	}
	if roles.Publish {
		put("PUBLIC_URL", "SNS_TOPIC_ARN", "HISTORY_TOPIC_ARN")
	}
	if roles.Screens {
		add(reflect.TypeFor[app.Screens]())
	} else {
		put("LISTEN_ADDR")
	}
	return all
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
		for _, variable := range slices.Concat(role.Secrets, role.Env) {
			has = append(has, strings.TrimSuffix(variable, "?"))
		}
		require.ElementsMatch(t, want, has, name)
		for _, variable := range has {
			secret := strings.HasSuffix(variable, "_SECRET") || strings.HasSuffix(variable, "_KEY") || strings.HasSuffix(variable, "DATABASE_URL") ||
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
	for _, name := range []string{"POSTGRES", "OWNER", "SERVE", "READ", "SCREENS", "PROJECT", "PUBLISH", "LISTEN", "WORK", "OPERATOR", "STAND_INS"} {
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
