package publisher_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/eventstore/consumer/status"
	"nonassociations/publisher/message"
)

// written is a log that may be read while it is written.
type written struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *written) Write(more []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(more)
}

func (w *written) all() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// SNS quotes the message that it does not take. Nothing of what it says is logged or
// kept, whatever it is to blame on, of a call or of an entry.
func TestText_ofSNSIsNeitherLoggedNorStored(t *testing.T) {
	const comment = "He knows where A1234BC lives"
	for name, c := range map[string]struct {
		code   string
		kind   status.Kind
		reason string
	}{
		"refused":     {"InvalidParameter", "", "InvalidParameter at body"},
		"unknown":     {"SomethingNew", status.NetworkAway, "SomethingNew"},
		"denied":      {"AuthorizationError", status.TopicDenied, ""},
		"missing":     {"NotFound", status.TopicMissing, ""},
		"throttled":   {"Throttled", status.TopicThrottled, ""},
		"not a code!": {"A1234BC", status.NetworkAway, ""},
	} {
		for way, breaks := range map[string]func(w *harness, code string){
			"call":  func(w *harness, code string) { w.failCalls(http.StatusBadRequest, code) },
			"entry": func(w *harness, code string) { w.failEntries(func(string) (string, bool) { return code, true }) },
		} {
			t.Run(name+" "+way, func(t *testing.T) {
				w := newHarness(t, "world")
				breaks(w, c.code+": Invalid parameter: Message Reason: "+comment)
				w.appendChange(pairNo(0))
				o, log := w.options(message.Domain), &written{}
				o.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
				p := w.start(o)
				require.Eventually(t, func() bool { s := p.Status(); return s.Faults+s.Refusals > 3 || s.Refused > 0 }, waitLimit, pollInterval)
				if c.kind == "" {
					w.waitForParked(1)
					require.Equal(t, c.reason, w.parked()[0].Reason)
				} else {
					require.Equal(t, c.kind, status.KindOf(p.Status().Fault))
				}
				for _, one := range w.parked() {
					require.NotContains(t, one.Reason, "lives")
				}
				p.kill()
				require.NotContains(t, log.all(), "lives")
				require.NotContains(t, log.all(), pairNo(0).Numbers()[0], "a prisoner's number")
				require.NotContains(t, log.all(), pairNo(0).Numbers()[1])
			})
		}
	}
}
