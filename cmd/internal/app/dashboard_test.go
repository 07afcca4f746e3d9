package app_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// queried matches what a query of the dashboard asks for.
var queried = regexp.MustCompile(`nonassociations_[a-z_]+`)

// ofOthers are what only a process that publishes or signs exports. Tests beside this folder
// scrape one.
var ofOthers = []string{
	"nonassociations_publisher_delivered_total", "nonassociations_publisher_parked_messages",
	"nonassociations_evidence_head_timestamp_seconds", "nonassociations_evidence_unsigned_facts", "nonassociations_evidence_witness_refusals_total",
}

// isExported reports whether a scrape has a metric.
func isExported(name, scraped string) bool {
	return slices.Contains(ofOthers, name) || strings.Contains(scraped, "\n"+name+"{") || strings.Contains(scraped, "\n"+name+" ")
}

// requireDashboard requires that each query of the dashboard names an exported metric.
func requireDashboard(t *testing.T, exported string) {
	t.Helper()
	text, err := os.ReadFile("../../../deploy/dashboards/nonassociations.json")
	require.NoError(t, err)
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &dashboard))
	require.NotEmpty(t, dashboard.Panels)
	for _, panel := range dashboard.Panels {
		require.NotEmpty(t, panel.Targets, panel.Title)
		for _, target := range panel.Targets {
			names := queried.FindAllString(target.Expr, -1)
			require.NotEmpty(t, names, panel.Title)
			for _, name := range names {
				require.True(t, isExported(name, exported), "%s of %s", name, panel.Title)
			}
		}
	}
}
