package eventstore_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore"
)

// rising are places in their order: by commit, then prepare. A checkpoint c/0
// lies before the event at c.
var rising = []eventstore.Position{
	eventstore.Start,
	{Commit: 0, Prepare: 1},
	{Commit: 1, Prepare: 0},
	{Commit: 1, Prepare: 1},
	{Commit: 1, Prepare: 2},
	{Commit: 2, Prepare: 0},
	{Commit: 2, Prepare: 1},
	{Commit: 2, Prepare: 2},
	{Commit: 1076120, Prepare: 0},
	{Commit: 1076120, Prepare: 1076120},
	{Commit: math.MaxInt64, Prepare: math.MaxInt64},
	{Commit: math.MaxUint64, Prepare: 0},
	eventstore.End,
}

func TestPositions_areOrderedByCommitThenPrepare(t *testing.T) {
	for i, p := range rising {
		for j, q := range rising {
			require.Equal(t, i < j, p.Before(q), "%s %s", p, q)
			require.Equal(t, i == j, p.Compare(q) == 0)
			require.Equal(t, i > j, p.Compare(q) > 0)
		}
	}
}

// The number outside never lies behind the place, and an event's is its commit:
// who has got to the number has got to all before it and to nothing behind.
func TestPlace_beforeAnEventIsWrittenAsTheNumberBeforeIt(t *testing.T) {
	for place, want := range map[eventstore.Position]uint64{
		eventstore.Start:                    0,
		{Commit: 0, Prepare: 1}:             0,
		{Commit: 1, Prepare: 0}:             0,
		{Commit: 1, Prepare: 1}:             1,
		{Commit: 1, Prepare: 2}:             1,
		{Commit: 1076120, Prepare: 0}:       1076119,
		{Commit: 1076120, Prepare: 1076119}: 1076119,
		{Commit: 1076120, Prepare: 1076120}: 1076120,
	} {
		require.Equal(t, want, place.Uint64(), place.String())
	}
	for i, place := range rising {
		for _, before := range rising[:i] {
			require.LessOrEqual(t, before.Uint64(), place.Uint64(), "%s before %s", before, place)
		}
	}
}

func TestPosition_fromOutsideIsDigitsOnly(t *testing.T) {
	for _, n := range []uint64{0, 1, 9, 1076120, math.MaxInt64} {
		parsed, err := eventstore.ParsePosition(strconv.FormatUint(n, 10))
		require.NoError(t, err)
		require.Equal(t, n, parsed)
	}
	for _, text := range []string{"", "+1", "-1", "-0", " 1", "1 ", "1.0", "1e3", "0x10", "1_000", "٣", "9223372036854775808", "18446744073709551615", "1/1", "c"} {
		_, err := eventstore.ParsePosition(text)
		require.Error(t, err, "%q", text)
	}
}

func TestPosition_isPrintedAsTheServersToolsDo(t *testing.T) {
	require.Equal(t, "1076120/0", eventstore.Position{Commit: 1076120}.String())
	require.Equal(t, "18446744073709551615/18446744073709551615", eventstore.End.String())
}

func TestName_beginsWithOneOfThePrefixes(t *testing.T) {
	for _, row := range []struct {
		stream   string
		prefixes []string
		want     bool
	}{
		{"a-1", nil, true},
		{"", nil, true},
		{"a-1", []string{}, true},
		{"a-1", []string{""}, true},
		{"a-1", []string{"a-"}, true},
		{"a-1", []string{"b-", "a-"}, true},
		{"a-1", []string{"a-1"}, true},
		{"a-1", []string{"a-10"}, false},
		{"a-1", []string{"b-", "c-"}, false},
		{"a-1", []string{"A-"}, false},
		{"b-a-1", []string{"a-"}, false},
		{"", []string{"a-"}, false},
	} {
		require.Equal(t, row.want, eventstore.HasPrefix(row.stream, row.prefixes), "%q %q", row.stream, row.prefixes)
	}
}

func TestExpectedRevision_isANumberAndNoStreamIsLess(t *testing.T) {
	require.Equal(t, eventstore.Expected(7), eventstore.Exactly(7))
	require.EqualValues(t, -1, eventstore.NoStream)
}
