package eventstore_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

func trailOf(ids ...uuid.UUID) eventstore.Trail {
	var t eventstore.Trail
	for _, id := range ids {
		t = t.Add(id)
	}
	return t
}

func TestTrail_showsEveryChangeOfItsEvents(t *testing.T) {
	a, b, c, d := uuid.New(), uuid.New(), uuid.New(), uuid.New()
	whole := trailOf(a, b, c)
	require.Equal(t, whole, trailOf(a, b, c))
	for name, other := range map[string]eventstore.Trail{
		"missing at the end": trailOf(a, b), "missing at the begin": trailOf(b, c), "missing": trailOf(a, c),
		"added": trailOf(a, b, d, c), "exchanged": trailOf(a, d, c), "moved": trailOf(a, c, b), "none": trailOf(),
	} {
		require.NotEqual(t, whole, other, name)
	}
	require.NotEqual(t, trailOf(a, d, b).Sum, trailOf(d, a, b).Sum, "the last ids alone do not tell")
}
