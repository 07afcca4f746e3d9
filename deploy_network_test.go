package nonassociations_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	networkingv1 "k8s.io/api/networking/v1"

	"nonassociations/internal/dev/manifests"
)

// portsOf are the ports of what a role calls, with the values of the example.
var portsOf = map[string]string{"postgres": "5432", "eventstore": "2113", "https": "443", "traces": "4318"}

// TestChart_letsEachRoleReachWhatItNeeds and nothing else: everything is denied, and each
// role has a policy of its own.
func TestChart_letsEachRoleReachWhatItNeeds(t *testing.T) {
	roles, err := manifests.Roles(".")
	require.NoError(t, err)
	all := manifests.Of[*networkingv1.NetworkPolicy](rendered(t))
	require.Len(t, all, len(roles)+2, "one a role, that of the job, and the one that denies")
	for _, of := range all {
		require.Equal(t, []networkingv1.PolicyType{"Ingress", "Egress"}, of.Spec.PolicyTypes, of.Name)
		if of.Name == "nonassociations-deny" {
			require.Equal(t, map[string]string{"app.kubernetes.io/instance": "nonassociations"}, of.Spec.PodSelector.MatchLabels)
			require.Empty(t, of.Spec.Ingress)
			require.Empty(t, of.Spec.Egress)
			continue
		}
		name := of.Spec.PodSelector.MatchLabels[component]
		role, is := roles[name]
		wanted, entrances := []string{"53/UDP", "53/TCP"}, []string{"metrics"}
		for _, called := range role.Calls {
			wanted = append(wanted, portsOf[called]+"/TCP")
		}
		switch {
		case !is:
			require.Equal(t, "schema", name)
			wanted, entrances = append(wanted, "5432/TCP"), nil
		case role.Public:
			entrances = append(entrances, "http")
		}
		var exits, ins []string
		for _, rule := range of.Spec.Egress {
			for _, port := range rule.Ports {
				exits = append(exits, port.Port.String()+"/"+string(*port.Protocol))
			}
		}
		for _, rule := range of.Spec.Ingress {
			require.NotEmpty(t, rule.From, "%s is open to everybody", name)
			for _, port := range rule.Ports {
				ins = append(ins, port.Port.String())
			}
		}
		require.ElementsMatch(t, wanted, exits, name)
		require.ElementsMatch(t, entrances, ins, name)
	}
}

// TestChart_refusesAVariableThatNoRoleKnows, and a role that is none.
func TestChart_refusesAVariableThatNoRoleKnows(t *testing.T) {
	for option, said := range map[string]string{
		"env.AUTH_ISUER=x":                  "env.AUTH_ISUER: no role knows this variable",
		"env.DATABASE_URL=x":                "env.DATABASE_URL: no role knows this variable",
		"roles.project.env.NOMIS_API_URL=x": "roles.project.env.NOMIS_API_URL: the role does not know this variable",
		"roles.project.namespace_secrets.other.NOMIS_API_CLIENT_SECRET=x": "the role does not know NOMIS_API_CLIENT_SECRET",
		"roles.projector.replicaCount=1":                                  "there is no such role",
		"roles.project.roleArn=x":                                         "the role calls nothing of AWS",
		"image.repository=":                                               "the image is not named",
		"roles.serve.ingress.host=":                                       "the host is not named",
	} {
		_, err := manifests.Render(t.Context(), ".", "--set", option)
		require.ErrorContains(t, err, said, option)
	}
}
