package gardenclient_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/gardenclient"
	"weeder/reaper"
)

const (
	unprivilegedEnv = "GARDENCLIENT_TEST_UNPRIVILEGED"
	nobody          = 65534
)

// attempt is what somebody without permission tries, and outcome what he gets.
type attempt struct {
	Socket, Garden gardenclient.Target
	Depot          string
	// Path is a target as it is written; with it, nothing else is tried.
	Path string
}

type outcome struct {
	Ping, Depot             string
	PingDenied, DepotDenied bool
	Sightings               map[string]reaper.Sighting
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
	if a.Path != "" {
		target, err := gardenclient.ParseTarget(a.Path)
		if err == nil {
			err = gardenclient.New(gardenclient.Config{Target: target}).Ping(ctx)
		}
		return outcome{Ping: err.Error(), PingDenied: errors.Is(err, fs.ErrPermission)}
	}
	ping := gardenclient.New(gardenclient.Config{Target: a.Socket}).Ping(ctx)
	result.Ping, result.PingDenied = ping.Error(), errors.Is(ping, fs.ErrPermission)

	client := gardenclient.New(gardenclient.Config{Target: a.Garden, Depot: a.Depot})
	_, depot := client.DepotHandles(ctx)
	result.Depot, result.DepotDenied = depot.Error(), errors.Is(depot, fs.ErrPermission)

	var err error
	if result.Sightings, err = client.Inspect(ctx, []string{"c-locked", "c-absent"}, nil); err != nil {
		panic(err)
	}
	return result
}

var _ = Describe("Without permission", func() {
	It("nothing passes for absent", func(ctx SpecContext) {
		dir, err := os.MkdirTemp("", "gardenclient")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(os.RemoveAll, dir)
		Expect(os.Chmod(dir, 0o755)).To(Succeed())

		socket := filepath.Join(dir, "garden.sock")
		listener, err := net.Listen("unix", socket)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(listener.Close)
		Expect(os.Chmod(socket, 0)).To(Succeed())

		depot := filepath.Join(dir, "depot")
		locked := writeConfig(depot, "c-locked", spec)
		lock(filepath.Dir(locked), 0)
		// It may be passed through, but not be read.
		lock(depot, 0o111)

		wire := newWireGarden()
		wire.answers("GET /containers/bulk_info", 200, infos{"c-locked": {}, "c-absent": {}}.json())

		result := runUnprivileged(ctx, dir, attempt{
			Socket: gardenclient.Target{Network: "unix", Address: socket},
			Garden: wire.target(),
			Depot:  depot,
		})
		Expect(result.PingDenied).To(BeTrue())
		Expect(result.Ping).To(Equal("ping: no answer from garden at unix://" + socket + ": not allowed to connect (permission denied): " +
			socket + " belongs to " + owner(socket) + ", mode 0000: try it as root: sudo weeder --target unix://" + socket))
		Expect(result.DepotDenied).To(BeTrue())
		Expect(result.Depot).To(ContainSubstring(depot))
		Expect(result.Sightings["c-locked"].Doubts).To(Equal(doubt("bundle: open " + locked + ": permission denied")))
		Expect(result.Sightings["c-absent"].Doubts).To(Equal(doubt("bundle: open " + depot + ": permission denied")))
	})
})

var _ = Describe("Without permission for the directory of the socket", func() {
	It("that is named, and its path not taken for a host", func(ctx SpecContext) {
		dir, err := os.MkdirTemp("", "gardenclient")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(os.RemoveAll, dir)
		Expect(os.Chmod(dir, 0o755)).To(Succeed())
		barred := filepath.Join(dir, "barred")
		Expect(os.Mkdir(barred, 0o755)).To(Succeed())
		lock(barred, 0o700)

		result := runUnprivileged(ctx, dir, attempt{Path: filepath.Join(barred, "deeper", "garden.sock")})
		Expect(result.PingDenied).To(BeTrue())
		Expect(result.Ping).To(ContainSubstring("not allowed to connect (permission denied): " + barred +
			" belongs to " + owner(barred) + ", mode 0700: try it as root: "))
	})
})

// owner is who a file belongs to, in the words of another program.
func owner(path string) string {
	GinkgoHelper()
	output, err := exec.Command("stat", "-c", "%U:%G", path).Output()
	Expect(err).NotTo(HaveOccurred())
	return strings.TrimSpace(string(output))
}

// lock takes away permissions until the spec ends.
func lock(path string, mode os.FileMode) {
	Expect(os.Chmod(path, mode)).To(Succeed())
	DeferCleanup(os.Chmod, path, os.FileMode(0o755))
}

// runUnprivileged runs a copy of this test binary, which nobody else may reach
// where it was built, as somebody who is not root.
func runUnprivileged(ctx context.Context, dir string, try attempt) outcome {
	GinkgoHelper()
	binary, err := os.ReadFile("/proc/self/exe")
	Expect(err).NotTo(HaveOccurred())
	copied := filepath.Join(dir, "gardenclient.test")
	Expect(os.WriteFile(copied, binary, 0o755)).To(Succeed())
	task, err := json.Marshal(try)
	Expect(err).NotTo(HaveOccurred())

	child := exec.CommandContext(ctx, copied)
	child.Dir = dir
	child.Env = []string{unprivilegedEnv + "=" + string(task)}
	child.Stderr = GinkgoWriter
	if os.Geteuid() == 0 {
		child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	output, err := child.Output()
	Expect(err).NotTo(HaveOccurred())

	var result outcome
	Expect(json.Unmarshal(output, &result)).To(Succeed())
	return result
}
