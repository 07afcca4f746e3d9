package domain_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
)

// TestCheckTyped counts as NOMIS does, and refuses what no keyboard types.
func TestCheckTyped(t *testing.T) {
	for text, want := range map[string]error{
		"abcde": nil, " abcde\r\n": nil, "ab\r\ncd": nil, "ab\tcd": nil, "😀😀a": nil, "\u202eabcd": nil,
		"": domain.ErrBlank, " \r\n\t\v": domain.ErrBlank,
		"abcdef": domain.ErrTooLong, "😀😀😀": domain.ErrTooLong, "abc\r\nde": domain.ErrTooLong,
		"\x00": domain.ErrCharacter, "a\x1bb": domain.ErrCharacter, "a\u0085b": domain.ErrCharacter, "a\xff": domain.ErrCharacter,
		"\va": domain.ErrCharacter, strings.Repeat("a", 9) + "\x7f": domain.ErrCharacter,
	} {
		require.ErrorIs(t, domain.CheckTyped(text, 5), want, "%q", text)
	}
}
