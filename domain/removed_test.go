package domain_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

func TestParsePrisonerStream_readsWhatStreamWrote(t *testing.T) {
	number, err := domain.ParsePrisonerStream(domaintest.High.Stream())
	require.NoError(t, err)
	require.Equal(t, domaintest.High, number)
	for _, stream := range []string{"", "prisoner-", "prisoner-a9109ud", "prisoner-A9109UDX", pair.Stream(), "A9109UD"} {
		_, err := domain.ParsePrisonerStream(stream)
		require.Error(t, err, stream)
	}
}

// removing is the life of one number.
type removing struct {
	domain.Removal
	t *testing.T
}

func (r *removing) remove(message int, into domain.PrisonerNumber) []domain.Fact {
	c := domain.RemoveNumber{Renumbering: domain.Renumbering{Previous: domaintest.High, Number: into}, Pairs: []domain.Pair{pair}}
	return r.fold(r.Remove(c, domaintest.Noon, domain.Cause{CommandID: domaintest.CommandID(message)}))
}

func (r *removing) takeBack(message int) []domain.Fact {
	c := domain.ReturnNumber{Message: domaintest.CommandID(message)}
	return r.fold(r.Return(c, domaintest.Noon, domain.Cause{CommandID: uuid.NewSHA1(domaintest.CommandID(message), []byte("back"))}))
}

func (r *removing) fold(facts []domain.Fact) []domain.Fact {
	for _, f := range facts {
		r.Removal = r.Evolve(f)
	}
	return facts
}

func TestRemoval_keepsEveryMergeOnce(t *testing.T) {
	r := removing{domain.Removal{Number: domaintest.High}, t}
	_, removed := r.Current()
	require.False(t, removed)

	facts := r.remove(1, survivor)
	require.Len(t, facts, 1)
	require.Equal(t, domain.EventID(domaintest.CommandID(1), "prisoner-"+string(domaintest.High), 0), facts[0].ID)
	require.JSONEq(t, `{"type":"remove-number","input":{"previousPrisonerNumber":"A9109UD","prisonerNumber":"B1234CD","pairs":["A0135GA_A9109UD"]}}`,
		string(facts[0].Meta.Command))
	require.Empty(t, r.remove(1, survivor), "the same message again")
	require.Empty(t, r.remove(2, survivor), "another message that says what is known")

	require.Len(t, r.takeBack(1), 1)
	require.Empty(t, r.takeBack(1), "taken back once")
	require.Empty(t, r.takeBack(2), "a message that left no merge")
	_, removed = r.Current()
	require.False(t, removed)
	require.Empty(t, r.remove(1, survivor), "a message that was taken back acts no more")
	require.Len(t, r.remove(2, survivor), 1)
}

func TestRemoval_theLastMergeThatStandsCounts(t *testing.T) {
	r := removing{domain.Removal{Number: domaintest.High}, t}
	r.remove(1, survivor)
	r.remove(2, domaintest.Low)
	current, _ := r.Current()
	require.Equal(t, domaintest.Low, current.Into)
	r.takeBack(2)
	current, _ = r.Current()
	require.Equal(t, survivor, current.Into)
	require.Equal(t, []domain.Pair{pair}, current.Pairs)
}
