package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/golang-jwt/jwt/v5"
)

// The errors of Verify, for errors.Is.
var (
	// ErrInvalid means that a token is known to be invalid. Its text does not say why,
	// which would help to forge one.
	ErrInvalid = errors.New("the token is not valid")
	// ErrUnverifiable means that the issuer's keys cannot be had now, so that the token
	// is neither known to be valid nor to be invalid.
	ErrUnverifiable = errors.New("the keys of the token issuer cannot be read now")
)

// UnverifiableError is ErrUnverifiable with the time after which the same token may be
// verifiable.
type UnverifiableError struct {
	RetryAfter time.Duration

	cause error
}

// Error returns the cause, for the log.
func (e *UnverifiableError) Error() string {
	if e.cause == nil {
		return ErrUnverifiable.Error()
	}
	return fmt.Sprintf("%v: %v", ErrUnverifiable, e.cause)
}

// Unwrap returns ErrUnverifiable and the cause.
func (e *UnverifiableError) Unwrap() []error { return []error{ErrUnverifiable, e.cause} }

// algorithms are the accepted signature algorithms.
var algorithms = []string{"RS256", "ES256"}

const (
	leeway       = 5 * time.Second // between our clock and the issuer's
	refreshEvery = 5 * time.Minute // a withdrawn key stops counting within this time
	maxToken     = 16 << 10        // bytes; a longer token is refused unread
	maxRedirects = 5
	firstRetry   = 200 * time.Millisecond
	maxRetry     = 15 * time.Second
)

// Options are whose tokens are accepted. All but Client and Logger must be set.
type Options struct {
	Issuer   string
	Audience string
	JWKSURL  string
	Clock    func() time.Time
	Client   *http.Client // for the key set; nil: one with a time-out
	Logger   *slog.Logger
}

// Verifier verifies bearer tokens against the key set of one issuer. It is safe for
// concurrent use.
type Verifier struct {
	keys   *keys
	parser *jwt.Parser
	clock  func() time.Time
	logger *slog.Logger
}

// New returns a verifier without keys: it fetches them in Run, or with the first token.
// The error names the missing options: without an issuer or an audience any issuer's
// tokens would be accepted.
func New(options Options) (*Verifier, error) {
	if options.Issuer == "" || options.Audience == "" || options.JWKSURL == "" || options.Clock == nil {
		return nil, errors.New("a verifier of tokens needs an issuer, an audience, a key set URL and a clock")
	}
	if options.Client == nil {
		options.Client = &http.Client{Timeout: fetchTime, CheckRedirect: staysEncrypted}
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Verifier{
		keys: newKeys(options.JWKSURL, options.Client, options.Clock, options.Logger),
		parser: jwt.NewParser(
			jwt.WithValidMethods(algorithms),
			jwt.WithIssuer(options.Issuer),
			jwt.WithAudience(options.Audience),
			jwt.WithExpirationRequired(),
			jwt.WithLeeway(leeway),
			jwt.WithTimeFunc(options.Clock),
		),
		clock: options.Clock, logger: options.Logger,
	}, nil
}

// staysEncrypted refuses a redirect from https to plain text.
func staysEncrypted(next *http.Request, before []*http.Request) error {
	switch last := before[len(before)-1]; {
	case last.URL.Scheme == "https" && next.URL.Scheme != "https":
		return errors.New("the redirect leaves https")
	case len(before) >= maxRedirects:
		return errors.New("too many redirects")
	}
	return nil
}

// Run refreshes the keys until ctx ends, and returns its error. An issuer that is down
// is asked again with growing pauses.
func (v *Verifier) Run(ctx context.Context) error {
	retry := &backoff.ExponentialBackOff{
		InitialInterval: firstRetry, MaxInterval: maxRetry, Multiplier: 2, RandomizationFactor: 0.5,
	}
	retry.Reset()
	for {
		pause := refreshEvery
		if err := v.keys.fetch(ctx); err == nil {
			retry.Reset()
		} else if ctx.Err() == nil {
			pause = retry.NextBackOff()
			v.logger.WarnContext(ctx, "fetching the issuer's keys failed, retrying", "error", err, "retry_in", pause)
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

// Verify verifies a token and returns its claims. Errors: ErrInvalid, ErrUnverifiable
// as an [UnverifiableError], and that of ctx. A token of an unknown key is invalid only
// when the issuer was asked after the call began.
func (v *Verifier) Verify(ctx context.Context, text string) (Claims, error) {
	if text == "" || len(text) > maxToken {
		return Claims{}, ErrInvalid
	}
	hash, now := sha256.Sum256([]byte(text)), v.clock()
	set := v.keys.fresh(now)
	if set != nil {
		if claims, known := set.verified.find(hash, now); known {
			return claims, nil
		}
	}
	payload, err := v.read(text, set)
	if errors.Is(err, errUnknownKey) {
		payload, set, err = v.readWithNewer(ctx, text)
	}
	if err != nil {
		return Claims{}, err
	}
	claims := payload.claims()
	set.verified.keep(hash, claims, now, payload.Expires.Time)
	return claims, nil
}

// readWithNewer fetches the key set, unless it was fetched too recently, and verifies
// with the result.
func (v *Verifier) readWithNewer(ctx context.Context, text string) (*token, *keySet, error) {
	set, unverifiable := v.keys.renewed(ctx)
	payload, err := v.read(text, set)
	switch {
	case !errors.Is(err, errUnknownKey):
		return payload, set, err
	case unverifiable != nil:
		return nil, nil, unverifiable
	}
	return nil, nil, ErrInvalid
}

// read verifies a token with the keys of one set; nil is none. Errors: ErrInvalid, and
// errUnknownKey for a token that a key outside the set may have signed.
func (v *Verifier) read(text string, set *keySet) (*token, error) {
	if !plainHeader(text) {
		return nil, ErrInvalid
	}
	var payload token
	parsed, err := v.parser.ParseWithClaims(text, &payload, func(t *jwt.Token) (any, error) {
		// A critical header that is not understood makes a token invalid (RFC 7515).
		if _, critical := t.Header["crit"]; critical {
			return nil, ErrInvalid
		}
		if set == nil {
			return nil, errUnknownKey
		}
		return set.find(t)
	})
	switch {
	case err == nil:
		return &payload, nil
	case errors.Is(err, errUnknownKey), errors.Is(err, jwt.ErrTokenSignatureInvalid) && mayBeOfAnother(parsed):
		return nil, errUnknownKey
	}
	return nil, ErrInvalid
}

// mayBeOfAnother reports whether a token that no key verified may be of an unknown key:
// it names none.
func mayBeOfAnother(t *jwt.Token) bool {
	_, named := t.Header["kid"]
	return !named && slices.Contains(algorithms, t.Method.Alg())
}
