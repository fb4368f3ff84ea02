package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// seenPasses measures a daemon's passes over containers that it knows.
func (b *bench) seenPasses() error {
	t := table{headers: []string{"containers", "leaked", "passes", "weeder: CPU", "floor: CPU", "ratio", "weeder: wall", "floor: wall", "ratio", "list, readdir, stat: CPU", "ratio"}}
	for _, containers := range b.sizes {
		if err := b.seenPassesOver(containers, 0, &t); err != nil {
			return err
		}
	}
	if err := b.seenPassesOver(250, leaked, &t); err != nil {
		return err
	}
	b.report.section("Seen passes", seenNotes, t)
	return nil
}

const seenNotes = `weeder's daemon (--dry-run, --interval 5s) and the floor, a process that lists, reads each state's directory and the
ttl.json of each volume referred to every 5 s, watch the same worker at the same time, each in its own rhythm. CPU is all that
the process uses from the end of one pass to the end of the next, as the kernel accounts it: metrics, timers, garbage
collection, keeping its memory and asking baggageclaim are weeder's share beyond a pass. Wall is the pass alone, and what the
budget is about. With leaked containers, which this daemon must leave, each pass asks baggageclaim about them. The floor is
written with Go's standard library and reads each ttl.json each time; weeder only those that were written since, which it
asks of each with a stat. The last columns are about a floor that does no more than list, readdir and that stat: what is
beyond it is weeder's own work. With 10,000 containers a fourth of weeder's CPU is garbage collection over the 50 MB that it
knows of them; a larger heap takes more memory and hardly less time (GODEBUG=gctrace=1).`

func (b *bench) seenPassesOver(containers, leaked int, t *table) error {
	w, err := b.startWorker(containers, leaked)
	if err != nil {
		return err
	}
	defer w.stop()
	d, err := b.startDaemon(w, "", shortest)
	if err != nil {
		return err
	}
	defer d.stop()
	// The first pass, and one more for what comes with it.
	if err := b.waitPasses(d, 2); err != nil {
		return err
	}
	plain, err := b.startFloor(w, "seen")
	if err != nil {
		return err
	}
	defer plain.stop()
	bare, err := b.startFloor(w, "seen-bare")
	if err != nil {
		return err
	}
	defer bare.stop()
	if err := b.waitPasses(d, 1); err != nil {
		return err
	}

	var cpu, wall series
	before, err := cpuOf(d.pid())
	if err != nil {
		return err
	}
	for range b.passes {
		took, err := b.nextPass(d)
		if err != nil {
			return err
		}
		now, err := cpuOf(d.pid())
		if err != nil {
			return err
		}
		cpu, wall = append(cpu, now-before), append(wall, milliseconds(took))
		before = now
	}
	floor, least := plain.stop(), bare.stop()
	if len(floor.cpu) == 0 || len(least.cpu) == 0 {
		return fmt.Errorf("the floor made no pass")
	}

	_, cpuText := ratio(cpu, floor.cpu)
	wallRatio, wallText := ratio(wall, floor.wall)
	_, leastText := ratio(cpu, least.cpu)
	t.add(fmt.Sprint(containers), fmt.Sprint(leaked), fmt.Sprint(len(cpu)), cpu.text("ms"), floor.cpu.text("ms"), cpuText,
		wall.text("ms"), floor.wall.text("ms"), wallText, least.cpu.text("ms"), leastText)
	if leaked > 0 {
		return nil
	}
	b.report.budget(fmt.Sprintf("a pass over %d containers already seen", containers),
		"at most 1.3 × a bare list + readdir + reads of ttl.json", wallText+" ×; CPU of the whole processes "+cpuText+" ×", wallRatio <= 1.3)
	if containers == 10_000 {
		b.report.budget("a seen pass over 10,000 containers and 20,000 volumes", "under 100 ms of CPU",
			fmt.Sprintf("%s; list, readdir and a stat for each volume alone take %s", cpu.text("ms"), least.cpu.text("ms")), cpu.median() < 100)
	}
	if containers == b.sizes[len(b.sizes)-1] {
		return b.shrink(w, d, containers)
	}
	return nil
}

// floorProcess is a floor that passes over and over.
type floorProcess struct {
	process  *exec.Cmd
	done     chan struct{}
	stopped  bool
	measured measures
}

func (b *bench) startFloor(w *worker, how string) (*floorProcess, error) {
	f := &floorProcess{process: exec.Command(b.tool("floor"), how, w.Target, w.Volumes, shortest.String()), done: make(chan struct{})}
	f.process.Stderr = os.Stderr
	stdout, err := f.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := f.process.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(f.done)
		lines := bufio.NewScanner(stdout)
		for first := true; lines.Scan(); first = false {
			var pass struct{ Wall, CPU time.Duration }
			if json.Unmarshal(lines.Bytes(), &pass) != nil || first {
				continue
			}
			f.measured.wall = append(f.measured.wall, milliseconds(pass.Wall))
			f.measured.cpu = append(f.measured.cpu, milliseconds(pass.CPU))
		}
	}()
	return f, nil
}

// stop ends it, and gives what it has measured.
func (f *floorProcess) stop() measures {
	if !f.stopped {
		f.stopped = true
		_ = f.process.Process.Kill()
		<-f.done
		_ = f.process.Wait()
	}
	return f.measured
}
