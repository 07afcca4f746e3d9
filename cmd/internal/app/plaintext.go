package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"nonassociations/eventstore/esdb"
	"nonassociations/internal/pg"
)

// trustedAddress is a variable with an address on whose answers the service relies. An
// attacker on the way to it could let anyone in or change the record, so TLS is
// required.
type trustedAddress struct {
	name  string
	value string
	plain func(value string) []string // the hosts that are, or may be, called without TLS
}

// trustedAddresses returns all of them. A variable that is not set leads nowhere.
func (c Config) trustedAddresses() []trustedAddress {
	log := esdb.PlainHosts
	if hasScheme(c.EventStoreURL, postgresSchemes) {
		log = pg.PlainHosts
	}
	all := []trustedAddress{
		{"EVENTSTORE_URL", c.EventStoreURL, log},
		{"DATABASE_URL", c.DatabaseURL, pg.PlainHosts},
		{"READ_DATABASE_URL", c.ReadDatabaseURL, pg.PlainHosts},
		{"AUTH_JWKS_URL", c.Edge.AuthJWKSURL, plainHTTPHosts},
		{"PRISONER_SEARCH_URL", c.Edge.Search.URL, plainHTTPHosts},
		{"PRISONER_SEARCH_TOKEN_URL", c.Edge.Search.TokenURL, plainHTTPHosts},
		{"PRISONER_EVENTS_QUEUE_URL", c.PrisonerEventsQueueURL, plainHTTPHosts},
		{"DOMAIN_EVENTS_QUEUE_URL", c.DomainEventsQueueURL, plainHTTPHosts},
		{"NOMIS_EVENTS_QUEUE_URL", c.NOMISEventsQueueURL, plainHTTPHosts},
		{"WITNESS_URL", c.Evidence.WitnessURL, plainHTTPHosts},
		{"NOMIS_API_URL", c.NOMIS.APIURL, plainHTTPHosts},
		{"NOMIS_API_TOKEN_URL", c.NOMIS.TokenURL, plainHTTPHosts},
		{"SCREENS_AUTHORIZE_URL", c.Screens.AuthorizeURL, plainHTTPHosts}, // users type their passwords there
		{"SCREENS_TOKEN_URL", c.Screens.TokenURL, plainHTTPHosts},
		{"SCREENS_SIGN_OUT_URL", c.Screens.SignOutURL, plainHTTPHosts}, // gets the ID token
		{"USER_ROLES_API_URL", c.Screens.UserRolesURL, plainHTTPHosts},
		{auditQueueVariable, c.Screens.AuditQueueURL, plainHTTPHosts},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", c.TracesEndpoint, plainHTTPHosts},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", c.Endpoint, plainHTTPHosts},
		{"COMPONENT_API_URL", c.Screens.ComponentsURL, plainHTTPHosts},
	}
	if c.Screens.usesDiscovery() {
		all = append(all, trustedAddress{"AUTH_ISSUER", c.Edge.AuthIssuer, plainHTTPHosts})
	}
	return all
}

// plainHTTPHosts returns the host of an http address, and none for https.
func plainHTTPHosts(value string) []string {
	parsed, err := url.Parse(value)
	if err != nil || !strings.EqualFold(parsed.Scheme, "http") {
		return nil
	}
	return []string{parsed.Hostname()}
}

// variable matches the name of a variable. Any other text in PLAIN_TEXT_ALLOWED may be a
// secret that was put into the wrong variable, and is not repeated in an error.
var variable = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// checkPlainText refuses each address that leads to another machine without TLS, unless
// PLAIN_TEXT_ALLOWED names its variable. It stores the variables that use the
// permission.
func (c *Config) checkPlainText(f *faults) {
	all := c.trustedAddresses()
	allowed := c.allowedPlainText(f, all)
	for _, one := range all {
		if !slices.ContainsFunc(one.plain(one.value), isRemote) {
			continue
		}
		if slices.Contains(allowed, one.name) {
			c.plainText = append(c.plainText, one.name)
			continue
		}
		f.add(one.name + " leads beyond this machine without TLS, or may: use TLS (https, tls=true, sslmode=verify-full), " +
			"or name it in PLAIN_TEXT_ALLOWED")
	}
}

// allowedPlainText returns the names in PLAIN_TEXT_ALLOWED. A name that is no such
// variable is a fault of its own: a typing error would otherwise show as a refusal
// somewhere else.
func (c *Config) allowedPlainText(f *faults, all []trustedAddress) []string {
	var names []string
	for name := range strings.SplitSeq(c.PlainTextAllowed, ",") {
		name = strings.TrimSpace(name)
		switch {
		case name == "":
		case slices.ContainsFunc(all, func(one trustedAddress) bool { return one.name == name }):
			names = append(names, name)
		case variable.MatchString(name):
			f.add("PLAIN_TEXT_ALLOWED names " + name + ", which is no variable that it can be allowed for")
		default:
			f.add("PLAIN_TEXT_ALLOWED must be names of variables with commas between")
		}
	}
	return names
}

// isRemote reports whether a host may be another machine. Only a loopback address and
// the name localhost are this machine; where another name leads is decided by a name
// server.
func isRemote(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return false
	}
	address, err := netip.ParseAddr(host)
	return err != nil || !address.Unmap().IsLoopback()
}

// CheckCalled refuses an address that a command sends its token to and that leads beyond
// this machine without TLS, unless PLAIN_TEXT_ALLOWED names its variable. The error has no
// value in it.
func CheckCalled(environment map[string]string, name, value string) error {
	allowed := strings.Split(environment["PLAIN_TEXT_ALLOWED"], ",")
	if !slices.ContainsFunc(plainHTTPHosts(value), isRemote) || slices.Contains(allowed, name) {
		return nil
	}
	return fmt.Errorf("%s leads beyond this machine without TLS, or may: use https, or name it in PLAIN_TEXT_ALLOWED", name)
}

// WarnOfPlainText logs each variable that uses PLAIN_TEXT_ALLOWED, at every start: a
// temporary exception should not be forgotten.
func (c Config) WarnOfPlainText(ctx context.Context, logger *slog.Logger) {
	for _, name := range c.plainText {
		logger.WarnContext(ctx, "plain text is allowed here: traffic can be read and changed in transit", "variable", name)
	}
}
