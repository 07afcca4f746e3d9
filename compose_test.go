package nonassociations_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/manifests"
)

// newEnv is what deploy/new-env prints.
func newEnv(t *testing.T) map[string]string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "deploy/new-env").Output()
	require.NoError(t, err)
	env := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		require.GreaterOrEqual(t, len(value), 44, name)
		env[name] = value
	}
	return env
}

// TestCompose_runsEachRoleAlone with its own passwords, kept in, after the jobs it needs.
func TestCompose_runsEachRoleAlone(t *testing.T) {
	env := newEnv(t)
	all, err := manifests.LoadCompose(".", env)
	require.NoError(t, err)
	roles, err := manifests.Roles(".")
	require.NoError(t, err)
	used := map[string]string{} // passwords and who uses them
	for name, role := range roles {
		of, there := all.Services[name]
		require.True(t, there, name)
		require.Equal(t, role.Args, of.Command)
		for job, when := range of.DependsOn {
			require.Contains(t, []string{"service_completed_successfully", "service_started"}, when.Condition, job)
		}
		require.Contains(t, of.DependsOn, "rights")
		require.Contains(t, of.DependsOn, "eventstore-rights")
		for variable, secret := range env {
			for at, value := range of.Environment {
				if strings.Contains(value, secret) && variable != "READ_PASSWORD" {
					require.Empty(t, used[variable], "%s of %s is that of %s too", variable, name, used[variable])
					used[variable] = name
					require.Contains(t, variable, strings.ToUpper(name), "%s of %s", at, name)
				}
			}
		}
	}
	require.Len(t, used, 2*len(roles)+1, "a login and a user each, and the key of the sessions")
}

// TestCompose_keepsOurContainersIn, names what it depends on, and opens ports on this machine alone.
func TestCompose_keepsOurContainersIn(t *testing.T) {
	all, err := manifests.LoadCompose(".", newEnv(t))
	require.NoError(t, err)
	mounted := map[string]bool{}
	for name, of := range all.Services {
		require.NotEmpty(t, of.Image, name)
		require.NotContains(t, of.Image, ":latest")
		if of.Build != nil || name == "logins" || name == "eventstore-users" {
			require.True(t, of.ReadOnly, name)
			require.Equal(t, []string{"ALL"}, of.CapDrop, name)
			require.Equal(t, []string{"no-new-privileges:true"}, of.SecurityOpt, name)
			require.Equal(t, name == "certificates", slices.Contains(of.CapAdd, "CHOWN"), name)
		}
		for other := range of.DependsOn {
			require.Contains(t, all.Services, other, name)
		}
		for _, port := range of.Ports {
			require.True(t, strings.HasPrefix(port, "127.0.0.1:"), "%s of %s", port, name)
		}
		for _, volume := range of.Volumes {
			from, _, _ := strings.Cut(volume, ":")
			if !strings.HasPrefix(from, "./") {
				require.Contains(t, all.Volumes, from, name)
				mounted[from] = true
				continue
			}
			require.FileExists(t, "deploy/"+strings.TrimPrefix(from, "./"))
		}
	}
	require.Len(t, mounted, len(all.Volumes))
}

func TestCompose_readerCanFail(t *testing.T) {
	_, err := manifests.LoadCompose(".", map[string]string{"SERVE_PASSWORD": "x"})
	require.ErrorContains(t, err, "OWNER_PASSWORD")
}
