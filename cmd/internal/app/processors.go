package app

import (
	"context"
	"runtime"
	"syscall"
	"time"
)

// The bounds of the work at which the number of processors changes, in processors, and the
// time between two looks. Between the bounds it stays as it is: what one processor does
// takes several a little more.
const (
	littleWork  = 0.6
	muchWork    = 0.75
	betweenWork = 200 * time.Millisecond
)

// TuneProcessors keeps the process on one processor while it does less than one
// processor's work, and on its default number otherwise. It looks every 200 ms until the
// context ends. GOMAXPROCS in environment wins.
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
		for {
			select {
			case now := <-looks.C:
				f.follow(cpuTime(), now)
			case <-ctx.Done():
				return
			}
		}
	}()
}

// processors follows the work of a process. It begins on all of them.
type processors struct {
	one, all func() // set the number of processors

	used  time.Duration // processor time until the last look
	at    time.Time     // of the last look; zero before the first
	isOne bool
}

// follow takes the processor time that was used until a moment.
func (p *processors) follow(used time.Duration, now time.Time) {
	work, is := p.workUntil(used, now)
	switch {
	case !is:
	case !p.isOne && work < littleWork:
		p.isOne = true
		p.one()
	case p.isOne && work > muchWork:
		p.isOne = false
		p.all()
	}
}

// workUntil returns the work since the last look. It returns false at the first one.
func (p *processors) workUntil(used time.Duration, now time.Time) (work float64, is bool) {
	passed, did := now.Sub(p.at), used-p.used
	is = !p.at.IsZero() && passed > 0
	p.used, p.at = used, now
	return did.Seconds() / passed.Seconds(), is
}

// cpuTime returns the processor time that this process has used, in all of its threads.
func cpuTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // fails for a wrong argument alone
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
