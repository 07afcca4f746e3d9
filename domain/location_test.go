package domain_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"nonassociations/domain"
)

var wingParts = domain.WingParts{"WWI": 2}

func TestLocation_isACellOrAnotherText(t *testing.T) {
	for _, c := range []struct {
		prison, text, shown, wing, landing string
		cell                               bool
	}{
		{"XAA", "A-1-002", "A-1-002", "A", "A-1", true},
		{"XAA", "XAA-A-1-002", "A-1-002", "A", "A-1", true},
		{"XAA", " xaa-a-1-002 ", "a-1-002", "A", "A-1", true},
		{"XAA", "XAB-A-1-002", "XAB-A-1-002", "XAB", "XAB-A-1", true}, // of no other prison
		{"XAA", "A-1-2-002", "A-1-2-002", "A", "A-1-2", true},
		{"XAA", "A-1-002B", "A-1-002B", "", "", false},
		{"XAA", "A-002", "A-002", "", "", false},
		{"XAA", "A--002", "A--002", "", "", false},
		{"XAA", "A-1-", "A-1-", "", "", false},
		{"XAA", "-1-002", "-1-002", "", "", false},
		{"XAA", "A-1-٠٠٢", "A-1-٠٠٢", "", "", false}, // digits of another script
		{"XAA", "RECP", "RECP", "", "", false},
		{"XAA", "XAA-RECP", "RECP", "", "", false},
		{"XAA", "XAA-", "", "", "", false},
		{"XAA", "XAA", "XAA", "", "", false},
		{"XAA", "", "", "", "", false},
		{"XAA", " ", "", "", "", false},
		{"WWI", "A-1-002", "A-1-002", "", "", false}, // a wing of two parts, and no landing
		{"WWI", "A-1-3-002", "A-1-3-002", "A-1", "A-1-3", true},
		{"WWI", "WWI-A-1-3-002", "A-1-3-002", "A-1", "A-1-3", true},
	} {
		l := wingParts.Location(domain.PrisonID(c.prison), c.text)
		require.Equal(t, c.shown, l.Text(), c.text)
		require.Equal(t, c.wing, l.Wing(), c.text)
		require.Equal(t, c.landing, l.Landing(), c.text)
		require.Equal(t, c.cell, l.IsCell(), c.text)
	}
}

func TestDestination_isAWingALandingACellOrAnywhere(t *testing.T) {
	for _, c := range []struct {
		prison, text string
		size         domain.Near
	}{
		{"XAA", "A", domain.NearWing},
		{"XAA", "RECP", domain.NearWing},
		{"XAA", "XAA-A", domain.NearWing},
		{"XAA", "A-1", domain.NearLanding},
		{"XAA", "A-1-X", domain.NearLanding},
		{"XAA", "A-1-2-X", domain.NearLanding},
		{"XAA", "A-1-002", domain.NearCell},
		{"XAA", "xaa-a-1-002", domain.NearCell},
		{"WWI", "A", domain.NearWing},
		{"WWI", "A-1", domain.NearWing},
		{"WWI", "A-1-002", domain.NearLanding},
		{"WWI", "A-1-2-002", domain.NearCell},
	} {
		d, err := wingParts.ParseDestination(domain.PrisonID(c.prison), c.text)
		require.NoError(t, err, c.text)
		require.Equal(t, c.size, d.Size(), c.text)
	}
	require.Equal(t, domain.NearPrison, domain.Destination{}.Size())
	for _, text := range []string{
		"", " ", "-", "A-", "-A", "A--1", "A -1", " A", "A\t", "A\u00a0-1", "A-1\n", "A\x00", "XAA-", "A-\u200b1", "A-\xff", strings.Repeat("A", 121),
	} {
		_, err := wingParts.ParseDestination("XAA", text)
		require.ErrorIs(t, err, domain.ErrDestination, "%q", text)
	}
}

func TestWingParts_areParsedOrRefused(t *testing.T) {
	for text, want := range map[string]domain.WingParts{
		"": {}, "WWI=2": {"WWI": 2}, "WWI=2, lei=3": {"WWI": 2, "LEI": 3},
	} {
		got, err := domain.ParseWingParts(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for text, fault := range map[string]string{
		" ": "entry 1", "WWI": "entry 1", "WWI=": "entry 1", "=2": "entry 1", "WWI=two": "entry 1", "WWI=2,": "entry 2", "WWI=2;LEI=2": "entry 1",
		"WWI=0": "1 to 4", "WWI=-1": "1 to 4", "WWI=5": "1 to 4", "WWI=99999999999999999999": "entry 1",
		"WWI=2,wwi=2": "repeats", "OUT=2": "entry 1", "TRN=2": "entry 1", "WW=2": "entry 1", "WWII=2": "entry 1", "W I=2": "entry 1",
	} {
		_, err := domain.ParseWingParts(text)
		require.ErrorIs(t, err, domain.ErrWingParts, text)
		require.ErrorContains(t, err, fault, text)
	}
	rapid.Check(t, func(t *rapid.T) {
		parts := domain.WingParts(rapid.MapOf(
			rapid.SampledFrom([]domain.PrisonID{"WWI", "LEI", "MDI"}), rapid.IntRange(1, 4),
		).Draw(t, "parts"))
		again, err := domain.ParseWingParts(parts.String())
		require.NoError(t, err)
		require.Equal(t, parts, again)
	})
}
