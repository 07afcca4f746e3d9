package esdb

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
	"nonassociations/eventstore/esdbserver"
	"nonassociations/eventstore/memory"
)

// One append that is refused, or that cannot be encoded, spoils no other one's.
func TestBatch_aBadAppendSpoilsNoOther(t *testing.T) {
	log := memory.New()
	log.Tombstone("deleted")
	mustAppend(t, log, opening("taken"))
	var features atomic.Int64
	store := newServerFixture(t, log, esdbserver.Options{
		Before: func(ctx context.Context, method string) error {
			if method == "Features" {
				features.Add(1)
			}
			return nil
		},
	}).open(t, Options{})
	mustAppend(t, store, opening("first"))
	asked := features.Load()
	notUTF8 := opening("not-utf8")
	notUTF8.Events[0].Type = "\xff"
	bad := map[int]struct {
		append eventstore.Append
		want   error
	}{
		0: {opening("taken"), eventstore.ErrConflict}, 1: {following("nothing", 7), eventstore.ErrConflict},
		2: {opening("deleted"), eventstore.ErrStreamDeleted}, 3: {notUTF8, eventstore.ErrUnavailable}, 4: {opening(""), eventstore.ErrUnavailable},
	}
	for number, err := range atOnce(60, func(number int) error {
		if number%2 == 0 {
			_, err := store.Append(within(t, waitTime), numbered(number))
			return err
		}
		one := bad[number%len(bad)]
		_, err := store.Append(within(t, waitTime), one.append)
		if !errors.Is(err, one.want) {
			return fmt.Errorf("%s: %w", one.append.Stream, err)
		}
		return nil
	}) {
		require.NoError(t, err, number)
	}
	require.Zero(t, store.batch.renewed.Load(), "the call goes on")
	require.LessOrEqual(t, features.Load(), asked+1, "the client connects once for itself")
}
