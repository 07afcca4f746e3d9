package app

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"nonassociations/eventstore/esdb"
	"nonassociations/internal/pg"
)

var (
	eventStoreSchemes = []string{"esdb", "esdb+discover", "kurrentdb", "kurrentdb+discover", "postgres", "postgresql"}
	postgresSchemes   = []string{"postgres", "postgresql"}
	webSchemes        = []string{"http", "https"}
)

// faults collects what is wrong with the environment, one sentence each. A sentence
// never contains a value, which may be a secret. A variable that is not set is no fault
// here: the parser reports those that are required.
type faults []string

// add adds one sentence, once.
func (f *faults) add(fault string) {
	if !slices.Contains(*f, fault) { // the parser may have said it
		*f = append(*f, fault)
	}
}

// scheme adds a fault unless the value is empty or begins with one of the schemes. It
// reports whether there is a value to check further.
func (f *faults) scheme(name, value string, schemes []string) bool {
	if value == "" || hasScheme(value, schemes) {
		return value != ""
	}
	f.add(name + " must begin with " + strings.Join(schemes, ":// or ") + "://")
	return false
}

// postgres adds a fault for each part of the address with which every connect would
// fail, such as a parameter that the driver does not know. An operator sees it at start,
// instead of a process that waits for ever.
func (f *faults) postgres(name, value string, use pg.Use) {
	if !f.scheme(name, value, postgresSchemes) {
		return
	}
	for _, fault := range pg.Faults(value, use) {
		f.add(name + " " + fault)
	}
}

// eventStore adds a fault when the client of EventStoreDB cannot read the address.
func (f *faults) eventStore(name, value string) {
	if !f.scheme(name, value, eventStoreSchemes) {
		return
	}
	if err := esdb.Check(value); err != nil {
		f.add(name + " is not a connection string of an EventStoreDB")
	}
}

// blank adds a fault for a value of white space only, which compares unequal to
// everything.
func (f *faults) blank(name, value string) {
	if value != "" && strings.TrimSpace(value) == "" {
		f.add(name + " must not be blank")
	}
}

// address adds a fault unless the value is an address to listen on.
func (f *faults) address(name, value string) {
	_, port, err := net.SplitHostPort(value)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		f.add(name + " must be host:port or :port, with a port from 0 (any free one) to 65535")
	}
}

// day adds a fault for a value that is no day that exists.
func (f *faults) day(name, value string) {
	if _, err := time.Parse(time.DateOnly, value); value != "" && err != nil {
		f.add(name + " must be a day such as 2027-03-31")
	}
}

// hasScheme reports whether a value begins with one of the schemes and goes on behind
// it. Only for the web must the rest be a URL with a host. The drivers of databases
// accept more, such as lists of hosts, which net/url cannot read.
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
