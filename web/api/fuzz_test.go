package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzSync sends any body: the answer is documented, a refusal stores nothing,
// and what was taken is UNCHANGED when it is told again.
func FuzzSync(f *testing.F) {
	f.Add(record)
	f.Add(mirror)
	f.Add(request(item("B2222BB", "2021-01-01T00:00:00", `"id":null,"typeSequence":3,`), item("C3333CC", "2999-01-01T00:00:00", "")))
	for _, bad := range badFields {
		f.Add(bad.body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		h := newHouse(t)
		w := h.call(http.MethodPost, "/sync", syncer, body, "Content-Type", "application/json")
		if w.Code != http.StatusOK {
			require.Equal(t, http.StatusBadRequest, w.Code)
			require.Equal(t, 102, errorIn(t, w).code())
			require.NotEmpty(t, errorIn(t, w).Errors)
			require.Zero(t, h.facts())
			return
		}
		told, stored := toldIn(t, w), h.facts()
		h.list(told.PrisonerNumber)
		for _, again := range toldIn(t, h.sync(body)).Results {
			require.Contains(t, []string{"UNCHANGED", "IGNORED"}, again.Outcome)
		}
		require.Equal(t, stored, h.facts(), "nothing new, no event")
	})
}
