package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// operatorsLoop measures what weeder saves an operator.
func (b *bench) operatorsLoop() error {
	const what, bound = "first pass, 250 containers, against the operator's loop", "at least 500 × faster"
	if _, err := exec.LookPath("jq"); err != nil {
		b.report.budget(what, bound, "not measured: no jq here", false)
		b.report.section("The operator's loop", "Left out: there is no jq here.")
		return nil
	}
	garden, called := b.tool("weeder"), "weeder's own list and properties, which stand in for gaol's: gaol no longer builds"
	if gaol, err := exec.LookPath("gaol"); err == nil {
		garden, called = gaol, "gaol"
	}

	w, err := b.startWorker(250, leaked)
	if err != nil {
		return err
	}
	defer w.stop()
	loop := func() *exec.Cmd {
		return exec.Command(b.operator, w.Volumes, filepath.Join(w.dir, "worker", "depot"), garden, "--target", w.Target)
	}
	if err := b.agree(w, loop()); err != nil {
		return err
	}
	measured, err := inTurn(b.operatorRuns, loop, func() *exec.Cmd { return w.weeder(b, "", "scan", "--json") },
		func() *exec.Cmd { return exec.Command(b.tool("floor"), "first", w.Target, w.Volumes) })
	if err != nil {
		return err
	}

	took, scan, floor := measured[0].wall, measured[1].wall, measured[2].wall
	faster, text := ratio(took, scan)
	_, most := ratio(took, floor)
	b.report.budget(what, bound, fmt.Sprintf("%s ×; the floor is %s × faster", text, most), faster >= 500)
	t := table{headers: []string{"", "wall", "CPU"}}
	t.add("the loop", took.times(0.001).text("s"), measured[0].cpu.times(0.001).text("s"))
	t.add("weeder scan --json", scan.times(0.001).text("s"), measured[1].cpu.times(0.001).text("s"))
	t.add("the floor", floor.times(0.001).text("s"), measured[2].cpu.times(0.001).text("s"))
	t.add("the loop through weeder", text+" ×", "")
	t.add("the loop through the floor", most+" ×", "")
	b.report.section("The operator's loop", fmt.Sprintf(`%s: a shell script that lists the handles and reads, for each, the
properties and the volumes, with %s, jq, stat and date. It finds the same containers leaked as weeder, in %s;
%d runs in turn with weeder's and the floor's, which bounds what weeder can reach here: it starts one process where the loop
starts a dozen for each container. A person who types this takes longer.`,
		"`operator.sh`", called, (time.Duration(took.median())*time.Millisecond).Round(100*time.Millisecond), b.operatorRuns), t)
	return nil
}

// agree has the loop find what weeder does: a loop that does less proves
// nothing.
func (b *bench) agree(w *worker, loop *exec.Cmd) error {
	var complaints bytes.Buffer
	loop.Stderr = &complaints
	found, err := loop.Output()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", loop, err, complaints.String())
	}
	scanned, err := w.weeder(b, "", "scan", "--only", "orphan").Output()
	if err != nil {
		return err
	}
	var orphans []string
	for line := range strings.Lines(string(scanned)) {
		orphans = append(orphans, strings.Fields(line)[0])
	}
	leaked := strings.Fields(string(found))
	slices.Sort(leaked)
	slices.Sort(orphans)
	if !slices.Equal(leaked, orphans) {
		return fmt.Errorf("the loop finds %d containers leaked, weeder %d: %s", len(leaked), len(orphans), complaints.String())
	}
	return nil
}
