package domain_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// isRaw tells whether a character must not stand raw in JSON that is kept or
// sent.
func isRaw(r rune) bool { return unicode.IsControl(r) || r == 0xfffe || r == 0xffff }

// Every character there is, alone: exactly the raw ones are escaped, and each
// reads back as itself.
func TestEscaped_knowsEveryCharacter(t *testing.T) {
	for r := range rune(unicode.MaxRune + 1) {
		if r < ' ' || r == '"' || r == '\\' || (r >= 0xd800 && r < 0xe000) {
			continue // no encoder writes them raw
		}
		raw := []byte(`"` + string(r) + `"`)
		got := domain.Escaped(raw)
		if isRaw(r) {
			require.Equal(t, fmt.Sprintf(`"\u%04x"`, r), string(got))
			continue
		}
		require.Equal(t, string(raw), string(got))
	}
}

// Texts of raw characters, of their neighbours and of their first bytes, in any
// order and at any place.
func TestEscaped_changesNoMeaning(t *testing.T) {
	chars := []rune{'a', 0x7e, 0x7f, 0x80, 0x9f, 0xa0, 0xa3, 'é', 0xfffd, 0xfffe, 0xffff, 0x1fffe, 0xefff, 0xf000, '😀', '\\', '"', '\n', 0, 0x1f}
	rapid.Check(t, func(t *rapid.T) {
		value := map[string][]string{}
		for range rapid.IntRange(0, 3).Draw(t, "keys") {
			key := rapid.StringOf(rapid.SampledFrom(chars)).Draw(t, "key")
			value[key] = rapid.SliceOf(rapid.StringOf(rapid.SampledFrom(chars))).Draw(t, "texts")
		}
		text, err := json.Marshal(value)
		require.NoError(t, err)
		before := string(text)
		got := domain.Escaped(text)
		require.False(t, strings.ContainsFunc(string(got), isRaw), "%q", got)
		require.Equal(t, before, string(text), "what was given stays as it was")
		var read map[string][]string
		require.NoError(t, json.Unmarshal(got, &read), "%q", got)
		require.Equal(t, value, read)
		require.Equal(t, string(got), string(domain.Escaped(got)), "once is enough")
	})
}

func TestEscaped_aTextThatBreaksOff(t *testing.T) {
	for _, text := range []string{"", "\xc2", "\xef", "\xef\xbf", "x\xef\xbf", "x\xc2"} {
		require.Equal(t, text, string(domain.Escaped([]byte(text))))
	}
}

// everyRaw is a text with every character that must not stand raw.
func everyRaw() string {
	var b strings.Builder
	for r := range rune(0x10000) {
		if isRaw(r) && r != 0 {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// A fact holds none raw, wherever a person's text stands in it: data, actor and
// the command that was given.
func TestFacts_holdNoRawControlCharacter(t *testing.T) {
	text, s := everyRaw(), domaintest.NewScenario(t)
	tell := domain.Sync{About: domaintest.High, Items: []domain.Item{item(y2021, func(i *domain.Item) { i.AuthorisedBy, i.Comment = &text, &text })}}
	by := domain.Cause{CommandID: uuid.New(), Actor: text, Source: domain.NOMIS, About: domaintest.High}
	decision, err := domain.Decide(s.State, tell, domaintest.Noon, by)
	require.NoError(t, err)
	facts := decision.Facts(s.State, tell, domaintest.Noon, by)
	require.NotEmpty(t, facts)
	for _, fact := range facts {
		eventType, data := domain.Encode(fact.Event)
		meta := domain.EncodeMeta(fact.Meta)
		require.False(t, strings.ContainsFunc(string(data)+string(meta), isRaw))
		event, err := domain.Events().Decode(eventType, data)
		require.NoError(t, err)
		require.Equal(t, fact.Event, event)
		read, err := domain.DecodeMeta(meta)
		require.NoError(t, err)
		require.Equal(t, text, read.Actor)
		require.Contains(t, string(read.Command), `\u007f`)
	}
}
