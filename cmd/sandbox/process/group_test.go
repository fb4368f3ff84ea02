package process_test

import (
	"os"
	"strconv"
	"strings"
	"syscall"

	"code.cloudfoundry.org/garden"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"

	"weeder/cmd/sandbox/process"
)

// What processes do is shown through Garden's server and client, beside the backend.
var _ = Describe("Group", func() {
	var (
		group *process.Group
		env   = []string{"PATH=" + os.Getenv("PATH")}
	)

	BeforeEach(func() {
		group = process.NewGroup()
		DeferCleanup(group.Close)
	})

	It("starts nothing when it has been closed", func() {
		group.Close()
		_, err := group.Start(process.Command{Path: "true", Env: env, Dir: "/"}, garden.ProcessIO{})
		Expect(err).To(MatchError("container is being destroyed"))
	})

	It("does not wait for output that somebody holds who has got away", func() {
		stdout := gbytes.NewBuffer()
		started, err := group.Start(process.Command{
			Path: "sh", Args: []string{"-c", "setsid env -i sh -c 'echo $$; exec sleep 1000' & wait"}, Env: env, Dir: "/",
		}, garden.ProcessIO{Stdout: stdout})
		Expect(err).NotTo(HaveOccurred())
		Eventually(stdout).Should(gbytes.Say(`\d+\n`))
		away, err := strconv.Atoi(strings.TrimSpace(string(stdout.Contents())))
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(syscall.Kill, away, syscall.SIGKILL)

		group.Close()
		Expect(started.Wait()).To(Equal(128 + 9))
		Expect(syscall.Kill(away, 0)).To(Succeed())
	})

	It("keeps to itself what others are started with", func() {
		command := process.Command{Path: "env", Env: append(make([]string, 0, 8), env...), Dir: "/"}
		for _, other := range []*process.Group{group, process.NewGroup()} {
			started, err := other.Start(command, garden.ProcessIO{})
			Expect(err).NotTo(HaveOccurred())
			Expect(started.Wait()).To(BeZero())
		}
		Expect(command.Env).To(Equal(env))
	})
})
