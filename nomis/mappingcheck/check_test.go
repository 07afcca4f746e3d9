package mappingcheck_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/audit"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis/mappingcheck"
	"nonassociations/nomis/mirror"
	"nonassociations/nomis/npa"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// check is a check of both systems, with what it found in short.
type check struct {
	t      *testing.T
	c      *circle.Circle
	waited []time.Duration
	during func() // while it waits; may be nil
}

func newCheck(t *testing.T) *check { return &check{t: t, c: circle.New(t)} }

func (k *check) wait(_ context.Context, d time.Duration) error {
	k.waited = append(k.waited, d)
	if k.during != nil {
		k.during()
	}
	return nil
}

func (k *check) live() *mappingcheck.Live {
	return mappingcheck.NewLive(k.c.API.For(npa.Operator), k.c.API.Available, k.wait)
}

// finds runs a check and returns sequence, kind and field of what it found.
func (k *check) finds(theirs mappingcheck.Theirs, at time.Time) ([]string, mappingcheck.Result, error) {
	k.t.Helper()
	var all []string
	result, err := mappingcheck.Run(k.t.Context(), mappingcheck.Options{
		Log: audit.New(k.c.Log, audit.Options{}), Theirs: theirs, At: at, Wait: k.wait,
		Found: func(d audit.MappingDifference) error {
			all = append(all, strconv.Itoa(*d.TypeSequence)+" "+string(d.Bucket)+" "+d.Field)
			return nil
		},
	})
	return all, result, err
}

func (k *check) requireFinds(want ...string) {
	k.t.Helper()
	found, _, err := k.finds(k.live(), time.Time{})
	require.NoError(k.t, err)
	require.Equal(k.t, want, found)
}

// From a record of staff that NOMIS does not have, which is no difference, to one that
// NOMIS lost.
func TestCheck_namesWhatNOMISHasOtherwise(t *testing.T) {
	k := newCheck(t)
	k.c.StaffOpen()
	k.requireFinds()
	k.c.TakeTurn()
	k.requireFinds()
	before := k.c.Facts()
	k.c.NOMISChange(1, map[string]any{"comment": "Other words", "type": "CELL"})
	k.requireFinds("1 differs typeCode", "1 differs comment")
	k.c.TakeTurn()
	k.requireFinds()

	found, _, err := k.finds(k.live(), before[len(before)-1].RecordedAt)
	require.NoError(t, err)
	require.Equal(t, []string{"1 differs typeCode", "1 differs comment"}, found, "what the log knew then")
	found, _, err = k.finds(k.live(), before[0].RecordedAt.Add(-time.Hour))
	require.NoError(t, err)
	require.Equal(t, []string{"1 onlyThere typeSequence"}, found)

	k.c.NOMISDelete(1)
	k.requireFinds("1 onlyHere typeSequence")
}

func TestCheck_namesPairsThatTheLogDoesNotKnow(t *testing.T) {
	k := newCheck(t)
	require.Equal(t, 1, k.c.NOMISOpen("2021-01-01"))
	k.requireFinds("1 onlyThere typeSequence")
	k.c.There(http.MethodPost, "/faults", map[string]any{"fault": "mirror-missing", "times": 1, "pair": []domain.PrisonerNumber{domaintest.Low, domaintest.High}})
	k.requireFinds("1 onlyThere typeSequence", "1 mirrorsDisagree reasonCodes")
}

// What was on its way when both sides were read is no difference.
func TestCheck_readsAgainWhatDiffers(t *testing.T) {
	k := newCheck(t)
	k.c.StaffOpen()
	k.c.TakeTurn()
	k.c.NOMISChange(1, map[string]any{"comment": "Other words"})
	k.during = func() { k.c.TakeTurn() }
	k.requireFinds()
	require.Len(t, k.waited, 1)
}

func TestCheck_doesNotCompareWhenNOMISIsAway(t *testing.T) {
	k := newCheck(t)
	k.c.StaffOpen()
	k.c.Fault("error-503", 1000)
	_, _, err := k.finds(k.live(), time.Time{})
	require.ErrorIs(t, err, npa.ErrUnavailable)
}

func TestCheck_ofPrisonersWhomNOMISDoesNotKnowFindsWhatItLost(t *testing.T) {
	k := newCheck(t)
	k.c.StaffOpen()
	k.c.TakeTurn()
	k.c.Fault("prisoner-unknown", 1000)
	found, _, err := k.finds(k.live(), time.Time{})
	require.NoError(t, err)
	require.Equal(t, []string{"1 onlyHere typeSequence"}, found)
}

// An extract is compared as NOMIS is, and never read again.
func TestCheck_ofAnExtract(t *testing.T) {
	k := newCheck(t)
	k.c.NOMISOpen("2021-01-01")
	k.c.TakeTurn()
	rows, err := k.c.API.For(npa.Operator).Rows(t.Context(), circle.Pair)
	require.NoError(t, err)
	for comment, want := range map[string][]string{"Told": nil, "Other": {"1 differs comment"}} {
		extract, err := extractOf(t, changed(rows.Backwards[0], comment), changed(rows.Forwards[0], comment))
		require.NoError(t, err)
		found, result, err := k.finds(extract, time.Time{})
		require.NoError(t, err)
		require.Equal(t, want, found)
		require.Equal(t, mappingcheck.Result{Pairs: 1, Differences: len(want)}, result)
	}
	empty, err := extractOf(t)
	require.NoError(t, err)
	found, _, err := k.finds(empty, time.Time{})
	require.NoError(t, err)
	require.Equal(t, []string{"1 onlyHere typeSequence"}, found)
	require.Empty(t, k.waited)
}

// poisoned is NOMIS where one pair cannot be read.
type poisoned struct {
	*npa.Client

	pair domain.Pair
}

func (p poisoned) Rows(ctx context.Context, pair domain.Pair) (mirror.Rows, error) {
	if pair == p.pair {
		return mirror.Rows{}, errors.New("a fault of this pair")
	}
	return p.Client.Rows(ctx, pair)
}

func TestCheck_goesOnAfterAPairThatCannotBeRead(t *testing.T) {
	k := newCheck(t)
	k.c.NOMISOpen("2021-01-01")
	live := mappingcheck.NewLive(poisoned{k.c.API.For(npa.Operator), circle.Pair}, func() bool { return true }, k.wait)
	found, result, err := k.finds(live, time.Time{})
	require.NoError(t, err)
	require.Empty(t, found)
	require.Equal(t, mappingcheck.Result{Unread: 1}, result)
	require.Len(t, k.waited, 2, "three tries")
}
