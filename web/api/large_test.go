package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nonassociations/domain"
	"nonassociations/queries/directory"
	"nonassociations/web/api"
)

// Longer lists than this are made while they are sent.
const fewRecords = 1000

var groupPaths = []string{"/non-associations/between", "/non-associations/involving"}

func TestLongList_isTheSameAsAShortOne(t *testing.T) {
	for _, path := range groupPaths {
		for _, count := range []int{0, 1, fewRecords, fewRecords + 1, 1500} {
			h, list := longListServer(t, count)
			list.change = func(int) string { return "raw \u0085 and \x7f" } // escaped wherever it is made
			ask := func(headers ...string) *recorder {
				if count < 10 {
					return h.call(http.MethodPost, path, reader, aGroup, headers...) // as it is documented
				}
				w, _ := h.answer(http.MethodPost, path, reader, aGroup, headers...)
				return w
			}
			w := ask()
			require.Equal(t, http.StatusOK, w.Code)
			require.Equal(t, "77", w.Header().Get("X-Position"))
			require.Equal(t, strconv.Itoa(w.Body.Len()), w.Header().Get("Content-Length"))
			require.Equal(t, "application/json", w.Header().Get("Content-Type"))
			var all []shortBody
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &all))
			require.NotNil(t, all)
			require.Len(t, all, count)
			for i, one := range all {
				record := recordOf(i, "")
				require.Equal(t, record.NonAssociation.ID.String(), one.ID)
				require.Equal(t, string(record.Pair.Other("A9109UD")), one.SecondPrisonerNumber)
			}
			etag := w.Header().Get("ETag")
			again := ask()
			require.Equal(t, etag, again.Header().Get("ETag"))
			require.Equal(t, w.Body.String(), again.Body.String())
			held := ask("If-None-Match", `"a", `+etag)
			require.Equal(t, http.StatusNotModified, held.Code)
			require.Empty(t, held.Body.String())
			require.Equal(t, etag, held.Header().Get("ETag"))
			list.change = func(int) string { return "other words" }
			require.NotEqual(t, etag == ask().Header().Get("ETag"), count > 0)
		}
	}
}

// pace is a writer that notes how many records were made when it was given
// something, and how much it had been given by then.
type pace struct {
	*httptest.ResponseRecorder

	list    *longList
	given   int64
	largest int
	notes   [][2]int64
}

func (p *pace) Write(b []byte) (int, error) {
	p.notes = append(p.notes, [2]int64{p.list.made.Load(), p.given})
	p.given += int64(len(b))
	p.largest = max(p.largest, len(b))
	return len(b), nil
}

// What is made of a long list and not yet sent is no more than a buffer, however
// long the list is.
func TestLongList_isNeverWholeInMemory(t *testing.T) {
	const buffer, count = 32 << 10, 5000
	for _, path := range groupPaths {
		h, list := longListServer(t, count)
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(aGroup))
		r.Header = http.Header{"Authorization": {"Bearer " + reader}, "Content-Type": {"application/json"}}
		p := &pace{ResponseRecorder: httptest.NewRecorder(), list: list}
		h.ServeHTTP(p, r)
		require.Equal(t, http.StatusOK, p.Code)
		require.Equal(t, p.Header().Get("Content-Length"), strconv.FormatInt(p.given, 10))
		size := p.given / count // all are of one size
		require.Greater(t, size, int64(500))
		for _, note := range p.notes {
			require.LessOrEqual(t, note[0]*size-note[1], int64(buffer)+size, path)
		}
		require.LessOrEqual(t, p.largest, buffer, path)
	}
}

func TestLongList_thatCannotBeReadIsRefused(t *testing.T) {
	for _, path := range groupPaths {
		for pass := 1; pass <= 2; pass++ { // what fits, and what measures
			h, list := longListServer(t, 1200)
			list.fault = func(at, i int) error {
				if at == pass && i == 900 {
					return errors.New("the connection broke")
				}
				return nil
			}
			w := h.call(http.MethodPost, path, reader, aGroup)
			require.Equal(t, http.StatusServiceUnavailable, w.Code, "%s, pass %d", path, pass)
			require.NotEmpty(t, w.Header().Get("Retry-After"))
		}
	}
}

// An answer whose headers are out can only be broken off, and must not look
// whole then: neither by its length nor by its end.
func TestLongList_thatIsCutNeverLooksComplete(t *testing.T) {
	for name, spoil := range map[string]func(*longList){
		"a fault at the first record": func(l *longList) { l.fault = faultAt(3, 0) },
		"a fault in the middle":       func(l *longList) { l.fault = faultAt(3, 600) },
		"a fault at the last record":  func(l *longList) { l.fault = faultAt(3, 1199) },
		"other words of the same length": func(l *longList) {
			l.change = func(pass int) string { return strings.Repeat(strconv.Itoa(pass), 10) }
		},
		"more words": func(l *longList) { l.change = func(pass int) string { return strings.Repeat("x", pass) } },
		"less words": func(l *longList) { l.change = func(pass int) string { return strings.Repeat("x", 10-pass) } },
	} {
		for _, path := range groupPaths {
			h, list := longListServer(t, 1200)
			spoil(list)
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(aGroup))
			r.Header = http.Header{"Authorization": {"Bearer " + reader}, "Content-Type": {"application/json"}}
			require.PanicsWithError(t, http.ErrAbortHandler.Error(), func() { h.ServeHTTP(httptest.NewRecorder(), r) }, name)
			require.Contains(t, h.logs.String(), "list cut off")

			list.passes.Store(0)
			answer, err := overHTTP(t, h, path)
			if err != nil {
				require.ErrorIs(t, err, io.EOF, name) // not even the headers arrived
				continue
			}
			body, err := io.ReadAll(answer.Body)
			require.NoError(t, answer.Body.Close())
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, "%s of %s", name, path)
			require.False(t, json.Valid(body), "%s of %s", name, path)
		}
	}
}

func faultAt(pass, record int) func(int, int) error {
	return func(at, i int) error {
		if at == pass && i == record {
			return errors.New("the connection broke")
		}
		return nil
	}
}

// unmoved is a reader who takes nothing until it is let go.
type unmoved struct {
	*httptest.ResponseRecorder

	began, release chan struct{}
	once           sync.Once
}

func (s *unmoved) Write(b []byte) (int, error) {
	s.once.Do(func() { s.began <- struct{}{} })
	<-s.release
	return len(b), nil
}

// Readers who take nothing hold half of the connections to the read model and no
// more: further long lists wait with none in hand.
func TestReaders_thatTakeNothingLeaveConnectionsToOthers(t *testing.T) {
	const turns = 4
	h, list := longListServer(t, fewRecords+1)
	ask := func(ctx context.Context, w http.ResponseWriter) {
		r := httptest.NewRequest(http.MethodPost, groupPaths[1], strings.NewReader(aGroup)).WithContext(ctx)
		r.Header = http.Header{"Authorization": {"Bearer " + reader}, "Content-Type": {"application/json"}}
		h.ServeHTTP(w, r)
	}
	began, release := make(chan struct{}, turns), make(chan struct{})
	var all sync.WaitGroup
	letGo := sync.OnceFunc(func() { close(release); all.Wait() })
	t.Cleanup(letGo)
	for range turns {
		all.Go(func() {
			ask(context.Background(), &unmoved{ResponseRecorder: httptest.NewRecorder(), began: began, release: release})
		})
	}
	for range turns {
		<-began
	}
	held := func() int64 { return list.opened.Load() - list.closed.Load() }
	require.EqualValues(t, turns, held())

	opened := list.opened.Load()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	w, waited := httptest.NewRecorder(), make(chan struct{})
	go func() {
		defer close(waited)
		ask(ctx, w)
	}()
	require.Eventually(t, func() bool { return list.opened.Load() == opened+1 && held() == turns }, 20*time.Second, time.Millisecond,
		"it has seen that the list is long, and holds nothing while it waits")
	leave()
	<-waited
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
	require.Equal(t, opened+1, list.opened.Load())
	letGo()
	last, _ := h.answer(http.MethodPost, groupPaths[1], reader, aGroup)
	require.Equal(t, http.StatusOK, last.Code)
}

// places100 is a directory in which every hundredth prisoner is elsewhere. It
// fails a test in which the read model's connection is held meanwhile.
type places100 struct {
	t    *testing.T
	list *longList
	err  error
}

func (p *places100) Find(ctx context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]directory.Prisoner, error) {
	return p.FindNow(ctx, numbers)
}

func (p *places100) FindNow(_ context.Context, numbers []domain.PrisonerNumber) (map[domain.PrisonerNumber]directory.Prisoner, error) {
	require.Equal(p.t, p.list.opened.Load(), p.list.closed.Load(), "no connection is held while the directory is asked")
	found := map[domain.PrisonerNumber]directory.Prisoner{}
	for _, number := range numbers {
		place := "MDI"
		if bytes.HasSuffix([]byte(number), []byte("00AB")) {
			place = "LEI"
		}
		found[number] = directory.Prisoner{Number: number, PrisonID: place}
	}
	return found, p.err
}

func (p *places100) Cached([]domain.PrisonerNumber) (map[domain.PrisonerNumber]directory.Prisoner, bool) {
	return map[domain.PrisonerNumber]directory.Prisoner{}, false
}

func TestLongList_ofOnePrison(t *testing.T) {
	p := &places100{t: t}
	h, list := longListServer(t, 3000, func(o *api.Options) { o.Directory = p })
	p.list = list
	answered := func() int {
		w, _ := h.answer(http.MethodPost, "/non-associations/between?prisonId=MDI", reader, aGroup)
		require.Equal(t, http.StatusOK, w.Code)
		var all []shortBody
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &all))
		return len(all)
	}
	require.Equal(t, 2970, answered())
	p.err = directory.ErrUnavailable
	require.Equal(t, 3000, answered(), "no prisoner is hidden when the directory fails")
}
