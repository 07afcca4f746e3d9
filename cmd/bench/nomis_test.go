package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStock_hasEachPairOnceAndSomeHistory(t *testing.T) {
	pairs, records := map[[2]string]bool{}, 0
	for r := range (&harness{}).stockOf(100) {
		pairs[[2]string{r.OffenderNo, r.NSOffenderNo}] = true
		records++
	}
	require.Len(t, pairs, 100)
	require.Equal(t, 125, records)
	for range (&harness{}).stockOf(100) {
		break // as the end of the request does
	}
}

func TestStockReader_readsEveryPageAndBothMirrors(t *testing.T) {
	var mu sync.Mutex
	read := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		read[r.URL.String()]++
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if page := r.URL.Query().Get("page"); page == "0" || page == "1" {
			fmt.Fprintf(w, `{"content":[{"offenderNo1":"A000%sAA","offenderNo2":"B000%sBB"}]}`, page, page)
			return
		}
		_, _ = w.Write([]byte(`{"content":[]}`))
	}))
	defer server.Close()
	defer http.DefaultClient.CloseIdleConnections()
	reader := &stockReader{nomis: &nomis{address: server.Listener.Addr().String(), token: "secret"}}
	require.NoError(t, reader.readAll(t.Context()))
	require.Len(t, reader.pairs, 2)
	require.EqualValues(t, 2*3+2*2, reader.calls.Load())
	for url, times := range read {
		if strings.Contains(url, "/ids") {
			require.Equal(t, 2, times, url)
		} else {
			require.Equal(t, 1, times, url)
		}
	}
	denied := &stockReader{nomis: &nomis{address: server.Listener.Addr().String()}}
	require.ErrorContains(t, denied.readAll(t.Context()), "401")
}

func TestWrites_alternateBetweenNewRecordsAndEarlierOnes(t *testing.T) {
	var wrote, asked []string
	made := 0
	a := alternating{do: func(_ context.Context, of *record, comment string) (record, time.Time, error) {
		asked = append(asked, comment)
		if of != nil {
			wrote = append(wrote, "change "+of.id)
			return *of, time.Now(), nil
		}
		made++
		wrote = append(wrote, "new")
		return record{id: strconv.Itoa(made)}, time.Now(), nil
	}}
	var seen []string
	for range 6 {
		_, err := a.next(t.Context(), func(_ context.Context, comment string) error {
			seen = append(seen, comment)
			return nil
		})
		require.NoError(t, err)
	}
	require.Equal(t, []string{"new", "new", "new", "change 2", "new", "change 3"}, wrote)
	require.Equal(t, asked, seen)
	require.Len(t, a.opened, 4)
	require.Len(t, a.amended, 2)
	require.NotEqual(t, asked[0], asked[1], "what is waited for is this write and no other")
}

func TestPeakMemory_isThatOfThisProcess(t *testing.T) {
	peak, err := peakMemory(os.Getpid())
	require.NoError(t, err)
	require.Less(t, peak, 4<<20)
}
