package past

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"nonassociations/audit"
	"nonassociations/commands"
	"nonassociations/eventstore"
	"nonassociations/web/api"
	"nonassociations/web/auth"
)

// Options of [Open].
type Options struct {
	Position uint64    // up to which the log counts; it need not be an event's
	At       time.Time // of the answer, in London: by it records are open or closed
	// Progress, if set, is called after each thousand facts of the reading.
	Progress func(facts int, at eventstore.Position)
}

// Service is the service as it was at a position.
type Service struct {
	Model *Model

	log   *log
	clock func() time.Time
	head  func(context.Context) (uint64, error)
}

// Open reads the log up to a position and folds it. It needs memory for all facts up to
// there. Errors: ErrBeyondEnd, those of the log, and a fact that cannot be read.
func Open(ctx context.Context, store eventstore.Store, o Options) (*Service, error) {
	l, err := openLog(ctx, store, o.Position, o.Progress)
	if err != nil {
		return nil, err
	}
	model, err := newModel(l, o.At.Location())
	if err != nil {
		return nil, err
	}
	return &Service{
		Model: model, log: l, clock: func() time.Time { return o.At },
		head: func(context.Context) (uint64, error) { return l.last.Uint64(), nil },
	}, nil
}

// commands read the switch-over. Every write of theirs is refused by the log.
func (s *Service) commands() *commands.Handler {
	return commands.New(s.log, commands.Options{Clock: s.clock, Locator: s.Model})
}

func (s *Service) audit() *audit.Reader {
	return audit.New(s.log, audit.Options{London: s.clock().Location()})
}

// everyRole are the roles of the reads that are shown again.
var everyRole = []string{"READ_NON_ASSOCIATIONS", "NON_ASSOCIATIONS_SYNC", "NON_ASSOCIATIONS_AUDIT", "SAR_DATA_ACCESS", "NON_ASSOCIATIONS_ADMIN"}

// operator is whoever shows an answer again: access was judged when it was given.
type operator struct{}

// Verify implements the verifier of the API.
func (operator) Verify(context.Context, string) (auth.Claims, error) {
	return auth.Claims{User: "show", ClientID: "show", Roles: everyRole}, nil
}

// Get returns what the API of this build answers to a read of records, without names. The
// path must pass [CheckPath].
func (s *Service) Get(ctx context.Context, path string) (status int, body []byte, err error) {
	handler := s.commands()
	shown := api.New(api.Options{
		Commands: handler, Reads: s.Model, Head: s.head, Audit: s.audit(), Streams: s.Model, Mappings: s.Model,
		Verifier: operator{}, Clock: s.clock,
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, path, http.NoBody)
	if err != nil {
		return 0, nil, fmt.Errorf("read the path: %w", err)
	}
	request.Header.Set("Authorization", "Bearer show")
	answer := httptest.NewRecorder()
	shown.ServeHTTP(answer, request)
	return answer.Code, bytes.Clone(answer.Body.Bytes()), nil
}

// shownPaths are the reads of records, and otherPaths say why others are not shown again.
var (
	shownPaths = []string{
		"/non-associations", "/non-associations/{reference}", "/non-associations/{reference}/history",
		"/prisoner/{prisonerNumber}/non-associations", "/subject-access-request",
		"/audit/prisoner/{prisonerNumber}", "/audit/pair/{prisonerNumber}/{otherPrisonerNumber}",
		"/legacy/api/offenders/{prisonerNumber}/non-association-details", "/nomis/switch-over/history",
	}
	otherPaths = map[string]string{
		"/history":                        "the feed is the log itself: read it with /history",
		"/non-associations/{id}/delivery": "a delivery depends on the differences with NOMIS, which are not in the log",
		"/mapping/":                       "a mapping has the label of its migration, which is not in the log",
		"/nomis/":                         "it depends on NOMIS or on what the comparison with it found, which is not in the log",
		"/evidence/":                      "it is kept as it was given, in the schema evidence",
	}
)

// ShownPaths returns the paths of the API that can be shown again, with parameters in braces.
func ShownPaths() []string { return slices.Clone(shownPaths) }

var errNoRead = errors.New("is no read of records of the API")

// CheckPath reports why a path, with its query, cannot be shown again. It opens nothing.
func CheckPath(path string) error {
	parsed, err := url.ParseRequestURI(path)
	if err != nil || !strings.HasPrefix(path, "/") || parsed.Host != "" {
		return errors.New("must be a path of the API with its query, such as /non-associations/A1234BC")
	}
	if pathMatches(parsed, shownPaths...) {
		return nil
	}
	for pattern, why := range otherPaths {
		if pathMatches(parsed, pattern) {
			return errors.New("cannot be shown again: " + why)
		}
	}
	return errNoRead
}

// pathMatches reports whether a path fits one of some patterns.
func pathMatches(u *url.URL, patterns ...string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if strings.HasSuffix(pattern, "/") {
			return strings.HasPrefix(u.Path, pattern)
		}
		parts, wanted := strings.Split(u.EscapedPath(), "/"), strings.Split(pattern, "/")
		return len(parts) == len(wanted) && !slices.ContainsFunc(wanted, func(part string) bool {
			given := parts[slices.Index(wanted, part)]
			return given == "" && part != "" || !strings.HasPrefix(part, "{") && part != given
		})
	})
}
