package screens

import (
	"strings"
	"unicode"

	"nonassociations/domain"
)

// Words that stand on several pages.
const (
	listTitle    = "Non-associations"
	recordTitle  = "Non-association details"
	viewDetails  = "View details"
	wordClosed   = "Closed"
	headName     = "Name"
	headReason   = "Reason"
	headComments = "Comments"
	headActions  = "Actions"
)

// word returns the text of a word of DPS, and the word itself when the vocabulary does
// not have it: an old fact may hold a word that was withdrawn.
func word[W ~string](vocabulary []domain.Term[W], code W) string {
	for _, term := range vocabulary {
		if term.Code == code {
			return term.Description
		}
	}
	return string(code)
}

// restriction returns where to keep two prisoners apart. A type of NOMIS that says more
// than the restriction stands beside it, wherever it is shown.
func restriction(kind domain.Restriction, code domain.TypeCode) string {
	text := word(domain.Restrictions(), kind)
	if said := nomisType(code); said != "" {
		text += " – NOMIS: " + said
	}
	return text
}

// nomisType returns the text of a type that says more than a restriction; "" of every
// other.
func nomisType(code domain.TypeCode) string {
	if code != domain.TypeDoNotExercise && code != domain.TypeTotal {
		return ""
	}
	return word(domain.TypeCodes(), code)
}

// echoed returns a text that somebody typed as it stands in a sentence. Marks that turn the
// direction of what follows round are replaced, because they would turn the sentence too.
func echoed(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
