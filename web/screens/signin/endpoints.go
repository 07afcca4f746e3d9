package signin

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// endpoints finds the addresses of the issuer. It is safe for concurrent use.
type endpoints struct {
	o    Options
	away away

	mu    sync.Mutex
	known *addresses // nil until the discovery document was read
}

// addresses are those of the issuer that a browser or this service goes to.
type addresses struct {
	oauth2.Config

	endSession string // "" when there is none
}

// newEndpoints returns the endpoints of an issuer that has not been asked.
func newEndpoints(o Options) *endpoints { return &endpoints{o: o} }

// get returns the addresses: those of the options, and else of the issuer's discovery
// document, which is read once. The error is ErrIssuerAway.
func (e *endpoints) get(ctx context.Context) (*addresses, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.known != nil {
		return e.known, nil
	}
	var discovered addresses
	if e.o.AuthorizeURL == "" || e.o.TokenURL == "" {
		if e.away.since(e.o.Clock(), awayTime) {
			return nil, ErrIssuerAway
		}
		var err error
		if discovered, err = e.discover(ctx); err != nil {
			e.away.fails(e.o.Clock())
			return nil, err
		}
	}
	found := &addresses{endSession: discovered.endSession, Config: oauth2.Config{
		ClientID: e.o.ClientID, ClientSecret: e.o.ClientSecret, RedirectURL: e.o.PublicURL + CallbackPath,
		Endpoint: oauth2.Endpoint{
			AuthURL: first(e.o.AuthorizeURL, discovered.Endpoint.AuthURL), TokenURL: first(e.o.TokenURL, discovered.Endpoint.TokenURL),
			// Never both in turn, as the library tries by itself: the second would send a
			// code or a refresh token that the first has used up.
			AuthStyle: oauth2.AuthStyleInHeader,
		},
	}}
	if e.o.ClientSecret == "" {
		found.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	e.known = found
	return found, nil
}

// discover reads the issuer's discovery document.
func (e *endpoints) discover(ctx context.Context) (addresses, error) {
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, e.o.Client), issuerTime)
	defer cancel()
	provider, err := oidc.NewProvider(ctx, e.o.Issuer)
	if err != nil { // its text quotes the answer
		return addresses{}, fmt.Errorf("read the discovery document: %w", ErrIssuerAway)
	}
	var document struct {
		EndSession string `json:"end_session_endpoint"`
	}
	endpoint := provider.Endpoint()
	if err := provider.Claims(&document); err != nil || endpoint.AuthURL == "" || endpoint.TokenURL == "" {
		return addresses{}, fmt.Errorf("read the discovery document: %w", ErrIssuerAway)
	}
	return addresses{Config: oauth2.Config{Endpoint: endpoint}, endSession: document.EndSession}, nil
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// away remembers that a service did not answer, so that the next requests do not wait for
// it as well. It is safe for concurrent use.
type away struct {
	mu   sync.Mutex
	last time.Time
}

// fails records that the service did not answer.
func (a *away) fails(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = now
}

// since reports whether the service did not answer less than a time ago.
func (a *away) since(now time.Time, ago time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.last.IsZero() && now.Sub(a.last).Abs() < ago
}
