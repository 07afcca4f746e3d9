package nonassociations_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	"nonassociations/internal/dev/manifests"
)

const component = "app.kubernetes.io/component"

// rendered is the chart with the values of its example.
func rendered(t *testing.T, more ...string) []manifests.Object {
	t.Helper()
	all, err := manifests.Render(t.Context(), ".", more...)
	require.NoError(t, err)
	return all
}

func TestChart_isClean(t *testing.T) {
	require.NoError(t, manifests.Lint(t.Context(), "."))
}

// pod is what a Deployment or a Job runs.
type pod struct {
	name string
	spec corev1.PodSpec
}

// pods returns what all Deployments and Jobs run.
func pods(all []manifests.Object) []pod {
	var found []pod
	for _, of := range manifests.Of[*appsv1.Deployment](all) {
		found = append(found, pod{of.Spec.Template.Labels[component], of.Spec.Template.Spec})
	}
	for _, of := range manifests.Of[*batchv1.Job](all) {
		found = append(found, pod{of.Spec.Template.Labels[component], of.Spec.Template.Spec})
	}
	return found
}

// TestChart_hasADeploymentForEachRole, with what keeps it going.
func TestChart_hasADeploymentForEachRole(t *testing.T) {
	roles, err := manifests.Roles(".")
	require.NoError(t, err)
	all := rendered(t)
	names := map[string]bool{}
	for _, of := range manifests.Of[*appsv1.Deployment](all) {
		name := of.Labels[component]
		names[name] = true
		require.Equal(t, of.Spec.Selector.MatchLabels[component], name)
		one := of.Spec.Template.Spec.Containers[0]
		require.Equal(t, roles[name].Args, one.Args, name)
		require.Equal(t, "/health/liveness", one.LivenessProbe.HTTPGet.Path, name)
		require.Equal(t, "/health/readiness", one.ReadinessProbe.HTTPGet.Path, name)
		require.NotNil(t, one.StartupProbe, name)
		require.GreaterOrEqual(t, *of.Spec.Template.Spec.TerminationGracePeriodSeconds, int64(15), "a role ends within ten seconds")
		require.NotEmpty(t, one.Resources.Requests, name)
		require.NotEmpty(t, one.Resources.Limits.Memory().String(), name)
		require.Zero(t, of.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue(), name)
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(roles)), slices.Collect(maps.Keys(names)))
	require.Len(t, manifests.Of[*policyv1.PodDisruptionBudget](all), len(roles))
	for _, of := range manifests.Of[*policyv1.PodDisruptionBudget](all) {
		require.Equal(t, 1, of.Spec.MaxUnavailable.IntValue())
		require.True(t, names[of.Spec.Selector.MatchLabels[component]])
	}
}

// TestChart_keepsEveryPodIn: no privilege, no writable root, no token of the cluster.
func TestChart_keepsEveryPodIn(t *testing.T) {
	all := rendered(t)
	require.Empty(t, unconfined(pods(all)))
	require.Len(t, manifests.Of[*batchv1.Job](all), 1)
	require.Empty(t, hungry(pods(all)))

	loose := pods(all)
	loose[0].spec.HostNetwork = true
	loose[1].spec.Containers[0].SecurityContext.Privileged = new(true)
	loose[2].spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem = nil
	loose[3].spec.AutomountServiceAccountToken = nil
	loose[4].spec.Containers[0].SecurityContext.Capabilities.Add = []corev1.Capability{"NET_ADMIN"}
	loose[5].spec.Containers[0].Image = "x:latest"
	require.Len(t, unconfined(loose), 6, "the rule can fail")
}

// unconfined lists what pods may do and should not.
func unconfined(all []pod) []string {
	var faults []string
	for _, of := range all {
		if of.spec.HostNetwork || of.spec.HostPID || of.spec.HostIPC {
			faults = append(faults, of.name+" is in the host")
		}
		if token := of.spec.AutomountServiceAccountToken; token == nil || *token {
			faults = append(faults, of.name+" has a token of the cluster")
		}
		for _, volume := range of.spec.Volumes {
			if volume.ConfigMap == nil && volume.Secret == nil {
				faults = append(faults, of.name+" has a volume that is neither settings nor secrets")
			}
		}
		for _, one := range slices.Concat(of.spec.InitContainers, of.spec.Containers) {
			if !confined(one.SecurityContext) {
				faults = append(faults, of.name+" has a container that is not kept in")
			}
			if strings.HasSuffix(one.Image, ":latest") || !strings.Contains(filepath.Base(one.Image), ":") {
				faults = append(faults, of.name+" has no fixed image")
			}
		}
	}
	return faults
}

func confined(of *corev1.SecurityContext) bool {
	yes := func(b *bool) bool { return b != nil && *b }
	no := func(b *bool) bool { return b != nil && !*b }
	return of != nil && no(of.Privileged) && no(of.AllowPrivilegeEscalation) && yes(of.ReadOnlyRootFilesystem) && yes(of.RunAsNonRoot) &&
		slices.Equal(of.Capabilities.Drop, []corev1.Capability{"ALL"}) && len(of.Capabilities.Add) == 0 &&
		of.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault
}

// TestChart_givesEachRoleAnAccountAndASecretOfItsOwn, and no value of a secret.
func TestChart_givesEachRoleAnAccountAndASecretOfItsOwn(t *testing.T) {
	roles, err := manifests.Roles(".")
	require.NoError(t, err)
	all := rendered(t)
	accounts := map[string]bool{}
	for _, of := range pods(all) {
		require.Equal(t, "nonassociations-"+of.name, of.spec.ServiceAccountName)
		require.False(t, accounts[of.spec.ServiceAccountName], "an account is of one role")
		accounts[of.spec.ServiceAccountName] = true
		for _, one := range slices.Concat(of.spec.InitContainers, of.spec.Containers) {
			require.Empty(t, one.EnvFrom, of.name)
			for _, variable := range one.Env {
				from := variable.ValueFrom
				secret := isSecret(roles, variable.Name)
				require.Equal(t, secret, from != nil, "%s of %s", variable.Name, of.name)
				if secret {
					require.Equal(t, "nonassociations-"+of.name, from.SecretKeyRef.Name, "no role sees the secrets of another")
				}
			}
		}
	}
	for _, of := range manifests.Of[*corev1.ServiceAccount](all) {
		require.True(t, accounts[of.Name], of.Name)
		require.False(t, *of.AutomountServiceAccountToken)
		name := of.Labels[component]
		require.Equal(t, roles[name].IAM, of.Annotations["eks.amazonaws.com/role-arn"] != "", name)
	}
}

// isSecret reports whether a variable is a secret of any role.
func isSecret(roles map[string]manifests.Role, variable string) bool {
	for _, role := range roles {
		if slices.ContainsFunc(role.Secrets, func(name string) bool { return strings.TrimSuffix(name, "?") == variable }) {
			return true
		}
	}
	return false
}

// policies is an IAM policy.
type policies struct {
	Version   string
	Statement []struct {
		Sid, Effect      string
		Action, Resource []string
	}
}

// TestIAM_onlyPublishMayPublish, only listen takes messages without showing them, and each
// role that calls AWS has a policy.
func TestIAM_onlyPublishMayPublish(t *testing.T) {
	roles, err := manifests.Roles(".")
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join("deploy", "iam", "*.json"))
	require.NoError(t, err)
	var with []string
	for name, role := range roles {
		if role.IAM {
			with = append(with, filepath.Join("deploy", "iam", name+".json"))
		}
	}
	require.ElementsMatch(t, with, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var policy policies
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&policy), file)
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		var actions []string
		for _, statement := range policy.Statement {
			require.Equal(t, "Allow", statement.Effect)
			for _, resource := range statement.Resource {
				require.Regexp(t, `^\$\{[A-Z_]+_ARN\}$`, resource, "%s names each resource", name)
			}
			actions = append(actions, statement.Action...)
		}
		require.NotContains(t, strings.Join(actions, " "), "*", name)
		require.Equal(t, name == "publish", slices.Contains(actions, "sns:Publish"), "%s and sns:Publish", name)
		for _, action := range actions {
			service, _, _ := strings.Cut(action, ":")
			require.Contains(t, map[string][]string{
				"publish": {"sns", "kms"}, "listen": {"sqs", "kms"}, "serve": {"sqs", "kms"}, "screens": {"sqs", "kms"},
			}[name], service, "%s may %s", name, action)
		}
		if name == "listen" {
			require.NotContains(t, actions, "sqs:SendMessage")
		}
	}
}
