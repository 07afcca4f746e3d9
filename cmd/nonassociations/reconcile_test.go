package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	codec "github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/web/client"
	"nonassociations/web/shape"
)

// calls is a service that answers as it is told, and keeps what it was asked.
type calls struct {
	answers map[string]any // by method and path
	bodies  map[string]map[string]any
}

// serving starts a service that commands call.
func serving(t *testing.T, answers map[string]any) *calls {
	t.Helper()
	c := &calls{answers: answers, bodies: map[string]map[string]any{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := r.Method + " " + r.URL.Path
		var body map[string]any
		if json.NewDecoder(r.Body).Decode(&body) == nil {
			c.bodies[call] = body
		}
		answer, is := c.answers[call]
		if refusal, refused := answer.(shape.Problem); refused || !is {
			w.WriteHeader(max(refusal.Status, http.StatusBadRequest))
		}
		_ = codec.MarshalWrite(w, answer)
	}))
	t.Cleanup(server.Close)
	t.Setenv("PUBLIC_URL", server.URL)
	t.Setenv("NONASSOCIATIONS_TOKEN", "a.b.c")
	return c
}

const runID = "8bd1a8c5-1b1f-4d4c-8d1c-6a2d7a0e9f10"

// runOf is a run that has ended.
func runOf(status string, set func(*client.Reconciliation)) client.Reconciliation {
	one := shape.BucketCount{Ours: 1, Theirs: 1, Union: 1}
	run := client.Reconciliation{ID: uuid.MustParse(runID), Scope: "ALL", Status: status, BucketCount: one}
	run.Buckets.Same = one
	if set != nil {
		set(&run)
	}
	return run
}

func differing(r *client.Reconciliation) {
	r.Buckets.Differs, r.Buckets.Same = r.Buckets.Same, shape.BucketCount{}
}

func unchecked(r *client.Reconciliation) {
	r.Buckets.Unchecked, r.Buckets.Same = r.Buckets.Same, shape.BucketCount{}
}

func TestReconcile_exitSaysWhatWasFound(t *testing.T) {
	requested := map[string]any{"id": runID}
	for name, c := range map[string]struct {
		run    client.Reconciliation
		flags  []string
		status int
	}{
		"the same":   {runOf("COMPLETED", nil), nil, 0},
		"held alone": {runOf("COMPLETED", func(r *client.Reconciliation) { r.Buckets.Held, r.Buckets.Same = r.Buckets.Same, shape.BucketCount{} }), nil, 0},
		"accepted alone": {runOf("COMPLETED", func(r *client.Reconciliation) {
			r.Buckets.Accepted, r.Buckets.Same = r.Buckets.Same, shape.BucketCount{}
		}), nil, 0},
		"a difference":       {runOf("COMPLETED", differing), nil, 1},
		"unchecked":          {runOf("FAILED", unchecked), nil, 2},
		"unchecked, allowed": {runOf("COMPLETED", func(r *client.Reconciliation) { unchecked(r); r.AllowUnchecked = true }), []string{"--allow-unchecked"}, 0},
		"a wrong sum":        {runOf("COMPLETED", func(r *client.Reconciliation) { r.Union = 2 }), nil, 3},
		"failed":             {runOf("FAILED", nil), nil, 3},
	} {
		t.Run(name, func(t *testing.T) {
			serving(t, map[string]any{"POST /nomis/reconciliations": requested, "GET /nomis/reconciliations/" + runID: c.run})
			text, status := printed(t, append([]string{"reconcile", "run"}, c.flags...)...)
			require.Equal(t, c.status, status, text)
			require.Contains(t, text, runID)
			text, status = printed(t, append([]string{"reconcile", "run", "--json"}, c.flags...)...)
			require.Equal(t, c.status, status)
			var object client.Reconciliation
			require.NoError(t, codec.Unmarshal([]byte(text), &object), "one object and nothing else")
		})
	}
}

func TestReconcile_runThatCannotBeAskedFor(t *testing.T) {
	serving(t, map[string]any{"POST /nomis/reconciliations": shape.Problem{Status: 503, DeveloperMessage: "No NOMIS."}})
	_, status := printed(t, "reconcile", "run")
	require.Equal(t, 3, status)
	t.Setenv("PUBLIC_URL", "http://nowhere.example")
	_, status = printed(t, "reconcile", "run")
	require.Equal(t, 3, status, "a token does not go there in plain text")
	t.Setenv("NONASSOCIATIONS_TOKEN", "")
	t.Setenv("PUBLIC_URL", "http://127.0.0.1:1")
	_, status = printed(t, "reconcile", "run")
	require.Equal(t, 3, status, "there is no token")
	_, status = printed(t, "reconcile", "show")
	require.Equal(t, 1, status)
}

func TestReconcile_pairsComeFromAFile(t *testing.T) {
	c := serving(t, map[string]any{"POST /nomis/reconciliations": map[string]any{"id": runID}})
	file := filepath.Join(t.TempDir(), "pairs.csv")
	require.NoError(t, os.WriteFile(file, []byte("A0135GA,a9109ud\n\n"), 0o600))
	text, status := printed(t, "reconcile", "run", "--pairs", file, "--detach", "--json")
	require.Equal(t, 0, status)
	require.JSONEq(t, `{"id":"`+runID+`"}`, text)
	require.Equal(t, map[string]any{"scope": "PAIRS", "pairs": []any{[]any{"A0135GA", "A9109UD"}}, "allowUnchecked": false}, c.bodies["POST /nomis/reconciliations"])
	require.NoError(t, os.WriteFile(file, []byte("A0135GA"), 0o600))
	for _, flags := range [][]string{{"--pairs", file}, {"--scope", "PAIRS"}, {"--scope", "SOME"}} {
		_, status = printed(t, append([]string{"reconcile", "run"}, flags...)...)
		require.Equal(t, 80, status, flags)
	}
}

func TestReconcile_repairsAndAccepts(t *testing.T) {
	d := shape.Difference{ID: uuid.MustParse(runID), Version: 2, Pair: client.Pair{"A0135GA", "A9109UD"}, State: "REPAIRED", Bucket: "differs"}
	c := serving(t, map[string]any{
		"GET /nomis/differences":                       shape.PageOf[shape.Difference]{Content: []shape.Difference{d}},
		"POST /nomis/differences/" + runID + "/repair": shape.Repaired{Steps: []shape.Step{{Step: "put", Why: "Because."}}, Difference: d},
		"POST /nomis/differences/" + runID + "/accept": d,
		"POST /nomis/differences/plan":                 shape.RepairPlan{PlanID: "abc", Count: 1},
		"POST /nomis/differences/plan/abc":             shape.RepairOutcome{PlanID: "abc", Failed: []shape.FailedRepair{{Why: "No."}}},
		"GET /nomis/reconciliations":                   shape.PageOf[shape.Reconciliation]{Content: []shape.Reconciliation{runOf("COMPLETED", nil)}},
		"GET /nomis/reconciliations/" + runID:          runOf("FAILED", unchecked),
	})
	for _, line := range []struct {
		args   []string
		status int
		text   string
	}{
		{[]string{"differences", "--state", "OPEN"}, 0, "A0135GA,A9109UD"},
		{[]string{"repair", runID, "--version", "1", "--from", "DPS", "--reason", "x"}, 0, "REPAIRED"},
		{[]string{"repair", runID, "--version", "1", "--from", "DPS", "--reason", "x", "--dry-run"}, 0, "nothing was done"},
		{[]string{"repair", "--bucket", "differs", "--from", "NOMIS", "--reason", "x"}, 0, "--plan abc"},
		{[]string{"repair", "--plan", "abc"}, 1, "No."},
		{[]string{"accept", runID, "--version", "1", "--reason", "x"}, 0, "differs"},
		{[]string{"show"}, 0, "unchecked"},
		{[]string{"repair", runID, "--from", "DPS", "--reason", "x"}, 80, ""},
		{[]string{"repair", "--from", "DPS", "--reason", "x"}, 80, ""},
		{[]string{"repair", runID, "--version", "1", "--reason", "x"}, 80, ""},
		{[]string{"repair", "--plan", "abc", "--from", "DPS"}, 80, ""},
		{[]string{"accept", runID, "--version", "1"}, 80, ""},
	} {
		text, status := printed(t, append([]string{"reconcile"}, line.args...)...)
		require.Equal(t, line.status, status, line.args)
		require.Contains(t, text, line.text)
		if line.status == 0 {
			text, status = printed(t, append(append([]string{"reconcile"}, line.args...), "--json")...)
			require.Equal(t, 0, status)
			require.True(t, json.Valid([]byte(text)), "%v: %s", line.args, text)
		}
	}
	require.Equal(t, "NOMIS", c.bodies["POST /nomis/differences/plan"]["from"])
	c.answers["POST /nomis/differences/"+runID+"/repair"] = shape.Problem{Status: 409, DeveloperMessage: "The difference has changed."}
	_, status := printed(t, "reconcile", "repair", runID, "--version", "1", "--from", "DPS", "--reason", "x")
	require.Equal(t, 1, status)
}
