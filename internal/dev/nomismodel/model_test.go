package nomismodel_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/internal/dev/nomismodel"
)

const (
	a, b, c = "A0135GA", "A9109UD", "B1234CD"
	today   = "2026-07-15"
	later   = "2026-07-16"
	never   = "2999-12-31"
)

func values(comment string) nomismodel.Values {
	return nomismodel.Values{Reason: "VIC", RecipReason: "PER", Type: "WING", Effective: today, Comment: &comment}
}

func refused(t *testing.T, status int, words string, err error) {
	t.Helper()
	var refusal nomismodel.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, status, refusal.Status)
	require.Contains(t, refusal.Words, words)
}

func TestPost_writesTwoRowsUnderTheNextSequence(t *testing.T) {
	n := nomismodel.New(today)
	sequence, err := n.Post(a, b, values("one"))
	require.NoError(t, err)
	require.Equal(t, 1, sequence)
	_, err = n.Post(b, a, values("two"))
	refused(t, http.StatusBadRequest, "already exists", err)
	require.NoError(t, n.Close(a, b, 1))
	second := values("two")
	second.Reason, second.RecipReason = "RIV", "BUL"
	sequence, err = n.Post(a, b, second)
	require.NoError(t, err)
	require.Equal(t, 2, sequence)
	rows, err := n.All(b, a)
	require.NoError(t, err)
	require.Equal(t, []string{"PER", "BUL"}, []string{rows[0].Reason, rows[1].Reason})
	require.Equal(t, []string{"RIV", "RIV"}, []string{rows[0].RecipReason, rows[1].RecipReason}, "of the newest, also for the older")
}

func TestPost_takesNoDayToCome(t *testing.T) {
	n := nomismodel.New(today)
	v := values("one")
	v.Effective = later
	_, err := n.Post(a, b, v)
	refused(t, http.StatusBadRequest, "future", err)
}

func TestPost_closesTheOpenHalfAndSaysNothing(t *testing.T) {
	n := nomismodel.New(today)
	n.Open(a, b, values("one"), "STAFF")
	past := "2026-01-01"
	n.AmendOne(a, b, 1, func(r *nomismodel.Row) { r.Expiry = &past })
	_, err := n.Post(a, b, values("two"))
	require.NoError(t, err)
	rows, _ := n.All(b, a)
	require.Equal(t, today, *rows[0].Expiry)
	require.Nil(t, rows[1].Expiry)
}

func TestPost_isRefusedWhenTheDirectionsCountDifferently(t *testing.T) {
	n := nomismodel.New(today)
	past := values("one")
	past.Expiry = new(today)
	n.Open(a, b, past, "STAFF")
	n.Open(a, b, past, "STAFF")
	n.RemoveOne(b, a, 2)
	_, err := n.Post(a, b, values("two"))
	refused(t, http.StatusInternalServerError, "mismatch", err)
	n.RemoveOne(b, a, 1)
	_, err = n.Post(a, b, values("two"))
	refused(t, http.StatusBadRequest, "Opposite", err)
}

func TestPut_clearsTextsKeepsTheExpiryAndClearsOneOfTheFarFuture(t *testing.T) {
	n := nomismodel.New(today)
	n.Open(a, b, values("one"), "STAFF")
	require.NoError(t, n.Close(a, b, 1))
	v := values("one")
	v.Comment = nil
	require.NoError(t, n.Put(a, b, 1, v))
	rows, _ := n.All(b, a)
	require.Nil(t, rows[0].Comment)
	require.Equal(t, today, *rows[0].Expiry)
	v.Expiry = new(never)
	require.NoError(t, n.Put(a, b, 1, v))
	rows, _ = n.All(b, a)
	require.Nil(t, rows[0].Expiry)
	require.Equal(t, nomismodel.API, rows[0].UpdatedBy)

	v.Effective = later
	refused(t, http.StatusBadRequest, "future", n.Put(a, b, 1, v))
	refused(t, http.StatusNotFound, "not found", n.Put(a, b, 2, v))
	n.RemoveOne(b, a, 1)
	refused(t, http.StatusBadRequest, "Opposite", n.Put(a, b, 1, v))
	refused(t, http.StatusNotFound, "Opposite", n.Close(a, b, 1))
	refused(t, http.StatusNotFound, "Opposite", n.Delete(a, b, 1))
}

func TestDelete_ofTheLastOneMakesTheSequenceBeginAgain(t *testing.T) {
	n := nomismodel.New(today)
	n.Open(a, b, values("one"), "STAFF")
	n.Open(a, b, values("two"), "STAFF")
	require.NoError(t, n.Delete(b, a, 1))
	require.Equal(t, 3, n.Open(a, b, values("three"), "STAFF"))
	n.Remove(a, b, 2)
	require.NoError(t, n.Delete(a, b, 3))
	_, err := n.All(a, b)
	refused(t, http.StatusNotFound, "Non-association", err)
	require.Equal(t, 1, n.Open(a, b, values("four"), "STAFF"))
}

func TestDelete_isRefusedWhenTheDirectionsDifferInNumber(t *testing.T) {
	n := nomismodel.New(today)
	n.Open(a, b, values("one"), "STAFF")
	n.Open(a, b, values("two"), "STAFF")
	n.RemoveOne(a, b, 1)
	refused(t, http.StatusInternalServerError, "differing number", n.Delete(a, b, 2))
}

func TestMerge_numbersTheDetailsAnewAndForgetsTheRemovedNumber(t *testing.T) {
	n := nomismodel.New(today)
	n.Open(a, b, values("one"), "STAFF")
	n.Open(c, b, values("two"), "STAFF")
	n.Open(c, a, values("with each other"), "STAFF")
	n.Merge(c, a)
	rows, err := n.All(b, a)
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, []int{rows[0].Sequence, rows[1].Sequence})
	require.Equal(t, "two", *rows[1].Comment)
	_, err = n.All(b, c)
	refused(t, http.StatusNotFound, "Offender with nomsId="+c, err)
}

func TestBooking_takesAllRowsOfAPrisonerAlong(t *testing.T) {
	n := nomismodel.New(today)
	n.Open(a, b, values("one"), "STAFF")
	n.Open(c, b, values("two"), "STAFF")
	copied := n.Clone()
	n.DeleteBooking(a)
	_, err := n.All(b, a)
	require.Error(t, err)
	_, err = n.All(b, c)
	require.NoError(t, err)
	_, err = copied.All(b, a)
	require.NoError(t, err, "a copy keeps what it has")
}
