package console_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"code.cloudfoundry.org/clock/fakeclock"
	"code.cloudfoundry.org/garden"
	"code.cloudfoundry.org/garden/client/connection"
	"code.cloudfoundry.org/garden/gardenfakes"
	"code.cloudfoundry.org/garden/server"
	"code.cloudfoundry.org/lager/v3"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"weeder/cmd/weeder/console"
	"weeder/gardenclient"
)

// scripted is a process that does what a spec says, and nothing by itself.
type scripted struct {
	*gardenfakes.FakeProcess
	streams garden.ProcessIO
	signals chan garden.Signal
	sizes   chan garden.WindowSize
	status  chan int
}

func newScripted(id string, streams garden.ProcessIO) *scripted {
	process := &scripted{
		FakeProcess: new(gardenfakes.FakeProcess),
		streams:     streams,
		signals:     make(chan garden.Signal, 10),
		sizes:       make(chan garden.WindowSize, 10),
		status:      make(chan int, 10),
	}
	process.IDReturns(id)
	process.SignalStub = func(signal garden.Signal) error {
		process.signals <- signal
		return nil
	}
	process.SetTTYStub = func(tty garden.TTYSpec) error {
		process.sizes <- *tty.WindowSize
		return nil
	}
	process.WaitStub = func() (int, error) { return <-process.status, nil }
	return process
}

// exits has the process end, for all who wait for it.
func (p *scripted) exits(status int) {
	for range cap(p.status) {
		select {
		case p.status <- status:
		default:
		}
	}
}

// prints writes to one of the process's streams.
func (p *scripted) prints(to io.Writer, text string) {
	GinkgoHelper()
	_, err := io.WriteString(to, text)
	Expect(err).NotTo(HaveOccurred())
}

// rig is a console before Garden's own server over a backend of fakes, with a
// relay between them. Its container runs scripted processes.
type rig struct {
	console   *console.Console
	container *gardenfakes.FakeContainer
	relay     *relay
	clock     *fakeclock.FakeClock
	signals   chan os.Signal
	stdout    *gbytes.Buffer
	stderr    *gbytes.Buffer
	warnings  *gbytes.Buffer

	// started gets what Run was asked for, attached what Attach was.
	started  chan *scripted
	attached chan *scripted
	result   chan result
}

type result struct {
	status int
	err    error
}

func newRig() *rig {
	GinkgoHelper()
	r := &rig{
		container: new(gardenfakes.FakeContainer),
		clock:     fakeclock.NewFakeClock(time.Now()),
		signals:   make(chan os.Signal),
		stdout:    gbytes.NewBuffer(),
		stderr:    gbytes.NewBuffer(),
		warnings:  gbytes.NewBuffer(),
		started:   make(chan *scripted, 1),
		attached:  make(chan *scripted, 10),
		result:    make(chan result, 1),
	}
	r.container.HandleReturns("c-1")
	var mu sync.Mutex
	var all []*scripted
	keep := func(process *scripted) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, process)
	}
	DeferCleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, process := range all {
			process.exits(0)
		}
	})
	r.container.RunStub = func(_ garden.ProcessSpec, streams garden.ProcessIO) (garden.Process, error) {
		process := newScripted("p-1", streams)
		keep(process)
		r.started <- process
		return process, nil
	}
	r.container.AttachStub = func(id string, streams garden.ProcessIO) (garden.Process, error) {
		process := newScripted(id, streams)
		keep(process)
		r.attached <- process
		return process, nil
	}
	backend := new(gardenfakes.FakeBackend)
	backend.LookupReturns(r.container, nil)
	r.relay = newRelay(serve(backend))
	client := gardenclient.New(gardenclient.Config{Target: gardenclient.Target{Network: "tcp", Address: r.relay.listener.Addr().String()}})
	DeferCleanup(client.Close)

	stdin, keys := io.Pipe()
	DeferCleanup(keys.Close)
	r.console = &console.Console{
		Handle: "c-1",
		Garden: func(ctx context.Context) connection.HijackStreamer { return client.Hijacker(ctx) },
		Stdin:  stdin, Stdout: r.stdout, Stderr: r.stderr,
		Signals: r.signals,
		Warn:    func(format string, args ...any) { fmt.Fprintf(r.warnings, format+"\n", args...) },
		Clock:   r.clock,
	}
	return r
}

// run starts a process.
func (r *rig) run(ctx context.Context) *scripted {
	GinkgoHelper()
	r.start(ctx)
	var process *scripted
	Eventually(r.started).Should(Receive(&process))
	return process
}

// start is run without waiting for the process.
func (r *rig) start(ctx context.Context) {
	go func() {
		status, err := r.console.Run(context.WithoutCancel(ctx), garden.ProcessSpec{Path: "true"})
		r.result <- result{status, err}
	}()
}

// signalled gives a signal to weeder.
func (r *rig) signalled() {
	GinkgoHelper()
	Eventually(r.signals).Should(BeSent(os.Interrupt))
}

// holdRun has Garden not answer a run until it is released.
func (r *rig) holdRun() (entered <-chan struct{}, release func()) {
	in, out := make(chan struct{}), make(chan struct{})
	run := r.container.RunStub
	r.container.RunStub = func(spec garden.ProcessSpec, streams garden.ProcessIO) (garden.Process, error) {
		close(in)
		<-out
		return run(spec, streams)
	}
	release = sync.OnceFunc(func() { close(out) })
	DeferCleanup(release)
	return in, release
}

// ends gives the result.
func (r *rig) ends() (int, error) {
	GinkgoHelper()
	var got result
	Eventually(r.result).Should(Receive(&got))
	return got.status, got.err
}

func serve(backend garden.Backend) string {
	GinkgoHelper()
	socket := filepath.Join(GinkgoT().TempDir(), "garden.sock")
	served := server.New("unix", socket, 0, time.Minute, backend, lager.NewLogger("garden"))
	Expect(served.SetupBomberman()).To(Succeed())
	listener, err := served.Listen()
	Expect(err).NotTo(HaveOccurred())
	done := make(chan error)
	go func() { done <- served.Serve(listener) }()
	DeferCleanup(func() {
		Expect(served.Stop()).To(Succeed())
		Eventually(done).Should(Receive(BeNil()))
	})
	client := gardenclient.New(gardenclient.Config{Target: gardenclient.Target{Network: "unix", Address: socket}})
	defer client.Close()
	// Stop fails on a server that has not begun to serve.
	Eventually(func() error { return client.Ping(GinkgoT().Context()) }).Should(Succeed())
	return socket
}
