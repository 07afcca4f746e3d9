package issuer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"nonassociations/internal/dev/token"
)

// ClientID is the public client of the pages.
const ClientID = "nonassociations-screens"

// Options are what a test changes. The zero value is a development run.
type Options struct {
	Clock func() time.Time // nil: the time of day
	TTL   time.Duration    // of an access token; 0: ten minutes
}

// Server is one issuer on loopback: it publishes its key set, and signs users in. Its
// methods are safe for concurrent use.
type Server struct {
	token.Issuer
	http    *http.Server
	address string // http://127.0.0.1:port
	keys    []byte
	clock   func() time.Time
	ttl     time.Duration
	stop    func() error // stops once, and returns the same result each time

	mu        sync.Mutex
	users     []User
	codes     map[string]grant // by code
	used      map[string]bool  // refresh tokens that were exchanged, by their id
	revoked   map[string]time.Time
	asked     int // for tokens
	isAway    bool
	noClaim   bool
	idTokens  bool
	noRefresh bool
	alter     Alter
}

// Alter changes the claims of tokens before they are signed; a nil function changes
// nothing.
type Alter struct{ Access, ID func(jwt.MapClaims) }

// Serve publishes the key set and signs users in, on a free port of loopback until Stop.
// ctx bounds the start only.
func Serve(ctx context.Context, issuer token.Issuer) (*Server, error) {
	return Start(ctx, issuer, Options{})
}

// Start is Serve with options. An issuer without a name is named by its address, so that
// its discovery document can be read there.
func Start(ctx context.Context, issuer token.Issuer, o Options) (*Server, error) {
	set, err := KeySet(issuer)
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the issuer: %w", err)
	}
	s := &Server{
		Issuer: issuer, address: "http://" + listener.Addr().String(), keys: set, clock: o.Clock, ttl: o.TTL, users: people(),
		codes: map[string]grant{}, used: map[string]bool{}, revoked: map[string]time.Time{},
	}
	if s.Name == "" {
		s.Name = s.address
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.ttl == 0 {
		s.ttl = accessTTL
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(listener) }()
	s.stop = sync.OnceValue(func() error { return errors.Join(s.http.Close(), unlessClosed(<-served)) })
	return s, nil
}

// routes returns the handler of all paths.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/jwks.json", s.keySet)
	mux.HandleFunc("GET /.well-known/openid-configuration", s.discovery)
	mux.HandleFunc("GET /authorize", s.choose)
	mux.HandleFunc("POST /authorize", s.chosen)
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("GET /sign-out", s.signOut)
	mux.HandleFunc("POST /control", s.control)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.away() && r.URL.Path != "/control" {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// KeysURL returns the URL of the key set, for AUTH_JWKS_URL.
func (s *Server) KeysURL() string { return s.address + "/.well-known/jwks.json" }

// AuthorizeURL returns the page on which a user signs in, for SCREENS_AUTHORIZE_URL.
func (s *Server) AuthorizeURL() string { return s.address + "/authorize" }

// TokenURL returns the address that gives tokens, for SCREENS_TOKEN_URL.
func (s *Server) TokenURL() string { return s.address + "/token" }

// SignOutURL returns the address of the sign-out, for SCREENS_SIGN_OUT_URL.
func (s *Server) SignOutURL() string { return s.address + "/sign-out" }

// ControlURL returns the address of the switches.
func (s *Server) ControlURL() string { return s.address + "/control" }

// Stop closes the server and all its connections. It returns when serving has ended. A
// second call returns the same result.
func (s *Server) Stop() error {
	if err := s.stop(); err != nil {
		return fmt.Errorf("stop the issuer: %w", err)
	}
	return nil
}

// unlessClosed drops the error of a server that was closed on purpose.
func unlessClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (s *Server) keySet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(s.keys) // a reader that left needs no answer
}

func (s *Server) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer": s.Name, "authorization_endpoint": s.AuthorizeURL(), "token_endpoint": s.TokenURL(),
		"end_session_endpoint": s.SignOutURL(), "jwks_uri": s.KeysURL(), "response_types_supported": []string{"code"},
		"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{algorithm},
		"grant_types_supported": []string{"authorization_code", refreshToken}, "code_challenge_methods_supported": []string{"S256"},
		"token_endpoint_auth_methods_supported": []string{"none", "client_secret_basic"},
	})
}
