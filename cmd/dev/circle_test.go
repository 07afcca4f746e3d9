package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// circleRun is a run that is killed and started again, with the address of its NOMIS.
type circleRun struct {
	testRun

	t       *testing.T
	running *exec.Cmd
	nomis   string
	token   string
}

func newCircleRun(t *testing.T) *circleRun {
	t.Helper()
	c := &circleRun{testRun: newTestRun(t), t: t}
	c.running, c.nomis = c.startWithNomis(t)
	token := exec.Command(c.bin+"/nonassociations", "token", "--user", "OFFICER", "--scope", "write",
		"--role", "READ_NON_ASSOCIATIONS", "--role", "WRITE_NON_ASSOCIATIONS", "--role", "NON_ASSOCIATIONS_SYNC")
	token.Env = c.environment()
	out, err := token.Output()
	require.NoError(t, err)
	c.token = strings.TrimSpace(string(out))
	return c
}

// kill kills the run, whatever it is doing, and starts it again.
func (c *circleRun) kill() {
	c.t.Helper()
	require.NoError(c.t, c.running.Process.Kill())
	_ = c.running.Wait() // killed
	c.running, c.nomis = c.startWithNomis(c.t)
}

// there sends a request of NOMIS's staff.
func (c *circleRun) there(method, path, body string) string {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.nomis+path, strings.NewReader(body))
	require.NoError(c.t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(c.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	require.Less(c.t, response.StatusCode, 300, string(text))
	return string(text)
}

// hasThere waits until each row of NOMIS has a comment.
func (c *circleRun) hasThere(comment string) {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		rows := c.there(http.MethodGet, "/staff/rows/A1234BC/D5678EF", "")
		return strings.Count(rows, fmt.Sprintf("%q", comment)) == 2
	}, time.Minute, 50*time.Millisecond, comment)
}

// hasHere waits until the list has one record with a comment.
func (c *circleRun) hasHere(comment string) {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		_, text := c.call(c.t, http.MethodGet, "/non-associations/A1234BC", c.token, "")
		var list struct {
			NonAssociations []struct{ Comments string }
		}
		return json.Unmarshal([]byte(text), &list) == nil && len(list.NonAssociations) == 1 && list.NonAssociations[0].Comments == comment
	}, time.Minute, 50*time.Millisecond, comment)
}

// TestCircle_isInStepAfterKills writes on both sides and kills everything at once after
// each write, so that some die before, in and after the turn of their pair.
func TestCircle_isInStepAfterKills(t *testing.T) {
	t.Parallel()
	c := newCircleRun(t)
	response, text := c.call(t, http.MethodPost, "/non-associations", c.token, `{"firstPrisonerNumber":"A1234BC","firstPrisonerRole":"VICTIM",
		"secondPrisonerNumber":"D5678EF","secondPrisonerRole":"PERPETRATOR","reason":"BULLYING","restrictionType":"WING","comment":"Opened here"}`)
	require.Equal(t, http.StatusCreated, response.StatusCode, text)
	var opened struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(text), &opened))
	c.kill()
	c.hasThere("Opened here")

	c.there(http.MethodPatch, "/staff/non-associations/A1234BC/D5678EF/1", `{"comment":"Changed there"}`)
	c.kill()
	c.hasHere("Changed there")

	response, text = c.call(t, http.MethodPatch, "/non-associations/"+opened.ID, c.token, `{"comment":"Changed here"}`)
	require.Equal(t, http.StatusOK, response.StatusCode, text)
	c.kill()
	c.hasThere("Changed here")
	c.hasHere("Changed here")
	// Its calls tell no more than its rows: a kill may take the note of a call along.
	rows := c.there(http.MethodGet, "/staff/rows/A1234BC/D5678EF", "")
	require.NotContains(t, rows, `"typeSeq":2`, "nothing is created twice")
	require.Contains(t, rows, `"typeSeq":1`)
}
