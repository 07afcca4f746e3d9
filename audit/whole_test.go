package audit_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/eventstore/memory"
)

// Nothing is told from a stream that lost its beginning, whether something is
// left of it or not: an empty history would be a lie.
func TestHistory_isNotGivenOfAStreamThatLostItsBeginning(t *testing.T) {
	for store, open := range map[string]func(*testing.T, *memory.Store) eventstore.Store{
		"memory": func(_ *testing.T, log *memory.Store) eventstore.Store { return log },
		"esdb":   func(t *testing.T, log *memory.Store) eventstore.Store { return overGRPC(t, log) },
	} {
		for left, again := range map[string]bool{"nothing is left": false, "something is left": true} {
			t.Run(store+", "+left, func(t *testing.T) {
				log := memory.New()
				b := newTestLog(t, open(t, log))
				ab, ac := domaintest.PairOf(alice, bob), domaintest.PairOf(alice, carol)
				id := b.opens(ab)
				b.opens(ac)
				recorded, err := log.ReadStream(t.Context(), ab.Stream(), eventstore.Forwards, 0, 10)
				require.NoError(t, err)
				log.Delete(ab.Stream())
				if again {
					event := recorded[0].Event
					event.ID[0]++
					_, err := log.Append(t.Context(), eventstore.Append{Stream: ab.Stream(), Expected: eventstore.NoStream, Events: []eventstore.Event{event}})
					require.NoError(t, err)
				}
				r, ctx := b.reader(), t.Context()
				for name, tell := range map[string]func() error{
					"of one": func() error { _, err := r.OfNonAssociation(ctx, streams(ab), id); return err },
					"of a prisoner": func() error {
						_, err := r.OfPrisoner(ctx, streams(ab, ac), alice)
						return err
					},
					"subject access": func() error {
						_, err := r.SubjectAccess(ctx, streams(ab, ac), subjectOf(b, alice, "", ""))
						return err
					},
				} {
					require.ErrorIs(t, tell(), eventstore.ErrNotWhole, name)
				}
				_, err = r.OfPrisoner(ctx, streams(ac, domaintest.PairOf(carol, bob)), carol)
				require.NoError(t, err, "other streams, and one that never was")

				// The feed reads the pair again when it goes on in the middle of it.
				if again {
					err = r.Feed(ctx, audit.Feed{From: 2, Line: func(audit.Entry) error { return nil }})
					require.ErrorIs(t, err, eventstore.ErrNotWhole)
				}
			})
		}
	}
}
