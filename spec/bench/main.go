// Command bench measures weeder against its budgets, on the sandbox, and
// writes a report in Markdown. What takes time is measured as a ratio: weeder
// and what it is compared with run in turn, on the same worker.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// plan is how much is measured.
type plan struct {
	bin, operator, report, readme string
	quick                         bool
	// only is the one part to measure. Empty: all.
	only string
	// sizes are numbers of containers; there are twice as many volumes.
	sizes []int
	// runs are of whole processes at 250 containers; passes are of a daemon.
	runs, passes int
	// operatorRuns are of the operator's loop, which takes long.
	operatorRuns int
	// churnHours are simulated.
	churnHours int
}

func newPlan(quick bool) plan {
	if quick {
		return plan{quick: true, sizes: []int{250, 1000}, runs: 7, passes: 3, operatorRuns: 1, churnHours: 1}
	}
	return plan{sizes: []int{250, 1000, 10_000}, runs: 21, passes: 9, operatorRuns: 3, churnHours: 24}
}

// runsOf are fewer where each takes longer.
func (p plan) runsOf(containers int) int {
	if containers <= 250 {
		return p.runs
	}
	return max(5, p.runs/3)
}

func main() {
	log.SetFlags(0)
	bin := flag.String("bin", "bin", "directory of weeder, sandbox and floor")
	operator := flag.String("operator", "spec/bench/operator.sh", "the operator's loop")
	report := flag.String("report", "", "write the report there, too, and its first table into the README")
	readme := flag.String("readme", "README.md", "the README")
	quick := flag.Bool("quick", false, "measure less: small workers, few runs")
	only := flag.String("only", "", "measure one part: "+strings.Join(names(), ", "))
	flag.Parse()

	if *only != "" && !slices.Contains(names(), *only) {
		log.Fatalf("error: --only: there is no part %q", *only)
	}
	plan := newPlan(*quick)
	plan.bin, plan.operator, plan.report, plan.readme = *bin, *operator, *report, *readme
	plan.only = *only
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, plan); err != nil {
		stop()
		log.Fatalf("error: %v", err)
	}
}

// parts are all that can be measured.
var parts = []struct {
	name    string
	measure func(*bench) error
}{
	{"help", (*bench).help},
	{"first", (*bench).firstPasses},
	{"operator", (*bench).operatorsLoop},
	{"seen", (*bench).seenPasses},
	{"rest", (*bench).atRest},
	{"wire", (*bench).wire},
	{"churn", (*bench).churn},
	{"binary", (*bench).binary},
	{"start-up", (*bench).startUp},
}

func names() []string {
	var names []string
	for _, part := range parts {
		names = append(names, part.name)
	}
	return names
}

// bench is a run of all measurements.
type bench struct {
	plan
	ctx context.Context
	// place is for what is thrown away.
	place  string
	report report
}

func run(ctx context.Context, plan plan) error {
	place, err := os.MkdirTemp("", "weeder-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(place)

	b := &bench{plan: plan, ctx: ctx, place: place}
	b.report.began = time.Now()
	b.report.head(b)
	for _, part := range parts {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if plan.only != "" && plan.only != part.name {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s measuring %s\n", time.Since(b.report.began).Round(time.Second), part.name)
		if err := part.measure(b); err != nil {
			return fmt.Errorf("measure %s: %w", part.name, err)
		}
	}

	text := b.report.text()
	if _, err := io.WriteString(os.Stdout, text); err != nil {
		return err
	}
	if b.plan.report == "" {
		return nil
	}
	if err := os.WriteFile(b.plan.report, []byte(text), 0o644); err != nil {
		return err
	}
	return b.report.putIn(b.plan.readme)
}

func (b *bench) tool(name string) string { return filepath.Join(b.bin, name) }
