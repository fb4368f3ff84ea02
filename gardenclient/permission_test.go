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
		Expect(result.Ping).To(ContainSubstring("unix://" + socket + ": not allowed to connect"))
		Expect(result.DepotDenied).To(BeTrue())
		Expect(result.Depot).To(ContainSubstring(depot))
		Expect(result.Sightings["c-locked"].Doubts).To(Equal(doubt("bundle: open " + locked + ": permission denied")))
		Expect(result.Sightings["c-absent"].Doubts).To(Equal(doubt("bundle: open " + depot + ": permission denied")))
	})
})

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
