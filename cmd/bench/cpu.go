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
// that is busy with other things it is more reliable than a rate.
type cpu struct {
	service, bystander, postgres, load float64
}

func (c cpu) minus(d cpu) cpu {
	return cpu{c.service - d.service, c.bystander - d.bystander, c.postgres - d.postgres, c.load - d.load}
}

func (c cpu) plus(d cpu) cpu {
	return cpu{c.service + d.service, c.bystander + d.bystander, c.postgres + d.postgres, c.load + d.load}
}

// each returns the processor time of one operation in microseconds, for each process
// that had any.
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

// used is what was used up to now; where there is no /proc, nothing but the load's.
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

// family is a process with all children, also those that have ended.
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

// finer is the time of a process of one thread to the nanosecond, where the
// kernel counts that: ticks of dozens of processes would add up to nothing.
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

// stat is what the kernel counts of a process, in seconds.
type stat struct {
	parent     int
	own, ended float64 // of itself, of children that have ended
}

// tick is the unit of /proc/…/stat on Linux.
const tick = 0.01

func statOf(pid int) stat {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}
	}
	// The name, which may hold anything, ends at the last bracket; the fields
	// behind it begin with the third.
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
