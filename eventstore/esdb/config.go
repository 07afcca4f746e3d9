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

// Where the connection string says nothing. The client's own values would spend
// five seconds on each dead member of a cluster, and twenty on a dead peer.
const (
	gossipTimeout    = 2 // seconds, as the client counts it
	keepAliveTimeout = 5 * time.Second
)

// configure reads the connection string and bends the client to what it must
// survive. The string may hold a password: no error repeats it.
func configure(connection string, options Options) (*esdb.Configuration, error) {
	cfg, err := parse(connection)
	if err != nil {
		return nil, err
	}
	cfg.MaxDiscoverAttempts = cmp.Or(options.attempts, math.MaxInt) // the client's state machine never ends (A)
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
	if cfg.Username != "" && sent(cfg) == "" {
		options.Logger.Warn("event store: the user is never sent, because there is no TLS or no password")
	}
	return cfg, nil
}

// parse reads a connection string as the client does, and the newer servers'
// spelling of its scheme: the protocol is the same.
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

// PlainHosts are the hosts of a connection string that are called without TLS.
// A string that cannot be read has none.
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

// addresses are the nodes that a configuration names, as host:port.
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

// Check tells whether Open would take a connection string. The error does not
// repeat it.
func Check(connection string) error {
	_, err := configure(connection, Options{}.withDefaults())
	return err
}

// sent is the user whom the client sends: over TLS, and with a password.
func sent(cfg *esdb.Configuration) string {
	if cfg.DisableTLS || cfg.Password == "" {
		return ""
	}
	return cfg.Username
}

// withoutURL takes the connection string, and its password, out of an error.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

func mentions(connection, key string) bool {
	return strings.Contains(strings.ToLower(connection), key+"=")
}

// clientLog takes the client's own lines down to debug: what they tell comes
// back as an error too, and that is logged once, at the edge.
func clientLog(logger *slog.Logger) esdb.LoggingFunc {
	return func(level esdb.LogLevel, format string, args ...any) {
		logger.Debug("event store client", "level", level, "says", fmt.Sprintf(format, args...))
	}
}
