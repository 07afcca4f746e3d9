package esdb

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// Defaults for what the connection string does not set. With the client's own values
// a dead member of a cluster costs five seconds, and a dead peer twenty.
const (
	gossipTimeout    = 2 // seconds, as the client counts it
	keepAliveTimeout = 5 * time.Second
)

// configure parses the connection string and sets what contains the client's defects.
// The string may hold a password, so no error repeats it.
func configure(connection string, options Options) (*esdb.Configuration, error) {
	cfg, err := parse(connection)
	if err != nil {
		return nil, err
	}
	cfg.MaxDiscoverAttempts = cmp.Or(options.attempts, math.MaxInt) // else the client gives up for ever (A)
	cfg.Logger = clientLog(options.Logger)
	if !mentions(connection, "gossiptimeout") {
		cfg.GossipTimeout = gossipTimeout
	}
	if !mentions(connection, "keepalivetimeout") {
		cfg.KeepAliveTimeout = keepAliveTimeout
	}
	if options.Address != "" {
		cfg.Address, cfg.GossipSeeds, cfg.DnsDiscover = options.Address, nil, false
	}
	if cfg.Username != "" && sentUser(cfg) == "" {
		options.Logger.Warn("event store user is not sent: no TLS, or no password")
	}
	return cfg, nil
}

// parse parses a connection string as the client does. It also accepts the scheme
// kurrentdb of newer servers, which speak the same protocol.
func parse(connection string) (*esdb.Configuration, error) {
	scheme, rest, found := strings.Cut(connection, "://")
	if newer, is := strings.CutPrefix(strings.ToLower(scheme), "kurrentdb"); found && is {
		connection = "esdb" + newer + "://" + rest
	}
	cfg, err := esdb.ParseConnectionString(connection)
	if err != nil {
		return nil, fmt.Errorf("event store url: %w", withoutURL(err))
	}
	return cfg, nil
}

// PlainHosts returns the hosts of a connection string that are called without TLS. It
// returns nil for a string that cannot be parsed.
func PlainHosts(connection string) []string {
	cfg, err := parse(connection)
	if err != nil || !cfg.DisableTLS {
		return nil
	}
	var plain []string
	for _, address := range addresses(cfg) {
		host, _, _ := strings.Cut(address, ":") // the client takes no IPv6 address
		plain = append(plain, host)
	}
	return plain
}

// addresses returns the nodes that a configuration names, as host:port.
func addresses(cfg *esdb.Configuration) []string {
	if len(cfg.GossipSeeds) == 0 {
		return []string{cfg.Address}
	}
	named := make([]string, len(cfg.GossipSeeds))
	for i, seed := range cfg.GossipSeeds {
		named[i] = seed.String()
	}
	return named
}

// Check returns why Open would refuse a connection string for itself, or nil; it reads no
// certificate of a user. The error does not repeat the string.
func Check(connection string) error {
	_, err := configure(connection, Options{}.withDefaults())
	return err
}

// sentUser returns the user that the client sends; "" without TLS or without a password,
// when it sends none.
func sentUser(cfg *esdb.Configuration) string {
	if cfg.DisableTLS || cfg.Password == "" {
		return ""
	}
	return cfg.Username
}

// withoutURL removes the connection string, and its password, from an error.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// mentions reports whether a connection string sets a key, which is lower-case.
func mentions(connection, key string) bool {
	return strings.Contains(strings.ToLower(connection), key+"=")
}

// clientLog logs the client's own lines at debug: it returns the same faults as
// errors, which are logged once by the caller.
func clientLog(logger *slog.Logger) esdb.LoggingFunc {
	return func(level esdb.LogLevel, format string, args ...any) {
		logger.Debug("event store client", "level", level, "line", fmt.Sprintf(format, args...))
	}
}
