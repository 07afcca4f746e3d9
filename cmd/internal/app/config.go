package app

import (
	"errors"
	"fmt"
	"net"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"nonassociations/domain"
	"nonassociations/internal/pg"
	"nonassociations/internal/tracing"
)

// Config is the configuration that every role reads from the environment. ReadConfig
// makes one; the zero value is for commands that a test builds by hand.
type Config struct {
	// EventStoreURL is an EventStoreDB, a Postgres that holds the log, or Embedded.
	EventStoreURL string `env:"EVENTSTORE_URL,required,notEmpty"`
	// DatabaseURL is the Postgres of the durable tables and of the read model.
	DatabaseURL string `env:"DATABASE_URL,required,notEmpty"`
	// ReadDatabaseURL is for reads, under a role that cannot write. When it is empty,
	// reads use DatabaseURL with read-only transactions.
	ReadDatabaseURL string `env:"READ_DATABASE_URL"`
	// PrisonerEventsQueueURL is the SQS queue that merges and booking moves come
	// from, this service's own; only a listening process needs it.
	PrisonerEventsQueueURL string `env:"PRISONER_EVENTS_QUEUE_URL"`
	// DomainEventsQueueURL is the queue of our own domain events, and
	// NOMISEventsQueueURL that of NOMIS's change events. Whatever queue is set, a serving
	// process shows to operators.
	DomainEventsQueueURL string `env:"DOMAIN_EVENTS_QUEUE_URL"`
	NOMISEventsQueueURL  string `env:"NOMIS_EVENTS_QUEUE_URL"`
	// SNSTopicARN is the topic of domain events, which a publishing process needs.
	// HistoryTopicARN is the topic of the history, which serves reconciliation; no
	// history is published when it is empty.
	SNSTopicARN     string `env:"SNS_TOPIC_ARN"`
	HistoryTopicARN string `env:"HISTORY_TOPIC_ARN"`
	NOMIS           NOMIS
	Evidence        Evidence
	// PlainTextAllowed names variables, with commas between, whose address may lead to
	// another machine without TLS.
	PlainTextAllowed string `env:"PLAIN_TEXT_ALLOWED"`
	// MetricsAddr is the address of /metrics. Without it a serving process has no
	// metrics, because its own port is public; any other process has them at
	// LISTEN_ADDR, if set.
	MetricsAddr string `env:"METRICS_ADDR"`
	// TracesEndpoint and Endpoint are where spans go; the exporter reads them itself.
	TracesEndpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"`
	Endpoint       string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	Edge           Edge   `env:"-"`
	// Screens is read by a process that serves the pages.
	Screens Screens `env:"-"`

	plainText []string // the variables for which that is used
}

// Edge is the configuration of HTTP, which only a serving process needs whole.
type Edge struct {
	ListenAddr string `env:"LISTEN_ADDR" envDefault:":8080"`
	// PublicURL is the base of links in answers and messages, as clients reach it.
	PublicURL string `env:"PUBLIC_URL"`
	// The issuer and the audience are compared with those of each token; the key set is
	// fetched. There is no default: a wrong issuer would let anyone in.
	AuthIssuer   string `env:"AUTH_ISSUER,required,notEmpty"`
	AuthJWKSURL  string `env:"AUTH_JWKS_URL,required,notEmpty"`
	AuthAudience string `env:"AUTH_AUDIENCE,required,notEmpty"`
	Search       Search
	// LegacySunset is the day on which the legacy list ends, in London; "": not known.
	LegacySunset string `env:"LEGACY_SUNSET"`
	// ProductID is the service catalogue's id, which /info names.
	ProductID string `env:"PRODUCT_ID"`
	// WingParts has the prisons whose wings' names have several parts.
	WingParts domain.WingParts `env:"-"`
	Limits    Limits           `env:"-"`
}

// Embedded is the EVENTSTORE_URL of a log that lies in the Postgres of DATABASE_URL and
// that this process serves to itself by the protocol of EventStoreDB.
const Embedded = "embedded"

// ReadConfig reads the configuration of the given roles from environment. The error
// lists every variable that is missing or wrong, one a line, so that an operator
// corrects them in one go. It never contains a value: a value may be a secret, also one
// in the wrong variable.
func ReadConfig(environment map[string]string, roles Roles) (Config, error) {
	var config Config
	options := env.Options{Environment: environment, FuncMap: map[reflect.Type]env.ParserFunc{reflect.TypeFor[time.Duration](): parseSpan}}
	err := env.ParseWithOptions(&config, options)
	if roles.Serve {
		err = errors.Join(err, env.ParseWithOptions(&config.Edge, options))
	} else {
		config.Edge.PublicURL = environment["PUBLIC_URL"]
	}
	if roles.Screens {
		err = config.readScreens(options, roles.Serve, err)
	} else if roles == (Roles{}) {
		config.Screens.AuditQueueURL = environment[auditQueueVariable] // decides which views may be removed
	}
	if (roles.Listen || roles.Work) && !roles.Serve && !roles.Screens {
		err = errors.Join(err, env.ParseWithOptions(&config.Edge.Search, options))
	}
	if !roles.Serve && !roles.Screens && roles != (Roles{}) {
		config.Edge.ListenAddr = environment["LISTEN_ADDR"]
	}
	faults := faults(parseFaults(err))
	if _, err := tracing.Wanted(environment); err != nil {
		faults.add(err.Error())
	}
	config.faults(&faults, roles)
	config.checkPlainText(&faults)
	if roles.Serve || roles.Screens {
		config.Edge.Limits = readLimits(environment, &faults)
		config.Edge.WingParts = readWingParts(environment, &faults)
	}
	if len(faults) == 0 {
		return config.withDefaults(), nil
	}
	return Config{}, errors.New("the environment is incomplete or wrong:\n  " + strings.Join(faults, "\n  "))
}

// Environment returns the variables of this process by name. Only a program reads them,
// once, and passes the map on: a test runs with a map of its own.
func Environment() map[string]string {
	all := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		all[name] = value
	}
	return all
}

// parseFaults splits the parser's error into one sentence per variable.
func parseFaults(err error) []string {
	var faults []string
	for text := range strings.SplitSeq(fmt.Sprint(err), "\n") {
		for fault := range strings.SplitSeq(strings.TrimPrefix(text, "env: "), "; ") {
			if err != nil && fault != "" {
				faults = append(faults, named(fault))
			}
		}
	}
	return faults
}

// withDefaults derives PUBLIC_URL from the address that is served. That is right on one
// machine; behind a load balancer the variable must be set.
func (c Config) withDefaults() Config {
	if c.Edge.PublicURL == "" && c.Edge.ListenAddr != "" {
		c.Edge.PublicURL = "http://" + callableAddress(c.Edge.ListenAddr)
	}
	return c
}

// callableAddress returns a listening address as a caller on this machine writes it: an
// unspecified host becomes localhost.
func callableAddress(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil || (host != "" && host != "0.0.0.0" && host != "::") {
		return address
	}
	return net.JoinHostPort("localhost", port)
}

// faults adds what is wrong with the values that the roles use. It does not connect to
// anything: an address that is well formed and leads nowhere is waited for later.
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
	f.scheme("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", c.TracesEndpoint, webSchemes)
	f.scheme("OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint, webSchemes)
	f.scheme("PRISONER_EVENTS_QUEUE_URL", c.PrisonerEventsQueueURL, webSchemes)
	f.scheme("DOMAIN_EVENTS_QUEUE_URL", c.DomainEventsQueueURL, webSchemes)
	f.scheme("NOMIS_EVENTS_QUEUE_URL", c.NOMISEventsQueueURL, webSchemes)
	c.NOMIS.faults(f)
	c.Evidence.faults(f, roles)
	if roles.Sign {
		f.scheme("PUBLIC_URL", c.Edge.PublicURL, webSchemes)
		if c.Evidence.Origin == "" && !roles.Serve && c.Edge.PublicURL == "" {
			f.add(`required environment variable "EVIDENCE_ORIGIN" or "PUBLIC_URL" is not set`)
		}
	}
	if roles.Work && c.NOMIS.APIURL == "" {
		f.add(`required environment variable "NOMIS_API_URL" is not set`)
	}
	if roles.Publish {
		c.publishFaults(f, roles)
	}
	if roles.Serve || roles.Screens {
		c.Edge.faults(f)
	}
	if roles.Serve {
		f.address("LISTEN_ADDR", c.Edge.ListenAddr)
	}
	if roles.Screens {
		c.Screens.faults(f, c.Edge.Search)
	} else {
		f.scheme(auditQueueVariable, c.Screens.AuditQueueURL, webSchemes)
	}
}

// faults adds what is wrong with the values of a process that serves the API or pages.
func (e Edge) faults(f *faults) {
	f.scheme("PUBLIC_URL", e.PublicURL, webSchemes)
	f.blank("AUTH_ISSUER", e.AuthIssuer)
	f.blank("AUTH_AUDIENCE", e.AuthAudience)
	f.scheme("AUTH_JWKS_URL", e.AuthJWKSURL, webSchemes)
	f.scheme("PRISONER_SEARCH_URL", e.Search.URL, webSchemes)
	f.scheme("PRISONER_SEARCH_TOKEN_URL", e.Search.TokenURL, webSchemes)
	f.day("LEGACY_SUNSET", e.LegacySunset)
}
