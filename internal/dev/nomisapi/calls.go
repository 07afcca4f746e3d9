package nomisapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// call is one call of the API as /staff/calls shows it.
type call struct {
	At         string `json:"at"`
	Method     string `json:"method"`
	Path       string `json:"path"` // with its query
	Body       string `json:"body"`
	Status     int    `json:"status"`     // of the answer, sent or lost
	AnswerLost bool   `json:"answerLost"` // the connection was broken instead

	pair    pairKey // of the path, or of the body of a POST; the zero pairKey for none
	unknown bool    // its prisoners are unknown by a fault
}

// maxBody bounds a body.
const maxBody = 1 << 20

// newCall reads the body of a request, and puts it back for others to read.
func newCall(w http.ResponseWriter, r *http.Request, at time.Time) (*call, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	r.Body = io.NopCloser(bytes.NewReader(body))
	c := &call{At: at.Format(time.RFC3339Nano), Method: r.Method, Path: r.URL.RequestURI(), Body: string(body)}
	if a, b := r.PathValue("a"), r.PathValue("b"); a != "" {
		c.pair = keyOf(a, b)
	}
	var named struct{ OffenderNo, NSOffenderNo string }
	if json.Unmarshal(body, &named) == nil && named.OffenderNo != "" {
		c.pair = keyOf(named.OffenderNo, named.NSOffenderNo)
	}
	return c, err
}

// writes reports whether the call changes something.
func (c *call) writes() bool { return c.Method != http.MethodGet }

// ring keeps the last calls that only read. The zero ring is ready.
type ring struct {
	mu   sync.Mutex
	kept []call
	next int
}

// ringSize is how many calls a ring keeps.
const ringSize = 10_000

func (g *ring) add(c call) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.kept) < ringSize {
		g.kept = append(g.kept, c)
		return
	}
	g.kept[g.next] = c
	g.next = (g.next + 1) % ringSize
}

// of returns the calls of a pair, all for the zero pairKey.
func (g *ring) of(pair pairKey) []call {
	g.mu.Lock()
	defer g.mu.Unlock()
	found := []call{}
	for _, c := range g.kept {
		if pair == (pairKey{}) || c.pair == pair {
			found = append(found, c)
		}
	}
	return found
}

// record keeps a call: one that writes in a table, since a crash is looked into by what
// was called before it, and one that reads in memory.
func (s *Server) record(ctx context.Context, c call) {
	if !c.writes() {
		s.reads.add(c)
		return
	}
	c.Body = strings.ReplaceAll(c.Body, "\x00", "") // Postgres has no such character
	text, _ := json.Marshal(c)                      // cannot fail
	_, err := s.db.Exec(context.WithoutCancel(ctx), `INSERT INTO calls (pair, recorded) VALUES ($1, $2::text::jsonb)`,
		c.pair.String(), string(text))
	if err != nil {
		s.log.ErrorContext(ctx, "keep a call of NOMIS", "error", err)
	}
}

// callsOf returns the calls of a pair, all for the zero pairKey, oldest first. Of calls
// that read it has the last ones of this process.
func (s *Server) callsOf(ctx context.Context, pair pairKey) ([]call, error) {
	rows, err := s.db.Query(ctx, `SELECT recorded FROM calls WHERE $1 OR pair = $2 ORDER BY call_id DESC LIMIT $3`,
		pair == pairKey{}, pair.String(), ringSize)
	if err != nil {
		return nil, err
	}
	written, err := pgx.CollectRows(rows, pgx.RowTo[call])
	if err != nil {
		return nil, err
	}
	all := append(s.reads.of(pair), written...)
	slices.SortStableFunc(all, func(x, y call) int { return x.at().Compare(y.at()) })
	return all, nil
}

// at is when the call came.
func (c call) at() time.Time {
	at, _ := time.Parse(time.RFC3339Nano, c.At) // as newCall wrote it
	return at
}

// calls is GET /staff/calls?a=&b=.
func (s *Server) calls(r *http.Request, _ *call) (answer, error) {
	var pair pairKey
	if a, b := r.URL.Query().Get("a"), r.URL.Query().Get("b"); a != "" || b != "" {
		pair = keyOf(a, b)
	}
	found, err := s.callsOf(r.Context(), pair)
	return ok(found), err
}
