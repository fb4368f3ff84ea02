package containerd_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/containerd"
	"weeder/reaper"
)

const (
	unprivilegedEnv = "CONTAINERD_TEST_UNPRIVILEGED"
	nobody          = 65534
)

// attempt is what somebody without permission tries, and outcome what he gets.
type attempt struct {
	Socket, Bundles string
}

type outcome struct {
	Inspect, Tasks, Bundles    string
	InspectDenied, TasksDenied bool
	BundlesDenied              bool
	Sightings                  map[string]reaper.Sighting
}

// TestMain is also the child that has dropped its privileges: root may do
// anything.
func TestMain(m *testing.M) {
	if task := os.Getenv(unprivilegedEnv); task != "" {
		var try attempt
		err := json.Unmarshal([]byte(task), &try)
		err = errors.Join(err, json.NewEncoder(os.Stdout).Encode(try.outcome()))
		if err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

func (a attempt) outcome() outcome {
	ctx := context.Background()
	var result outcome
	client := containerd.New(containerd.Config{Socket: a.Socket, Namespace: "concourse"})
	defer client.Close()

	if _, err := client.Inspect(ctx, []string{"c-1"}); err != nil {
		result.Inspect, result.InspectDenied = err.Error(), errors.Is(err, fs.ErrPermission)
	}
	if _, err := client.Tasks(ctx, []string{"c-1"}); err != nil {
		result.Tasks, result.TasksDenied = err.Error(), errors.Is(err, fs.ErrPermission)
	}
	var err error
	if result.Sightings, err = (containerd.Bundles{Dir: a.Bundles}).Inspect(ctx, []string{"c-locked", "c-absent"}); err != nil {
		result.Bundles, result.BundlesDenied = err.Error(), errors.Is(err, fs.ErrPermission)
	}
	return result
}

var _ = Describe("Without permission", func() {
	var dir string
	BeforeEach(func() {
		dir = shortDir()
		Expect(os.Chmod(dir, 0o755)).To(Succeed())
	})

	DescribeTable("the socket is an error that names the right that is missing",
		func(ctx SpecContext, lock func(socket string)) {
			socket := filepath.Join(dir, "run", "containerd.sock")
			Expect(os.Mkdir(filepath.Dir(socket), 0o755)).To(Succeed())
			lock(socket)

			result := runUnprivileged(ctx, dir, attempt{Socket: socket, Bundles: dir})
			text := "no answer from containerd at " + socket + ": permission denied: " +
				"run weeder as root or with CAP_DAC_OVERRIDE, or set --containerd ('' to do without)"
			Expect(result.Inspect).To(ContainSubstring(text))
			Expect(result.InspectDenied).To(BeTrue())
			Expect(result.Tasks).To(ContainSubstring(text))
			Expect(result.TasksDenied).To(BeTrue())
		},
		Entry("when nobody but root may connect", func(socket string) {
			listen(socket, func(net.Conn) {})
			Expect(os.Chmod(socket, 0o660)).To(Succeed())
		}),
		Entry("when its directory may not be passed through", func(socket string) {
			listen(socket, func(net.Conn) {})
			lock(filepath.Dir(socket), 0o700)
		}),
		Entry("when it can't be seen whether it is there", func(socket string) {
			lock(filepath.Dir(socket), 0o700)
		}),
	)

	It("bundles are an error when their directory can't be read", func(ctx SpecContext) {
		bundles := filepath.Join(dir, "concourse")
		writeConfig(bundles, "c-locked", spec)
		lock(bundles, 0o711)

		result := runUnprivileged(ctx, dir, attempt{Socket: filepath.Join(dir, "absent"), Bundles: bundles})
		Expect(result.Bundles).To(Equal("read bundles: run weeder as root or with CAP_DAC_READ_SEARCH: " +
			"open " + bundles + ": permission denied"))
		Expect(result.BundlesDenied).To(BeTrue())
	})

	It("a bundle is in doubt when it alone can't be read", func(ctx SpecContext) {
		bundles := filepath.Join(dir, "concourse")
		locked := writeConfig(bundles, "c-locked", spec)
		lock(filepath.Dir(locked), 0o700)

		result := runUnprivileged(ctx, dir, attempt{Socket: filepath.Join(dir, "absent"), Bundles: bundles})
		Expect(result.Bundles).To(BeEmpty())
		Expect(result.Sightings).To(Equal(map[string]reaper.Sighting{
			"c-locked": {Doubts: unreadable("containerd's bundle: open " + locked + ": permission denied")},
		}))
	})
})

// lock takes away permissions until the spec ends.
func lock(path string, mode os.FileMode) {
	GinkgoHelper()
	Expect(os.Chmod(path, mode)).To(Succeed())
	DeferCleanup(os.Chmod, path, os.FileMode(0o755))
}

// runUnprivileged runs a copy of this test binary, which nobody else may reach
// where it was built, as somebody who is not root.
func runUnprivileged(ctx context.Context, dir string, try attempt) outcome {
	GinkgoHelper()
	if os.Geteuid() != 0 {
		Skip("left out: what somebody else than the owner may not do, for only root can become somebody else")
	}
	binary, err := os.ReadFile("/proc/self/exe")
	Expect(err).NotTo(HaveOccurred())
	copied := filepath.Join(dir, "containerd.test")
	Expect(os.WriteFile(copied, binary, 0o755)).To(Succeed())
	task, err := json.Marshal(try)
	Expect(err).NotTo(HaveOccurred())

	child := exec.CommandContext(ctx, copied)
	child.Dir = dir
	child.Env = []string{unprivilegedEnv + "=" + string(task)}
	child.Stderr = GinkgoWriter
	child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	output, err := child.Output()
	Expect(err).NotTo(HaveOccurred())

	var result outcome
	Expect(json.Unmarshal(output, &result)).To(Succeed())
	return result
}
