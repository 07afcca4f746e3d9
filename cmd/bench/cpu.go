package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// cpu is the processor time, in seconds, of each process that takes part. On a machine
// that is busy with other things it is more reliable than a rate. A rate falls with
// every other program; the time of a process does not.
type cpu struct {
	service, bystander, postgres, load float64
}

// minus returns what was used between two readings; d is the earlier one.
func (c cpu) minus(d cpu) cpu {
	return cpu{c.service - d.service, c.bystander - d.bystander, c.postgres - d.postgres, c.load - d.load}
}

// plus returns the sum over two rounds.
func (c cpu) plus(d cpu) cpu {
	return cpu{c.service + d.service, c.bystander + d.bystander, c.postgres + d.postgres, c.load + d.load}
}

// each returns the processor time of one operation in microseconds, for each process
// that had any. bystander is the name of the process of the baseline, such as the bare
// handler. Processes below half a microsecond are left out.
func (c cpu) each(operations int, bystander string) string {
	var parts []string
	for _, part := range []struct {
		process string
		seconds float64
	}{{"service", c.service}, {bystander, c.bystander}, {"Postgres", c.postgres}, {"load", c.load}} {
		if micros := int(1e6*part.seconds/max(1, float64(operations)) + 0.5); micros > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", part.process, micros))
		}
	}
	return strings.Join(parts, ", ")
}

// cost is the processor time of one operation in microseconds, by process.
type cost struct {
	Service   float64 `json:"service"`
	Bystander float64 `json:"bystander"` // of the baseline's process, or of the stand-in that both sides call
	Postgres  float64 `json:"postgres"`
	Load      float64 `json:"load"`
}

// costOf returns the mean over all operations of some rounds, zero for no operations.
func costOf(rounds []measurement) cost {
	var sum measurement
	for _, m := range rounds {
		sum = sum.plus(m)
	}
	each := func(seconds float64) float64 { return 1e6 * seconds / float64(max(1, sum.count)) }
	return cost{each(sum.cpu.service), each(sum.cpu.bystander), each(sum.cpu.postgres), each(sum.cpu.load)}
}

// used returns the processor time of each process since its start. Without /proc only
// the load's own time is known, and the others are 0. The difference of two readings is
// the cost of a round, see minus.
func (s *harness) used() cpu {
	var c cpu
	var own syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &own) == nil {
		c.load = seconds(own.Utime) + seconds(own.Stime)
	}
	if s.service != nil {
		c.service = statOf(s.service.command.Process.Pid).own
	}
	if s.bystander != nil {
		c.bystander = statOf(s.bystander.command.Process.Pid).own
	}
	if s.postmaster != 0 {
		c.postgres = family(s.postmaster)
	}
	return c
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }

// family returns the seconds of a process and of all its children. Ended children are
// included, because the postmaster forks one backend for each connection.
func family(parent int) float64 {
	all := statOf(parent)
	sum := all.own + all.ended
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return sum
	}
	for _, process := range processes {
		pid, err := strconv.Atoi(filepath.Base(process))
		if err != nil {
			continue
		}
		if child := statOf(pid); child.parent == parent {
			sum += finer(pid, child.own)
		}
	}
	return sum
}

// finer returns the seconds of a single-threaded process from schedstat, which counts
// nanoseconds, or coarse where the kernel does not have it. Ticks of 10 ms, rounded
// down for dozens of backends, would lose most of a short round.
func finer(pid int, coarse float64) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	if err != nil {
		return coarse
	}
	var nanoseconds float64
	if _, err := fmt.Sscan(string(text), &nanoseconds); err != nil {
		return coarse
	}
	return nanoseconds / 1e9
}

// stat is the processor time that the kernel accounts to a process, in seconds.
type stat struct {
	parent     int
	own, ended float64 // of itself, of children that have ended
}

// tick is the unit of /proc/…/stat in seconds. It is USER_HZ, which is 100 on every
// architecture that Linux supports here.
const tick = 0.01

// statOf reads /proc/PID/stat, see proc(5). It returns zeros for a process that is gone
// or a system without /proc: a missing number must not end a measurement.
func statOf(pid int) stat {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}
	}
	// The name is in brackets and may contain blanks and brackets, so the last bracket
	// ends it. The fields behind it begin with the third.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 15 {
		return stat{}
	}
	field := func(i int) float64 {
		n, err := strconv.ParseFloat(string(fields[i-3]), 64)
		if err != nil {
			return 0
		}
		return n
	}
	return stat{parent: int(field(4)), own: tick * (field(14) + field(15)), ended: tick * (field(16) + field(17))}
}
