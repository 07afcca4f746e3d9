package npa

import (
	"cmp"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"

	"nonassociations/internal/bearer"
	"nonassociations/internal/tracing"
)

// Credentials are those with which the API's tokens are got.
type Credentials = bearer.Credentials

// Options of an API. URL must be set.
type Options struct {
	URL         string           // base address
	Credentials *Credentials     // nil: no token is sent
	Clock       func() time.Time // must be set where there are credentials
	Logger      *slog.Logger     // nil: nothing is logged
	Rate        int              // the most requests a second; 0: no limit
	InFlight    int              // the most calls at once; 8 when zero
	Timeout     time.Duration    // of one request; 20 s when zero

	transport http.RoundTripper // nil: over the network; tests replace it
}

// API is the NOMIS Prisoner API with all that its callers share: the rate, the token and
// the circuit breaker. It is safe for concurrent use. New makes one, and Close must be
// called when no call is under way any more.
type API struct {
	url     string
	client  *http.Client
	tokens  *bearer.Tokens // nil: none are sent
	timeout time.Duration
	limiter *rate.Limiter
	slots   chan struct{} // holds one value for each call under way
	breaker *gobreaker.CircuitBreaker[answer]
	counts  map[Cause]*atomic.Int64 // one for each of Causes; the map is never changed
}

// New prepares an API. It does not connect. Nothing fails here: a wrong URL is an error
// of each call.
func New(options Options) *API {
	options.InFlight = cmp.Or(options.InFlight, 8)
	options.Timeout = cmp.Or(options.Timeout, 20*time.Second)
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.transport == nil {
		options.transport = newTransport(options)
	}
	a := &API{
		url: strings.TrimRight(options.URL, "/"),
		client: &http.Client{
			Transport: tracing.Transport(options.transport, "nomis"),
			// A redirect could send the token to another server.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		timeout: options.Timeout,
		limiter: rate.NewLimiter(rate.Inf, 0),
		slots:   make(chan struct{}, options.InFlight),
		breaker: newBreaker(options.Logger),
		counts:  map[Cause]*atomic.Int64{},
	}
	if options.Rate > 0 {
		a.limiter = rate.NewLimiter(rate.Limit(options.Rate), 1) // a burst would be above the rate
	}
	if options.Credentials != nil {
		a.tokens = bearer.NewTokens(*options.Credentials, a.client, options.Clock)
	}
	for _, cause := range Causes() {
		a.counts[cause] = &atomic.Int64{}
	}
	return a
}

// newTransport limits every step that has no context of its own, so that a service that
// hangs holds no connection for ever.
func newTransport(options Options) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: options.Timeout}).DialContext,
		TLSHandshakeTimeout:    options.Timeout,
		ForceAttemptHTTP2:      true,
		MaxConnsPerHost:        options.InFlight,
		MaxIdleConnsPerHost:    options.InFlight,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// Close closes the idle connections.
func (a *API) Close() { a.client.CloseIdleConnections() }

// For returns a client whose requests count for a cause, which must be one of [Causes].
// It has a count of its own too: see [Client.Requests].
func (a *API) For(cause Cause) *Client { return &Client{api: a, cause: a.counts[cause]} }

// Available reports whether the API answers, as far as the last calls know. While it does
// not, calls fail at once, except one every 10 s, which is the probe: see [Client.Ping].
func (a *API) Available() bool { return a.breaker.State() == gobreaker.StateClosed }
