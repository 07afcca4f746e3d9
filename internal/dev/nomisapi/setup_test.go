package nomisapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"nonassociations/internal/dev/nomisapi"
	"nonassociations/internal/dev/testdb"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is what every clock here shows.
var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.FixedZone("BST", 3600))

const today, yesterday, tomorrow = "2026-07-15", "2026-07-14", "2026-07-16"

// A and B are a pair, C a third one. Z is not in NOMIS. A's numeric id is the lower one.
const a, b, c, z = "A0135GA", "A9109UD", "D5678EF", "Z9999ZZ"

const (
	paired = "/non-associations/offender/" + a + "/ns-offender/" + b
	mirror = "/non-associations/offender/" + b + "/ns-offender/" + a
)

// nomis is a stand-in under test with the messages that it sent.
type nomis struct {
	*nomisapi.Server

	t        *testing.T
	database string
	http     *http.Client

	mu     sync.Mutex
	events []string
	merges []string
	grown  chan struct{} // one for each message, as far as there is room
}

func start(t *testing.T) *nomis {
	t.Helper()
	return startOn(t, testdb.New(t))
}

// again returns a second one on the same tables.
func (n *nomis) again() *nomis {
	n.t.Helper()
	return startOn(n.t, n.database)
}

func startOn(t *testing.T, database string) *nomis {
	t.Helper()
	transport := &http.Transport{}
	n := &nomis{t: t, database: database, http: &http.Client{Transport: transport}, grown: make(chan struct{}, 1000)}
	keep := func(in *[]string) func(string) {
		return func(message string) {
			n.mu.Lock()
			defer n.mu.Unlock()
			*in = append(*in, message)
			select {
			case n.grown <- struct{}{}:
			default:
			}
		}
	}
	var err error
	n.Server, err = nomisapi.Start(t.Context(), nomisapi.Options{
		DatabaseURL: database, Now: func() time.Time { return noon },
		Knows:  func(_ context.Context, no string) (bool, error) { return slices.Contains([]string{a, b, c}, no), nil },
		Verify: verify, Events: keep(&n.events), Merges: keep(&n.merges),
		Sign:     func(string) (string, time.Duration, error) { return "good", time.Hour, nil },
		ClientID: "client", ClientSecret: "secret",
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, n.Stop(context.Background()))
		transport.CloseIdleConnections()
	})
	return n
}

// verify knows a good token and one of another role.
func verify(token string) ([]string, error) {
	switch token {
	case "good":
		return []string{"OTHER", nomisapi.Role}, nil
	case "other":
		return []string{"OTHER"}, nil
	}
	return nil, errors.New("no token")
}

// try sends a request with a token, and returns the error of a connection that broke.
func (n *nomis) try(token, method, path, body string) (*http.Response, string, error) {
	n.t.Helper()
	request, err := http.NewRequestWithContext(n.t.Context(), method, n.URL()+path, strings.NewReader(body))
	require.NoError(n.t, err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := n.http.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(n.t, err)
	return response, string(text), nil
}

// call sends a request with a good token.
func (n *nomis) call(method, path, body string) (int, string) {
	n.t.Helper()
	response, text, err := n.try("good", method, path, body)
	require.NoError(n.t, err)
	return response.StatusCode, text
}

// ok is call for one that must succeed.
func (n *nomis) ok(method, path, body string) string {
	n.t.Helper()
	status, text := n.call(method, path, body)
	require.Less(n.t, status, 300, text)
	return text
}

// refused is call for one that must be refused with a status and words.
func (n *nomis) refused(want int, words, method, path, body string) {
	n.t.Helper()
	status, text := n.call(method, path, body)
	require.Equal(n.t, want, status, text)
	var refusal struct {
		Status                        int
		UserMessage, DeveloperMessage string
	}
	require.NoError(n.t, json.Unmarshal([]byte(text), &refusal), text)
	require.Equal(n.t, want, refusal.Status)
	require.Contains(n.t, refusal.UserMessage, words)
}

// body returns fields as JSON, over those of a good POST. An empty one is left out.
func body(fields ...string) string {
	all := map[string]string{
		"offenderNo": a, "nsOffenderNo": b, "reason": "VIC", "recipReason": "PER", "type": "WING", "effectiveDate": "2026-07-01",
		"authorisedBy": "Manager", "comment": "Keep apart",
	}
	for i := 0; i < len(fields); i += 2 {
		all[fields[i]] = fields[i+1]
		if fields[i+1] == "" {
			delete(all, fields[i])
		}
	}
	text, _ := json.Marshal(all)
	return string(text)
}

// row is a row as a client reads it.
type row struct {
	OffenderNo, NSOffenderNo                            string
	TypeSequence                                        int
	Reason, RecipReason, Type, UpdatedBy, EffectiveDate string
	AuthorisedBy, ExpiryDate, Comment                   *string
}

// rows returns a mirror.
func (n *nomis) rows(path string) []row {
	n.t.Helper()
	var all []row
	require.NoError(n.t, json.Unmarshal([]byte(n.ok("GET", path+"/all", "")), &all))
	return all
}

// event is a message about a row.
type event struct {
	ID, EventType, OffenderIDDisplay, NSOffenderIDDisplay, ReasonCode string
	BookingID, TypeSeq                                                int
	ExpiryDate, AuditModuleName                                       *string
}

// told returns the events since the last call, and forgets them.
func (n *nomis) told() []event {
	n.t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []event
	for _, text := range n.events {
		var outer struct{ MessageID, Message string }
		require.NoError(n.t, json.Unmarshal([]byte(text), &outer))
		e := event{ID: outer.MessageID}
		require.NoError(n.t, json.Unmarshal([]byte(outer.Message), &e))
		all = append(all, e)
	}
	n.events = nil
	return all
}

// kinds returns the types and sides of events in short.
func kinds(events []event) []string {
	var all []string
	for _, e := range events {
		_, kind, _ := strings.Cut(e.EventType, "-")
		all = append(all, kind+" "+e.OffenderIDDisplay+" "+string(rune('0'+e.TypeSeq)))
	}
	return all
}
