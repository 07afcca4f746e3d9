package pg

import (
	"errors"
	"reflect"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Use is what an address is for.
type Use int

// The two uses of an address.
const (
	ToRead  Use = iota // of a read model: a standby may answer
	ToWrite            // of a server that is written to
)

// ErrUnreadable is the fault of an address that the driver cannot parse.
var ErrUnreadable = errors.New("is not an address that the driver of Postgres can read")

// Faults returns what is wrong with an address: what would fail at each connect, or
// change what is read. Each fault is the end of a sentence about the address. None
// repeats a value, which may be a secret. It returns nil for a good address.
func Faults(address string, use Use) []string {
	config, err := pgxpool.ParseConfig(address)
	if err != nil { // the error quotes the value
		return []string{ErrUnreadable.Error()}
	}
	var faults []string
	for given, value := range config.ConnConfig.RuntimeParams {
		if fault := settingFault(given, value); fault != "" {
			faults = append(faults, fault)
		}
	}
	faults = append(faults, poolFaults(config)...)
	faults = append(faults, modeFaults(config.ConnConfig)...)
	if use == ToWrite && wantsNoWriter(config.ConnConfig) {
		faults = append(faults, "has a target_session_attrs that leads to a server that cannot be written to")
	}
	return faults
}

// foreign are parameters of libpq that pgx does not know. It sends them to the server
// as settings, and the server refuses each session with one.
var foreign = []string{
	"hostaddr", "fallback_application_name", "keepalives", "keepalives_idle", "keepalives_interval",
	"keepalives_count", "tcp_user_timeout", "sslcompression", "sslcrl", "sslcrldir", "sslkeylogfile", "requirepeer",
	"requiressl", "ssl_min_protocol_version", "ssl_max_protocol_version", "gssencmode", "gsslib", "gssdelegation",
	"load_balance_hosts", "scram_client_key", "scram_server_key", "oauth_issuer", "oauth_client_id",
	"oauth_client_secret", "oauth_scope", "replication",
}

// settingFault returns what is wrong with a setting that would be sent to the server;
// "" when nothing is known to be.
func settingFault(given, value string) string {
	name := strings.ToLower(given)
	switch {
	case strings.HasPrefix(name, "pool_"):
		return "has a parameter that begins with pool_ and that the driver does not know"
	case name == "client_encoding" && !strings.EqualFold(value, "UTF8") && !strings.EqualFold(value, "UTF-8"):
		return "has a client_encoding that is not UTF8"
	}
	for _, of := range foreign {
		if name == of {
			return "has the parameter " + of + ", which the driver does not know"
		}
	}
	return ""
}

// poolFaults are values with which a pool cannot work, or would panic.
func poolFaults(config *pgxpool.Config) []string {
	var faults []string
	if max(config.MinConns, config.MinIdleConns) > config.MaxConns {
		faults = append(faults, "wants more connections at least than it allows at most (pool_min_conns, pool_min_idle_conns, pool_max_conns)")
	}
	if config.HealthCheckPeriod <= 0 { // the driver's ticker would panic
		faults = append(faults, "has a pool_health_check_period that is not positive")
	}
	if config.MaxConnLifetime <= 0 || config.MaxConnIdleTime <= 0 {
		faults = append(faults, "has a pool_max_conn_lifetime or pool_max_conn_idle_time that is not positive")
	}
	return faults
}

// modeFaults are query modes in which statements of this service fail. Without the
// parameter types of the server, for example, the driver sends a JSON text as bytea.
func modeFaults(config *pgx.ConnConfig) []string {
	switch config.DefaultQueryExecMode {
	case pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol:
		return []string{"has a default_query_exec_mode that does not ask the server for the types"}
	case pgx.QueryExecModeCacheStatement:
		if config.StatementCacheCapacity <= 0 {
			return []string{"has a statement_cache_capacity of nothing, and default_query_exec_mode is cache_statement"}
		}
	case pgx.QueryExecModeCacheDescribe:
		if config.DescriptionCacheCapacity <= 0 {
			return []string{"has a description_cache_capacity of nothing, and default_query_exec_mode is cache_describe"}
		}
	case pgx.QueryExecModeDescribeExec:
	}
	return nil
}

// wantsNoWriter reports whether target_session_attrs selects a standby or a read-only
// server. The driver keeps the parameter only as a function, so functions are compared.
func wantsNoWriter(config *pgx.ConnConfig) bool {
	if config.ValidateConnect == nil {
		return false
	}
	obeys := reflect.ValueOf(config.ValidateConnect).Pointer()
	for _, reader := range []pgconn.ValidateConnectFunc{
		pgconn.ValidateConnectTargetSessionAttrsReadOnly,
		pgconn.ValidateConnectTargetSessionAttrsStandby,
		pgconn.ValidateConnectTargetSessionAttrsPreferStandby,
	} {
		if obeys == reflect.ValueOf(reader).Pointer() {
			return true
		}
	}
	return false
}

// PlainHosts returns the hosts of an address to which a session may be opened without
// TLS, in the order of the address. These are all hosts with sslmode disable, prefer
// (the default) or allow; the latter two connect without TLS when it fails. Local
// sockets do not count. It returns nil for an address that cannot be parsed.
func PlainHosts(address string) []string {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil
	}
	all := append([]*pgconn.FallbackConfig{{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig}}, config.Fallbacks...)
	var plain []string
	for _, one := range all {
		network, _ := pgconn.NetworkAddress(one.Host, one.Port)
		if one.TLSConfig == nil && network != "unix" {
			plain = append(plain, one.Host)
		}
	}
	return plain
}
