package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of processor time in /proc, on all of today's systems.
const tick = time.Second / 100

// statOf returns the parent of a process, and the processor time of itself and of
// its children that have ended.
func statOf(pid int) (parent int, own, ended time.Duration, err error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, 0, 0, err
	}
	_, rest, _ := strings.Cut(string(text[strings.LastIndexByte(string(text), ')'):]), " ") // the name may hold anything
	f := strings.Fields(rest)
	if len(f) < 15 {
		return 0, 0, 0, fmt.Errorf("/proc/%d/stat: %q", pid, text)
	}
	var n [15]int
	for _, i := range []int{1, 11, 12, 13, 14} {
		if n[i], err = strconv.Atoi(f[i]); err != nil {
			return 0, 0, 0, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
	}
	return n[1], time.Duration(n[11]+n[12]) * tick, time.Duration(n[13]+n[14]) * tick, nil
}

// familyCPU returns the processor time of a process and its children, those that
// have ended included: of a PostgreSQL server, when pid is its postmaster.
func familyCPU(pid int) (time.Duration, error) {
	if pid == 0 {
		return 0, nil
	}
	_, own, ended, err := statOf(pid)
	if err != nil {
		return 0, err
	}
	total := own + ended
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, dir := range all {
		child, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if parent, own, _, err := statOf(child); err == nil && parent == pid { // others come and go
			total += own
		}
	}
	return total, nil
}

// peakOf returns the most memory, in bytes, that a process has had so far, 0 if it is gone.
func peakOf(pid string) int64 {
	text, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
	if err != nil {
		return 0
	}
	_, line, _ := strings.Cut(string(text), "VmHWM:")
	number, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	kib, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}

// client is what a process took by itself.
type client struct {
	wall, cpu time.Duration
	peak      int64
}

// measured runs a command to its end.
//
// Its peak is what the system told last while it ran. What the system tells a
// parent at the end counts the parent too, whose memory a child has until it
// becomes the program: it is used where it is more than the suite ever had.
func measured(ctx context.Context, cmd *exec.Cmd) (c client, err error) {
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return c, err
	}
	ctx, cancel := context.WithCancel(ctx)
	watched := make(chan int64)
	go func() { watched <- watch(ctx, strconv.Itoa(cmd.Process.Pid)) }()
	err = cmd.Wait()
	c.wall = time.Since(began)
	cancel()
	c.peak = <-watched
	c.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && usage.Maxrss<<10 > peakOf("self") {
		c.peak = max(c.peak, usage.Maxrss<<10)
	}
	return c, err
}

// watch asks for a process's peak until ctx ends.
func watch(ctx context.Context, pid string) (peak int64) {
	t := time.NewTicker(20 * time.Millisecond)
	defer t.Stop()
	for {
		peak = max(peak, peakOf(pid))
		select {
		case <-ctx.Done():
			return peak
		case <-t.C:
		}
	}
}

// ownCPU is the processor time of the suite itself.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
