package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"time"

	"github.com/jackc/pgx/v5"

	"nonassociations/domain"
	"nonassociations/internal/dev/estate"
	"nonassociations/internal/dev/issuer"
	"nonassociations/internal/dev/prisonersearch"
)

const (
	// inPrison people of one prison have pairsInPrison open pairs: a large prison.
	inPrison, pairsInPrison = 1500, 4000
	// officer is who looks at the pages; the prison is the one of their caseload.
	officer, officersPrison = "OFFICER_A", "XAA"
)

// largePrison is a directory of one prison.
type largePrison []estate.Prisoner

// newLargePrison makes up the people of a prison.
func newLargePrison(size int) largePrison {
	all := make(largePrison, size)
	for i := range all {
		all[i] = estate.Prisoner{
			Number: estate.Number(uint64(i)), FirstName: "Bra", LastName: "Snokdle", PrisonID: officersPrison, PrisonName: "Example A (HMP)",
			CellLocation: fmt.Sprintf("%c-%d-%03d", 'A'+rune(i%8), i/8%4+1, i/64+1), InOutStatus: "IN",
		}
	}
	return all
}

// Find implements [prisonersearch.Estate].
func (p largePrison) Find(number domain.PrisonerNumber) (estate.Prisoner, bool) {
	for _, one := range p {
		if one.Number == number {
			return one, true
		}
	}
	return estate.Prisoner{}, false
}

// People implements [prisonersearch.Estate].
func (p largePrison) People() []estate.Prisoner { return p }

// pairs returns a function that returns each pair once: everybody with somebody further
// on, further with each round. One pair in eleven has both in one wing.
func (p largePrison) pairs() func() (one, other string) {
	i := -1
	return func() (one, other string) {
		i++
		step := i/len(p)*16 + 1
		if i%11 == 0 {
			step += 7
		}
		return string(p[i%len(p)].Number), string(p[(i+step)%len(p)].Number)
	}
}

// measurePages measures how long pages of the screens take, one after the other, each
// beside the API's answer with the same prisoner's list. Names come from a stand-in for
// Prisoner Search in this process.
func measurePages(ctx context.Context, s *harness) (t table, err error) {
	prison := newLargePrison(inPrison)
	people, err := prisonersearch.Serve(ctx, prison)
	if err != nil {
		return table{}, err
	}
	s.directory = people.URL()
	defer func() {
		s.directory = ""
		err = errors.Join(err, s.stopService(), people.Stop())
	}()
	where, err := s.storedFacts(ctx, "pages")
	if err != nil {
		return table{}, err
	}
	if err = storePairs(ctx, where.databaseURL, pairsInPrison, prison.pairs()); err != nil {
		return table{}, err
	}
	if err = s.catchUp(ctx, where); err != nil {
		return table{}, err
	}
	b, err := s.openPages(ctx, where)
	if err != nil {
		return table{}, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if err = b.signIn(ctx); err != nil {
		return table{}, err
	}
	return b.measure(ctx, string(prison[inPrison/2].Number))
}

// pagesBrowser reads pages with a session, and the API with a token.
type pagesBrowser struct {
	*harness

	where   installation
	screens *process
	base    string
	client  *http.Client
}

// openPages starts the role `screens`. The caller calls close.
func (s *harness) openPages(ctx context.Context, where installation) (*pagesBrowser, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	environment := append(s.environment(where, ""),
		"SCREENS_ADDR="+address, "SCREENS_CLIENT_ID="+issuer.ClientID, "SCREENS_SESSION_KEY="+base64.StdEncoding.EncodeToString(key),
		"SCREENS_AUTHORIZE_URL="+s.issuer.AuthorizeURL(), "SCREENS_TOKEN_URL="+s.issuer.TokenURL(), "SCREENS_SIGN_OUT_URL="+s.issuer.SignOutURL())
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	b := &pagesBrowser{harness: s, where: where, base: "http://" + address, client: &http.Client{Jar: jar, Transport: &http.Transport{}, Timeout: time.Minute}}
	if b.screens, err = s.spawn("screens", s.Binary, environment, "screens"); err != nil {
		return nil, err
	}
	if err := b.screens.ready(ctx, answers(address, "/ping", "")); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

// close ends the pages.
func (b *pagesBrowser) close() error {
	b.client.CloseIdleConnections()
	return b.screens.stop()
}

// signIn signs the officer in, as a browser does at the page of the development issuer.
func (b *pagesBrowser) signIn(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.base+"/sign-in", http.NoBody)
	if err != nil {
		return err
	}
	chooses, err := b.client.Do(request)
	if err != nil {
		return err
	}
	_ = chooses.Body.Close()
	form := chooses.Request.URL.Query() // the page's form sends these back
	form.Set("user", officer)
	in, err := b.client.PostForm(b.issuer.AuthorizeURL(), form) //nolint:noctx // the client has a limit
	if err != nil {
		return err
	}
	_ = in.Body.Close()
	if in.StatusCode != http.StatusOK || in.Request.URL.Host != request.URL.Host {
		return fmt.Errorf("the sign-in ended with %d at %s", in.StatusCode, in.Request.URL.Path)
	}
	return nil
}

// get returns the body of an answer and the seconds until it was read. Any status but 200
// is an error.
func (b *pagesBrowser) get(ctx context.Context, url, token string) ([]byte, float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, 0, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	began := time.Now()
	answer, err := b.client.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %d", request.URL.Path, answer.StatusCode)
	}
	return body, time.Since(began).Seconds(), err
}

// measure measures the pages about one prisoner and that of the whole prison.
func (b *pagesBrowser) measure(ctx context.Context, number string) (table, error) {
	api := "http://" + b.address + "/non-associations/" + number
	text, _, err := b.get(ctx, "http://"+b.address+"/prisoner/"+number+"/non-associations", b.token)
	if err != nil {
		return table{}, err
	}
	var list struct {
		NonAssociations []struct {
			ID string `json:"id"`
		} `json:"nonAssociations"`
	}
	if err := json.Unmarshal(text, &list); err != nil || len(list.NonAssociations) == 0 || list.NonAssociations[0].ID == "" {
		return table{}, fmt.Errorf("the list of a prisoner has no record: %w", err)
	}
	lists := b.base + "/prisoner/" + number + "/non-associations"
	var t table
	for _, page := range []struct{ name, what, url string }{
		{"page-list", "a list", lists},
		{"page-record", "a record", lists + "/" + list.NonAssociations[0].ID},
		{"page-history", "a history", lists + "/history"},
		{"page-too-close", "who is too close", b.base + "/prison/" + officersPrison + "/too-close"},
	} {
		bytes, views, err := b.views(ctx)
		if err != nil {
			return t, err
		}
		r, err := b.page(ctx, page.name, page.url, api)
		if err != nil {
			return t, err
		}
		more, seen, err := b.views(ctx)
		if err != nil {
			return t, err
		}
		r.numbers = map[string]float64{"bytes a view": (more - bytes) / max(1, seen-views)}
		r.name, r.what = page.name, fmt.Sprintf("%s: %s, %s people with %s pairs, p50 / p99", page.name, page.what, thousands(inPrison), thousands(pairsInPrison))
		t.rows = append(t.rows, r)
	}
	return t, nil
}

// page measures one page, in blocks that alternate with the API's.
func (b *pagesBrowser) page(ctx context.Context, of, url, api string) (row, error) {
	var seen, read []float64
	size := 0
	for range b.Rounds {
		var err error
		each := max(1, b.Looks/b.Rounds/10) // a page takes some ten times as long as a read
		if seen, err = repeat(seen, each, func() (float64, error) {
			body, took, err := b.get(ctx, url, "")
			size = len(body)
			return took, err
		}); err != nil {
			return row{}, err
		}
		if read, err = repeat(read, each, func() (float64, error) {
			_, took, err := b.get(ctx, api, b.token)
			return took, err
		}); err != nil {
			return row{}, err
		}
	}
	ratio := median(seen) / median(read)
	return row{
		measured: times(seen), beside: "the API's list of one of them, p50 / p99", baseline: times(read), ratio: ratio, results: latencies(seen, read),
		note: fmt.Sprintf("%s: a page of %s bytes, unpacked; the ratio is that of the p50, over %d looks", of, thousands(size), len(seen)),
	}, nil
}

// views returns the bytes and the number of the views that the audit keeps.
func (b *pagesBrowser) views(ctx context.Context) (bytes, count float64, err error) {
	db, err := pgx.Connect(ctx, b.where.databaseURL)
	if err != nil {
		return 0, 0, err
	}
	// What an index has put off would otherwise come with a later page.
	err = db.QueryRow(ctx, `SELECT gin_clean_pending_list('screens.view_prisoner')`).Scan(new(int64))
	if err == nil {
		err = db.QueryRow(ctx, `SELECT pg_total_relation_size('screens.view')::float8, count(*)::float8 FROM screens.view`).Scan(&bytes, &count)
	}
	return bytes, count, errors.Join(err, db.Close(ctx))
}
