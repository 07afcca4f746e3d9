package estate

import (
	"math/rand/v2"
	"strings"
	"unicode/utf8"

	"nonassociations/domain"
)

// chance is a value with its weight against the other values.
type chance[V any] struct {
	value  V
	weight int
}

// weighted draws a value with the probability of its weight. from must not be empty.
func weighted[V any](rng *rand.Rand, from []chance[V]) V {
	sum := 0
	for _, c := range from {
		sum += c.weight
	}
	n := rng.IntN(sum)
	for _, c := range from {
		if n -= c.weight; n < 0 {
			return c.value
		}
	}
	return from[0].value
}

// typeCodes has every type code. The weights are percentages.
var typeCodes = []chance[domain.TypeCode]{
	{domain.TypeWing, 48}, {domain.TypeLanding, 16}, {domain.TypeCell, 15}, {domain.TypeTotal, 13}, {domain.TypeDoNotExercise, 8},
}

// reasonCodes are pairs of codes, the first prisoner's and the other's. Weights are
// percentages.
var reasonCodes = []chance[[2]domain.ReasonCode]{
	{[2]domain.ReasonCode{domain.CodeVictim, domain.CodePerpetrator}, 34},
	{[2]domain.ReasonCode{domain.CodePerpetrator, domain.CodeVictim}, 24},
	{[2]domain.ReasonCode{domain.CodeBullying, domain.CodeVictim}, 8},
	{[2]domain.ReasonCode{domain.CodePerpetrator, domain.CodeBullying}, 6},
	{[2]domain.ReasonCode{domain.CodeRivalGang, domain.CodeRivalGang}, 10},
	{[2]domain.ReasonCode{domain.CodeNotRelevant, domain.CodeNotRelevant}, 10},
	{[2]domain.ReasonCode{domain.CodeUnknown, domain.CodeUnknown}, 8},
}

// Sentences as staff write them, without anything that points at a person.
var sentences = []string{
	"Do not locate near.",
	"Fight at the servery, both placed on report.",
	"Long-standing feud outside – intelligence report submitted.",
	"Threats made through the cell window after lock-up.",
	"Requested by police while the trial is going on.",
	"Debts over vapes and canteen; payments demanded daily.",
	"Co-defendants; one is to give evidence for the prosecution.",
	"Keep apart on visits, in education and at the gym.",
	"Reviewed at the weekly safety meeting, to remain in place.",
	"Assault with a cup of hot water, injuries treated by healthcare.",
	"Mediation was offered and declined by one side.",
	"Said at reception that they can not be on the same wing.",
	"Cell search found a home-made weapon; see the security file.",
	"Former neighbours at the café, dispute about money.",
}

// comment draws a comment, nil in 12 of 100 cases. Three in a hundred have exactly
// domain.MaxComment characters, the edge of the field.
func comment(rng *rand.Rand) *string {
	n := rng.IntN(100)
	if n < 12 {
		return nil
	}
	text := pick(rng, sentences)
	for n >= 60 && n < 80 || n >= 97 { // the last fill the field to its end
		longer := text + " " + pick(rng, sentences)
		if utf8.RuneCountInString(longer) > domain.MaxComment {
			break
		}
		if text = longer; n < 80 {
			break
		}
	}
	if missing := domain.MaxComment - utf8.RuneCountInString(text); n >= 97 {
		text += strings.Repeat(".", missing)
	}
	return &text
}

// authorisedBy draws the name of a member of staff, nil in one case of ten.
func authorisedBy(rng *rand.Rand) *string {
	if rng.IntN(100) < 10 {
		return nil
	}
	text := name(rng) + " " + name(rng)
	return &text
}
