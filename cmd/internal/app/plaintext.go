package app

import (
	"context"
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"nonassociations/eventstore/esdb"
	"nonassociations/internal/pg"
)

// trustedAddress is a variable that says where something lies that this service trusts:
// who reads or changes it on its way decides who gets in, or what is true.
type trustedAddress struct {
	name  string
	value string
	plain func(value string) []string // the hosts that are, or may be, called without TLS
}

// trustedAddresses are all of them. A variable that is not set calls nobody.
func (c Config) trustedAddresses() []trustedAddress {
	log := esdb.PlainHosts
	if hasScheme(c.EventStoreURL, postgresSchemes) {
		log = pg.PlainHosts
	}
	return []trustedAddress{
		{"EVENTSTORE_URL", c.EventStoreURL, log},
		{"DATABASE_URL", c.DatabaseURL, pg.PlainHosts},
		{"READ_DATABASE_URL", c.ReadDatabaseURL, pg.PlainHosts},
		{"AUTH_JWKS_URL", c.Edge.AuthJWKSURL, plainHTTPHosts},
		{"PRISONER_SEARCH_URL", c.Edge.Search.URL, plainHTTPHosts},
		{"PRISONER_SEARCH_TOKEN_URL", c.Edge.Search.TokenURL, plainHTTPHosts},
		{"PRISONER_EVENTS_QUEUE_URL", c.PrisonerEventsQueueURL, plainHTTPHosts},
		{"NOMIS_API_URL", c.NomisAPIURL, plainHTTPHosts},
	}
}

// plainHTTPHosts is the host of an http address, which is called without TLS.
func plainHTTPHosts(value string) []string {
	parsed, err := url.Parse(value)
	if err != nil || !strings.EqualFold(parsed.Scheme, "http") {
		return nil
	}
	return []string{parsed.Hostname()}
}

// variable is what the name of one looks like; anything else may be a secret that
// was put in the wrong place.
var variable = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// checkPlainText refuses every address beyond this machine that is called without
// TLS and not allowed to be, and notes those for which the permission is used.
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

// allowedPlainText are the names in PLAIN_TEXT_ALLOWED. One that is no address is a
// mistake that would otherwise show in the refusal of another.
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

// isRemote reports whether a host lies beyond this machine. Only what is written as
// a loopback address counts as this machine, and localhost: what another name
// leads to is for a name server to say.
func isRemote(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return false
	}
	address, err := netip.ParseAddr(host)
	return err != nil || !address.Unmap().IsLoopback()
}

// WarnOfPlainText logs each variable for which PLAIN_TEXT_ALLOWED is used, so that
// an exception is seen at every start.
func (c Config) WarnOfPlainText(ctx context.Context, logger *slog.Logger) {
	for _, name := range c.plainText {
		logger.WarnContext(ctx, "plain text is allowed: what goes there can be read and changed on its way", "variable", name)
	}
}
