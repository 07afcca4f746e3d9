package migration_test

import (
	"bytes"
	"encoding/csv"
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/circle"
	"nonassociations/nomis/migration"
	"nonassociations/nomis/store"
	"nonassociations/nomis/turn"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sheet draws up a sheet and returns it with its lines.
func (f *fixture) sheet(id uuid.UUID, sample migration.Sample) (string, [][]string) {
	f.t.Helper()
	options := f.Options
	options.NOMIS = f.api.For("operator")
	sheets := &migration.Sheets{Store: f.Store, Turns: turn.New(options)}
	var text bytes.Buffer
	n, err := sheets.Write(f.t.Context(), &text, id, sample)
	require.NoError(f.t, err)
	lines, err := csv.NewReader(bytes.NewReader(text.Bytes())).ReadAll()
	require.NoError(f.t, err)
	require.Len(f.t, lines, n+1)
	return text.String(), lines[1:]
}

var everything = migration.Sample{Size: 1000}

func TestSheet_isTheGoldenOne(t *testing.T) {
	f := newFixture(t)
	f.runs.NewID = func() uuid.UUID { return uuid.MustParse("8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10") }
	f.stock(10)
	formula, staff, late := "=HYPERLINK(\"http://x\")", "+Staff, \"Name\"", "3000-01-01"
	typed := open(11, 1)
	typed.Comment, typed.AuthorisedBy, typed.Type, typed.Reason, typed.RecipReason = &formula, &staff, "TNA", "BUL", "NOT_REL"
	damaged := one(12, 1)
	damaged.Opposite, damaged.OffenderNo, damaged.NSOffenderNo = "missing", "C0012CC", "D0012DD"
	never := one(13, 1)
	never.ExpiryDate = &late
	f.fill(typed, damaged, never)
	f.failing()
	id := f.start(migration.Order{})
	stop := f.runner()
	f.ended(id)
	stop()
	f.There("DELETE", "/faults", nil)
	text, _ := f.sheet(id, everything)
	if *update {
		require.NoError(t, os.WriteFile("testdata/sheet.csv", []byte(text), 0o600))
	}
	golden, err := os.ReadFile("testdata/sheet.csv")
	require.NoError(t, err)
	require.Equal(t, string(golden), text)
	require.Contains(t, text, `"'=HYPERLINK(""http://x"")"`)
	require.Contains(t, text, `"'+Staff, ""Name"""`)
}

func TestSheet_ofASeedIsTheSameEachTime(t *testing.T) {
	f := newFixture(t)
	f.stock(40)
	run := f.carries(migration.Order{})
	first, lines := f.sheet(run.ID, migration.Sample{Size: 10, Seed: 7})
	again, _ := f.sheet(run.ID, migration.Sample{Size: 10, Seed: 7})
	other, _ := f.sheet(run.ID, migration.Sample{Size: 10, Seed: 8})
	require.Equal(t, first, again)
	require.NotEqual(t, first, other)
	pairs := map[string]bool{}
	for _, line := range lines {
		pairs[line[0]] = true
		require.Empty(t, line[len(line)-1], "to be signed")
	}
	require.Len(t, pairs, 10)
}

// A sheet of a dry run shows what would be, that of a run what is.
func TestSheet_ofADryRunShowsWhatWouldBeRecorded(t *testing.T) {
	f := newFixture(t)
	f.stock(20)
	dry := f.carries(migration.Order{DryRun: true})
	_, would := f.sheet(dry.ID, everything)
	run := f.carries(migration.Order{})
	_, is := f.sheet(run.ID, everything)
	id := slices.Index(columns(t, f, run.ID), "nonAssociationId")
	for i := range would {
		would[i][id], is[i][id] = "", "" // they are made of the id of the run
	}
	require.Equal(t, would, is)
}

// columns is the heading of a sheet.
func columns(t *testing.T, f *fixture, id uuid.UUID) []string {
	t.Helper()
	text, _ := f.sheet(id, migration.Sample{Size: 1})
	heading, err := csv.NewReader(bytes.NewReader([]byte(text))).Read()
	require.NoError(t, err)
	return heading
}

func TestSheet_namesWhatStaffChangedHere(t *testing.T) {
	f := newFixture(t)
	f.NOMISOpen("2021-07-05")
	run := f.carries(migration.Order{})
	mine := "Changed by staff"
	f.Staff(domain.Amend{ID: f.Items()[0].ID, Comment: &mine})
	text, lines := f.sheet(run.ID, everything)
	require.Len(t, lines, 1)
	require.Contains(t, text, "comment: the record here has another value")
	require.Contains(t, text, mine)
	before := len(f.Facts())
	f.NOMISChange(1, map[string]any{"type": "TNA"})
	text, _ = f.sheet(run.ID, everything)
	require.Contains(t, text, "typeCode: the record here has another value", "it shows what is, and writes nothing")
	require.Len(t, f.Facts(), before)
	f.Staff(domain.Delete{ID: f.Items()[0].ID})
	text, _ = f.sheet(run.ID, everything)
	require.NotContains(t, text, mine)
	require.Equal(t, circle.Pair.Numbers()[0], domain.PrisonerNumber(lines[0][0]))
}

func TestSheet_isRefusedWhileTheRunIsAtWorkOrUnknown(t *testing.T) {
	f := newFixture(t)
	sheets := &migration.Sheets{Store: f.Store, Turns: f.Turns}
	_, err := sheets.Write(t.Context(), &bytes.Buffer{}, uuid.New(), everything)
	require.ErrorIs(t, err, store.ErrNoMigration)
	id := f.start(migration.Order{})
	_, err = sheets.Write(t.Context(), &bytes.Buffer{}, id, everything)
	require.ErrorContains(t, err, "at work")
}
