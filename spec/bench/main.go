// Command bench measures weeder against the floor: whole process against
// whole process, in turn on the same worker, as ratios of medians. It prints
// a Markdown table.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// worker is what the sandbox says of itself when it serves.
type worker struct{ Target, Baggageclaim, Volumes string }

func main() {
	log.SetFlags(0)
	bin := flag.String("bin", "bin", "directory of weeder, sandbox and floor")
	runs := flag.Int("runs", 21, "runs of each command")
	containers := flag.Int("containers", 250, "containers on the worker")
	leaked := flag.Int("leaked", 45, "leaked ones among them")
	flag.Parse()
	if err := bench(*bin, *runs, *containers, *leaked); err != nil {
		log.Fatalf("error: %v", err)
	}
}

func bench(bin string, runs, containers, leaked int) (err error) {
	place, err := os.MkdirTemp("", "weeder-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(place)

	ready := filepath.Join(place, "ready")
	sandbox := exec.Command(filepath.Join(bin, "sandbox"), "--dir", filepath.Join(place, "worker"), "--ready-file", ready,
		"--containers", fmt.Sprint(containers), "--leaked", fmt.Sprint(leaked))
	sandbox.Stderr = os.Stderr
	if err := sandbox.Start(); err != nil {
		return err
	}
	defer func() {
		_ = sandbox.Process.Signal(os.Interrupt)
		if waitErr := sandbox.Wait(); err == nil {
			err = waitErr
		}
	}()
	at, err := waitFor(ready)
	if err != nil {
		return err
	}

	floor := func() *exec.Cmd { return exec.Command(filepath.Join(bin, "floor"), at.Target, at.Volumes) }
	scan := func() *exec.Cmd {
		return exec.Command(filepath.Join(bin, "weeder"), "--target", at.Target, "--volumes", at.Volumes,
			"--baggageclaim", at.Baggageclaim, "--containerd", "", "--journal", filepath.Join(place, "journal"), "scan", "--json")
	}
	a, b, err := inTurn(runs, scan, floor)
	if err != nil {
		return err
	}
	fmt.Printf("%d containers, %d of them leaked, %d volumes; %d runs each, in turn\n\n", containers, leaked, 2*containers, runs)
	fmt.Println("| | weeder scan --json | floor | ratio of medians (of pairs: min–max) | budget |")
	fmt.Println("|---|---|---|---|---|")
	row("wall", a, b, func(m measure) float64 { return m.wall.Seconds() * 1e3 }, "ms", "1.5")
	row("CPU", a, b, func(m measure) float64 { return m.cpu.Seconds() * 1e3 }, "ms", "")
	row("peak memory", a, b, func(m measure) float64 { return float64(m.memory) / 1024 }, "MiB", "")
	return nil
}

func waitFor(ready string) (at worker, err error) {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if data, err := os.ReadFile(ready); err == nil {
			return at, json.Unmarshal(data, &at)
		}
	}
	return at, fmt.Errorf("the sandbox did not start")
}

// measure is one run of a process.
type measure struct {
	wall, cpu time.Duration
	// memory is the peak resident size in KiB.
	memory int64
}

// inTurn runs two commands alternately, once each to warm up.
func inTurn(runs int, a, b func() *exec.Cmd) (as, bs []measure, err error) {
	for i := range runs + 1 {
		one, err := run(a())
		if err != nil {
			return nil, nil, err
		}
		other, err := run(b())
		if err != nil {
			return nil, nil, err
		}
		if i > 0 {
			as, bs = append(as, one), append(bs, other)
		}
	}
	return as, bs, nil
}

func run(command *exec.Cmd) (measure, error) {
	command.Stdout, command.Stderr = io.Discard, io.Discard
	began := time.Now()
	err := command.Run()
	wall := time.Since(began)
	if err != nil {
		return measure{}, fmt.Errorf("%s: %w", command, err)
	}
	usage := command.ProcessState.SysUsage().(*syscall.Rusage)
	cpu := command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	return measure{wall: wall, cpu: cpu, memory: usage.Maxrss}, nil
}

func row(what string, as, bs []measure, value func(measure) float64, unit, budget string) {
	var a, b, ratios []float64
	for i := range as {
		a, b = append(a, value(as[i])), append(b, value(bs[i]))
		ratios = append(ratios, value(as[i])/value(bs[i]))
	}
	slices.Sort(a)
	slices.Sort(b)
	slices.Sort(ratios)
	middle := len(a) / 2
	fmt.Printf("| %s | %.1f %s | %.1f %s | %.2f (%.2f–%.2f) | %s |\n", what, a[middle], unit, b[middle], unit,
		a[middle]/b[middle], ratios[0], ratios[len(ratios)-1], budget)
}
