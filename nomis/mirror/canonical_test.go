package mirror_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/mirror"
)

func TestExpiry_afterTheLastDayIsNone(t *testing.T) {
	for expiry, want := range map[string]*string{
		"2026-07-05": text("2026-07-05"), "2999-01-01": text("2999-01-01"), "2999-01-02": nil, "2999-12-31": nil,
		"9999-12-31": nil, "+12026-01-01": nil, "0021-01-01": text("0021-01-01"),
	} {
		d := both(t, func(r *mirror.Row) { r.ExpiryDate = &expiry })
		require.Equal(t, want, d.ExpiryDate, expiry)
		require.Empty(t, d.NotHoldable, expiry)
	}
}

func TestText_isCanonical(t *testing.T) {
	for given, want := range map[string]*string{
		"": nil, "  ": nil, "\r\n\t ": nil, "a": text("a"), " a": text(" a"), "a \r\n": text("a"), "a\r\n\r\nb": text("a\n\nb"),
		"a\rb": text("a\rb"), "a\u00a0": text("a"), "\u00e9": text("\u00e9"),
	} {
		d := both(t, func(r *mirror.Row) { r.Comment, r.AuthorisedBy = &given, &given })
		require.Equal(t, want, d.Comment, "%q", given)
		require.Equal(t, want, d.AuthorisedBy, "%q", given)
		require.Equal(t, d.Detail, d.Whole())
	}
	d := both(t, func(r *mirror.Row) { r.Comment, r.AuthorisedBy = nil, nil })
	require.Nil(t, d.Comment)
	require.Nil(t, d.AuthorisedBy)
}

// A text is cut as ours is cut for NOMIS, which counts UTF-16 units: both are then equal.
// What is taken over is not cut.
func TestText_isCutAtTheLastWholeCharacter(t *testing.T) {
	const face = "\U0001f600" // two units
	for given, want := range map[string]string{
		strings.Repeat("x", 240):               strings.Repeat("x", 240),
		strings.Repeat("x", 241):               strings.Repeat("x", 240),
		strings.Repeat("x", 239) + face:        strings.Repeat("x", 239),
		strings.Repeat(face, 240):              strings.Repeat(face, 120),
		strings.Repeat("x", 230) + face + "  ": strings.Repeat("x", 230) + face,
		"x" + strings.Repeat(" ", 239) + "y":   "x",
		strings.Repeat(" ", 240) + "y":         "",
	} {
		d := both(t, func(r *mirror.Row) { r.Comment = &given })
		if want == "" {
			require.Nil(t, d.Comment)
		} else {
			require.Equal(t, want, *d.Comment)
		}
		require.Equal(t, strings.TrimRight(given, " "), *d.Whole().Comment)
		require.Empty(t, d.NotHoldable)
	}
	long := strings.Repeat("é", 61)
	d := both(t, func(r *mirror.Row) { r.AuthorisedBy = &long })
	require.Equal(t, strings.Repeat("é", 60), *d.AuthorisedBy)
	require.Equal(t, long, *d.Whole().AuthorisedBy)
}

// A difference beyond what is compared with ours is a disagreement all the same.
func TestRows_thatDifferBeyondTheCutDisagree(t *testing.T) {
	long := strings.Repeat("\U0001f600", 121)
	d := differ(t, func(r *mirror.Row) { r.Comment = &long }, func(r *mirror.Row) { r.Comment = text(long + "!") })
	require.True(t, d.Disagrees())
}

func TestRow_thatCannotBeHeldSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		set func(*mirror.Row)
		why string
	}{
		"unknown reason":  {func(r *mirror.Row) { r.Reason = "XXX" }, "the reason code of "},
		"no reason":       {func(r *mirror.Row) { r.Reason = "" }, "the reason code of "},
		"unknown type":    {func(r *mirror.Row) { r.Type = "wing" }, "the type code in the row of "},
		"no date":         {func(r *mirror.Row) { r.EffectiveDate = "" }, "has no effective date"},
		"no such day":     {func(r *mirror.Row) { r.EffectiveDate = "2021-02-29" }, "is not a day"},
		"a time":          {func(r *mirror.Row) { r.EffectiveDate = "2021-02-28T00:00:00" }, "is not a day"},
		"year 0":          {func(r *mirror.Row) { r.EffectiveDate = "0000-01-01" }, "is not a day"},
		"far year":        {func(r *mirror.Row) { r.EffectiveDate = "+12021-01-01" }, "is not a day"},
		"no such expiry":  {func(r *mirror.Row) { r.ExpiryDate = text("soon") }, "the expiry date in the row of "},
		"an empty expiry": {func(r *mirror.Row) { r.ExpiryDate = text("") }, "the expiry date in the row of "},
		"NUL":             {func(r *mirror.Row) { r.Comment = text("a\x00b") }, "has the character NUL"},
	} {
		t.Run(name, func(t *testing.T) {
			nothing := func(*mirror.Row) {}
			for number, d := range map[domain.PrisonerNumber]mirror.Detail{low: differ(t, c.set, nothing), high: differ(t, nothing, c.set)} {
				require.Contains(t, d.NotHoldable, c.why)
				require.Contains(t, d.NotHoldable, string(number))
				require.NotContains(t, d.NotHoldable, "XXX")
			}
			d := both(t, c.set)
			require.Contains(t, d.NotHoldable, string(low), "of two the first is named")
		})
	}
}

// Whatever of two rows can be read is read.
func TestRow_thatCannotBeHeldLeavesTheOther(t *testing.T) {
	d := differ(t, func(r *mirror.Row) { r.EffectiveDate, r.Type = "", "XXX" }, func(*mirror.Row) {})
	require.Equal(t, "2021-07-05", d.EffectiveDate)
	require.Equal(t, domain.TypeWing, d.TypeCode)
	d = differ(t, func(*mirror.Row) {}, func(r *mirror.Row) { r.EffectiveDate, r.Type = "", "XXX" })
	require.Equal(t, "2021-07-05", d.EffectiveDate)
	require.Equal(t, domain.TypeWing, d.TypeCode)
}

func TestSequence_thatOneMirrorHasTwiceCannotBeHeld(t *testing.T) {
	for _, rows := range []mirror.Rows{
		{Forwards: []mirror.Row{forwards(), forwards()}, Backwards: []mirror.Row{backwards()}},
		{Forwards: []mirror.Row{forwards()}, Backwards: []mirror.Row{backwards(), backwards()}},
	} {
		details := mirror.Details(thePair(t), rows)
		require.Len(t, details, 1)
		require.Contains(t, details[0].NotHoldable, "twice")
	}
}

func TestBlocksCreate_asNOMISReadsNone(t *testing.T) {
	const day, far = "2021-01-01", "2999-12-31"
	for _, c := range []struct {
		forwards, backwards *string
		blocks              bool
	}{
		{nil, nil, true}, {nil, text(day), true}, {text(day), nil, true}, {text(far), text(far), false}, {text(day), text(day), false},
	} {
		d := differ(t, func(r *mirror.Row) { r.ExpiryDate = c.forwards }, func(r *mirror.Row) { r.ExpiryDate = c.backwards })
		require.Equal(t, c.blocks, d.BlocksCreate())
	}
	require.True(t, one(t, nil, []mirror.Row{backwards()}).BlocksCreate())
}

func TestHasClosedRow_onceItsDayHasCome(t *testing.T) {
	for expiry, closed := range map[string]bool{"2026-07-14": true, today: true, "2026-07-16": false, "2999-12-31": false} {
		d := differ(t, func(*mirror.Row) {}, func(r *mirror.Row) { r.ExpiryDate = &expiry })
		require.Equal(t, closed, d.HasClosedRow(today), expiry)
		require.Nil(t, d.ExpiryDate, "the other half is open")
	}
}

// FuzzDetails reads any rows: there is a detail for each sequence, in canonical form.
func FuzzDetails(f *testing.F) {
	seed, err := json.Marshal(mirror.Rows{Forwards: []mirror.Row{forwards()}, Backwards: []mirror.Row{backwards()}})
	require.NoError(f, err)
	f.Add(string(seed))
	f.Add(`{"forwards":[{"typeSequence":1,"expiryDate":"x","comment":"\u0000"}],"backwards":[{"typeSequence":1},{"typeSequence":1},{}]}`)
	pair := thePair(f)
	f.Fuzz(func(t *testing.T, given string) {
		var rows mirror.Rows
		if json.Unmarshal([]byte(given), &rows) != nil {
			return
		}
		sequences := map[int]bool{}
		for _, row := range append(rows.Forwards, rows.Backwards...) {
			sequences[row.TypeSequence] = true
		}
		details := mirror.Details(pair, rows)
		require.Len(t, details, len(sequences))
		for _, d := range details {
			require.True(t, sequences[*d.TypeSequence])
			for _, s := range []*string{d.Comment, d.AuthorisedBy} {
				require.True(t, s == nil || *s != "" && len(utf16.Encode([]rune(*s))) <= domain.MaxComment)
				require.True(t, s == nil || !utf8.ValidString(given) || utf8.ValidString(*s))
			}
			require.NotEqual(t, d.Missing != "", d.Forwards != nil && d.Backwards != nil)
			if d.NotHoldable == "" {
				require.True(t, d.ExpiryDate == nil || *d.ExpiryDate <= "2999-01-01")
				require.True(t, domain.Contains(domain.TypeCodes(), d.TypeCode))
				require.Len(t, d.EffectiveDate, len("2006-01-02"))
			}
		}
	})
}
