package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/golang-jwt/jwt/v5"
)

// The errors of Verify, for errors.Is.
var (
	// ErrInvalid refuses a token; it says nothing that helps to forge one.
	ErrInvalid = errors.New("the token is not valid")
	// ErrUnverifiable says that the issuer's keys cannot be had now, so that
	// nothing can be said about the token.
	ErrUnverifiable = errors.New("the keys of the token issuer cannot be read now")
)

const (
	leeway       = 5 * time.Second // between our clock and the issuer's
	refreshEvery = 5 * time.Minute // so that a withdrawn key leaves
	maxToken     = 16 << 10        // bytes; longer ones are refused unread
	firstRetry   = 200 * time.Millisecond
	maxRetry     = 15 * time.Second
)

// Options say whose tokens are accepted. All but Client and Logger must be set.
type Options struct {
	Issuer   string
	Audience string
	JWKSURL  string
	Clock    func() time.Time
	Client   *http.Client // for the key set; one with a time limit when nil
	Logger   *slog.Logger
}

// Verifier verifies bearer tokens. It is safe for concurrent use.
type Verifier struct {
	keys   *keys
	parser *jwt.Parser
	clock  func() time.Time
	logger *slog.Logger
}

// New is a verifier without keys: it fetches them in Run, or when the first
// token comes. The error says which options are missing: a parser without an
// issuer or audience would accept those of anybody.
func New(options Options) (*Verifier, error) {
	if options.Issuer == "" || options.Audience == "" || options.JWKSURL == "" || options.Clock == nil {
		return nil, errors.New("a verifier of tokens needs an issuer, an audience, a key set URL and a clock")
	}
	if options.Client == nil {
		options.Client = &http.Client{Timeout: fetchTime}
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Verifier{
		keys: newKeys(options.JWKSURL, options.Client, options.Clock),
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{"RS256", "ES256"}),
			jwt.WithIssuer(options.Issuer),
			jwt.WithAudience(options.Audience),
			jwt.WithExpirationRequired(),
			jwt.WithLeeway(leeway),
			jwt.WithTimeFunc(options.Clock),
		),
		clock: options.Clock, logger: options.Logger,
	}, nil
}

// Run keeps the keys fresh until the context ends, whose error it returns. An
// issuer that is away is asked again with growing pauses.
func (v *Verifier) Run(ctx context.Context) error {
	retry := &backoff.ExponentialBackOff{
		InitialInterval: firstRetry, MaxInterval: maxRetry, Multiplier: 2, RandomizationFactor: 0.5,
	}
	retry.Reset()
	for {
		pause := refreshEvery
		if err := v.keys.fetch(ctx, 0); err == nil {
			retry.Reset()
		} else if ctx.Err() == nil {
			pause = retry.NextBackOff()
			v.logger.WarnContext(ctx, "token issuer", "error", err, "retryIn", pause.String())
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// Verify is what a token says of its bearer. Errors: ErrInvalid,
// ErrUnverifiable, and the context's.
func (v *Verifier) Verify(ctx context.Context, text string) (Claims, error) {
	if text == "" || len(text) > maxToken {
		return Claims{}, ErrInvalid
	}
	hash, now := sha256.Sum256([]byte(text)), v.clock()
	if set := v.keys.current.Load(); set != nil {
		if claims, known := set.verified.find(hash, now); known {
			return claims, nil
		}
	}
	var payload token
	used := v.keys.current.Load()
	parsed, err := v.parser.ParseWithClaims(text, &payload, func(t *jwt.Token) (any, error) {
		key, set, err := v.keyOf(ctx, t)
		used = set
		return key, err
	})
	if errors.Is(err, ErrUnverifiable) || ctx.Err() != nil && err != nil {
		return Claims{}, err
	}
	// A header that must be understood and is not makes a token invalid (RFC 7515).
	if err != nil || parsed.Header["crit"] != nil {
		return Claims{}, ErrInvalid
	}
	claims := payload.claims()
	used.verified.keep(hash, claims, now, payload.Expires.Time)
	return claims, nil
}

// keyOf finds the key that a token names, in the set that is there or in a
// newer one.
func (v *Verifier) keyOf(ctx context.Context, t *jwt.Token) (any, *keySet, error) {
	set := v.keys.current.Load()
	if set != nil {
		if key, err := set.find.Keyfunc(t); err == nil {
			return key, set, nil
		}
	}
	if err := v.keys.renew(ctx); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrUnverifiable, err)
	}
	set = v.keys.current.Load()
	key, err := set.find.Keyfunc(t)
	return key, set, err
}
