package console_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"weeder/cmd/weeder/console"
)

var _ = Describe("Console", func() {
	var r *rig

	BeforeEach(func() {
		r = newRig()
	})

	It("keeps the streams apart and gives the exit status", func(ctx SpecContext) {
		r.console.Stdin = strings.NewReader("typed")
		process := r.run(ctx)
		Expect(io.ReadAll(process.streams.Stdin)).To(BeEquivalentTo("typed"))
		process.prints(process.streams.Stdout, "out\x00\xff")
		process.prints(process.streams.Stderr, "err")
		process.exits(3)

		Expect(r.ends()).To(Equal(3))
		Expect(r.stdout.Contents()).To(BeEquivalentTo("out\x00\xff"))
		Expect(r.stderr.Contents()).To(BeEquivalentTo("err"))
		Expect(r.warnings.Contents()).To(BeEmpty())
	}, SpecTimeout(time.Minute))

	It("asks for the process it is told to run", func(ctx SpecContext) {
		spec := garden.ProcessSpec{Path: "ls", Args: []string{"-l"}, Dir: "/tmp", User: "vcap", Env: []string{"A=b"}}
		go func() {
			status, err := r.console.Run(ctx, spec)
			r.result <- result{status, err}
		}()
		var process *scripted
		Eventually(r.started).Should(Receive(&process))
		process.exits(0)
		Expect(r.ends()).To(BeZero())
		asked, _ := r.container.RunArgsForCall(0)
		Expect(asked).To(Equal(spec))
	}, SpecTimeout(time.Minute))

	It("ends with the process while stdin is open", func(ctx SpecContext) {
		r.run(ctx).exits(0)
		Expect(r.ends()).To(BeZero())
	}, SpecTimeout(time.Minute))

	It("attaches to a process", func(ctx SpecContext) {
		go func() {
			status, err := r.console.Attach(context.WithoutCancel(ctx), "p-7")
			r.result <- result{status, err}
		}()
		var process *scripted
		Eventually(r.attached).Should(Receive(&process))
		Expect(process.ID()).To(Equal("p-7"))
		process.prints(process.streams.Stdout, "more")
		process.exits(255)
		Expect(r.ends()).To(Equal(255))
		Expect(r.stdout).To(gbytes.Say("more"))
	}, SpecTimeout(time.Minute))

	It("gives Garden's errors as they are", func(ctx SpecContext) {
		r.container.RunReturns(nil, garden.ExecutableNotFoundError{Message: "no such executable"})
		r.container.RunStub = nil
		r.start(ctx)
		_, err := r.ends()
		Expect(err).To(Equal(garden.ExecutableNotFoundError{Message: "no such executable"}))

		r.container.AttachReturns(nil, garden.ProcessNotFoundError{ProcessID: "p-9"})
		r.container.AttachStub = nil
		_, err = r.console.Attach(ctx, "p-9")
		Expect(err).To(Equal(garden.ProcessNotFoundError{ProcessID: "p-9"}))
	}, SpecTimeout(time.Minute))

	It("fails with the error of a process", func(ctx SpecContext) {
		r.container.RunStub = func(garden.ProcessSpec, garden.ProcessIO) (garden.Process, error) {
			process := newScripted("p-1", garden.ProcessIO{})
			process.WaitStub = func() (int, error) { return 0, errors.New("the exitcode file is empty") }
			return process, nil
		}
		r.start(ctx)
		_, err := r.ends()
		Expect(err).To(MatchError("process p-1: the exitcode file is empty"))
		Expect(err).To(MatchError(console.ErrProcess))
	}, SpecTimeout(time.Minute))

	DescribeTable("fails with what is no exit status", func(ctx SpecContext, status int) {
		r.run(ctx).exits(status)
		_, err := r.ends()
		Expect(err).To(MatchError(ContainSubstring("an exit status that is none")))
	},
		Entry("which would be 0 modulo 256", SpecTimeout(time.Minute), 256),
		Entry("below 0", SpecTimeout(time.Minute), -1),
	)

	DescribeTable("fails when it can't write", func(ctx SpecContext, name string, into func(*rig, io.Writer), of func(garden.ProcessIO) io.Writer) {
		full := errors.New("no space left on device")
		into(r, writer(func([]byte) (int, error) { return 0, full }))
		process := r.run(ctx)
		process.prints(of(process.streams), "text")
		_, err := r.ends()
		Expect(err).To(MatchError(full))
		Expect(err).To(MatchError(console.ErrOutput))
		Expect(err).To(MatchError("output: write " + name + ": no space left on device: the process may go on: weeder attach c-1 --pid p-1"))
	},
		Entry("stdout", SpecTimeout(time.Minute), "stdout", func(r *rig, w io.Writer) { r.console.Stdout = w },
			func(streams garden.ProcessIO) io.Writer { return streams.Stdout }),
		Entry("stderr", SpecTimeout(time.Minute), "stderr", func(r *rig, w io.Writer) { r.console.Stderr = w },
			func(streams garden.ProcessIO) io.Writer { return streams.Stderr }),
	)

	It("fails when it could not write the last of it", func(ctx SpecContext) {
		entered, release := make(chan struct{}), make(chan struct{})
		r.console.Stdout = writer(func([]byte) (int, error) {
			close(entered)
			<-release
			return 0, errors.New("no space left on device")
		})
		process := r.run(ctx)
		process.prints(process.streams.Stdout, "text")
		Eventually(entered).Should(BeClosed())
		process.exits(0)
		Consistently(r.result, "100ms").ShouldNot(Receive())
		close(release)
		_, err := r.ends()
		Expect(err).To(MatchError(console.ErrOutput))
	}, SpecTimeout(time.Minute))

	It("tells the process of the window's size, at first and when it is another", func(ctx SpecContext) {
		resized := make(chan struct{})
		size := make(chan garden.WindowSize, 1)
		r.console.Resized, r.console.Size = resized, func() *garden.WindowSize {
			now := <-size
			return &now
		}
		process := r.run(ctx)
		size <- garden.WindowSize{Columns: 80, Rows: 24}
		Eventually(process.sizes).Should(Receive(Equal(garden.WindowSize{Columns: 80, Rows: 24})))
		Eventually(resized).Should(BeSent(struct{}{}))
		size <- garden.WindowSize{Columns: 100, Rows: 40}
		Eventually(process.sizes).Should(Receive(Equal(garden.WindowSize{Columns: 100, Rows: 40})))
		process.exits(0)
		Expect(r.ends()).To(BeZero())
	}, SpecTimeout(time.Minute))
})

type writer func([]byte) (int, error)

// Write implements io.Writer.
func (w writer) Write(p []byte) (int, error) { return w(p) }

type reader func([]byte) (int, error)

// Read implements io.Reader.
func (r reader) Read(p []byte) (int, error) { return r(p) }
