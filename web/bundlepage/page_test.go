package bundlepage_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"nonassociations/audit"
	"nonassociations/audit/evidence"
	"nonassociations/audit/evidence/bundle"
	"nonassociations/domain"
	"nonassociations/domain/domaintest"
	"nonassociations/eventstore"
	"nonassociations/web/bundlepage"
)

const comment = `Do not place near <b>Alan</b> "Nine"`

// page is of one record with a covered and an uncovered fact.
func page() bundlepage.Page {
	low, high := domaintest.Low, domaintest.High
	text, expiry := comment, domain.LocalDateTime("2026-07-14T10:00:00")
	meta := domain.EncodeMeta(domain.Meta{Cause: domaintest.CauseOf(domaintest.CommandID(1), domain.DPS), OccurredAt: domaintest.Noon, DecidedAt: domaintest.Noon})
	recorded := func(id byte, revision uint64, name string) eventstore.RecordedEvent {
		return eventstore.RecordedEvent{
			Event:  eventstore.Event{ID: uuid.NewSHA1(uuid.NameSpaceOID, []byte{id}), Type: name, Data: []byte(`{}`), Metadata: meta},
			Stream: domaintest.Pair.Stream(), Revision: revision, RecordedAt: domaintest.Noon.Add(time.Minute),
		}
	}
	covered := recorded(1, 2, domain.TypeOpened)
	return bundlepage.Page{
		Contents: bundle.Contents{
			PrisonerNumber: low, KnownAt: domaintest.Noon, MadeAt: domaintest.Noon, User: "AUDITOR", Reason: "Inquiry <7>",
			Facts: []bundle.Fact{
				{Recorded: covered, Proof: &evidence.Proof{Index: 41}},
				{Recorded: recorded(2, 3, "nonassociation.unheard-of.v9")},
			},
			Views: []byte{},
		},
		Records: []audit.RecordAsOf{{
			State: audit.StateClosed, Deleted: &audit.Deletion{At: domaintest.Noon, By: "BOSS", Reason: "Wrong person " + string(high)},
			Record: audit.Record{Pair: domaintest.Pair, NonAssociation: domain.NonAssociation{Details: domain.Details{
				EffectiveDate: "2021-07-05T10:35:17", ExpiryDate: &expiry, Comment: &text, Reason: domain.Threat, Restriction: domain.Wing,
				Sides: map[domain.PrisonerNumber]domain.Side{low: {Role: domain.Victim}, high: {Role: domain.Perpetrator}},
			}}},
		}},
		Covered:    map[uuid.UUID]time.Time{covered.ID: domaintest.Noon.Add(2 * time.Minute)},
		Unreadable: []uuid.UUID{recorded(2, 3, "").ID},
		Build:      "abc123", London: domaintest.London,
	}
}

func drawn(t *testing.T, p bundlepage.Page) (source, words string) {
	t.Helper()
	out, err := p.Draw()
	require.NoError(t, err)
	root, err := html.Parse(strings.NewReader(string(out)))
	require.NoError(t, err)
	var text strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			text.WriteString(n.Data + " ")
		}
	}
	return string(out), strings.Join(strings.Fields(text.String()), " ")
}

func TestPage_saysWhatWasKnownAndWhatIsMissing(t *testing.T) {
	source, words := drawn(t, page())
	for _, part := range []string{
		"Non-associations of prisoner A0135GA", "Reason: Inquiry <7>.", "With A9109UD: Closed", comment, "Threat", "Victim (the other: Perpetrator)",
		"Deleted at 15 July 2026, 12:00:00, at the request of BOSS. Wrong person A9109UD",
		"1 fact is covered by no signed head yet", "1 fact cannot be read by this build",
		"what comes from its beginning and before revision 2",
		"41 A non-association began, opened by staff or sent by NOMIS. OFFICER (DPS) 15 July 2026, 12:00:00 15 July 2026, 12:01:00 15 July 2026, 12:02:00 leaf proof",
		"– nonassociation.unheard-of.v9", "Who looked at this person is in views.csv",
	} {
		require.Contains(t, words, part)
	}
	for _, loaded := range []string{"<script", "src=", "http://", "https://", "@import", "<b>Alan"} {
		require.NotContains(t, source, loaded)
	}
}

func TestPage_withholdsOthers(t *testing.T) {
	p := page()
	p.Contents.Withheld = true
	source, words := drawn(t, p)
	for _, other := range []string{string(domaintest.High), "Alan", "Wrong person"} {
		require.NotContains(t, source, other)
	}
	require.Contains(t, words, "With withheld: Closed")
	require.Contains(t, words, "Comments withheld")
}

func TestPage_ofNothing(t *testing.T) {
	_, words := drawn(t, bundlepage.Page{Contents: bundle.Contents{PrisonerNumber: domaintest.Low}, London: domaintest.London})
	require.Contains(t, words, "The record holds no non-association of A0135GA at that time.")
	require.Contains(t, words, "The record holds nothing about A0135GA up to that time.")
}

func TestPage_thatRestsOnAnUnreadableFact(t *testing.T) {
	p := page()
	p.Records, p.Incomplete = nil, true
	_, words := drawn(t, p)
	require.Contains(t, words, "The list of non-associations is not shown")
	require.NotContains(t, words, "holds no non-association")
}
