package spec

import (
	"net"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// The containers of these specs are seconds old: their grace is taken away.
const noGrace = "--grace=0"

var _ = Describe("a worker over containerd", Label("containerd"), func() {
	var (
		w *worker
		c *containerdWorker
	)

	DescribeTable("has every orphan destroyed, and only those, with nothing left of them", func(volumes release) {
		if volumes == onOverlay {
			needOverlay()
		}
		w, c = containerdWorkerOf(volumes)
		c.healthy("live")
		c.orphan("root-gone")
		c.healthy("mount-gone")
		c.volumes.destroy("mount-gone-get")
		Expect(c.create("foreign", GinkgoT().TempDir(), bind(GinkgoT().TempDir(), "/data"))).To(Succeed())
		other := c.garden("moby")
		Expect(other.create("elsewhere", GinkgoT().TempDir())).To(Succeed())

		seen := scan(w, noGrace)
		Expect(seen.Containers).To(HaveLen(4))
		Expect(seen.of("live").Verdict).To(Equal("live"))
		Expect(seen.of("foreign").Verdict).To(Equal("foreign"))
		for handle, volume := range map[string]string{"root-gone": "root-gone-root", "mount-gone": "mount-gone-get"} {
			orphan := seen.of(handle)
			Expect(orphan.HeldBy).To(BeEmpty())
			Expect(orphan.Reasons).To(ConsistOf(And(HaveField("Code", "volume-missing"), HaveField("Volume", volume))))
			Expect(orphan.volume(volume).Sources).To(ConsistOf("containerd"))
			Expect(*orphan.AgeSeconds).To(BeNumerically("<", 120))
		}

		result, status := reap(w, noGrace)
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ConsistOf("root-gone", "mount-gone"))
		for _, handle := range result.Destroyed {
			Eventually(c.left).WithArguments(handle).Should(BeEmpty())
		}
		Expect(c.handles()).To(ConsistOf("live", "foreign"))
		Expect(other.handles()).To(ConsistOf("elsewhere"))
	},
		Entry(withoutTTLs.String(), withoutTTLs),
		Entry(onOverlay.String(), onOverlay),
		Entry(withTTLs.String(), withTTLs),
	)

	Context("with orphans", func() {
		BeforeEach(func() {
			w, c = containerdWorkerOf(withoutTTLs)
			c.healthy("live")
		})

		It("tells containerd's age, which counts for the grace", func() {
			c.orphan("young")
			Expect(scan(w).of("young").HeldBy).To(ConsistOf("grace"))
		})

		It("holds one that is busy, and takes it by its handle", func() {
			c.healthy("busy")
			c.busy("busy")
			c.volumes.destroy("busy-get")
			Expect(scan(w, noGrace).of("busy").HeldBy).To(ConsistOf("busy"))

			result, status := reap(w, noGrace)
			Expect(status).To(BeZero())
			Expect(result.heldBy("busy")).To(ConsistOf("busy"))
			Expect(c.handles()).To(ContainElement("busy"))

			result, _ = reap(w, noGrace, "busy")
			Expect(result.Destroyed).To(ConsistOf("busy"))
			Eventually(c.left).WithArguments("busy").Should(BeEmpty())
		})

		It("shows one without a task, which is not dead for that alone", func() {
			c.healthy("stopped-live")
			c.loseTask("stopped-live")
			c.orphan("stopped-orphan")
			c.loseTask("stopped-orphan")

			seen := scan(w, noGrace)
			Expect(seen.of("stopped-live").Verdict).To(Equal("live"))
			Expect(seen.of("stopped-live").Task).To(HaveValue(Equal("no task")))
			Expect(seen.of("live").Task).To(HaveValue(Equal("running")))
			Expect(stdout(weeder(w, "scan"))).To(MatchRegexp(`(?m)^stopped-live +live .* \(no task\) `))
			Expect(stdout(weeder(w, "list", "--long"))).To(MatchRegexp(`(?m)^stopped-live +\S+ +\S+ +no task +live `))
			Expect(stdout(weeder(w, "explain", "stopped-orphan"))).To(And(
				ContainSubstring("no task"), ContainSubstring("can leave its address reserved")))

			result, _ := reap(w, noGrace)
			Expect(result.Destroyed).To(ConsistOf("stopped-orphan"))
			Expect(c.handles()).To(ConsistOf("live", "stopped-live"))
		})

		It("judges rightly after containerd was restarted", func() {
			c.orphan("orphan")
			c.stop()
			Expect(weeder(w, "scan", "--timeout=2s")).To(gexec.Exit(1))
			c.start()
			Eventually(weeder).WithArguments(w, "list").Should(gexec.Exit(0), "Garden finds it again")
			Expect(scan(w, noGrace).of("orphan").HeldBy).To(BeEmpty())
		})

		It("gives up on one that hangs, within the timeout, and destroys nothing", func() {
			c.orphan("orphan")
			c.hang()
			session := weeder(w, "reap", "--yes", noGrace, "--timeout=1s")
			Expect(session).To(gexec.Exit(1))
			c.resume()
			Expect(c.handles()).To(ConsistOf("live", "orphan"))
		})
	})

	Context("whose socket can't be used", func() {
		BeforeEach(func() {
			w, c = containerdWorkerOf(withoutTTLs)
			c.healthy("live")
			c.orphan("orphan")
		})

		// dead is a socket in a directory that nobody listens on.
		dead := func(dir string) string {
			GinkgoHelper()
			path := filepath.Join(dir, "dead.sock")
			listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			Expect(err).NotTo(HaveOccurred())
			listener.SetUnlinkOnClose(false)
			Expect(listener.Close()).To(Succeed())
			DeferCleanup(os.RemoveAll, path)
			return path
		}

		// blind shows that everything is unknown, and nothing destroyed.
		blind := func(code string, texts ...string) {
			GinkgoHelper()
			seen := scan(w, noGrace)
			for _, handle := range []string{"live", "orphan"} {
				Expect(seen.of(handle).Verdict).To(Equal("unknown"))
				Expect(seen.of(handle).codes()).To(HaveEach(code))
				for _, text := range texts {
					Expect(seen.of(handle).Reasons[0].Detail).To(ContainSubstring(text))
				}
			}
			result, _ := reap(w, noGrace)
			Expect(result.Destroyed).To(BeEmpty())
			Expect(c.handles()).To(ConsistOf("live", "orphan"))
		}

		It("says that nobody listens there", func() {
			w.Containerd = dead(GinkgoT().TempDir())
			blind("source-unreadable", w.Containerd, "nothing listens there", "--containerd")
		})

		It("reads the bundles beside it instead, and says so", func() {
			w.Containerd = dead(filepath.Dir(w.Containerd))
			session := weeder(w, "scan", "--json", noGrace)
			Expect(session).To(gexec.Exit(0))
			Expect(stderr(session)).To(ContainSubstring("its bundles are read instead"))
			orphan := parse(session).of("orphan")
			Expect(orphan.Verdict).To(Equal("orphan"))
			Expect(orphan.volume("orphan-root").Sources).To(ConsistOf("bundle"))

			c.loseTask("orphan")
			Expect(scan(w, noGrace).of("orphan").Verdict).To(Equal("unknown"), "without a task there is no bundle")
		})

		It("knows nothing where it is told to do without, and says what to set", func() {
			w.Containerd = ""
			blind("no-source", "--containerd")
		})

		It("knows nothing in another namespace", func() {
			session := weeder(w, "scan", "--json", noGrace, "--containerd-namespace=moby")
			Expect(session).To(gexec.Exit(0))
			Expect(parse(session).of("orphan").codes()).To(ConsistOf("no-source"))
			Expect(c.handles()).To(HaveLen(2))
		})

		It("sees that the volumes directory is another", func() {
			w.Volumes = filepath.Join(GinkgoT().TempDir(), "volumes")
			Expect(os.MkdirAll(filepath.Join(w.Volumes, "live", "some"), 0o755)).To(Succeed())
			blind("other-volumes-dir", "--volumes")
		})
	})
})
