package whereabouts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"nonassociations/domain"
)

// ErrUnknownPrison says that a prison is none of the caseloads, and nobody is in it.
var ErrUnknownPrison = errors.New("the prison is not known")

// UnknownPrisoners is the error of numbers that the directory denies and of which the log
// holds nothing.
type UnknownPrisoners []domain.PrisonerNumber

// Error lists the numbers.
func (u UnknownPrisoners) Error() string {
	texts := make([]string, len(u))
	for i, number := range u {
		texts[i] = string(number)
	}
	return strings.Join(texts, ", ")
}

// Question asks whether prisoners may be moved in or into a prison.
type Question struct {
	Numbers   []domain.PrisonerNumber // different, at least one
	Prison    domain.PrisonID
	To        domain.Destination // as [Service.Destination] returns it
	Caseloads []domain.PrisonID  // prisons that are known although nobody may be there
	AtLeast   uint64             // the position that the answer must reflect
}

// MoveCheck is the answer to a Question.
type MoveCheck struct {
	domain.MoveCheck
	Seen
}

// MoveCheck judges a move by the last answer about the prison, whatever its age, and by
// where the others are now. Somebody of whom the directory says nothing has no place that
// is known. Errors: ErrUnknownPrison, UnknownPrisoners, ErrNoLocations, those of package
// queries, and the context's.
func (s *Service) MoveCheck(ctx context.Context, q Question) (MoveCheck, error) {
	people, err := s.locations.Of(ctx, q.Prison)
	if err != nil {
		return MoveCheck{}, fmt.Errorf("check a move: %w", err)
	}
	// A mistyped prison must never look like an empty one.
	if !isKnown(people) && !slices.Contains(q.Caseloads, q.Prison) {
		return MoveCheck{}, ErrUnknownPrison
	}
	g, err := s.gather(ctx, q.Prison, people, q.Numbers, q.AtLeast, s.options.Directory.FindNow)
	if err != nil {
		return MoveCheck{}, fmt.Errorf("check a move: %w", err)
	}
	unknown, err := s.unknown(ctx, q, g)
	if err != nil {
		return MoveCheck{}, fmt.Errorf("check a move: %w", err)
	}
	if len(unknown) > 0 {
		return MoveCheck{}, unknown
	}
	move := domain.Move{Prisoners: map[domain.PrisonerNumber]int{}, To: q.To}
	for i, number := range q.Numbers {
		move.Prisoners[number] = i
	}
	for name, number := range g.records.Names {
		move.Prisoners[name] = move.Prisoners[number]
	}
	return MoveCheck{g.places.CheckMove(move, g.records.Records, g.today), g.Seen}, nil
}

// unknown lists the numbers of a question that the directory denies and of which the log
// holds nothing. While the directory is away it denies nobody.
func (s *Service) unknown(ctx context.Context, q Question, g gathered) (unknown UnknownPrisoners, err error) {
	if g.OthersUnread {
		return nil, nil
	}
	held := map[domain.PrisonerNumber]bool{}
	for _, record := range g.records.Records {
		held[record.Pair.Numbers()[0]], held[record.Pair.Numbers()[1]] = true, true
	}
	for _, number := range q.Numbers {
		if _, known := g.People[number]; known || held[number] {
			continue
		}
		is, err := s.isHeld(ctx, number, q.AtLeast)
		if err != nil {
			return nil, err
		}
		if !is {
			unknown = append(unknown, number)
		}
	}
	return unknown, nil
}

// isHeld reports whether the log holds anything of a number: a pair, also one without
// records any more, or a merge.
func (s *Service) isHeld(ctx context.Context, number domain.PrisonerNumber, atLeast uint64) (bool, error) {
	if s.options.Head != nil {
		head, err := s.options.Head(ctx)
		if err != nil {
			return false, err
		}
		atLeast = max(atLeast, head)
	}
	pairs, err := s.options.Reads.PairsOf(ctx, number, atLeast)
	if err != nil || len(pairs) > 0 {
		return len(pairs) > 0, err
	}
	merges, err := s.options.Reads.MergedWith(ctx, number, atLeast)
	return len(merges) > 0, err
}
