package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// stockReader is a bare client that reads all that NOMIS has.
type stockReader struct {
	*nomis

	pairs [][2]string // as listed in the last sweep
	calls atomic.Int64
}

// readAll lists the pairs twice, as a migration does to be sure that none is missed, and
// reads both mirrors of each over several connections.
func (r *stockReader) readAll(ctx context.Context) error {
	for range 2 {
		if err := r.sweep(ctx); err != nil {
			return err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range inFlight {
		group.Go(func() error {
			wire, err := dial(ctx, r.address)
			if err != nil {
				return err
			}
			defer wire.close()
			own := mirrorRequest(r.token)
			for i := next.Add(1); i <= int64(len(r.pairs)) && ctx.Err() == nil; i = next.Add(1) {
				calls, err := readMirrors(wire, own, r.pairs[i-1][0], r.pairs[i-1][1])
				if err != nil {
					return err
				}
				r.calls.Add(int64(calls))
			}
			return ctx.Err()
		})
	}
	return group.Wait()
}

// sweep lists the pairs by pages of 1000, up to an empty one.
func (r *stockReader) sweep(ctx context.Context) error {
	r.pairs = r.pairs[:0]
	for number := 0; ; number++ {
		found, err := r.page(ctx, number)
		if err != nil || len(found) == 0 {
			return err
		}
		r.pairs = append(r.pairs, found...)
	}
}

// page reads one page of the pairs.
func (r *stockReader) page(ctx context.Context, number int) ([][2]string, error) {
	url := fmt.Sprintf("http://%s/non-associations/ids?page=%d&size=1000", r.address, number)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	r.calls.Add(1)
	var page struct {
		Content []struct{ OffenderNo1, OffenderNo2 string }
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("NOMIS answers %d to a page", response.StatusCode)
	}
	if err := json.NewDecoder(response.Body).Decode(&page); err != nil {
		return nil, err
	}
	found := make([][2]string, len(page.Content))
	for i, pair := range page.Content {
		found[i] = [2]string{pair.OffenderNo1, pair.OffenderNo2}
	}
	return found, nil
}
