package api_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"nonassociations/web/api"
)

// feed asks for the log on a recorder and holds each line to the document.
func (h *testServer) feed(query string) []entryBody {
	h.t.Helper()
	w := h.call(http.MethodGet, "/history"+query, syncer, "")
	require.Equal(h.t, http.StatusOK, w.Code, w.Body.String())
	require.Equal(h.t, "application/x-ndjson", w.Header().Get("Content-Type"))
	return linesIn(h.t, w.Body.Bytes())
}

func linesIn(t testing.TB, body []byte) []entryBody {
	t.Helper()
	entries := []entryBody{}
	for line := range bytes.Lines(body) {
		entries = append(entries, entryIn(t, line))
	}
	return entries
}

func entryIn(t testing.TB, line []byte) entryBody {
	t.Helper()
	require.True(t, bytes.HasSuffix(line, []byte("\n")), "a line is whole: %q", line)
	var entry entryBody
	require.NoError(t, json.Unmarshal(line, &entry), "%s", line)
	return entry
}

// quarrels writes n facts of several pairs.
func (h *testServer) quarrels(n int) {
	h.t.Helper()
	for i := range n {
		other := fmt.Sprintf("B000%dBB", i%3)
		h.sync(request(item(other, "2021-01-01T00:00:00", fmt.Sprintf(`"comments":"change %d",`, i))))
	}
}

func TestFeed_givesTheWholeLogInOrder(t *testing.T) {
	h := newTestServer(t)
	require.Empty(t, h.feed(""))
	h.quarrels(9)
	all := h.feed("?from=0&follow=false")
	require.Len(t, all, 9)
	for i, entry := range all {
		require.EqualValues(t, i+1, entry.Position)
		require.Equal(t, fmt.Sprintf("change %d", i), entry.After.Comment)
		require.Len(t, entry.PrisonerNumbers, 2)
	}
	require.Equal(t, "change 5", all[8].Before.Comment)
}

func TestFeed_goesOnFromEveryPosition(t *testing.T) {
	h := newTestServer(t)
	h.quarrels(7)
	all := h.feed("")
	for i, line := range all {
		require.Equal(t, append([]entryBody{}, all[i+1:]...), h.feed("?from="+strconv.FormatUint(line.Position, 10)))
	}
}

func TestFeed_fromNowhereIsRefused(t *testing.T) {
	h := newTestServer(t)
	for query, source := range map[string]string{
		"?from=x": "from", "?from=": "from", "?from=-1": "from", "?from=%2B1": "from", "?from=1.0": "from",
		"?from=9223372036854775808": "from", "?from=1&from=1": "from", "?follow=yes": "follow", "?follow=": "follow",
		"?from=%zz": "atLeast",
	} {
		w := h.call(http.MethodGet, "/history"+query, syncer, "")
		require.Equal(t, http.StatusBadRequest, w.Code, query)
		require.Equal(t, []string{source}, errorIn(t, w).sources(), query)
		require.Equal(t, 102, errorIn(t, w).code())
	}
}

func TestFeed_ofALogThatIsAwayIsNotBegun(t *testing.T) {
	h := newTestServer(t, func(o *api.Options) { o.Audit = brokenAudit{o.Audit} })
	w := h.call(http.MethodGet, "/history", syncer, "", "Accept-Encoding", "gzip")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Empty(t, w.Header().Get("Content-Encoding"))
}

// stream is an answer that is read as it comes.
type stream struct {
	t      *testing.T
	answer *http.Response
	body   *bufio.Reader
	leave  context.CancelFunc
}

// follow asks a server for the feed; zipped ones are read through gzip.
func follow(t *testing.T, client *http.Client, url string, zipped bool) *stream {
	t.Helper()
	return followAs(t, client, url, syncer, zipped)
}

func followAs(t *testing.T, client *http.Client, url, token string, zipped bool) *stream {
	t.Helper()
	ctx, leave := context.WithTimeout(t.Context(), soon) // what does not end is an error, not a wait
	t.Cleanup(leave)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept-Encoding", map[bool]string{true: "br, gzip;q=0.5", false: "gzip;q=0"}[zipped])
	answer, err := client.Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = answer.Body.Close() })
	return &stream{t: t, answer: answer, leave: leave, body: bufio.NewReader(answer.Body)}
}

// next waits for a line.
func (s *stream) next() entryBody {
	s.t.Helper()
	line, err := s.body.ReadBytes('\n')
	require.NoError(s.t, err)
	return entryIn(s.t, line)
}

// unzip is called when the first bytes of the body are to come.
func (s *stream) unzip() *stream {
	s.t.Helper()
	if s.answer.Header.Get("Content-Encoding") == "gzip" {
		plain, err := gzip.NewReader(s.answer.Body)
		require.NoError(s.t, err)
		s.body = bufio.NewReader(plain)
	}
	return s
}

// rest reads to the end, which is an error when the feed was broken off.
func (s *stream) rest() ([]entryBody, error) {
	s.t.Helper()
	body, err := io.ReadAll(s.body)
	return linesIn(s.t, body), err
}

func plainAndZipped(t *testing.T, test func(t *testing.T, zipped bool)) {
	t.Helper()
	t.Run("plain", func(t *testing.T) { test(t, false) })
	t.Run("gzip", func(t *testing.T) { test(t, true) })
}

func TestPackedFeed_hasTheSameContent(t *testing.T) {
	h := newTestServer(t)
	h.quarrels(20)
	client, url := serve(t, h)
	plain, zipped := follow(t, client, url+"/history", false), follow(t, client, url+"/history", true)
	require.Empty(t, plain.answer.Header.Get("Content-Encoding"))
	require.Equal(t, "gzip", zipped.answer.Header.Get("Content-Encoding"))
	require.Equal(t, "Accept-Encoding", zipped.answer.Header.Get("Vary"))
	require.Equal(t, "20", zipped.answer.Header.Get("X-Position"))
	all, err := plain.rest()
	require.NoError(t, err)
	require.Equal(t, h.feed(""), all)
	same, err := zipped.unzip().rest()
	require.NoError(t, err)
	require.Equal(t, all, same)
}

func TestStatus_andHeadersComeBeforeTheFirstLineAndEachLineAtOnce(t *testing.T) {
	plainAndZipped(t, func(t *testing.T, zipped bool) {
		h := newTestServer(t)
		client, url := serve(t, h)
		feed := follow(t, client, url+"/history?from=0&follow=true", zipped)
		require.Equal(t, http.StatusOK, feed.answer.StatusCode, "though the log is empty")
		for i := range 5 {
			h.sync(request(item("B1111BB", "2021-01-01T00:00:00", fmt.Sprintf(`"comments":"change %d",`, i))))
			if i == 0 {
				feed.unzip()
			}
			require.Equal(t, fmt.Sprintf("change %d", i), feed.next().After.Comment)
		}
	})
}

func TestConsumer_seesEverythingOnceWhileOthersWrite(t *testing.T) {
	plainAndZipped(t, func(t *testing.T, zipped bool) {
		h := newTestServer(t)
		h.quarrels(10)
		client, url := serve(t, h)
		feed := follow(t, client, url+"/history?follow=true", zipped).unzip()
		written := make(chan struct{})
		go func() {
			defer close(written)
			h.quarrels(60)
		}()
		for position := uint64(1); position <= 35; position++ {
			require.Equal(t, position, feed.next().Position)
		}
		feed.leave()
		again := follow(t, client, url+"/history?follow=true&from=35", zipped).unzip()
		<-written
		facts := uint64(h.facts())
		require.Greater(t, facts, uint64(60))
		for position := uint64(36); position <= facts; position++ {
			require.Equal(t, position, again.next().Position)
		}
	})
}

func TestHEAD_ofAFeedIsItsHeadersEvenWhenItWouldFollow(t *testing.T) {
	h := newTestServer(t)
	h.quarrels(3)
	client, url := serve(t, h)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, url+"/history?follow=true", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+syncer)
	answer, err := client.Do(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "application/x-ndjson", answer.Header.Get("Content-Type"))
	require.Equal(t, "3", answer.Header.Get("X-Position"))
}

func TestFeed_givesNoMoreThanTheHistories(t *testing.T) {
	h := newTestServer(t)
	h.quarrels(6)
	entries := entriesIn(t, h.history("B0001BB"))
	var theirs []entryBody
	for _, line := range h.feed("") {
		if line.PrisonerNumbers[1] == "B0001BB" {
			line.PrisonerNumbers = nil
			theirs = append(theirs, line)
		}
	}
	require.Equal(t, entries, theirs)
}
