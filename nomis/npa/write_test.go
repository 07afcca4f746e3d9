package npa_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/nomis/npa"
)

func detail() domain.Detail {
	sequence := 7
	return domain.Detail{
		TypeSequence: &sequence, ReasonCodes: map[domain.PrisonerNumber]domain.ReasonCode{low: "VIC", high: "PER"}, TypeCode: "WING",
		EffectiveDate: "2021-07-05", ExpiryDate: text("2022-01-31"), AuthorisedBy: text("J. Smith"), Comment: text("Keep\n\"apart\""),
	}
}

func TestCreate_sendsTheLowerNumberFirstAndReturnsTheSequence(t *testing.T) {
	client, s := newClient(t)
	s.says(http.StatusCreated, `{"typeSequence":4,"more":[]}`)
	sequence, err := client.Create(t.Context(), thePair(t), detail())
	require.NoError(t, err)
	require.Equal(t, 4, sequence)
	require.Equal(t, []string{`POST /non-associations {"offenderNo":"A0135GA","nsOffenderNo":"A9109UD","reason":"VIC","recipReason":"PER",` +
		`"type":"WING","effectiveDate":"2021-07-05","authorisedBy":"J. Smith","comment":"Keep\n\"apart\""}`}, s.asked())
}

func TestCreate_withoutASequenceIsUnavailable(t *testing.T) {
	for _, body := range []string{
		``, `null`, `{}`, `{"typeSequence":null}`, `{"typeSequence":0}`, `{"typeSequence":-1}`, `{"typeSequence":"1"}`, `{"typeSequence":1.5}`,
		`{"TypeSequence":1}`, `{"typesequence":1}`, `[1]`, `1`, `{"typeSequence":1`, `{"typeSequence":1}{}`, `{"typeSequence":1,"typeSequence":1}`, `<html>`,
	} {
		client, s := newClient(t)
		s.says(http.StatusCreated, body)
		_, err := client.Create(t.Context(), thePair(t), detail())
		requireKind(t, npa.ErrUnavailable, err)
	}
}

// What is nil here is cleared there: an absent text clears the one in NOMIS, and an
// absent expiry date would not.
func TestUpdate_sendsAllValues(t *testing.T) {
	client, s := newClient(t)
	s.says(http.StatusOK, "")
	require.NoError(t, client.Update(t.Context(), thePair(t), 3, detail()))
	bare := detail()
	bare.ExpiryDate, bare.AuthorisedBy, bare.Comment = nil, nil, nil
	require.NoError(t, client.Update(t.Context(), thePair(t), 3, bare))
	require.Equal(t, []string{
		"PUT " + forwardsPath + `/sequence/3 {"reason":"VIC","recipReason":"PER","type":"WING","effectiveDate":"2021-07-05",` +
			`"expiryDate":"2022-01-31","authorisedBy":"J. Smith","comment":"Keep\n\"apart\""}`,
		"PUT " + forwardsPath + `/sequence/3 {"reason":"VIC","recipReason":"PER","type":"WING","effectiveDate":"2021-07-05","expiryDate":"2999-12-31"}`,
	}, s.asked())
}

func TestDelete_namesTheSequence(t *testing.T) {
	client, s := newClient(t)
	for _, status := range []int{http.StatusOK, http.StatusNoContent} {
		s.says(status, "")
		require.NoError(t, client.Delete(t.Context(), thePair(t), 12))
		require.Equal(t, []string{"DELETE " + forwardsPath + "/sequence/12 "}, s.asked())
	}
}

// A text that is no JSON is a fault of ours, and nothing is sent.
func TestUpdate_ofATextThatIsNoTextIsRefused(t *testing.T) {
	client, s := newClient(t)
	wrong := detail()
	wrong.Comment = text("\xff")
	requireKind(t, npa.ErrRefused, client.Update(t.Context(), thePair(t), 1, wrong))
	require.Empty(t, s.asked())
}
