package rehearsal_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/audit/rehearsal"
	"nonassociations/domain/domaintest"
)

// TestRehearsal_findsAnEditedState: a field, a text that people wrote, a record, and
// rows that are missing or too many.
func TestRehearsal_findsAnEditedState(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	pair := domaintest.Pair.String()
	different := func(edit func(g generation)) []rehearsal.StateDifference {
		g := f.generation(len(f.facts()))
		edit(g)
		return f.rehearses(rehearsal.Options{Generation: g}).States.Different
	}
	replace := func(old, by string) func(generation) {
		return func(g generation) {
			require.Contains(t, string(g.states[pair]), old)
			g.states[pair] = bytes.ReplaceAll(g.states[pair], []byte(old), []byte(by))
		}
	}
	id := f.opened
	require.Equal(t, []rehearsal.StateDifference{{
		Pair: domaintest.Pair.Numbers(), NonAssociationID: &id, Field: "restriction", Was: "LANDING", Now: "WING",
	}}, different(replace(`"restriction":"WING"`, `"restriction":"LANDING"`)))

	comment := different(replace(`"Apart"`, `"Together"`))
	require.Len(t, comment, 1)
	require.Equal(t, "comment", comment[0].Field)
	require.Len(t, comment[0].Was, 12, "no text that people wrote")
	require.NotEqual(t, comment[0].Was, comment[0].Now)

	missing := different(func(g generation) { delete(g.states, pair) })
	require.Equal(t, "id", missing[0].Field)
	require.Nil(t, missing[0].Was)
	unknown := domaintest.PairOf("Z0001ZZ", "Z0002ZZ")
	extra := different(func(g generation) {
		g.states[unknown.String()] = []byte(`{"pair":"` + unknown.String() + `","items":[{"id":"` + id.String() + `"}]}`)
	})
	require.Equal(t, unknown.Numbers(), extra[0].Pair)
	require.Equal(t, id.String(), extra[0].Was)
	broken := different(func(g generation) { g.states[pair] = []byte(`{`) })
	require.Equal(t, "state", broken[0].Field)
}

// TestRehearsal_comparesOnlyUpToTheGeneration: one that is behind differs in nothing, and
// one that goes on meanwhile neither; one that lacks a fact that it says it has does.
func TestRehearsal_comparesOnlyUpToTheGeneration(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	behind := f.generation(1)
	require.Empty(t, f.rehearses(rehearsal.Options{Generation: behind}).States.Different)
	ahead := f.generation(3)
	ahead.position = behind.position
	require.Empty(t, f.rehearses(rehearsal.Options{Generation: ahead}).States.Different)
	stale := f.generation(2)
	stale.position = f.generation(3).position
	found := f.rehearses(rehearsal.Options{Generation: stale}).States.Different
	require.NotEmpty(t, found)
	require.Contains(t, fields(found), "expiryDate")
	require.Equal(t, domaintest.Pair.Numbers(), found[0].Pair)
}

func fields(found []rehearsal.StateDifference) (names []string) {
	for _, d := range found {
		names = append(names, d.Field)
	}
	return names
}
