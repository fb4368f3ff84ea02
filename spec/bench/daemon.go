package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"time"
)

// shortest is the shortest interval that a daemon takes.
const shortest = 5 * time.Second

// daemon is a weeder daemon that runs. It is a dry one, so that it always sees
// the same worker.
type daemon struct {
	process *exec.Cmd
	// passed is sent how long each pass took, as the daemon's log tells.
	passed chan time.Duration
}

func (b *bench) startDaemon(w *worker, target string, interval time.Duration) (*daemon, error) {
	d := &daemon{passed: make(chan time.Duration, 1000)}
	d.process = w.weeder(b, target, "--log-level", "debug", "daemon", "--dry-run",
		"--interval", interval.String(), "--listen", "127.0.0.1:0")
	stdout, err := d.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := d.process.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(d.passed)
		lines := bufio.NewScanner(stdout)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var line struct {
				Message string
				Data    struct{ Took string }
			}
			if json.Unmarshal(lines.Bytes(), &line) != nil || line.Message != "weeder.passed" {
				continue
			}
			if took, err := time.ParseDuration(line.Data.Took); err == nil {
				d.passed <- took
			}
		}
	}()
	return d, nil
}

func (d *daemon) pid() int { return d.process.Process.Pid }

func (d *daemon) stop() {
	_ = d.process.Process.Signal(os.Interrupt)
	for range d.passed {
	}
	_ = d.process.Wait()
}

// nextPass waits until a pass is over, and a moment for what follows it.
func (b *bench) nextPass(d *daemon) (time.Duration, error) {
	select {
	case took, running := <-d.passed:
		if !running {
			return 0, errors.New("the daemon ended")
		}
		time.Sleep(shortest / 4)
		return took, nil
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	case <-time.After(5 * time.Minute):
		return 0, errors.New("the daemon made no pass in five minutes")
	}
}

// passes waits for so many passes of a daemon.
func (b *bench) waitPasses(d *daemon, n int) error {
	for range n {
		if _, err := b.nextPass(d); err != nil {
			return err
		}
	}
	return nil
}
