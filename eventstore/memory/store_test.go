package memory_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
	"nonassociations/eventstore/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestContract(t *testing.T) {
	storetest.Run(t, storetest.Setup{
		Open: func(t testing.TB) eventstore.Store {
			store := memory.New()
			t.Cleanup(func() { require.NoError(t, store.Close(context.Background())) })
			return store
		},
		Delete: func(_ testing.TB, store eventstore.Store, stream string) {
			store.(*memory.Store).Delete(stream)
		},
		Tombstone: func(_ testing.TB, store eventstore.Store, stream string) {
			store.(*memory.Store).Tombstone(stream)
		},
	})
}
