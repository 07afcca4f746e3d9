package app

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/caarlos0/env/v11"

	"nonassociations/internal/pg"
)

// Config is what the environment says to every role.
type Config struct {
	EventStoreURL   string `env:"EVENTSTORE_URL,required,notEmpty"`
	DatabaseURL     string `env:"DATABASE_URL,required,notEmpty"`
	ReadDatabaseURL string `env:"READ_DATABASE_URL"` // DATABASE_URL with read-only transactions when empty
	// PrisonerEventsQueueURL is the SQS queue that merges and booking moves come
	// from, this service's own; only a listening process needs it.
	PrisonerEventsQueueURL string `env:"PRISONER_EVENTS_QUEUE_URL"`
	// SNSTopicARN is the topic of domain events, HistoryTopicARN that of the
	// history; only a publishing process needs the first, and the second is for
	// whoever reconciles.
	SNSTopicARN     string `env:"SNS_TOPIC_ARN"`
	HistoryTopicARN string `env:"HISTORY_TOPIC_ARN"`
	// NomisAPIURL is where NOMIS is called.
	NomisAPIURL string `env:"NOMIS_API_URL"`
	// PlainTextAllowed names, with commas between, the variables whose address may
	// lead beyond this machine without TLS.
	PlainTextAllowed string `env:"PLAIN_TEXT_ALLOWED"`
	// MetricsAddr is where /metrics is. Without it a process that serves has none, and
	// any other has them at LISTEN_ADDR, if that is set.
	MetricsAddr string `env:"METRICS_ADDR"`
	Edge        Edge   `env:"-"`

	plainText []string // the variables for which that is used
}

// Edge is what only a serving process needs.
type Edge struct {
	ListenAddr   string `env:"LISTEN_ADDR" envDefault:":8080"`
	PublicURL    string `env:"PUBLIC_URL"`
	AuthIssuer   string `env:"AUTH_ISSUER,required,notEmpty"`
	AuthJWKSURL  string `env:"AUTH_JWKS_URL,required,notEmpty"`
	AuthAudience string `env:"AUTH_AUDIENCE,required,notEmpty"`
	Search       Search
	Limits       Limits `env:"-"`
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
	} else {
		config.Edge.PublicURL = environment["PUBLIC_URL"]
	}
	if !roles.Serve && roles != (Roles{}) {
		config.Edge.ListenAddr = environment["LISTEN_ADDR"]
	}
	faults := faults(parseFaults(err))
	config.faults(&faults, roles)
	config.checkPlainText(&faults)
	if roles.Serve {
		config.Edge.Limits = readLimits(environment, &faults)
	}
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
		c.Edge.PublicURL = "http://" + callableAddress(c.Edge.ListenAddr)
	}
	return c
}

// callableAddress is the address as a caller on this machine would write it.
func callableAddress(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil || (host != "" && host != "0.0.0.0" && host != "::") {
		return address
	}
	return net.JoinHostPort("localhost", port)
}

func (c Config) faults(f *faults, roles Roles) {
	switch {
	case c.EventStoreURL == Embedded:
	case hasScheme(c.EventStoreURL, postgresSchemes):
		f.postgres("EVENTSTORE_URL", c.EventStoreURL, pg.ToWrite)
	default:
		f.eventStore(`EVENTSTORE_URL (if not "embedded")`, c.EventStoreURL)
	}
	f.postgres("DATABASE_URL", c.DatabaseURL, pg.ToWrite)
	f.postgres("READ_DATABASE_URL", c.ReadDatabaseURL, pg.ToRead)
	c.statusAddressFaults(f, roles)
	if roles.Listen && c.PrisonerEventsQueueURL == "" {
		f.add(`required environment variable "PRISONER_EVENTS_QUEUE_URL" is not set`)
	}
	f.scheme("PRISONER_EVENTS_QUEUE_URL", c.PrisonerEventsQueueURL, webSchemes)
	f.scheme("NOMIS_API_URL", c.NomisAPIURL, webSchemes)
	if roles.Publish {
		c.publishFaults(f, roles)
	}
	if roles.Serve {
		c.Edge.faults(f)
	}
}

func (e Edge) faults(f *faults) {
	f.scheme("PUBLIC_URL", e.PublicURL, webSchemes)
	f.blank("AUTH_ISSUER", e.AuthIssuer)
	f.blank("AUTH_AUDIENCE", e.AuthAudience)
	f.scheme("AUTH_JWKS_URL", e.AuthJWKSURL, webSchemes)
	f.scheme("PRISONER_SEARCH_URL", e.Search.URL, webSchemes)
	f.scheme("PRISONER_SEARCH_TOKEN_URL", e.Search.TokenURL, webSchemes)
	f.address("LISTEN_ADDR", e.ListenAddr)
}
