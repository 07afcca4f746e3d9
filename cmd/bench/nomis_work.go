package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// work is one run that a `nomis work` carries out.
type work struct {
	name    string       // of the process
	request func() error // asks for the run
	ended   string       // SQL that tells by the id whether it has ended
	id      uuid.UUID
}

// worked is what a run took. seconds and count are the caller's to set.
type worked struct {
	measurement

	peak int // the most memory that the process had, in KiB
}

// work starts the role `nomis work` of the service for one run, so that its memory is
// that of the run, and stops it when that has ended.
func (s *harness) work(ctx context.Context, n *nomis, w work) (_ worked, err error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return worked{}, err
	}
	environment := append(s.environment(n.where, address), n.environment()...)
	environment = append(environment, fmt.Sprintf("NOMIS_IN_FLIGHT=%d", inFlight))
	working, err := s.spawnRole(installation{name: w.name}, environment, "nomis", "work")
	if err != nil {
		return worked{}, err
	}
	defer func() { err = errors.Join(err, working.stop()) }()
	if err := working.ready(ctx, answers(address, "/health/readiness", "")); err != nil {
		return worked{}, err
	}
	s.bystander = n.process
	defer func() { s.bystander = nil }()
	pid := working.command.Process.Pid
	before, own := s.used(), statOf(pid).own
	if err := w.request(); err != nil {
		return worked{}, err
	}
	if err := w.untilEnded(ctx, n.where.databaseURL, working); err != nil {
		return worked{}, err
	}
	m := worked{measurement: measurement{cpu: s.used().minus(before)}}
	m.cpu.service += statOf(pid).own - own
	m.peak, err = peakMemory(pid)
	return m, err
}

// untilEnded polls for the end of the run. The row alone is read: the counts of some would
// take more time, the longer the run. Errors: the end of the process is one.
func (w work) untilEnded(ctx context.Context, dsn string, working *process) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for ended := false; !ended; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case end := <-working.ended:
			working.ended <- end
			return fmt.Errorf("%s ended (%w): %s", working.name, errors.Join(end, errEnded), working.lastLogLine())
		case <-tick.C:
		}
		if err := conn.QueryRow(ctx, w.ended, w.id).Scan(&ended); err != nil {
			return err
		}
	}
	return nil
}

// peakMemory returns the most memory that a process has had, in KiB, and 0 on a system
// without /proc. The usage that wait(2) tells would contain the parent's.
func peakMemory(pid int) (int, error) { return memory(pid, "VmHWM:") }

// memoryInUse returns the memory that a process has now, as peakMemory does.
func memoryInUse(pid int) (int, error) { return memory(pid, "VmRSS:") }

// memory returns a line of /proc/PID/status in KiB, see proc(5).
func memory(pid int, line string) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, nil //nolint:nilerr // as said above
	}
	_, text, found := bytes.Cut(text, []byte(line))
	if !found {
		return 0, nil
	}
	var kib int
	_, err = fmt.Sscan(string(text), &kib)
	return kib, err
}
