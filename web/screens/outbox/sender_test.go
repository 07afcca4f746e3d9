package outbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/internal/dev/localaws"
	"nonassociations/web/screens/outbox"
	"nonassociations/web/screens/store"
)

// TestMessage_hasTheShapeOfTheEstate, for each kind of page.
func TestMessage_hasTheShapeOfTheEstate(t *testing.T) {
	f := newFixture(t, localaws.Options{})
	list := f.look(nil)
	record := f.look(func(v *store.View) {
		v.Page, v.Subjects, v.OutsideCaseload, v.Position = store.PageRecord, []domain.PrisonerNumber{"A1234BC", "D5678EF"}, true, 0
	})
	search := f.look(func(v *store.View) {
		v.Page, v.Subjects, v.Query = store.PageSearch, nil, "scope=global&q=+Doe%2C+J%C3%B6rg+"
	})
	empty := f.look(func(v *store.View) { v.Page, v.Subjects, v.Query = store.PageSearch, nil, "q=a&q=b" })
	prison := f.look(func(v *store.View) { v.Page, v.Subjects, v.Query = store.PagePrison, nil, "q=no+term+here" })
	refused := f.look(func(v *store.View) { v.Refused = true })
	refusedSearch := f.look(func(v *store.View) { v.Page, v.Subjects, v.Query, v.Refused = store.PageSearch, nil, "q=Doe", true })
	stop := f.runs(f.sender(f.Store))
	f.waitUntilSent()
	stop()
	require.Len(t, f.received(), 8)

	one := f.of(list)[0]
	var details map[string]any
	require.NoError(t, json.Unmarshal([]byte(one["details"].(string)), &details))
	require.Equal(t, map[string]any{
		"route": "/prisoner/{pn}/non-associations", "query": "reason=THREAT", "position": 7.0, "build": "b1", "outsideCaseload": false, "shown": []any{"D5678EF"},
	}, details)
	delete(one, "details")
	require.Equal(t, map[string]any{
		"what": "PAGE_VIEW_LIST", "when": "2026-07-15T12:00:00.0015Z", "who": "OFFICER_A", "service": "nonassociations",
		"subjectId": "A1234BC", "subjectType": "PRISONER_ID", "correlationId": list.RequestID.String(),
	}, one)

	both := f.of(record)
	require.Len(t, both, 2, "one message a subject")
	require.ElementsMatch(t, []any{"A1234BC", "D5678EF"}, []any{both[0]["subjectId"], both[1]["subjectId"]})
	require.NoError(t, json.Unmarshal([]byte(both[0]["details"].(string)), &details))
	require.Nil(t, details["position"])
	require.Equal(t, true, details["outsideCaseload"])

	for view, want := range map[*store.View][]any{
		&search: {"SEARCH_PRISONER", "SEARCH_TERM", "Doe, Jörg"}, &empty: {"PAGE_VIEW_SEARCH", "NOT_APPLICABLE", nil},
		&prison: {"PAGE_VIEW_PRISON", "NOT_APPLICABLE", nil}, &refused: {"ACCESS_ATTEMPT_LIST", "PRISONER_ID", "A1234BC"},
		&refusedSearch: {"ACCESS_ATTEMPT_SEARCH", "SEARCH_TERM", "Doe"},
	} {
		got := f.of(*view)
		require.Len(t, got, 1)
		require.Equal(t, want, []any{got[0]["what"], got[0]["subjectType"], got[0]["subjectId"]})
		require.Contains(t, got[0], "subjectId")
	}
}

// TestMessage_ofHostileTextIsSent: no text of a stranger keeps a view from the queue.
func TestMessage_ofHostileTextIsSent(t *testing.T) {
	f := newFixture(t, localaws.Options{})
	var many []domain.PrisonerNumber
	for n := range 30_000 {
		many = append(many, domain.PrisonerNumber(fmt.Sprintf("A%04dBC", n%10_000)))
	}
	for _, hostile := range []string{
		"\x00\x01\x1f\u007f\u0085", "\uFFFE\uFFFF", "\xff\xfe", `"},{"what":"X"}`, "</script>\u2028", strings.Repeat("\x01", 20_000), strings.Repeat(`"\`, 20_000), strings.Repeat("𝄞", 20_000),
	} {
		f.look(func(v *store.View) {
			v.Query, v.Route, v.UserName, v.Build, v.Shown = hostile, hostile, hostile, hostile, many
			v.Subjects = []domain.PrisonerNumber{domain.PrisonerNumber(hostile)}
		})
		f.look(func(v *store.View) { v.Page, v.Subjects, v.Query = store.PageSearch, nil, "q="+hostile+"&%zz" })
	}
	f.runs(f.sender(f.Store))
	f.waitUntilSent()
	for _, m := range f.received() {
		var details map[string]any
		require.NoError(t, json.Unmarshal([]byte(m["details"].(string)), &details))
		if len(details["shown"].([]any)) > 1 {
			require.EqualValues(t, 30_000, details["shownInAll"], "a message that names not all says so")
		}
	}
	require.Empty(t, f.logs.String())
}

// unmarked is a process that is killed after it has sent and before it marks.
type unmarked struct {
	*store.Store

	killed chan struct{}
	once   sync.Once
}

func (u *unmarked) MarkSent(ctx context.Context, _ ...uuid.UUID) error {
	u.once.Do(func() { close(u.killed) })
	return errors.New("the process was killed")
}

// Nothing is released by who is killed.
func (*unmarked) ReleaseViews(context.Context, time.Time, ...uuid.UUID) error { return nil }

// TestView_isSentAgainAfterAKill between sending and marking. None is lost, and the claim of
// the dead process ends by time.
func TestView_isSentAgainAfterAKill(t *testing.T) {
	f := newFixture(t, localaws.Options{})
	var views []store.View
	for range 25 {
		views = append(views, f.look(nil))
	}
	killed := &unmarked{Store: f.Store, killed: make(chan struct{})}
	stop := f.runs(f.sender(killed))
	<-killed.killed
	stop()
	require.Equal(t, 25, f.unsent())
	require.Len(t, f.received(), 25)

	f.runs(f.sender(f.Store))
	late := f.look(nil)
	require.Eventually(t, func() bool { return len(f.of(late)) == 1 }, 10*time.Second, time.Millisecond)
	require.Len(t, f.received(), 26, "the claim holds")
	f.Move(time.Minute)
	f.waitUntilSent()
	for _, v := range views {
		require.Len(t, f.of(v), 2)
	}
}

// TestView_ofALostAnswerIsSentAgain: the queue has it, and nobody knows.
func TestView_ofALostAnswerIsSentAgain(t *testing.T) {
	var lost atomic.Int32
	f := newFixture(t, localaws.Options{Lose: func(action string) bool { return action == "SendMessageBatch" && lost.Add(1) <= 3 }})
	v := f.look(nil)
	f.runs(f.sender(f.Store))
	f.waitUntilSent()
	require.GreaterOrEqual(t, len(f.of(v)), 2)
}

// TestOutage_losesNothing, is logged once, and ends by itself.
func TestOutage_losesNothing(t *testing.T) {
	var down atomic.Bool
	down.Store(true)
	var asked atomic.Int32
	f := newFixture(t, localaws.Options{Fail: func(string) (int, string) {
		if down.Load() {
			asked.Add(1)
			return http.StatusServiceUnavailable, "ServiceUnavailable"
		}
		return 0, ""
	}})
	var views []store.View
	for range 60 {
		views = append(views, f.look(nil))
	}
	f.runs(f.sender(f.Store))
	require.Eventually(t, func() bool { return asked.Load() >= 5 }, 20*time.Second, time.Millisecond)
	require.Equal(t, 60, f.unsent())
	down.Store(false)
	f.waitUntilSent()
	for _, v := range views {
		require.Len(t, f.of(v), 1)
	}
	require.Eventually(t, func() bool { return strings.Contains(f.logs.String(), "sent to the audit queue again") }, 10*time.Second, time.Millisecond)
	require.Equal(t, 1, strings.Count(f.logs.String(), "will be tried again"))
	require.NotContains(t, f.logs.String(), "A1234BC")
	require.NotContains(t, f.logs.String(), "OFFICER_A")
}

// TestView_thatTheQueueRefusesHoldsUpNobody, and is tried again later.
func TestView_thatTheQueueRefusesHoldsUpNobody(t *testing.T) {
	var refusing atomic.Bool
	refusing.Store(true)
	f := newFixture(t, localaws.Options{FailEntry: func(queue string, e localaws.Entry) (string, bool) {
		if queue == queueName && refusing.Load() && strings.Contains(e.Message, "D5678EF\",\"subjectType") {
			return "InvalidMessageContents", true
		}
		return "", false
	}})
	bad := f.look(func(v *store.View) { v.Subjects = []domain.PrisonerNumber{"A1234BC", "D5678EF"} })
	for range 30 {
		f.look(nil)
	}
	f.runs(f.sender(f.Store))
	require.Eventually(t, func() bool { return f.unsent() == 1 }, 10*time.Second, time.Millisecond)
	require.Contains(t, f.logs.String(), "InvalidMessageContents")
	tried := len(f.of(bad))
	late := f.look(nil)
	require.Eventually(t, func() bool { return len(f.of(late)) == 1 }, 10*time.Second, time.Millisecond)
	require.Len(t, f.of(bad), tried, "it waits")
	refusing.Store(false)
	f.Move(time.Minute)
	f.waitUntilSent()
	require.Len(t, f.of(bad), tried+2, "both subjects")
}

// TestSenders_shareTheWork of several processes: nothing is lost and nothing is sent twice
// while nobody is killed.
func TestSenders_shareTheWork(t *testing.T) {
	f := newFixture(t, localaws.Options{})
	var views []store.View
	for range 200 {
		views = append(views, f.look(nil))
	}
	for range 3 {
		f.runs(f.sender(f.Store))
	}
	f.waitUntilSent()
	require.Len(t, f.received(), len(views))
}

// failing is a table that fails now and then.
type failing struct {
	*store.Store

	claims atomic.Int32
}

func (f *failing) ClaimViews(ctx context.Context, now, until time.Time, limit int) ([]store.UnsentView, error) {
	if f.claims.Add(1)%2 == 1 {
		return nil, errors.New("postgres is away")
	}
	return f.Store.ClaimViews(ctx, now, until, limit)
}

// TestSender_outlivesPostgres.
func TestSender_outlivesPostgres(t *testing.T) {
	f := newFixture(t, localaws.Options{})
	f.look(nil)
	f.runs(f.sender(&failing{Store: f.Store}))
	f.waitUntilSent()
}

// TestStop_marksWhatIsOnItsWay and leaves the rest to others at once.
func TestStop_marksWhatIsOnItsWay(t *testing.T) {
	sending, goOn := make(chan struct{}), make(chan struct{})
	var first sync.Once
	f := newFixture(t, localaws.Options{Fail: func(string) (int, string) {
		first.Do(func() {
			close(sending)
			<-goOn
		})
		return 0, ""
	}})
	for range 25 {
		f.look(nil)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	sender := f.sender(f.Store)
	go func() { ended <- sender.Run(ctx) }()
	<-sending
	cancel()
	close(goOn)
	require.NoError(t, <-ended)
	require.Equal(t, 15, f.unsent(), "one batch was on its way")
	require.Len(t, f.received(), 10)

	f.runs(f.sender(f.Store)) // without waiting for the claim to end
	f.waitUntilSent()
	require.Len(t, f.received(), 25)
}

func TestOpenQueue_refusesWhatIsNoAddress(t *testing.T) {
	for _, address := range []string{"", "secret", "://x", "http://"} {
		_, err := outbox.OpenQueue(t.Context(), address)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
	}
}
