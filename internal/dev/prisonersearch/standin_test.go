package prisonersearch_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/prisonersearch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// post asks for numbers with a body of its own.
func post(t *testing.T, s *prisonersearch.Server, body string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Post(s.URL()+prisonersearch.Path, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(text)
}

func TestStandIn_answersFromTheEstateUntilSetOtherwise(t *testing.T) {
	e, err := estate.New(estate.Options{Prisoners: 10})
	require.NoError(t, err)
	s, err := prisonersearch.Serve(t.Context(), e)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Stop()) }()

	one := e.Prisoners[3]
	ask := `{"prisonerNumbers":["` + string(one.Number) + `","Z9999ZZ","nonsense"]}`
	status, text := post(t, s, ask)
	require.Equal(t, 200, status)
	require.JSONEq(t, `[{"prisonerNumber":"`+string(one.Number)+`","firstName":"`+one.FirstName+`","lastName":"`+one.LastName+
		`","prisonId":"`+one.PrisonID+`","prisonName":"`+one.PrisonName+`","cellLocation":"`+one.CellLocation+
		`","inOutStatus":"IN","restrictedPatient":false}]`, text)
	_, text = post(t, s, `{"prisonerNumbers":[]}`)
	require.Equal(t, "[]", text)

	status, _ = post(t, s, `{"prisonerNumbers":["A1111AA"`+strings.Repeat(`,"A1111AA"`, prisonersearch.MaxNumbers)+`]}`)
	require.Equal(t, 400, status)
	status, _ = post(t, s, `nonsense`)
	require.Equal(t, 400, status)

	s.Lie(func(asked []string) []byte { return []byte(asked[0]) })
	_, text = post(t, s, ask)
	require.Equal(t, string(one.Number), text)
	s.Demand("token")
	status, _ = post(t, s, ask)
	require.Equal(t, 401, status)
	s.Down(true)
	status, _ = post(t, s, ask)
	require.Equal(t, 503, status)
	require.Equal(t, 7, s.Asked())
}
