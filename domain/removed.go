package domain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Stream returns the name of the stream of the number's own facts: prisoner-A9109UD.
func (n PrisonerNumber) Stream() string { return prisonerPrefix + string(n) }

// ParsePrisonerStream parses the form of [PrisonerNumber.Stream]. An error means that
// the stream is not one of a prisoner number.
func ParsePrisonerStream(stream string) (PrisonerNumber, error) {
	rest, found := strings.CutPrefix(stream, prisonerPrefix)
	number, err := ParsePrisonerNumber(rest)
	if !found || err != nil || string(number) != rest {
		return "", fmt.Errorf("stream %q is not of a prisoner number", stream)
	}
	return number, nil
}

// Merging is one merge that removed a number.
type Merging struct {
	Message   uuid.UUID // command id of the fact
	Into      PrisonerNumber
	Pairs     []Pair // that the removed number had then
	TakenBack bool
}

// Removal is the state of a prisoner number: the merges that removed it, oldest first.
// A number without merges is not removed.
type Removal struct {
	Number PrisonerNumber
	Merges []Merging
}

// Evolve returns the state after one more fact of the number's stream. The given
// Removal is not changed.
func (r Removal) Evolve(f Fact) Removal {
	switch e := f.Event.(type) {
	case PrisonerMerged:
		r.Merges = append(slices.Clip(r.Merges), Merging{Message: f.Meta.CommandID, Into: e.Number, Pairs: e.Pairs})
	case PrisonerUnmerged:
		r.Merges = slices.Clone(r.Merges)
		for i := range r.Merges {
			r.Merges[i].TakenBack = r.Merges[i].TakenBack || r.Merges[i].Message == e.Message
		}
	default:
	}
	return r
}

// By returns the merge of a message, and false when the message has no merge here.
func (r Removal) By(message uuid.UUID) (Merging, bool) {
	i := slices.IndexFunc(r.Merges, func(m Merging) bool { return m.Message == message })
	if i < 0 {
		return Merging{}, false
	}
	return r.Merges[i], true
}

// Current returns the merge that is in effect, the last one that was not undone. It
// returns false when the number is not removed.
func (r Removal) Current() (Merging, bool) {
	for _, m := range slices.Backward(r.Merges) {
		if !m.TakenBack {
			return m, true
		}
	}
	return Merging{}, false
}

// RemoveNumber records that NOMIS merged the previous number into the other. Pairs are
// those that the number has.
type RemoveNumber struct {
	Renumbering
	Pairs []Pair `json:"pairs"`
}

// ReturnNumber undoes the merge of a message.
type ReturnNumber struct {
	Renumbering
	Message uuid.UUID `json:"message"`
}

func (RemoveNumber) command() {}
func (ReturnNumber) command() {}

// Remove decides a RemoveNumber. It returns no fact when the merge is recorded already,
// by this message or by another one.
func (r Removal) Remove(c RemoveNumber, now time.Time, by Cause) []Fact {
	_, own := r.By(by.CommandID)
	if current, removed := r.Current(); own || removed && current.Into == c.Number {
		return nil
	}
	c.Pairs = append(make([]Pair, 0, len(c.Pairs)), c.Pairs...)
	slices.SortFunc(c.Pairs, func(a, b Pair) int { return strings.Compare(a.String(), b.String()) })
	return r.facts(PrisonerMerged(c), c, now, by)
}

// Return decides a ReturnNumber. It returns no fact when the message has no merge here
// or the merge was undone before.
func (r Removal) Return(c ReturnNumber, now time.Time, by Cause) []Fact {
	if m, known := r.By(c.Message); !known || m.TakenBack {
		return nil
	}
	return r.facts(PrisonerUnmerged(c), c, now, by)
}

func (r Removal) facts(event Event, c Command, now time.Time, by Cause) []Fact {
	return Decision{Events: []Event{event}, OccurredAt: now}.factsIn(r.Number.Stream(), 0, c, now, by)
}
