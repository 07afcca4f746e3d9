// Package nonassociations_test checks the promises of the folders: who may import
// whom, read from go list, and the few rules of form that no linter knows.
package nonassociations_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "nonassociations"

// Short names of what the table allows.
const (
	pgx    = "github.com/jackc/pgx/v5"
	goose  = "github.com/pressly/goose/v3"
	chi    = "github.com/go-chi/chi/v5"
	grpc   = "google.golang.org/grpc"
	client = "github.com/EventStore/EventStore-Client-Go/v4"
	uuid   = "github.com/google/uuid"
	aws    = "github.com/aws/aws-sdk-go-v2"
	oauth2 = "golang.org/x/oauth2"
	oidc   = "github.com/coreos/go-oidc/v3"
	sumdb  = "golang.org/x/mod/sumdb"
)

// crossCutting may be used in every folder but domain.
var crossCutting = []string{
	uuid, "github.com/cenkalti/backoff/v5", "golang.org/x/sync", "github.com/go-json-experiment/json",
	"go.opentelemetry.io/otel", "github.com/prometheus/client_golang", module + "/internal/tracing",
}

// impure is the part of the standard library that domain does without.
var impure = []string{
	"context", "database", "html", "io", "log", "math/rand", "crypto/rand", "net", "os", "runtime", "sync", "syscall",
}

// folder is one folder's promise. may lists packages of this module by exact
// name and modules of others by prefix; its own folder is always allowed
// unless alone is set. The longest matching path decides.
type folder struct {
	path    string
	promise string
	may     []string
	alone   bool
}

var folders = []folder{
	{"domain", "domain is pure: the standard library without I/O and clock, and uuid", []string{uuid}, false},
	{"domain/domaintest", "domain/domaintest builds the scenarios of tests", []string{"domain", uuid, "github.com/stretchr/testify"}, true},
	{"commands", "commands is the only package that appends, and knows no driver", []string{"domain", "eventstore"}, false},
	{"commands/idempotency", "commands/idempotency keeps idempotency keys in Postgres", []string{"domain", pgx}, false},
	{"commands/merge", "commands/merge is the process that follows a prisoner merge", []string{"domain", "commands", "eventstore"}, false},
	{"projections", "projections reads the log and writes read tables only", []string{"domain", "eventstore", "eventstore/consumer", pgx}, false},
	{"queries", "queries only SELECTs and never sees the log", []string{"domain", pgx}, false},
	{"queries/directory", "queries/directory asks Prisoner Search over net/http", []string{"domain", "internal/bearer", "github.com/sony/gobreaker/v2", "github.com/hashicorp/golang-lru/v2"}, false},
	{"queries/whereabouts", "queries/whereabouts joins open records with the directory's locations, and has no rules and no SQL", []string{"domain", "queries", "queries/directory", "github.com/hashicorp/golang-lru/v2"}, true},
	{"publisher", "publisher is the only importer of SNS and never queries", []string{"domain", "eventstore", "eventstore/consumer", "eventstore/consumer/status", "eventstore/statecache", aws}, false},
	{"publisher/message", "publisher/message maps a fact to its SNS messages, and does no I/O", []string{"domain", "eventstore"}, true},
	{"publisher/store", "publisher/store keeps checkpoint and parked messages in Postgres", []string{"domain", "eventstore", pgx}, false},
	{"audit", "audit reads the log only: its answers rest on nothing that may be stale", []string{"domain", "eventstore", "eventstore/statecache"}, false},
	{"audit/evidence", "audit/evidence makes and checks proofs that the log was not changed, and does no I/O", []string{"domain", "eventstore", sumdb}, true},
	{"audit/evidence/bundle", "audit/evidence/bundle makes and checks the file of an export, and opens no store", []string{"domain", "eventstore", "audit/evidence", sumdb}, true},
	{"audit/evidence/archive", "audit/evidence/archive keeps facts in a folder outside of every store", []string{"domain", "eventstore", "audit/evidence", "audit/evidence/logcheck", sumdb}, true},
	{"audit/evidence/logcheck", "audit/evidence/logcheck compares the log with what was kept of it, and opens no store", []string{"eventstore", "audit/evidence", sumdb}, true},
	{"audit/evidence/nightly", "audit/evidence/nightly makes the checks of every night when they are due, and knows not how", []string{"audit/evidence/store", pgx}, true},
	{"audit/evidence/signer", "audit/evidence/signer follows the log and signs heads, and sends them to a witness", []string{"audit/evidence", "audit/evidence/store", "domain", "eventstore", "eventstore/consumer", pgx, sumdb}, true},
	{"audit/evidence/store", "audit/evidence/store keeps in Postgres what operators did and the tree over the log", []string{"audit/evidence", "eventstore", pgx, sumdb}, true},
	{"audit/evidence/proofcheck", "audit/evidence/proofcheck judges the proof of one fact, and does no I/O", []string{"audit/evidence"}, true},
	{"nomis", "nomis alone calls the legacy system", []string{"domain", "commands", "commands/merge", "queries", "audit", "internal/queue", aws}, false},
	{"nomis/migration", "nomis/migration takes over NOMIS's stock of old data", []string{"domain", "commands"}, false},
	{"nomis/mirror", "nomis/mirror has what NOMIS holds of a pair, and does no I/O", []string{"domain"}, true},
	{"nomis/npa", "nomis/npa calls the NOMIS Prisoner API over net/http", []string{"domain", "nomis/mirror", "internal/bearer", "github.com/sony/gobreaker/v2", "golang.org/x/time"}, true},
	{"nomis/plan", "nomis/plan is the one comparison of the two systems, and does no I/O", []string{"domain", "nomis/mirror"}, true},
	{"nomis/reconcile", "nomis/reconcile counts what differs between the two systems, and lets people repair it", []string{"domain", "commands", "queries", "audit", "github.com/robfig/cron/v3", pgx}, false},
	{"nomis/store", "nomis/store keeps nomis's durable tables in Postgres", []string{"domain", pgx}, false},
	{"eventstore", "eventstore is a port and knows no driver", []string{"domain"}, true},
	{"eventstore/memory", "eventstore/memory is a log in memory", []string{"eventstore"}, true},
	{"eventstore/postgres", "eventstore/postgres is a log in Postgres", []string{"eventstore", pgx}, true},
	{"eventstore/esdb", "eventstore/esdb contains the EventStoreDB client", []string{"eventstore", client, grpc, "google.golang.org/protobuf"}, true},
	{"eventstore/esdbserver", "eventstore/esdbserver speaks EventStoreDB over any log", []string{"eventstore", client, grpc, "google.golang.org/protobuf"}, true},
	{"eventstore/consumer", "eventstore/consumer consumes a log under a lease in Postgres", []string{"eventstore", "eventstore/consumer/status", pgx}, true},
	{"eventstore/consumer/status", "eventstore/consumer/status keeps in Postgres how each consumer is doing", []string{"domain", "eventstore", pgx}, true},
	{"eventstore/statecache", "eventstore/statecache knows what a pair was before a fact", []string{"domain", "eventstore"}, true},
	{"eventstore/storetest", "eventstore/storetest is the suite that all logs pass", []string{"eventstore", "eventstore/memory", "github.com/stretchr/testify", "pgregory.net/rapid", "go.uber.org/goleak"}, true},
	{"web", "web has no SQL and no rules", []string{"domain", "commands", "queries", "queries/directory", "queries/whereabouts", "audit", "nomis", "nomis/migration", "nomis/reconcile", "audit/evidence/store", chi}, false},
	{"web/auth", "web/auth verifies tokens", []string{"domain", "github.com/golang-jwt/jwt/v5", "github.com/MicahParks/jwkset"}, false},
	{"web/bundlepage", "web/bundlepage draws page.html of a bundle, and knows no HTTP", []string{"domain", "audit", "audit/evidence/bundle"}, true},
	{"web/client", "web/client calls the service over HTTP and knows nothing of it but its shapes", []string{"domain", "web/shape"}, true},
	{"web/shape", "web/shape has the JSON of answers, built from domain values", []string{"domain"}, true},
	{"web/outage", "web/outage says which errors pass, and knows no HTTP", []string{"audit", "commands", "queries"}, true},
	{"web/strictjson", "web/strictjson reads JSON text of callers, and knows neither HTTP nor the domain", nil, true},
	{"web/screens/govuk", "web/screens/govuk draws what it is given in the two design systems, and knows nothing of the domain", []string{"golang.org/x/net/html"}, true},
	{"web/screens", "web/screens shows pages", []string{"domain", "commands", "queries", "queries/directory", "queries/whereabouts", "audit", "audit/evidence/store", "nomis", "nomis/migration", "nomis/reconcile", chi}, false},
	{"web/screens/signin", "web/screens/signin signs users in at the issuer and keeps their sessions", []string{"domain", oauth2, oidc}, false},
	{"web/screens/outbox", "web/screens/outbox brings views to the audit queue, and has no SQL", []string{"domain", "web/screens/store", "internal/queue", aws}, true},
	{"web/screens/store", "web/screens/store keeps sessions and views in Postgres", []string{"domain", pgx}, true},
	{"deploy/postgres", "deploy/postgres has the SQL of the roles, and runs nothing", nil, true},
	{"cmd", "cmd wires everything but what is for development", []string{"*"}, false},
	{"cmd/dev", "cmd/dev may use what is for development", []string{"*", "internal/dev"}, false},
	{"cmd/bench", "cmd/bench may use what is for development", []string{"*", "internal/dev"}, false},
	{"internal/bearer", "internal/bearer gets tokens for calls of services next door, and is part of production", nil, true},
	{"internal/queue", "internal/queue opens SQS for every folder with a queue, and is part of production", []string{aws}, true},
	{"internal/tracing", "internal/tracing makes spans, and is part of production", nil, true},
	{"internal/pg", "internal/pg opens Postgres for every folder with tables, and is part of production", []string{pgx}, true},
	{"internal/pg/lease", "internal/pg/lease lets one process at a time do something", []string{pgx}, true},
	{"internal/pg/migrate", "internal/pg/migrate alone migrates durable tables", []string{pgx, goose}, true},
	{"internal/dev", "internal/dev is for development and tests only", []string{"*", "internal/dev"}, false},
}

// listed is one package as go list sees it.
type listed struct {
	ImportPath, Doc string
	Imports         []string
	GoFiles         []string
}

func TestPackage_keepsItsPromise(t *testing.T) {
	packages := list(t)
	require.NotEmpty(t, packages)
	require.Empty(t, broken(folders, packages))
}

// TestChecker_canFail shows it a small made-up module with one fault each.
func TestChecker_canFail(t *testing.T) {
	for name, fault := range map[string]listed{
		"domain may not import net":    {ImportPath: module + "/domain", Imports: []string{"net/http"}},
		"may not import github.com/":   {ImportPath: module + "/domain", Imports: []string{pgx + "/pgxpool"}},
		"eventstore is a port":         {ImportPath: module + "/eventstore", Imports: []string{module + "/eventstore/memory"}},
		"queries only SELECTs":         {ImportPath: module + "/queries", Imports: []string{module + "/eventstore"}},
		"cmd wires everything":         {ImportPath: module + "/cmd/nonassociations", Imports: []string{module + "/internal/dev/localpg"}},
		"web has no SQL":               {ImportPath: module + "/web/api", Imports: []string{pgx}},
		"is in no folder":              {ImportPath: module + "/helpers", Imports: nil},
		"says nowhere what it is for":  {ImportPath: module + "/audit", Doc: "-"},
		"commands is the only package": {ImportPath: module + "/commands", Imports: []string{module + "/eventstore/postgres"}},
	} {
		fault.GoFiles = []string{"some.go"}
		fault.Doc = map[string]string{"": "Package x does y.", "-": ""}[fault.Doc]
		got := broken(folders, []listed{fault})
		require.Len(t, got, 1, name)
		require.Contains(t, got[0], name)
	}
	good := listed{
		ImportPath: module + "/eventstore/postgres", Doc: "x", GoFiles: []string{"a.go"},
		Imports: []string{"context", pgx + "/pgxpool", module + "/eventstore", "golang.org/x/sync/errgroup"},
	}
	require.Empty(t, broken(folders, []listed{good}))
}

// broken lists the promises that packages break, in words.
func broken(table []folder, packages []listed) []string {
	var faults []string
	for _, p := range packages {
		path := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if len(p.GoFiles) == 0 {
			continue
		}
		home, ok := folderOf(table, path)
		if !ok {
			faults = append(faults, path+" is in no folder of the table")
			continue
		}
		if p.Doc == "" {
			faults = append(faults, path+" says nowhere what it is for: it needs a package comment")
		}
		for _, imported := range p.Imports {
			if !home.allows(imported) {
				faults = append(faults, fmt.Sprintf("%s may not import %s: %s", path, imported, home.promise))
			}
		}
	}
	return faults
}

func folderOf(table []folder, path string) (folder, bool) {
	var best folder
	for _, r := range table {
		if within(path, r.path) && len(r.path) > len(best.path) {
			best = r
		}
	}
	return best, best.path != ""
}

func (f folder) allows(imported string) bool {
	own, ours := strings.CutPrefix(imported, module+"/")
	top, _, _ := strings.Cut(f.path, "/")
	switch {
	case ours && slices.Contains(crossCutting, imported):
		return f.path != "domain"
	case ours && within(own, "internal/pg"):
		return slices.Contains(f.may, "*") || slices.Contains(f.may, pgx)
	case ours && within(own, "internal"):
		return slices.Contains(f.may, "internal/dev") || slices.Contains(f.may, own)
	case ours:
		return slices.Contains(f.may, "*") || slices.Contains(f.may, own) || (!f.alone && within(own, top))
	case standard(imported) && f.path != "domain":
		return true
	case standard(imported):
		return !slices.ContainsFunc(impure, func(bad string) bool { return within(imported, bad) })
	case f.path != "domain" && slices.ContainsFunc(crossCutting, func(lib string) bool { return within(imported, lib) }):
		return true
	}
	return slices.ContainsFunc(f.may, func(lib string) bool { return lib == "*" || within(imported, lib) })
}

func within(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func list(t *testing.T) []listed {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Doc,Imports,GoFiles", "./...").Output()
	require.NoError(t, err)
	var packages []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err)
		packages = append(packages, p)
	}
}
