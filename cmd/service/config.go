package service

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Config is what the environment says to every role.
type Config struct {
	EventStoreURL   string `env:"EVENTSTORE_URL,required,notEmpty"`
	DatabaseURL     string `env:"DATABASE_URL,required,notEmpty"`
	ReadDatabaseURL string `env:"READ_DATABASE_URL"` // DATABASE_URL with read-only transactions when empty
	// PrisonerEventsQueueURL is the SQS queue that merges and booking moves come
	// from, this service's own; only a listening process needs it.
	PrisonerEventsQueueURL string `env:"PRISONER_EVENTS_QUEUE_URL"`
	Edge                   Edge   `env:"-"`
}

// Edge is what only a serving process needs.
type Edge struct {
	ListenAddr   string `env:"LISTEN_ADDR" envDefault:":8080"`
	PublicURL    string `env:"PUBLIC_URL"`
	AuthIssuer   string `env:"AUTH_ISSUER,required,notEmpty"`
	AuthJWKSURL  string `env:"AUTH_JWKS_URL,required,notEmpty"`
	AuthAudience string `env:"AUTH_AUDIENCE,required,notEmpty"`
	Search       Search
}

// Embedded is the EVENTSTORE_URL of the log that this process serves to itself
// from the Postgres at DATABASE_URL.
const Embedded = "embedded"

// ReadConfig reads the environment of a role; the error names every variable
// that is missing or wrong, all at once and without its value, which may be a
// secret.
func ReadConfig(environment map[string]string, roles Roles) (Config, error) {
	var config Config
	options := env.Options{Environment: environment}
	err := env.ParseWithOptions(&config, options)
	if roles.Serve {
		err = errors.Join(err, env.ParseWithOptions(&config.Edge, options))
	}
	faults := append(parseFaults(err), config.faults(roles)...)
	if len(faults) == 0 {
		return config.withDefaults(), nil
	}
	return Config{}, errors.New("the environment is incomplete or wrong:\n  " + strings.Join(faults, "\n  "))
}

// parseFaults unfolds what the parser found, a line each.
func parseFaults(err error) []string {
	var faults []string
	for text := range strings.SplitSeq(fmt.Sprint(err), "\n") {
		for fault := range strings.SplitSeq(strings.TrimPrefix(text, "env: "), "; ") {
			if err != nil && fault != "" {
				faults = append(faults, fault)
			}
		}
	}
	return faults
}

func (c Config) withDefaults() Config {
	if c.Edge.PublicURL == "" && c.Edge.ListenAddr != "" {
		c.Edge.PublicURL = "http://" + served(c.Edge.ListenAddr)
	}
	return c
}

// served is the address as a caller on this machine would write it.
func served(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil || (host != "" && host != "0.0.0.0" && host != "::") {
		return address
	}
	return net.JoinHostPort("localhost", port)
}

var (
	eventStoreSchemes = []string{"esdb", "esdb+discover", "postgres", "postgresql"}
	postgresSchemes   = []string{"postgres", "postgresql"}
	webSchemes        = []string{"http", "https"}
)

func (c Config) faults(roles Roles) []string {
	var faults []string
	check := func(name, value string, schemes []string) {
		if value != "" && !hasScheme(value, schemes) {
			faults = append(faults, name+" must begin with "+strings.Join(schemes, ":// or ")+"://")
		}
	}
	if c.EventStoreURL != Embedded {
		check("EVENTSTORE_URL (if not \"embedded\")", c.EventStoreURL, eventStoreSchemes)
	}
	check("DATABASE_URL", c.DatabaseURL, postgresSchemes)
	check("READ_DATABASE_URL", c.ReadDatabaseURL, postgresSchemes)
	if roles.Listen && c.PrisonerEventsQueueURL == "" {
		faults = append(faults, `required environment variable "PRISONER_EVENTS_QUEUE_URL" is not set`)
	}
	check("PRISONER_EVENTS_QUEUE_URL", c.PrisonerEventsQueueURL, webSchemes)
	if !roles.Serve {
		return faults
	}
	check("PUBLIC_URL", c.Edge.PublicURL, webSchemes)
	check("AUTH_JWKS_URL", c.Edge.AuthJWKSURL, webSchemes)
	check("PRISONER_SEARCH_URL", c.Edge.Search.URL, webSchemes)
	check("PRISONER_SEARCH_TOKEN_URL", c.Edge.Search.TokenURL, webSchemes)
	if _, _, err := net.SplitHostPort(c.Edge.ListenAddr); err != nil {
		faults = append(faults, "LISTEN_ADDR must be host:port or :port")
	}
	return faults
}

// hasScheme does not insist on more: each driver knows its own addresses,
// among them lists of hosts that are no URLs to anybody else.
func hasScheme(value string, schemes []string) bool {
	scheme, rest, found := strings.Cut(value, "://")
	if !found || rest == "" || !slices.Contains(schemes, strings.ToLower(scheme)) {
		return false
	}
	if slices.Contains(webSchemes, scheme) {
		parsed, err := url.Parse(value)
		return err == nil && parsed.Host != ""
	}
	return true
}
