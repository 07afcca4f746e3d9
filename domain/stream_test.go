package domain_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

func TestStream_isOursByTheBeginningOfItsName(t *testing.T) {
	require.Equal(t, []string{"nonAssociation-", "prisoner-", "switchOver"}, domain.StreamPrefixes())
	for stream, ours := range map[string]bool{
		"nonAssociation-A1234BC_A1234BD": true,
		"prisoner-A1234BC":               true,
		"switchOver":                     true,
		"switchOver-LEI":                 true,
		"nonAssociation":                 false,
		"prisoner":                       false,
		"app-meta":                       false,
		"app-wake":                       false,
		"$$nonAssociation-A1234BC":       false,
		"my-prisoner-A1234BC":            false,
		"Prisoner-A1234BC":               false,
		"":                               false,
	} {
		require.Equal(t, ours, domain.IsOurs(stream), stream)
	}
	domain.StreamPrefixes()[0] = "changed"
	require.Equal(t, domain.StreamPrefix, domain.StreamPrefixes()[0])
}
