package app

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"nonassociations/eventstore/esdb"
	"nonassociations/internal/pg"
)

var (
	eventStoreSchemes = []string{"esdb", "esdb+discover", "kurrentdb", "kurrentdb+discover", "postgres", "postgresql"}
	postgresSchemes   = []string{"postgres", "postgresql"}
	webSchemes        = []string{"http", "https"}
)

// faults are what is wrong with the environment, a sentence each and never a
// value, which may be a secret. A variable without a value is no fault here.
type faults []string

func (f *faults) add(fault string) { *f = append(*f, fault) }

// scheme tells whether a value begins as it must.
func (f *faults) scheme(name, value string, schemes []string) bool {
	if value == "" || hasScheme(value, schemes) {
		return value != ""
	}
	f.add(name + " must begin with " + strings.Join(schemes, ":// or ") + "://")
	return false
}

func (f *faults) postgres(name, value string, use pg.Use) {
	if !f.scheme(name, value, postgresSchemes) {
		return
	}
	for _, fault := range pg.Faults(value, use) {
		f.add(name + " " + fault)
	}
}

func (f *faults) eventStore(name, value string) {
	if !f.scheme(name, value, eventStoreSchemes) {
		return
	}
	if err := esdb.Check(value); err != nil {
		f.add(name + " is not a connection string of an EventStoreDB")
	}
}

func (f *faults) blank(name, value string) {
	if value != "" && strings.TrimSpace(value) == "" {
		f.add(name + " must not be blank")
	}
}

func (f *faults) address(name, value string) {
	_, port, err := net.SplitHostPort(value)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		f.add(name + " must be host:port or :port, with a port from 0 (any free one) to 65535")
	}
}

// hasScheme does not insist on more than a host for the web: each driver knows
// its own addresses, among them lists of hosts that are no URLs to anybody else.
func hasScheme(value string, schemes []string) bool {
	scheme, rest, found := strings.Cut(value, "://")
	scheme = strings.ToLower(scheme)
	if !found || rest == "" || !slices.Contains(schemes, scheme) {
		return false
	}
	if slices.Contains(webSchemes, scheme) {
		parsed, err := url.Parse(value)
		return err == nil && parsed.Host != ""
	}
	return true
}
