package nomisapi

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// The faults, by the names that /faults has.
const (
	error503          = "error-503"
	delayed           = "delay"
	answerLost        = "answer-lost"
	locked            = "locked"
	halfClosed        = "half-closed"
	mirrorMissing     = "mirror-missing"
	eventTwice        = "event-twice"
	eventsOutOfOrder  = "events-out-of-order"
	eventLost         = "event-lost"
	eventNullModule   = "event-null-module"
	prisonerUnknown   = "prisoner-unknown"
	movingPages       = "moving-pages"
	html404           = "html-404"
	textMangled       = "text-mangled"
	defaultFaultDelay = 2 * time.Second
)

// kinds says what each fault does, in the order of the page for people.
var kinds = []struct{ name, what string }{
	{error503, "every call answers 503, as a gateway does"},
	{delayed, "every call waits first, for seconds (2)"},
	{answerLost, "a call that writes is carried out, and then its connection breaks"},
	{locked, "a call that writes answers 423"},
	{halfClosed, "of a non-association that is written, one mirror is closed and the other is not; with a pair, its newest one at once"},
	{mirrorMissing, "of a non-association that is written, one mirror's row goes; with a pair, its newest one's at once"},
	{eventTwice, "both messages of a change are sent twice"},
	{eventsOutOfOrder, "the messages of a change come in reverse, and after those of the next one, or after seconds (2)"},
	{eventLost, "the messages of a change are not sent"},
	{eventNullModule, "the messages of a change do not say which module wrote"},
	{prisonerUnknown, "both prisoners of the call are unknown"},
	{movingPages, "totalElements moves, and an odd page comes shifted by one when it is first asked for"},
	{html404, "every call answers 404 with a page of HTML, as a gateway does"},
	{textMangled, "comment and authorisedBy are stored in capital letters, and what is beyond ASCII is lost"},
}

// Fault is a way to misbehave. Without Times it stays until it is deleted, without Pair
// it is for all pairs. A call without a pair meets faults without one only.
type Fault struct {
	Fault   string   `json:"fault"`
	Times   *int     `json:"times,omitempty"` // how often it still acts
	Pair    []string `json:"pair,omitempty"`
	Seconds *float64 `json:"seconds,omitempty"`
}

// key returns the pair of the fault, the zero pairKey for all.
func (f Fault) key() pairKey {
	if len(f.Pair) == 0 {
		return pairKey{}
	}
	return keyOf(f.Pair[0], f.Pair[1])
}

// wait returns how long it waits.
func (f Fault) wait() time.Duration {
	if f.Seconds == nil {
		return defaultFaultDelay
	}
	return time.Duration(*f.Seconds * float64(time.Second))
}

// check says what is wrong with a fault.
func (f Fault) check() error {
	switch {
	case !slices.ContainsFunc(kinds, func(k struct{ name, what string }) bool { return k.name == f.Fault }):
		return fmt.Errorf("there is no fault %q", f.Fault)
	case f.Times != nil && *f.Times < 1:
		return errors.New("times must be at least 1")
	case f.Seconds != nil && (*f.Seconds < 0 || *f.Seconds > 3600):
		return errors.New("seconds must be from 0 to 3600")
	case len(f.Pair) != 0 && len(f.Pair) != 2:
		return errors.New("pair must be two numbers")
	}
	return nil
}

// faults are those that are on. The zero faults are none.
type faults struct {
	mu      sync.Mutex
	on      []Fault
	damaged map[damagedRow]bool
}

// damagedRow is a non-association that a fault has damaged.
type damagedRow struct {
	fault string
	of    pairKey
	seq   int
}

// add turns a fault on. It replaces one of the same name and pair.
func (f *faults) add(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on = slices.DeleteFunc(f.on, func(o Fault) bool { return o.Fault == fault.Fault && o.key() == fault.key() })
	f.on = append(f.on, fault)
	f.forget(fault.Fault)
}

// takeOnce is take for a fault that damages a non-association, once as long as it is on:
// what has mended it since stays.
func (f *faults) takeOnce(name string, of pairKey, seq int) bool {
	row := damagedRow{name, of, seq}
	f.mu.Lock()
	was := f.damaged[row]
	f.mu.Unlock()
	if was {
		return false
	}
	if _, on := f.take(name, of); !on {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.damaged == nil {
		f.damaged = map[damagedRow]bool{}
	}
	f.damaged[row] = true
	return true
}

// forget forgets what faults of a name have damaged, all for "". The caller holds the
// lock.
func (f *faults) forget(name string) {
	maps.DeleteFunc(f.damaged, func(row damagedRow, _ bool) bool { return name == "" || row.fault == name })
}

// list returns those that are on.
func (f *faults) list() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Fault{}, f.on...)
}

// remove turns off those of a name, all for "".
func (f *faults) remove(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on = slices.DeleteFunc(f.on, func(o Fault) bool { return name == "" || o.Fault == name })
	f.forget(name)
}

// take reports whether a fault acts for a pair now, which uses up one of its times. One
// of the pair itself goes before one of all.
func (f *faults) take(name string, of pairKey) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, key := range []pairKey{of, {}} {
		i := slices.IndexFunc(f.on, func(o Fault) bool { return o.Fault == name && o.key() == key })
		if i < 0 {
			continue
		}
		fault := f.on[i]
		if fault.Times != nil {
			left := *fault.Times - 1
			f.on[i].Times = &left
			if left == 0 {
				f.on = slices.Delete(f.on, i, i+1)
			}
		}
		return fault, true
	}
	return Fault{}, false
}
