package app

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"nonassociations/audit"
	"nonassociations/commands"
	"nonassociations/eventstore"
	"nonassociations/queries"
	"nonassociations/queries/whereabouts"
	"nonassociations/web/api"
	"nonassociations/web/screens"
)

// behindTheGate is everything that a request can reach, with nothing behind the
// gate: what passes panics.
func behindTheGate(g *readinessGate) map[reflect.Type]any {
	return map[reflect.Type]any{
		reflect.TypeFor[api.Reads]():            gatedReads{gate: g},
		reflect.TypeFor[api.Streams]():          gatedStreams{gate: g},
		reflect.TypeFor[api.Mappings]():         gatedMappings{gate: g},
		reflect.TypeFor[api.Commands]():         gatedCommands{gate: g},
		reflect.TypeFor[api.Audit]():            gatedAudit{gate: g},
		reflect.TypeFor[api.Evidence]():         evidenceReads{gate: g},
		reflect.TypeFor[whereabouts.Reads]():    gatedOpenRecords{gate: g},
		reflect.TypeFor[commands.PairLocator](): gatedLocator{gate: g},
		reflect.TypeFor[turnHandler]():          gatedTurns{gate: g},
		reflect.TypeFor[pageReadings]():         pageReads{gatedReads{gate: g}, gatedStreams{gate: g}, gatedMappings{gate: g}, gatedFacts{gate: g}},
	}
}

// pageReadings are the reads of the pages.
type pageReadings interface{ screens.Reads }

// free are the methods that need no gate, and why.
var free = map[string]string{
	"Reads.WaitFor":          "shows nothing",
	"Reads.Position":         "shows nothing",
	"pageReadings.WaitFor":   "shows nothing",
	"pageReadings.Position":  "shows nothing",
	"PairLocator.WaitFor":    "shows nothing",
	"Audit.OfNonAssociation": "asks for the head of the log first",
	"Audit.OfPrisoner":       "asks for the head of the log first",
	"Audit.OfSwitchOver":     "asks for the head of the log first",
	"Audit.SubjectAccess":    "asks for the head of the log first",
	"Audit.AsOfPrisoner":     "asks for the head of the log first",
	"Audit.AsOfPair":         "asks for the head of the log first",
}

// TestEverything_ofTheAPIIsBehindTheGate fails for a new way in that was not walked,
// and for an exception that is none any more.
func TestEverything_ofTheAPIIsBehindTheGate(t *testing.T) {
	walked := behindTheGate(&readinessGate{})
	elsewhere := map[string]string{
		"Directory": "names and places, of another service", "Verifier": "tokens",
		"Whereabouts": "locations, of another service; its records are whereabouts.Reads, which is walked", "Queues": "messages, of SQS",
		"Prisons": "names and counts beside the facts", "LegacyCallers": "counts of calls",
		"Reconcile":  "of NOMIS, and of tables that belong to no log",
		"Dossiers":   "the same; the log is read by a turnHandler, which is walked",
		"Migrations": "of tables that belong to no log", "MigrationLabels": "the same", "Problems": "of tables that belong to no log",
	}
	for field := range reflect.TypeFor[api.Options]().Fields() {
		if field.Type.Kind() == reflect.Interface && elsewhere[field.Name] == "" {
			require.Contains(t, walked, field.Type, field.Name)
		}
	}
	methods := map[string]bool{}
	for of := range walked {
		for method := range of.Methods() {
			methods[of.Name()+"."+method.Name] = true
		}
	}
	for name := range free {
		require.True(t, methods[name], name)
	}
}

// TestReadinessGate_letsNothingPassWhileClosed calls everything in every state of a gate that lets
// nothing, or no read, pass.
func TestReadinessGate_letsNothingPassWhileClosed(t *testing.T) {
	theLog := uuid.New()
	none := func() *eventstore.Mismatch { return nil }
	other := &eventstore.Mismatch{Known: theLog, Found: uuid.New()}
	open := func(mismatch func() *eventstore.Mismatch, compared bool) *readinessGate {
		g := &readinessGate{opened: make(chan struct{}), mismatch: mismatch}
		g.open(theLog)
		g.compared.Store(compared)
		return g
	}
	unknown := map[string]error{
		"Reads": queries.ErrNotCaughtUp, "pageReadings": queries.ErrNotCaughtUp, "Streams": queries.ErrNotCaughtUp, "Mappings": queries.ErrNotCaughtUp, "PairLocator": queries.ErrNotCaughtUp, "Evidence": queries.ErrNotCaughtUp,
		"Commands": commands.ErrBusy, "Audit": audit.ErrUnavailable, "turnHandler": commands.ErrBusy,
	}
	for name, c := range map[string]struct {
		gate *readinessGate
		want func(part string) error
	}{
		"the log is not known": {&readinessGate{opened: make(chan struct{}), mismatch: none}, func(part string) error { return unknown[part] }},
		"the log is another":   {open(func() *eventstore.Mismatch { return other }, true), func(string) error { return other }},
		"the read model is not of the log": {open(none, false), func(part string) error {
			if part == "Commands" || part == "Audit" || part == "turnHandler" {
				return nil // they need no read model
			}
			return queries.ErrNotCaughtUp
		}},
	} {
		for of, behind := range behindTheGate(c.gate) {
			want := c.want(of.Name())
			for method := range of.Methods() {
				full := of.Name() + "." + method.Name
				if want == nil || free[full] != "" {
					continue
				}
				require.ErrorIs(t, call(t, behind, method), want, "%s, while %s", full, name)
			}
		}
	}
}

// call calls a method with nothing; the error says so when it passes the gate.
func call(t *testing.T, behind any, method reflect.Method) (err error) {
	t.Helper()
	defer func() {
		if passed := recover(); passed != nil {
			err = fmt.Errorf("it passes: %v", passed)
		}
	}()
	var arguments []reflect.Value
	for parameter := range method.Type.Ins() {
		arguments = append(arguments, reflect.Zero(parameter))
	}
	arguments[0] = reflect.ValueOf(t.Context())
	results := reflect.ValueOf(behind).MethodByName(method.Name).Call(arguments)
	err, is := reflect.TypeAssert[error](results[len(results)-1])
	if !is {
		return errors.New("it passes")
	}
	return err
}
