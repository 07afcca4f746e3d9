package rebuild

import (
	"context"
	"fmt"

	"nonassociations/projections/generation"
)

// Back lets the generation that was kept answer again, after it has caught up. The one
// that answered is kept in the same way. Errors: ErrNoneKept, and one that wraps
// ErrShape when the kept generation has another shape than this build.
func Back(ctx context.Context, o Options) (Report, error) {
	s, err := open(ctx, o)
	if err != nil {
		return Report{}, err
	}
	defer s.close()
	if err := s.look(ctx); err != nil {
		return Report{}, err
	}
	kept, err := s.kept()
	if err != nil {
		return Report{}, err
	}
	if _, err := s.conn.Exec(ctx, `SET nonassociations.back = 'on'`); err != nil { // what is kept may move
		return Report{}, fmt.Errorf("prepare the session: %w", err)
	}
	s.stage = "catch up"
	b, err := s.build(ctx, kept)
	if err != nil {
		return Report{}, err
	}
	report := Report{
		Status: BackDone, From: number(s.live.Number), To: number(kept), Shape: generation.Shape, Tables: []TableReport{}, Differences: []Difference{},
	}
	if err := s.flip(ctx, b, kept, nil); err != nil {
		return Report{}, err
	}
	return s.filled(report, b), nil
}

// kept returns the generation that answered last before the one that answers.
func (s *session) kept() (generation.Number, error) {
	if s.live.Number == 0 {
		return 0, ErrNoModel
	}
	var newest generation.State
	for _, found := range s.all {
		if found.Kept && found.Store == s.log {
			newest = found
		}
	}
	switch {
	case newest.Number == 0:
		return 0, ErrNoneKept
	case newest.Shape != generation.Shape:
		return 0, fmt.Errorf("%w: %s has shape %d; only a build of that shape can go back to it", ErrShape, newest.Number.Schema(), newest.Shape)
	}
	return newest.Number, nil
}
