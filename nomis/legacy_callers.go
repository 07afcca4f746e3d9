package nomis

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"nonassociations/domain"
	"nonassociations/nomis/store"
)

// LegacyCaller is a client that called the legacy list.
type LegacyCaller struct {
	ClientID  string
	FirstCall time.Time
	LastCall  time.Time
	Last7Days int64 // calls of today and the six days before, in London
	NotFound  int64 // calls that were answered 404, ever
}

// CallerStore keeps the calls. [store.Store] is one.
type CallerStore interface {
	AddCalls(ctx context.Context, days ...store.CallerDay) error
	Callers(ctx context.Context, since string) ([]store.Caller, error)
}

// LegacyCallersOptions are the dependencies of LegacyCallers. All but Interval must be
// set.
type LegacyCallersOptions struct {
	Store    CallerStore
	Clock    func() time.Time // in Europe/London
	Logger   *slog.Logger
	Interval time.Duration // the least time between two writes; 1 s when zero
}

// LegacyCallers counts the calls of the legacy list by client and day. Counting does no
// I/O: Run writes the counts. A call may be counted twice when the answer of a write is
// lost, and not at all when the process is killed within the second. It is safe for
// concurrent use.
type LegacyCallers struct {
	store   CallerStore
	clock   func() time.Time
	logger  *slog.Logger
	flusher *flusher

	mu      sync.Mutex
	pending map[callerKey]store.CallerDay
	lost    int64 // calls that pending had no room for
}

// callerKey identifies a row.
type callerKey struct{ client, day string }

// maxCallers bounds the rows that wait to be written, and maxClientID the characters of
// a client's id. Postgres may be away for long, and a token names any client.
const (
	maxCallers  = 1000
	maxClientID = 200
)

// NewLegacyCallers returns a counter without counts.
func NewLegacyCallers(o LegacyCallersOptions) *LegacyCallers {
	l := &LegacyCallers{store: o.Store, clock: o.Clock, logger: o.Logger, pending: map[callerKey]store.CallerDay{}}
	l.flusher = newFlusher("calls of the legacy list", o.Logger, o.Interval, l.write)
	return l
}

// Count counts a call that was answered just now. It never blocks for long and never
// fails: while too many different callers wait to be written, further ones are lost.
func (l *LegacyCallers) Count(clientID string, notFound bool) {
	now := l.clock()
	one := store.CallerDay{ClientID: storable(clientID), Day: domain.Today(now), Calls: 1, First: now, Last: now}
	if notFound {
		one.NotFound = 1
	}
	l.mu.Lock()
	l.add(one)
	l.mu.Unlock()
	l.flusher.mark()
}

// add adds calls to those that wait. The lock must be held.
func (l *LegacyCallers) add(d store.CallerDay) {
	key := callerKey{d.ClientID, d.Day}
	have, waits := l.pending[key]
	switch {
	case waits:
		d.Calls, d.NotFound = d.Calls+have.Calls, d.NotFound+have.NotFound
		if have.First.Before(d.First) {
			d.First = have.First
		}
		if have.Last.After(d.Last) {
			d.Last = have.Last
		}
	case len(l.pending) >= maxCallers:
		l.lost += d.Calls
		return
	}
	l.pending[key] = d
}

// Run writes the counts, at most once in an interval, until ctx ends, and then once more.
// It returns nil.
func (l *LegacyCallers) Run(ctx context.Context) error {
	l.flusher.run(ctx)
	return nil
}

// write writes what waits. What could not be written waits again.
func (l *LegacyCallers) write(ctx context.Context) error {
	l.mu.Lock()
	taken, lost := l.pending, l.lost
	l.pending, l.lost = map[callerKey]store.CallerDay{}, 0
	l.mu.Unlock()
	if lost > 0 {
		l.logger.WarnContext(ctx, "calls of the legacy list not counted: too many callers at once", "calls", lost)
	}
	if len(taken) == 0 {
		return nil
	}
	days := slices.SortedFunc(maps.Values(taken), func(a, b store.CallerDay) int {
		return cmp.Or(strings.Compare(a.ClientID, b.ClientID), strings.Compare(a.Day, b.Day))
	})
	err := l.store.AddCalls(ctx, days...)
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, d := range days {
			l.add(d)
		}
	}
	return err
}

// Callers returns every client that was ever counted, the one that called last first.
// Calls of the last second may be missing.
func (l *LegacyCallers) Callers(ctx context.Context) ([]LegacyCaller, error) {
	since := domain.Today(l.clock().AddDate(0, 0, -6))
	stored, err := l.store.Callers(ctx, since)
	if err != nil {
		return nil, err
	}
	all := make([]LegacyCaller, len(stored))
	for i, c := range stored {
		all[i] = LegacyCaller{ClientID: c.ClientID, FirstCall: c.FirstCall, LastCall: c.LastCall, Last7Days: c.Recent, NotFound: c.NotFound}
	}
	return all, nil
}

// storable returns a client's id as Postgres can hold it: one id that it refused would
// keep all counts from being written.
func storable(id string) string {
	id = strings.ReplaceAll(strings.ToValidUTF8(id, "\uFFFD"), "\x00", "\uFFFD")
	if runes := []rune(id); len(runes) > maxClientID {
		return string(runes[:maxClientID])
	}
	return id
}
