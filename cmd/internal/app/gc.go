package app

import "runtime/debug"

// The settings of the collector. A request leaves little that lives long, so the heap
// may grow fivefold between two collections; the limit keeps a projector that catches
// up, with hundreds of megabytes in use, from growing as much.
const (
	heapGrowth = 400     // per cent
	heapLimit  = 1 << 30 // bytes
)

// TuneGC raises GOGC and sets GOMEMLIMIT. At Go's default the collector took a sixth of
// the CPU for a heap of a few megabytes. Values of GOGC and GOMEMLIMIT in environment
// win.
func TuneGC(environment map[string]string) {
	if environment["GOGC"] == "" {
		debug.SetGCPercent(heapGrowth)
	}
	if environment["GOMEMLIMIT"] == "" {
		debug.SetMemoryLimit(heapLimit)
	}
}
