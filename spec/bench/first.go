package main

import (
	"fmt"
	"os/exec"
)

// firstPasses measures scan --json against the floor, from start to exit.
func (b *bench) firstPasses() error {
	t := table{headers: []string{"containers", "volumes", "runs", "weeder scan --json", "floor", "ratio", "CPU", "CPU of the floor", "ratio", "peak memory"}}
	took := map[int]float64{}
	for _, containers := range b.sizes {
		w, err := b.startWorker(containers, leaked)
		if err != nil {
			return err
		}
		runs := b.runsOf(containers)
		measured, err := inTurn(runs,
			func() *exec.Cmd { return w.weeder(b, "", "scan", "--json") },
			func() *exec.Cmd { return exec.Command(b.tool("floor"), "first", w.Target, w.Volumes) })
		w.stop()
		if err != nil {
			return err
		}

		scan, floor := measured[0], measured[1]
		took[containers] = scan.wall.median()
		wall, wallText := ratio(scan.wall, floor.wall)
		_, cpuText := ratio(scan.cpu, floor.cpu)
		t.add(fmt.Sprint(containers), fmt.Sprint(2*containers), fmt.Sprint(runs), scan.wall.text("ms"), floor.wall.text("ms"), wallText,
			scan.cpu.text("ms"), floor.cpu.text("ms"), cpuText, scan.memory.times(1024/1e6).text("MB"))
		if containers == 250 {
			b.report.budget("first pass, 250 containers, whole processes", "at most 1.5 × the floor", wallText+" ×", wall <= 1.5)
		}
	}
	b.report.section("First passes, from start to exit", fmt.Sprintf(firstNotes, leaked), t)

	if small, large := took[1000], took[10_000]; small > 0 && large > 0 {
		b.report.budget("10 × the work: a first pass over 10,000 containers after one over 1,000", "at most 12 × the time",
			number(large/small)+" ×", large <= 12*small)
	}
	return nil
}

const firstNotes = `%d of the containers are leaked: weeder asks baggageclaim about the volumes of each. The floor lists, asks bulk_info once, reads each bundle's config.json, each state's directory, and the ttl.json of each
volume referred to: one thing after the other, with Go's standard library, judging and checking nothing. weeder and the floor
run in turn on the same worker. The ratio is that of the medians; in parentheses the least and the most of the pairs. A peak of memory below bench's own at that moment, some 11 MB, would not show.`

// help measures weeder --help.
func (b *bench) help() error {
	measured, err := inTurn(b.runs,
		func() *exec.Cmd { return exec.Command(b.tool("weeder"), "--help") },
		func() *exec.Cmd { return exec.Command("/bin/true") })
	if err != nil {
		return err
	}
	help, nothing := measured[0], measured[1]
	b.report.budget("`weeder --help` to exit", "under 10 ms", help.wall.text("ms"), help.wall.median() < 10)
	t := table{headers: []string{"", "wall", "CPU"}}
	t.add("`weeder --help`", help.wall.text("ms"), help.cpu.text("ms"))
	t.add("`true`, for comparison", nothing.wall.text("ms"), nothing.cpu.text("ms"))
	b.report.section("`--help`", fmt.Sprintf("From start to exit, %d runs in turn.", b.runs), t)
	return nil
}
