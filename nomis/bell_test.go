package nomis

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
	"nonassociations/nomis/store"
)

const detailEvent = `{"eventType":"NON_ASSOCIATION_DETAIL-DELETED","eventDatetime":"2023-08-17T10:39:44","bookingId":1201882,"offenderIdDisplay":"A9109UD",` +
	`"nomisEventType":"OFF_NA_DETAILS_ASSOC-DELETED","nsOffenderIdDisplay":"A0135GA","nsBookingId":1202145,"reasonCode":"NOT_REL","nsType":"CELL","typeSeq":3,` +
	`"effectiveDate":"2023-08-17","expiryDate":"2026-12-20","authorisedBy":"Manager","comment":"Test comment","auditModuleName":"OIDONONA"}`

func apart(t require.TestingT, one, other domain.PrisonerNumber) domain.Pair {
	pair, err := domain.NewPair(one, other)
	require.NoError(t, err)
	return pair
}

// example is a message of docs/events.
func example(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../docs/events/examples", name))
	require.NoError(t, err)
	return string(text)
}

func TestParseDoorbell_namesThePairOfOurEvents(t *testing.T) {
	bare := uuid.MustParse("b3f5c1d2-8d7e-5f64-9c1a-9a2f4a0c7e11")
	cause := store.Cause{Kind: store.OurEvent, ID: bare.String()}
	pair := apart(t, "A9109UD", "A0135GA")
	for _, name := range []string{"opened.json", "amended.json", "closed.json", "deleted.json", "reopened.json"} {
		bell, err := parseDoorbell(example(t, name), bare.String())
		require.NoError(t, err, name)
		if strings.Contains(example(t, name), `"source": "NOMIS"`) {
			require.Equal(t, "its source is NOMIS", bell.ignored, name)
			require.Empty(t, bell.rings, name)
			continue
		}
		require.Equal(t, []store.Ring{{Pair: pair, Cause: cause}}, bell.rings, name)
		require.Empty(t, bell.ignored)
	}
	bell, err := parseDoorbell(example(t, "renumbered.json"), bare.String())
	require.NoError(t, err)
	require.Equal(t, []store.Ring{{Pair: apart(t, "B1234CD", "A0135GA"), Cause: cause}, {Pair: pair, Cause: cause}}, bell.rings, "both pairs are to be compared")

	bell, err = parseDoorbell(strings.ReplaceAll(example(t, "as-on-a-queue.json"), "NOMIS", "DPS"), "sqs")
	require.NoError(t, err)
	require.Equal(t, []store.Ring{{Pair: pair, Cause: store.Cause{Kind: store.OurEvent, ID: "5f1c1a2e-2f0d-5b1e-9c53-47d4a1f0c0de"}}}, bell.rings)
	bell, err = parseDoorbell(example(t, "as-on-a-queue.json"), "sqs")
	require.NoError(t, err)
	require.Empty(t, bell.rings, "NOMIS knows what it told")
}

func TestParseDoorbell_namesThePairOfNOMISEvents(t *testing.T) {
	pair, id := apart(t, "A9109UD", "A0135GA"), CommandID("m").String()
	upserted := strings.Replace(detailEvent, "-DELETED", "-UPSERTED", 1)
	for _, body := range append(wrapped(t, upserted, ""), strings.Replace(upserted, `"typeSeq":3`, `"typeSeq":"?"`, 1), strings.Replace(upserted, "A9109UD", " a9109ud ", 1)) {
		bell, err := parseDoorbell(body, "m")
		require.NoError(t, err, body)
		require.Equal(t, []store.Ring{{Pair: pair, Cause: store.Cause{Kind: store.NOMISUpserted, ID: id}}}, bell.rings, body)
	}
	for _, body := range wrapped(t, detailEvent, "") {
		bell, err := parseDoorbell(body, "m")
		require.NoError(t, err, body)
		require.Equal(t, []store.Ring{{Pair: pair, Cause: store.Cause{Kind: store.NOMISDeleted, ID: id}, Deleted: 3}}, bell.rings, body)
	}
	bell, err := parseDoorbell(strings.Replace(detailEvent, `"typeSeq":3`, `"typeSeq":null`, 1), "m")
	require.NoError(t, err)
	require.Zero(t, bell.rings[0].Deleted, "it is evidence of nothing")
	bell, err = parseDoorbell(strings.Replace(detailEvent, "A9109UD", "A0135GA", 1), "m")
	require.NoError(t, err)
	require.NotEmpty(t, bell.ignored)
	require.Empty(t, bell.rings)
}

func TestParseDoorbell_refusesWhatNamesNoPair(t *testing.T) {
	closed := example(t, "closed.json")
	for name, body := range map[string]string{
		"no JSON":                "x",
		"no type":                `{}`,
		"no first number":        strings.Replace(detailEvent, `"offenderIdDisplay":"A9109UD",`, "", 1),
		"no number":              strings.Replace(detailEvent, "A0135GA", "SECRET", 1),
		"a number twice":         strings.Replace(detailEvent, `"bookingId"`, `"offenderIdDisplay":"A1111AA","bookingId"`, 1),
		"no sequence":            strings.Replace(detailEvent, `"typeSeq":3`, `"typeSeq":0`, 1),
		"half a sequence":        strings.Replace(detailEvent, `"typeSeq":3`, `"typeSeq":1.5`, 1),
		"a sequence as text":     strings.Replace(detailEvent, `"typeSeq":3`, `"typeSeq":"3"`, 1),
		"one prisoner":           strings.Replace(closed, `"NOMS"`, `"PNC"`, 1),
		"no prisoner":            strings.ReplaceAll(closed, `"NOMS"`, `"PNC"`),
		"no identifiers":         strings.Replace(closed, `"identifiers"`, `"others"`, 1),
		"identifiers as object":  `{"eventType":"prisoner.non-associations.amended","personReference":{"identifiers":{}}}`,
		"identifiers as numbers": `{"eventType":"prisoner.non-associations.amended","personReference":{"identifiers":[1]}}`,
		"a source as number":     `{"eventType":"prisoner.non-associations.amended","additionalInformation":{"source":1}}`,
		"previous unreadable":    strings.Replace(example(t, "renumbered.json"), `"A9109UD"`, `"SECRET"`, 1),
		"an unreadable event":    `{"Type":"Notification","Message":"{","MessageAttributes":{"eventType":{"Value":"NON_ASSOCIATION_DETAIL-DELETED"}}}`,
	} {
		bell, err := parseDoorbell(body, "m")
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "SECRET")
		require.Empty(t, bell.rings, name)
	}
}

func TestParseDoorbell_ofAnotherEventTypeIsNeverUnreadable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		member := `,"` + rapid.SampledFrom(beside).Draw(t, "name") + `":` + rapid.SampledFrom(values).Draw(t, "value")
		bell, err := parseDoorbell(event(concernsNobody, member), "m")
		require.NoError(t, err)
		require.NotEmpty(t, bell.ignored)
		require.Empty(t, bell.rings)
	})
}

func TestParse_aDeletedBookingIsEvidenceAndNoMore(t *testing.T) {
	const body = `{"eventType":"prison-offender-events.prisoner.booking.deleted","additionalInformation":{"bookingId":1},"personReference":{"identifiers":[{"type":"NOMS","value":"R1111RR"}]}}`
	for _, text := range append(wrapped(t, body, ""), body) {
		m, err := parse(text, "sqs", london(t))
		require.NoError(t, err)
		require.NotEmpty(t, m.ignored)
		require.Equal(t, store.BookingDeleted, m.evidence)
		require.Equal(t, []domain.PrisonerNumber{"R1111RR"}, m.prisoners)
	}
	_, err := parse(strings.Replace(body, "R1111RR", "SECRET", 1), "sqs", london(t))
	require.ErrorContains(t, err, "value")
}

func TestParse_aMergeIsEvidenceAboutBoth(t *testing.T) {
	for name, kind := range map[string]store.MessageKind{"merged.json": store.Merged, "booking-moved.json": store.BookingMoved} {
		m, err := parse(recorded(t, name), "sqs", london(t))
		require.NoError(t, err)
		require.Equal(t, kind, m.evidence)
		require.Equal(t, []domain.PrisonerNumber{"R1111RR", "S1111SS"}, m.prisoners)
	}
	m, err := parse(strings.Replace(recorded(t, "merged.json"), `\"MERGE\"`, `\"RELINK\"`, 1), "sqs", london(t))
	require.NoError(t, err)
	require.Empty(t, m.evidence, "it joins nobody")
}
