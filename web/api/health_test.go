package api_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/web/api"
	"nonassociations/web/shape"
)

// looked counts how often each check was asked, and says what it is told to.
type looked struct {
	ready, store error
	fault        *shape.ConsumerFault
	asked        int
}

func (l *looked) health() api.Health {
	return api.Health{
		Ready:      func(context.Context) error { l.asked++; return l.ready },
		EventStore: func(context.Context) error { return l.store },
		Reason:     func(error) string { return "refused" },
		Consumers: func(context.Context) map[string]shape.Consumer {
			position, head, lag, beat := uint64(40), uint64(42), 1.5, noon.UTC()
			one := shape.Consumer{Position: &position, Head: &head, Lag: &lag, Heartbeat: &beat, Fault: l.fault}
			one.SetUp(l.fault == nil)
			return map[string]shape.Consumer{"readModel": one}
		},
	}
}

var errAway = errors.New("dial tcp 10.0.0.1:5432: connection refused")

func TestHealth(t *testing.T) {
	const model = `"position":40,"head":42,"lag":1.5,"heartbeat":"2026-07-15T12:00:00Z"`
	const good = `{"eventStore":{"status":"UP"},"readModel":{"status":"UP",` + model + `,"fault":null}}`
	const storeDown = `{"eventStore":{"status":"DOWN","reason":"refused","since":"2026-07-15T12:00:00Z"},"readModel":{"status":"UP",` + model + `,"fault":null}}`
	const modelDown = `{"eventStore":{"status":"UP"},"readModel":{"status":"DOWN",` + model + `,"fault":{"category":"AWAY",
		"eventId":null,"type":null,"position":null,"since":"2026-07-15T12:00:00Z"}}}`
	fault := &shape.ConsumerFault{Category: "AWAY", Since: noon.UTC()}
	for name, c := range map[string]struct {
		looked            looked
		whole, ready, all string
	}{
		"all is well":        {looked{}, "UP", "UP", good},
		"Postgres away":      {looked{ready: errAway}, "DOWN", "DOWN", good},
		"event store away":   {looked{store: errAway}, "DOWN", "UP", storeDown},
		"read model unknown": {looked{fault: fault}, "DOWN", "UP", modelDown},
	} {
		h := newTestServer(t, func(o *api.Options) { o.Health = c.looked.health() })
		for path, status := range map[string]string{"/health": c.whole, "/health/readiness": c.ready} {
			w := h.call(http.MethodGet, path, "", "")
			require.JSONEq(t, `{"status":"`+status+`","components":`+c.all+`}`, w.Body.String(), "%s: %s", path, name)
			require.Equal(t, status == "UP", w.Code == http.StatusOK, name)
			require.Equal(t, status == "DOWN", w.Code == http.StatusServiceUnavailable, name)
		}
		for _, path := range []string{"/health/ping", "/health/liveness"} {
			w := h.call(http.MethodGet, path, "", "")
			require.Equal(t, http.StatusOK, w.Code, path)
			require.JSONEq(t, `{"status":"UP"}`, w.Body.String(), "whatever else is down")
		}
	}
}

func TestRush_ofProbesCostsOneCheck(t *testing.T) {
	var l looked
	at := noon
	h := newTestServer(t, func(o *api.Options) {
		o.Health = l.health()
		o.Clock = func() time.Time { return at }
	})
	for range 5 {
		h.call(http.MethodGet, "/health", "", "")
		h.call(http.MethodGet, "/health/readiness", "", "")
	}
	require.Equal(t, 1, l.asked)
	at = at.Add(2 * time.Second)
	h.call(http.MethodGet, "/health", "", "")
	require.Equal(t, 2, l.asked)
}

func TestShuttingDown_isNotReadyButAlive(t *testing.T) {
	h := newTestServer(t)
	require.Equal(t, http.StatusOK, h.call(http.MethodGet, "/health/readiness", "", "").Code)
	h.ShutDown()
	require.Equal(t, http.StatusServiceUnavailable, h.call(http.MethodGet, "/health/readiness", "", "").Code)
	require.Equal(t, http.StatusOK, h.call(http.MethodGet, "/health/liveness", "", "").Code)
	require.Equal(t, http.StatusOK, h.sync(record).Code, "what comes is still answered")
}

func TestInfo_reportsWhatWasBuilt(t *testing.T) {
	w := newTestServer(t).call(http.MethodGet, "/info", "", "")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), `"name":"nonassociations","version":"test"`)
}

func TestInfo_namesTheProduct(t *testing.T) {
	for given, want := range map[string]string{"DPS042": "DPS042", "": "default"} {
		h := newTestServer(t, func(o *api.Options) { o.ProductID = given })
		require.Equal(t, want, objectIn(t, h.call(http.MethodGet, "/info", "", ""))["productId"])
	}
}

func TestHealth_isDownWhileAQueueIs(t *testing.T) {
	queue := shape.QueueHealth{Status: shape.Up, Details: shape.QueueDetails{
		QueueName: "q", MessagesOnQueue: "2", MessagesInFlight: "1", DLQName: "q-dlq", MessagesOnDLQ: "0", DLQStatus: shape.Up,
	}}
	const good = `{"status":"UP","details":{"queueName":"q","messagesOnQueue":"2","messagesInFlight":"1","dlqName":"q-dlq","messagesOnDlq":"0","dlqStatus":"UP"}}`
	h := func() *testServer {
		return newTestServer(t, func(o *api.Options) {
			o.Health.Queues = func(context.Context) map[string]shape.QueueHealth {
				return map[string]shape.QueueHealth{"nomisEvents-health": queue}
			}
		})
	}
	w := h().call(http.MethodGet, "/health", "", "")
	require.Equal(t, http.StatusOK, w.Code)
	require.JSONEq(t, `{"status":"UP","components":{"nomisEvents-health":`+good+`}}`, w.Body.String())

	queue = shape.QueueHealth{Status: shape.Down, Details: shape.QueueDetails{QueueName: "q", DLQStatus: shape.Down}}
	w = h().call(http.MethodGet, "/health", "", "")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.JSONEq(t, `{"status":"DOWN","components":{"nomisEvents-health":{"status":"DOWN","details":{"queueName":"q","dlqStatus":"DOWN"}}}}`, w.Body.String())
	require.Equal(t, http.StatusOK, h().call(http.MethodGet, "/health/readiness", "", "").Code)
}
