package app

import "runtime/debug"

const (
	heapGrowth = 400     // per cent
	heapLimit  = 1 << 30 // bytes
)

// TuneGC trades memory for time: what requests leave behind is short-lived,
// and at Go's default the collector took a sixth of the processor for a heap of
// a few megabytes. The limit guards the other end: a projection that catches up
// holds hundreds of megabytes, which must not grow fivefold. Whoever sets GOGC or
// GOMEMLIMIT in the environment knows better.
func TuneGC(environment map[string]string) {
	if environment["GOGC"] == "" {
		debug.SetGCPercent(heapGrowth)
	}
	if environment["GOMEMLIMIT"] == "" {
		debug.SetMemoryLimit(heapLimit)
	}
}
