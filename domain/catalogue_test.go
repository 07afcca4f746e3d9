package domain_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/domain/domaintest"
)

// A golden file is what was once written to a log; it is kept for ever and
// never changed. The flag writes the file of a type that has none yet.
var update = flag.Bool("update", false, "write golden files that do not exist yet")

// golden is one event of every type with every field filled.
func golden() []domain.Event {
	id := uuid.MustParse("018f2b5e-7c1a-5d4b-9a64-3f0c2f1b7a10")
	told := item(y2021, expiring(y2022), sequence(2))
	details := domain.Details{
		AuthorisedBy: told.AuthorisedBy, Comment: ptr("Do not location near <wing> & \"yard\""), EffectiveDate: y2021,
		ExpiryDate: told.ExpiryDate, Reason: domain.OtherReason, Restriction: domain.Wing, TypeCode: domain.TypeTotal,
		Sides: map[domain.PrisonerNumber]domain.Side{
			domaintest.High: {ReasonCode: domain.CodeVictim, Role: domain.Victim},
			domaintest.Low:  {ReasonCode: domain.CodePerpetrator, Role: domain.Perpetrator},
		},
	}
	arrived := renamed.Of(domain.NonAssociation{
		Details: details, ID: id, FirstPrisoner: domaintest.High, TypeSequence: 2, CreatedSource: domain.NOMIS,
		OpenedAt: domaintest.Noon.UTC(), UpdatedAt: domaintest.Noon.UTC(), UpdatedBy: "OFFICER", LastEventID: domaintest.CommandID(1),
		ClosedBy: "BOSS", ClosedReason: "Friends", Deleted: true,
		TransferredFrom: &domain.Origin{Pair: pair, Revision: 2},
	})
	return []domain.Event{
		domain.Opened{NonAssociationID: id, PrisonerNumber: domaintest.High, TypeSequence: 2, Details: details},
		domain.Imported{NonAssociationID: id, PrisonerNumber: domaintest.High, TypeSequence: 2, Details: details},
		domain.Amended{NonAssociationID: id, Changes: []domain.Change{
			{Field: domain.FieldReasonCode, PrisonerNumber: domaintest.High, Was: ptr("VIC"), Now: ptr("PER")},
			{Field: domain.FieldExpiryDate, Was: nil, Now: ptr(string(y2022))},
			{Field: domain.FieldComment, Was: ptr("before"), Now: nil},
		}},
		domain.Closed{NonAssociationID: id, ClosedAt: y2022, ClosedBy: "BOSS", ClosedReason: "Friends", ExpiryWas: ptr(y2099)},
		domain.Reopened{NonAssociationID: id, ReopenedAt: y2023, ReopenedBy: "BOSS", ReopenReason: "Again", ExpiryWas: ptr(y2022)},
		domain.Deleted{NonAssociationID: id, RequestedBy: "BOSS", DeletionReason: "In error"},
		domain.Ignored{NonAssociationID: id, Reason: domain.NotLatest, Item: &told},
		domain.SequenceLearned{NonAssociationID: id, TypeSequence: 2},
		domain.SequenceReleased{NonAssociationID: id, TypeSequence: 2},
		domain.Delivered{
			NonAssociationID: id, TypeSequence: 2, Revision: 3, Held: []domain.DetailField{domain.DetailComment},
			Detail: domain.Detail{
				AuthorisedBy: told.AuthorisedBy, Comment: told.Comment, EffectiveDate: y2021.Date(), ExpiryDate: ptr(y2022.Date()),
				ReasonCodes: told.ReasonCodes, TypeCode: domain.TypeTotal, TypeSequence: ptr(2),
			},
		},
		domain.TransferredIn{
			NonAssociationID: id, Renumbering: renamed, Via: []domain.PrisonerNumber{"B1234BC"},
			From: pair, To: target, Revision: 4, NonAssociation: arrived,
			NOMISKnowledge: domain.NOMISKnowledge{
				Base: &domain.Detail{
					AuthorisedBy: told.AuthorisedBy, Comment: told.Comment, EffectiveDate: y2021.Date(), ExpiryDate: ptr(y2022.Date()),
					ReasonCodes: told.ReasonCodes, TypeCode: domain.TypeTotal, TypeSequence: ptr(2),
				},
				OwnSince: map[domain.DetailField][]*string{domain.DetailComment: {ptr("before"), nil}},
			},
		},
		domain.TransferredOut{
			NonAssociationID: id, Renumbering: renamed, Via: []domain.PrisonerNumber{"B1234BC"}, From: pair, To: target, Revision: 4,
		},
		domain.Restored{NonAssociationID: id, Renumbering: renamed, NonAssociation: arrived},
		domain.PrisonerMerged{Renumbering: renamed, Pairs: []domain.Pair{pair}},
		domain.PrisonerUnmerged{Renumbering: renamed, Message: domaintest.CommandID(1)},
		domain.PrisonStaged{PrisonID: "MDI", From: domain.StageBoth, To: domain.StageDPS, Reason: "Staff are trained"},
		domain.PrisonAnnounced{PrisonID: "MDI", From: "2026-12-01", Text: "The training is on Monday.", Reason: "As planned"},
		domain.InboundEnded{Reason: "The last prison is over"},
		domain.InboundResumed{Reason: "Too early"},
		domain.OutboundEnded{Reason: "NOMIS is repaired"},
		domain.OutboundResumed{Reason: "NOMIS is well"},
		domain.LegacyEnded{Reason: "Who still calls?", Until: ptr(domaintest.Noon.UTC())},
		domain.LegacyResumed{Reason: "One who cannot go yet"},
	}
}

// The one type of all three facts of a move, as builds before wrote it.
func TestCatalogue_givesTheThreeFactsOfAMoveApart(t *testing.T) {
	const old = "nonassociation.prisoner-renumbered.v1"
	read := func(path string) domain.Event {
		file, err := os.ReadFile(filepath.Join("testdata", path))
		require.NoError(t, err)
		event, err := domain.Events().Decode(old, file)
		require.NoError(t, err)
		return event
	}
	arrival, is := read(filepath.Join("events", old+".json")).(domain.TransferredIn)
	require.True(t, is)
	require.Equal(t, target, arrival.To)
	require.Equal(t, uint64(4), arrival.Revision)
	require.Equal(t, domain.TypeTotal, arrival.NonAssociation.TypeCode)
	require.Nil(t, arrival.Base)
	state := domain.Evolve(domain.State{Pair: target}, domain.Fact{Event: arrival})
	require.Zero(t, state.Items[0].TypeSequence, "NOMIS numbers a pair's records anew")

	departure, is := read("leave.json").(domain.TransferredOut)
	require.True(t, is)
	require.Equal(t, pair, departure.From)

	restored, is := read("restored.json").(domain.Restored)
	require.True(t, is)
	require.Equal(t, arrival.NonAssociation, restored.NonAssociation)

	_, err := domain.Events().Decode(old, []byte(`{}`))
	require.ErrorContains(t, err, "up-cast "+old)
}

func TestCatalogue_readsWhatWasEverWritten(t *testing.T) {
	catalogue := domain.Events()
	written := map[string]bool{}
	for _, event := range golden() {
		eventType, data := domain.Encode(event)
		written[eventType] = true
		path := filepath.Join("testdata", "events", eventType+".json")
		if _, err := os.Stat(path); err != nil && *update {
			require.NoError(t, os.WriteFile(path, append(data, '\n'), 0o644))
		}
		file, err := os.ReadFile(path)
		require.NoError(t, err, "every type has its golden file")
		require.Equal(t, string(file), string(data)+"\n", "today's build writes it as the file shows")
		read, err := catalogue.Decode(eventType, file)
		require.NoError(t, err)
		require.Equal(t, event, read)
	}
	for _, entry := range catalogue.Types() {
		require.True(t, written[entry.Type], "%s has a golden file", entry.Type)
		require.NotEmpty(t, entry.Doc)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "events", "*.json"))
	require.NoError(t, err)
	for _, path := range files {
		file, err := os.ReadFile(path)
		require.NoError(t, err)
		_, err = catalogue.Decode(filepath.Base(path[:len(path)-len(".json")]), file)
		require.NoError(t, err, "old versions are read for ever")
	}
}

func TestMeta_readsWhatWasEverWritten(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("testdata", "meta.json"))
	require.NoError(t, err)
	meta, err := domain.DecodeMeta(file)
	require.NoError(t, err)
	require.Equal(t, string(file), string(domain.EncodeMeta(meta))+"\n")
	require.Equal(t, domain.NOMIS, meta.Source)
	require.Equal(t, 3, meta.Count)
}

func TestCatalogue_stopsAtWhatItDoesNotKnow(t *testing.T) {
	catalogue := domain.Events()
	_, err := catalogue.Decode("nonassociation.opened.v9", []byte(`{}`))
	require.ErrorIs(t, err, domain.ErrUnknownType("nonassociation.opened.v9"))
	_, err = catalogue.Decode(domain.TypeOpened, []byte(`{"nonAssociationId": 7}`))
	require.ErrorContains(t, err, "decode nonassociation.opened.v1")
	_, err = catalogue.Decode(domain.TypeAmended, []byte(`{"changes":[{"field":"role","was":"VICTIM","now":null}]}`))
	require.ErrorContains(t, err, "change of role to nothing")
	_, err = catalogue.Decode(domain.TypeAmended, []byte(`{"changes":[{"field":"hat","now":"on"}]}`))
	require.ErrorContains(t, err, "unknown field")
}

// Two versions that are made up: v0 called the reason of a closing its cause,
// and before that there was none.
func TestCatalogue_castsOldVersionsUpStepByStep(t *testing.T) {
	rename := func(next string, change func(map[string]any)) func(domain.Unmarshal, []byte) (string, []byte, error) {
		return func(unmarshal domain.Unmarshal, data []byte) (string, []byte, error) {
			var fields map[string]any
			if err := unmarshal(data, &fields); err != nil {
				return "", nil, err
			}
			change(fields)
			raised, err := json.Marshal(fields)
			return next, raised, err
		}
	}
	catalogue := domain.NewCatalogue(domain.Events().Types(), []domain.Upcast{
		{From: "nonassociation.closed.v00", Next: rename("nonassociation.closed.v0", func(f map[string]any) { f["cause"] = "unknown" })},
		{From: "nonassociation.closed.v0", Next: rename(domain.TypeClosed, func(f map[string]any) {
			f["closedReason"] = f["cause"]
			delete(f, "cause")
		})},
	})
	event, err := catalogue.Decode("nonassociation.closed.v00", []byte(`{"closedBy":"BOSS"}`))
	require.NoError(t, err)
	require.Equal(t, domain.Closed{ClosedBy: "BOSS", ClosedReason: "unknown"}, event)
	_, err = catalogue.Decode("nonassociation.closed.v0", []byte(`[]`))
	require.ErrorContains(t, err, "up-cast nonassociation.closed.v0")
}
