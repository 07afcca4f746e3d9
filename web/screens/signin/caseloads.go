package signin

import (
	"context"
	"errors"
	"slices"
	"time"

	"nonassociations/domain"
	"nonassociations/web/screens/store"
)

// Caseloads are the prisons that a user works for. Its slice is shared: never change it.
type Caseloads struct {
	// Known is false when the service of user roles has not answered for 15 minutes, or
	// never: nothing may be changed then. All has the last ones known, for reading.
	Known bool
	All   []store.Caseload // Name is "" where nobody has said it
	// Active is the one that the user works for now; "" without any.
	Active domain.PrisonID
	// AsOf is when the service said so; zero for those of the token.
	AsOf time.Time
}

// Has reports whether a prison is one of the caseloads.
func (c Caseloads) Has(prison domain.PrisonID) bool {
	return slices.ContainsFunc(c.All, func(one store.Caseload) bool { return one.ID == prison })
}

// IDs returns the prisons, never nil.
func (c Caseloads) IDs() []domain.PrisonID {
	ids := make([]domain.PrisonID, 0, len(c.All))
	for _, one := range c.All {
		ids = append(ids, one.ID)
	}
	return ids
}

const (
	caseloadsFresh = 60 * time.Second
	caseloadsHold  = 15 * time.Minute // while the service is away
)

// caseloads returns those of a session: the claim of its token, else those of the service
// of user roles.
func (s *SignIn) caseloads(ctx context.Context, row store.Session) (Caseloads, error) {
	switch {
	case row.Tokens.Caseloads != nil:
		c := Caseloads{Known: true, All: make([]store.Caseload, 0, len(row.Tokens.Caseloads))}
		for _, id := range row.Tokens.Caseloads {
			if !c.Has(id) {
				c.All = append(c.All, store.Caseload{ID: id})
			}
		}
		return c.choose(row.Chosen, ""), nil
	case s.userRoles == nil:
		return Caseloads{Known: true}, nil
	}
	last, err := s.askCaseloads(ctx, row)
	if err != nil {
		return Caseloads{}, err
	}
	known := !last.At.IsZero() && s.Clock().Sub(last.At).Abs() <= caseloadsHold
	return Caseloads{Known: known, All: last.All, AsOf: last.At}.choose(row.Chosen, last.Active), nil
}

// askCaseloads returns the service's last answer, of now when that is older than 60 s and
// the service answers.
func (s *SignIn) askCaseloads(ctx context.Context, row store.Session) (store.Caseloads, error) {
	now := s.Clock()
	if !row.Caseloads.At.IsZero() && now.Sub(row.Caseloads.At).Abs() < caseloadsFresh {
		return row.Caseloads, nil
	}
	answer, err := s.userRoles.ask(ctx, row.ID, row.Tokens.Access)
	if err != nil {
		s.Logger.WarnContext(ctx, "the caseloads of a user cannot be read now", "error", err)
		return row.Caseloads, nil
	}
	return answer, s.Store.SaveCaseloads(ctx, row.ID, answer)
}

// choose returns the caseloads with the active one: the one that the user chose, else the
// service's, else the first.
func (c Caseloads) choose(chosen, active domain.PrisonID) Caseloads {
	for _, one := range []domain.PrisonID{chosen, active} {
		if one != "" && c.Has(one) {
			c.Active = one
			return c
		}
	}
	if len(c.All) > 0 {
		c.Active = c.All[0].ID
	}
	return c
}

// SetCaseload makes a prison the active caseload of a session. Errors: ErrNotACaseload,
// ErrNoSession when the session has ended meanwhile, and faults.
func (s *SignIn) SetCaseload(ctx context.Context, session Session, prison domain.PrisonID) error {
	if !session.Caseloads.Has(prison) {
		return ErrNotACaseload
	}
	err := s.Store.ChooseCaseload(ctx, session.id, prison)
	if errors.Is(err, store.ErrNone) {
		return ErrNoSession
	}
	return err
}
