package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"code.cloudfoundry.org/clock"
	"code.cloudfoundry.org/lager/v3"

	"weeder/baggageclaim"
	"weeder/cmd/sandbox/backend"
	"weeder/cmd/sandbox/volumes"
	"weeder/cmd/sandbox/worker"
	"weeder/gardenclient"
	"weeder/reaper"
)

// gardenVariable has the test binary be the Garden of a benchmark: in a process
// of its own, so that nothing that it does is counted.
const gardenVariable = "WEEDER_BENCH_GARDEN"

// place is what a benchmark's Garden is told, and where it is.
type place struct {
	Dir        string
	Containers int
	Target     string
}

func (p place) volumes() string { return filepath.Join(p.Dir, "volumes") }

func TestMain(m *testing.M) {
	if told := os.Getenv(gardenVariable); told != "" {
		if err := garden(told); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// garden serves the sandbox's worker until its stdin ends.
func garden(told string) error {
	var at place
	if err := json.Unmarshal([]byte(told), &at); err != nil {
		return err
	}
	depot := filepath.Join(at.Dir, "depot")
	if err := os.MkdirAll(depot, 0o755); err != nil {
		return err
	}
	containers, err := worker.People(volumes.Dir(at.volumes()), worker.Options{
		Containers: at.Containers, Leaked: at.Containers / 20, NoIncident: true, Seed: 1, Now: time.Now(),
	})
	if err != nil {
		return err
	}
	sandbox := backend.New(backend.Options{Depot: depot, MaxContainers: at.Containers})
	for _, container := range containers {
		if err := sandbox.Add(container); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server, err := backend.Serve(sandbox, listener, lager.NewLogger("garden"))
	if err != nil {
		return err
	}
	at.Target = listener.Addr().String()
	if err := json.NewEncoder(os.Stdout).Encode(at); err != nil {
		return err
	}
	_, _ = os.Stdin.Read(make([]byte, 1))
	return server.Stop()
}

// newWorker starts a worker for a benchmark.
func newWorker(b *testing.B, containers int) place {
	told, err := json.Marshal(place{Dir: b.TempDir(), Containers: containers})
	if err != nil {
		b.Fatal(err)
	}
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), gardenVariable+"="+string(told))
	server.Stderr = os.Stderr
	stdin, err := server.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close()
		if err := server.Wait(); err != nil {
			b.Error(err)
		}
	})
	var at place
	if err := json.NewDecoder(stdout).Decode(&at); err != nil {
		b.Fatal(err)
	}
	return at
}

// looker is weeder's view of a worker, as the daemon has it but for containerd
// and baggageclaim.
func looker(b *testing.B, at place) *reaper.Worker {
	target, err := gardenclient.ParseTarget(at.Target)
	if err != nil {
		b.Fatal(err)
	}
	client := gardenclient.New(gardenclient.Config{Target: target})
	b.Cleanup(client.Close)
	return &reaper.Worker{Garden: client, Volumes: baggageclaim.NewDir(at.volumes()), Clock: clock.NewClock()}
}

func pass(b *testing.B, by *reaper.Worker, containers int) {
	report := by.Pass(context.Background(), reaper.Question{Policy: reaper.DefaultPolicy()})
	if !report.Judged || len(report.Findings) != containers {
		b.Fatalf("%d containers of %d, interlocks: %v", len(report.Findings), containers, report.Interlocks)
	}
}

// cpu is what this process has used so far: a pass that another process slows
// down takes longer, and no more of it.
func cpu() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

var sizes = []int{250, 1000, 10_000}

// BenchmarkSeenPass is a pass of a daemon that has seen every container.
func BenchmarkSeenPass(b *testing.B) {
	for _, containers := range sizes {
		b.Run(fmt.Sprint(containers), func(b *testing.B) {
			by := looker(b, newWorker(b, containers))
			pass(b, by, containers)
			b.ReportAllocs()
			used := cpu()
			for b.Loop() {
				pass(b, by, containers)
			}
			b.ReportMetric(float64(cpu()-used)/float64(b.N), "cpu-ns/op")
		})
	}
}

// BenchmarkFirstPass is a pass of who has seen none.
func BenchmarkFirstPass(b *testing.B) {
	for _, containers := range sizes {
		b.Run(fmt.Sprint(containers), func(b *testing.B) {
			at := newWorker(b, containers)
			b.ReportAllocs()
			used := cpu()
			for b.Loop() {
				pass(b, looker(b, at), containers)
			}
			b.ReportMetric(float64(cpu()-used)/float64(b.N), "cpu-ns/op")
		})
	}
}
