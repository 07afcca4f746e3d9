package demo

import (
	"context"
	"fmt"

	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/nomisapi"
	"nonassociations/web/client"
)

// fillNOMIS gives NOMIS its own view of the estate and plants what only the service can
// hold. A pair that NOMIS has is left as it is, so that another run adds nothing.
func (l *loader) fillNOMIS(ctx context.Context, v *view) error {
	filled, err := nomisapi.FillAt(ctx, l.http, l.NOMIS, func(yield func(nomisapi.Record) bool) {
		for _, record := range v.records {
			if !yield(record) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	if err := l.holdAll(ctx, v); err != nil {
		return err
	}
	fmt.Fprintf(l.Out, "NOMIS's own view of it: %d non-associations, of which %d are new; planted differences:\n", len(v.records), filled)
	for _, p := range v.planted {
		if len(p.pairs) > 0 {
			fmt.Fprintf(l.Out, "  %4d %-16s %s, such as %s and %s\n", len(p.pairs), p.bucket, p.what, p.pairs[0][0], p.pairs[0][1])
		}
	}
	return nil
}

// heldComment is what staff of the demonstration wrote to a record before its day.
const heldComment = "Agreed at the safety meeting, to begin on its day."

// holdAll loads the pairs that are to wait for a day, and lets staff change them. They
// are left out of the migration, which would take the change back when it is repeated.
func (l *loader) holdAll(ctx context.Context, v *view) error {
	for of, pair := range v.held {
		if err := l.hold(ctx, of, pair); err != nil {
			return fmt.Errorf("plant a record of %s that waits for its day: %w", of[0], err)
		}
	}
	return nil
}

// hold loads a pair unless it is there, and changes its record unless that was done.
func (l *loader) hold(ctx context.Context, of numbers, pair estate.Pair) error {
	found, err := l.between(ctx, of)
	if err == nil && len(found) == 0 {
		if _, err = l.send(ctx, client.SyncRequest{PrisonerNumber: of[0], NonAssociations: pair.Items}); err == nil {
			found, err = l.between(ctx, of)
		}
	}
	if err != nil || len(found) == 0 || found[0].Comment != nil && *found[0].Comment == heldComment {
		return err
	}
	_, err = retry(ctx, l, func(ctx context.Context) (client.Response[client.StaffNonAssociation], error) {
		return l.service.Amend(ctx, found[0].ID.String(), client.Write{}, client.Amendment{Comment: new(heldComment)})
	})
	return err
}

// between returns the open records of a pair, those that were just loaded included.
func (l *loader) between(ctx context.Context, of numbers) ([]client.StaffNonAssociation, error) {
	got, err := retry(ctx, l, func(ctx context.Context) (client.Response[[]client.StaffNonAssociation], error) {
		ask := client.BetweenParams{Read: client.Read{AtLeast: l.total.position}}
		return l.service.Between(ctx, ask, []domain.PrisonerNumber{of[0], of[1]})
	})
	return got.Body, err
}

// without returns a request without the pairs that are loaded elsewhere.
func (v *view) without(request client.SyncRequest) client.SyncRequest {
	left := client.SyncRequest{PrisonerNumber: request.PrisonerNumber}
	for _, item := range request.NonAssociations {
		if _, is := v.held[numbers{request.PrisonerNumber, item.PrisonerNonAssociation.PrisonerNumber}]; !is {
			left.NonAssociations = append(left.NonAssociations, item)
		}
	}
	return left
}
