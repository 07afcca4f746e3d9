package app

import (
	"context"
	"runtime"
	metric "runtime/metrics"
	"syscall"
	"time"
)

// The bounds at which the number of processors changes. One processor that is nearly full,
// or that goroutines wait for, gets the others soon, since clients wait. They are taken away
// when there was little to do for longer, so that bursts in a row begin with all.
const (
	muchWork    = 0.85 // processors
	littleWork  = 0.6
	manyWaiting = 4 // goroutines that could run
	fewWaiting  = 3
	betweenWork = 50 * time.Millisecond // between two looks
	averaged    = 4                     // looks, more or less, that the averages are of
	quietTime   = time.Second           // whose work decides whether one is enough
)

// TuneProcessors keeps the process on one processor while that is enough, and on its
// default number otherwise. It looks every 50 ms until the context ends. GOMAXPROCS in
// environment wins.
//
// On several processors Go wakes a second thread for each answer from the network. While
// there is little to do, that thread finds nothing, and takes the processor from Postgres
// where the two share a machine (ADR 0062).
func TuneProcessors(ctx context.Context, environment map[string]string) {
	if environment["GOMAXPROCS"] != "" || runtime.NumCPU() == 1 {
		return
	}
	go func() {
		defer runtime.SetDefaultGOMAXPROCS()
		looks := time.NewTicker(betweenWork)
		defer looks.Stop()
		f := processors{one: func() { runtime.GOMAXPROCS(1) }, all: runtime.SetDefaultGOMAXPROCS}
		waiting := []metric.Sample{{Name: "/sched/goroutines/runnable:goroutines"}}
		for {
			select {
			case <-looks.C: // which may be late on a full machine
				metric.Read(waiting)
				f.follow(reading{cpuTime(), time.Now()}, waiting[0].Value.Uint64())
			case <-ctx.Done():
				return
			}
		}
	}()
}

// processors follows the work of a process. It begins on all of them.
//
// Neither the work nor those that wait would do alone. On a machine that is full, a process
// gets less of its one processor than it needs, and seems to do little. A few goroutines
// that compute fill one processor without a queue.
type processors struct {
	one, all func() // set the number of processors

	last, began   reading // of the last look, and of the quiet time whose work is looked at as a whole
	work, waiting float64 // averages of the last looks
	isOne         bool
}

// follow takes the processor time that was used until now, and how many goroutines wait for
// a processor.
func (p *processors) follow(now reading, waiting uint64) {
	work, is := p.last.workUntil(now)
	p.last = now
	if !is {
		p.began = now
		return
	}
	p.work += (work - p.work) / averaged
	p.waiting += (float64(waiting) - p.waiting) / averaged
	switch {
	case p.isOne && (p.work > muchWork || p.waiting > manyWaiting):
		p.isOne, p.began = false, now
		p.all()
	case p.isOne:
	case p.work > muchWork || p.waiting > fewWaiting:
		p.began = now
	case now.at.Sub(p.began.at) >= quietTime:
		work, _ := p.began.workUntil(now)
		p.began, p.isOne = now, work < littleWork
		if p.isOne {
			p.one()
		}
	}
}

// reading is the processor time that was used until a moment.
type reading struct {
	used time.Duration
	at   time.Time // zero: there is none yet
}

// workUntil returns the work between two readings, in processors. It returns false when no
// time has passed.
func (r reading) workUntil(later reading) (work float64, is bool) {
	passed := later.at.Sub(r.at)
	if r.at.IsZero() || passed <= 0 {
		return 0, false
	}
	return (later.used - r.used).Seconds() / passed.Seconds(), true
}

// cpuTime returns the processor time that this process has used, in all of its threads.
func cpuTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // fails for a wrong argument alone
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
