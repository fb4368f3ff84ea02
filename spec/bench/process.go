package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// measures are runs of one command: milliseconds, and KiB at the peak.
type measures struct{ wall, cpu, memory series }

// once runs a command from start to exit.
func (m *measures) once(command *exec.Cmd) error {
	var complaints bytes.Buffer
	command.Stdout, command.Stderr = io.Discard, &complaints
	began := time.Now()
	err := command.Run()
	wall := time.Since(began)
	if err != nil {
		return fmt.Errorf("%s: %w: %s", command, err, complaints.String())
	}
	usage := command.ProcessState.SysUsage().(*syscall.Rusage)
	m.wall = append(m.wall, milliseconds(wall))
	m.cpu = append(m.cpu, milliseconds(command.ProcessState.UserTime()+command.ProcessState.SystemTime()))
	m.memory = append(m.memory, float64(usage.Maxrss))
	return nil
}

// inTurn runs commands one after the other, over and over, once each to warm
// up.
func inTurn(runs int, commands ...func() *exec.Cmd) ([]measures, error) {
	all := make([]measures, len(commands))
	for i := range runs + 1 {
		for n, command := range commands {
			into := &all[n]
			if i == 0 {
				into = new(measures)
			}
			if err := into.once(command()); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// cpuOf is what a process that runs has used so far, in milliseconds, by the
// scheduler's own account of its threads: that of /proc/PID/stat counts in
// hundredths of a second.
func cpuOf(pid int) (float64, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(threads) == 0 {
		return 0, fmt.Errorf("no threads of process %d are to be seen", pid)
	}
	total := 0.0
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			return 0, err
		}
		used, _, _ := strings.Cut(string(text), " ")
		nanoseconds, err := strconv.ParseFloat(used, 64)
		if err != nil {
			return 0, err
		}
		total += nanoseconds / 1e6
	}
	return total, nil
}

// residentOf is a process's memory, in MB: what is resident now, and what was
// at the most.
func residentOf(pid int) (now, peak float64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kib, _ := strconv.ParseFloat(fields[1], 64)
		switch fields[0] {
		case "VmRSS:":
			now = kib * 1024 / 1e6
		case "VmHWM:":
			peak = kib * 1024 / 1e6
		}
	}
	return now, peak, nil
}
