package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// templateHash is the hash that the organisation's service knows. Announce a new template
// there before this line is changed.
const templateHash = "8ef46d820eb85cc3e397bdb79d96d679d591ef6ecf090c238a896abf2f46b4c8"

func TestSubjectTemplate_isTheAnnouncedOne(t *testing.T) {
	h := newTestServer(t)
	w := h.call(http.MethodGet, "/subject-access-request/template", subjectReader, "")
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	sum := sha256.Sum256(w.Body.Bytes())
	require.Equal(t, templateHash, hex.EncodeToString(sum[:]))
	require.NotContains(t, w.Body.String(), "otherPrisonerDetails.prisonerNumber")
	require.NotContains(t, w.Body.String(), "otherPrisonerDetails.lastName")
}
