package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"nonassociations/cmd/internal/app"
	"nonassociations/internal/dev/doubles"
)

// spanSink is a collector of spans.
type spanSink struct {
	*httptest.Server

	mu  sync.Mutex
	all []*spans.Span
}

func newSpanSink(t *testing.T) *spanSink {
	t.Helper()
	s := &spanSink{}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP takes one export.
func (s *spanSink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var request collector.ExportTraceServiceRequest
	if err != nil || proto.Unmarshal(body, &request) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, of := range request.GetResourceSpans() {
		for _, scope := range of.GetScopeSpans() {
			s.all = append(s.all, scope.GetSpans()...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// trace returns the spans of the trace that has a span of a name.
func (s *spanSink) trace(name string) []*spans.Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	var trace string
	for _, span := range s.all {
		if span.GetName() == name {
			trace = string(span.GetTraceId())
		}
	}
	var found []*spans.Span
	for _, span := range s.all {
		if trace != "" && string(span.GetTraceId()) == trace {
			found = append(found, span)
		}
	}
	return found
}

// text is every word of every span: what could hold personal data.
func (s *spanSink) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all strings.Builder
	attributes := func(of []*common.KeyValue) {
		for _, one := range of {
			fmt.Fprintln(&all, one.GetKey(), one.GetValue())
		}
	}
	for _, span := range s.all {
		fmt.Fprintln(&all, span.GetName(), span.GetStatus().GetMessage(), span.GetTraceState())
		attributes(span.GetAttributes())
		for _, event := range span.GetEvents() {
			fmt.Fprintln(&all, event.GetName())
			attributes(event.GetAttributes())
		}
		for _, link := range span.GetLinks() {
			fmt.Fprintln(&all, link.GetTraceState())
			attributes(link.GetAttributes())
		}
	}
	return all.String()
}

// seenRun is a run whose spans, metrics and lines are read.
type seenRun struct {
	testRun

	t                       *testing.T
	sink                    *spanSink
	running                 *exec.Cmd
	metrics, screens, nomis string
	said                    *doubles.Log
	ready                   string // what was printed from the line "ready" on
}

func newSeenRun(t *testing.T) *seenRun {
	t.Helper()
	s := &seenRun{testRun: newTestRun(t), t: t, sink: newSpanSink(t), said: &doubles.Log{}}
	s.running = exec.Command(filepath.Join(s.bin, "dev"))
	s.running.Env = append(s.environment(), "OTEL_EXPORTER_OTLP_ENDPOINT="+s.sink.URL, "OTEL_BSP_SCHEDULE_DELAY=100", "VERBOSE=1")
	s.running.Stderr = s.said
	out, err := s.running.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.running.Start())
	t.Cleanup(func() { _ = s.running.Process.Kill() })
	lines := bufio.NewReader(out)
	for into := map[string]*string{"metrics": &s.metrics, "screens": &s.screens, "nomis": &s.nomis, "ready": &s.ready}; s.ready == ""; {
		line, err := lines.ReadString('\n')
		require.NoError(t, err, s.said)
		name, address, _ := strings.Cut(strings.TrimSpace(line), " ")
		if to := into[name]; to != nil {
			*to = address
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }() // nobody else reads what it prints
	return s
}

// person is a browser with its cookies, at the pages.
type person struct {
	*seenRun
	client *http.Client
}

// signIn signs a user in as a browser does.
func (s *seenRun) signIn(user string) person {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	p := person{s, &http.Client{Jar: jar}}
	p.submit(p.open(s.screens+"/sign-in"), "form", url.Values{"user": {user}})
	return p
}

// page is an answer with its address.
type page struct {
	*goquery.Document
	at     *url.URL
	status int
}

func (p person) do(request *http.Request) page {
	p.t.Helper()
	response, err := p.client.Do(request)
	require.NoError(p.t, err)
	defer response.Body.Close()
	document, err := goquery.NewDocumentFromReader(response.Body)
	require.NoError(p.t, err)
	return page{document, response.Request.URL, response.StatusCode}
}

func (p person) open(address string) page {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(p.t, err)
	return p.do(request)
}

// submit sends a form of a page with these fields beside its hidden ones.
func (p person) submit(on page, selector string, fields url.Values) page {
	p.t.Helper()
	form := on.Find(selector).First()
	require.Equal(p.t, 1, form.Length(), on.Text())
	form.Find("input[type=hidden]").Each(func(_ int, field *goquery.Selection) {
		fields.Set(field.AttrOr("name", ""), field.AttrOr("value", ""))
	})
	to, err := on.at.Parse(form.AttrOr("action", ""))
	require.NoError(p.t, err)
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, to.String(), strings.NewReader(fields.Encode()))
	require.NoError(p.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", to.Scheme+"://"+to.Host)
	return p.do(request)
}

// prisonerQueue returns the queue of merges, from the variables that the run keeps for
// commands.
func (s *seenRun) prisonerQueue() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.data, app.RunFile))
	require.NoError(s.t, err)
	kept := map[string]string{}
	require.NoError(s.t, json.Unmarshal(text, &kept))
	return kept["PRISONER_EVENTS_QUEUE_URL"]
}
