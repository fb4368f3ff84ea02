package spec

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("an interlock", func() {
	const leak = "leak"
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
	})

	// around makes an orphan and a healthy container beside it.
	around := func() {
		GinkgoHelper()
		w.orphan(leak)
		w.healthy("neighbour")
	}
	// old makes a container of Concourse 2, whose volume the properties alone
	// name.
	old := func(handle, volume string) {
		GinkgoHelper()
		w.create(body{"handle": handle, "age": "6h", "no_bundle": true,
			"properties": body{"concourse:volumes": `["` + volume + `"]`}})
	}

	// expect has reap destroy nothing under the one interlock.
	expect := func(name string, args ...string) {
		GinkgoHelper()
		for _, dry := range []string{"--yes", "--dry-run"} {
			session := weeder(w, append([]string{"reap", "--json", dry}, args...)...)
			Expect(session).To(gexec.Exit(1))
			Expect(stderr(session)).To(ContainSubstring(": " + name + ": "))
			advice := ", or, if you know better, --override " + name + "\n"
			overridable := name == "no-volume-found" || name == "baggageclaim-unreachable"
			Expect(strings.Contains(stderr(session), advice)).To(Equal(overridable))
			result := parseOutcome(session)
			Expect(result.Interlocks).To(ConsistOf(HaveField("Name", name)))
			Expect(result.Interlocks[0].Detail).NotTo(BeEmpty())
			Expect(result.Destroyed).To(BeEmpty())
		}
		Expect(w.calls()).NotTo(HaveKey("destroy"))
	}
	// shows has scan show what it can, with the interlock.
	shows := func(name string, args ...string) report {
		GinkgoHelper()
		session := weeder(w, append([]string{"scan", "--json"}, args...)...)
		Expect(session).To(gexec.Exit(0))
		Expect(stderr(session)).To(HavePrefix("warning: " + name + ": "))
		Expect(stderr(session)).NotTo(ContainSubstring("override"), "there is nothing to override in a look")
		seen := parse(session)
		Expect(seen.interlocks()).To(ConsistOf(name))
		return seen
	}

	DescribeTable("under which nothing can be judged",
		func(name string, set func() []string) {
			around()
			args := set()
			expect(name, args...)

			session := weeder(w, append([]string{"scan"}, args...)...)
			Expect(session).To(gexec.Exit(1))
			Expect(stderr(session)).To(HavePrefix("error: " + name + ": "))
			Expect(stdout(session)).To(BeEmpty())

			session = weeder(w, append([]string{"scan", "--json"}, args...)...)
			Expect(session).To(gexec.Exit(1))
			seen := parse(session)
			Expect(seen.interlocks()).To(ConsistOf(name))
			Expect(seen.Containers).To(BeEmpty())
			Expect(seen.Summary).To(HaveKeyWithValue("containers", BeNil()), "not known is not 0")
		},
		Entry("garden-unreachable: nothing listens", "garden-unreachable", func() []string {
			return []string{"--target", deadAddress()}
		}),
		Entry("garden-unreachable: the list fails", "garden-unreachable", func() []string {
			w.fault("list-fails")
			return nil
		}),
		Entry("garden-unreachable: the list of garden.state=all fails", "garden-unreachable", func() []string {
			w.fault("all-list-fails")
			return nil
		}),
		Entry("garden-unreachable: the list hangs", "garden-unreachable", func() []string {
			w.fault("list-hangs")
			return []string{"--timeout=200ms"}
		}),
		Entry("garden-unreachable: bulk_info fails", "garden-unreachable", func() []string {
			w.fault("bulk-info-fails")
			return nil
		}),
		Entry("volumes-dir-unusable: there is none", "volumes-dir-unusable", func() []string {
			return []string{"--volumes", filepath.Join(GinkgoT().TempDir(), "none")}
		}),
		Entry("volumes-dir-unusable: a file in its place", "volumes-dir-unusable", func() []string {
			return []string{"--volumes", writeFile("", GinkgoT().TempDir(), "volumes")}
		}),
		Entry("volumes-dir-unusable: no live in it", "volumes-dir-unusable", func() []string {
			Expect(os.Rename(filepath.Join(w.Volumes, "live"), filepath.Join(w.Volumes, "lost"))).To(Succeed())
			return nil
		}),
		Entry("volumes-dir-unusable: a file in the place of live", "volumes-dir-unusable", func() []string {
			live := filepath.Join(w.Volumes, "live")
			Expect(os.Rename(live, filepath.Join(w.Volumes, "lost"))).To(Succeed())
			writeFile("", live)
			return nil
		}),
		Entry("volumes-dir-unusable: a file in the place of dead", "volumes-dir-unusable", func() []string {
			dead := filepath.Join(w.Volumes, "dead")
			Expect(os.Remove(dead)).To(Succeed())
			writeFile("", dead)
			return nil
		}),
		Entry("volumes-dir-unusable: a symlink that leads back to itself", "volumes-dir-unusable", func() []string {
			loop := filepath.Join(GinkgoT().TempDir(), "volumes")
			Expect(os.Symlink(loop, loop)).To(Succeed())
			return []string{"--volumes", loop}
		}),
	)

	DescribeTable("volumes-dir-unusable to another user",
		func(forbidden string, judged bool) {
			around()
			w.volume("neighbour-root", "live", &ttl{seconds: 0, expiresAt: time.Now()})
			w.letRead()
			seen := parse(unprivileged(w, "scan", "--json"))
			Expect(seen.interlocks()).To(BeEmpty())
			Expect(seen.of(leak).Eligible).To(BeTrue(), "it can judge without the fault")

			forbid(filepath.Join(w.Volumes, forbidden))
			session := unprivileged(w, "scan", "--json")
			Expect(session).To(gexec.Exit(map[bool]int{true: 0, false: 1}[judged]))
			Expect(stderr(session)).To(ContainSubstring(": volumes-dir-unusable: "))
			seen = parse(session)
			Expect(seen.interlocks()).To(ConsistOf("volumes-dir-unusable"))
			if judged {
				Expect(seen.of(leak).HeldBy).To(Equal([]string{"interlock"}))
			}

			Expect(unprivileged(w, "reap", "--yes")).To(gexec.Exit(1))
			Expect(w.calls()).NotTo(HaveKey("destroy"))
		},
		Entry("with live that can't be read", "live", false),
		Entry("with init that can't be read", "init", false),
		Entry("with dead that can't be read", "dead", false),
		Entry("with itself that can't be entered", ".", false),
		Entry("with another volume's ttl.json that can't be read", "live/neighbour-root/ttl.json", true),
		Entry("with another volume that can't be entered", "live/neighbour-root", true),
	)

	DescribeTable("no-volume-found",
		func(set func() []string) {
			args := set()
			expect("no-volume-found", args...)
			seen := shows("no-volume-found", args...)
			Expect(seen.of(leak).HeldBy).To(ContainElement("interlock"))
			Expect(seen.of(leak).Eligible).To(BeFalse())
		},
		Entry("live is empty though one container refers to a volume", func() []string {
			w.create(body{"handle": leak, "root_volume": "leak-root", "age": "6h"})
			return nil
		}),
		Entry("three containers refer to volumes and none of these is there", func() []string {
			w.volume("spare", "live", nil)
			for _, handle := range []string{leak, "leak-2", "leak-3"} {
				w.create(body{"handle": handle, "root_volume": handle + "-root", "age": "6h"})
			}
			return []string{"--baggageclaim="}
		}),
		Entry("baggageclaim's volumes lie elsewhere", func() []string {
			elsewhere := GinkgoT().TempDir()
			Expect(os.MkdirAll(filepath.Join(elsewhere, "live", "spare", "volume"), 0o755)).To(Succeed())
			for _, handle := range []string{leak, "leak-2", "leak-3"} {
				old(handle, handle+"-root")
			}
			w.volume("there", "live", nil)
			return []string{"--volumes", elsewhere}
		}),
	)

	DescribeTable("no-volume-found is not on",
		func(set func() []string) {
			w.volume("spare", "live", nil)
			args := set()
			Expect(scan(w, args...).interlocks()).To(BeEmpty())
			result, status := reap(w, append([]string{leak}, args...)...)
			Expect(status).To(BeZero())
			Expect(result.Destroyed).To(ConsistOf(leak))
		},
		Entry("while baggageclaim lists a volume in this directory", func() []string {
			for _, handle := range []string{leak, "leak-2", "leak-3"} {
				w.create(body{"handle": handle, "root_volume": handle + "-root", "age": "6h"})
			}
			return nil
		}),
		Entry("with no more than two containers that refer to volumes", func() []string {
			for _, handle := range []string{leak, "leak-2"} {
				w.create(body{"handle": handle, "root_volume": handle + "-root", "age": "6h"})
			}
			return []string{"--baggageclaim="}
		}),
		Entry("with one volume that is there", func() []string {
			w.create(body{"handle": leak, "root_volume": "leak-root", "age": "6h"})
			w.create(body{"handle": "leak-2", "root_volume": "leak-2-root", "age": "6h"})
			w.healthy("neighbour")
			return []string{"--baggageclaim="}
		}),
	)

	DescribeTable("baggageclaim-unreachable",
		func(set func() []string) {
			around()
			args := set()
			expect("baggageclaim-unreachable", args...)
			seen := shows("baggageclaim-unreachable", args...)
			Expect(seen.of(leak).HeldBy).To(Equal([]string{"interlock"}))
			Expect(seen.of("neighbour").Verdict).To(Equal("live"))
		},
		Entry("nothing listens", func() []string {
			return []string{"--baggageclaim", deadAddress()}
		}),
		Entry("it hangs", func() []string {
			w.fault("baggageclaim-hangs")
			return []string{"--timeout=1s"}
		}),
		Entry("it answers 500", func() []string {
			w.fault("baggageclaim-fails")
			return nil
		}),
		Entry("it hangs over one of the volumes", func() []string {
			w.orphan("another")
			w.fault("baggageclaim-hangs", "leak-root")
			return []string{"--timeout=1s"}
		}),
		Entry("it is another server", func() []string {
			return []string{"--baggageclaim", serving(http.StatusOK, "<html>hello</html>")}
		}),
		Entry("it redirects", func() []string {
			return []string{"--baggageclaim", serving(http.StatusFound, "")}
		}),
	)

	It("is none that baggageclaim can't tell of one volume, where it does of others", func() {
		around()
		w.orphan("another")
		w.fault("baggageclaim-fails", "leak-root")

		seen := scan(w)
		Expect(seen.interlocks()).To(BeEmpty())
		Expect(seen.of(leak).Verdict).To(Equal("unknown"))
		Expect(seen.of(leak).codes()).To(ConsistOf("volume-unreadable"))
		result, status := reap(w)
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ConsistOf("another"))
	})

	It("witnesses-disagree: baggageclaim knows a volume that the disk lacks", func() {
		around()
		w.orphan("another")
		w.fault("baggageclaim-remembers", "leak-root")
		expect("witnesses-disagree")

		seen := shows("witnesses-disagree")
		Expect(seen.of(leak).Verdict).To(Equal("unknown"))
		Expect(seen.of(leak).codes()).To(ConsistOf("witnesses-disagree"))
		Expect(seen.of(leak).volume("leak-root").State).To(Equal("unknown"))
		Expect(seen.of("another").HeldBy).To(Equal([]string{"interlock"}))
	})

	DescribeTable("that comes on between the pass and the destroy stops what has not begun",
		func(name string, set func()) {
			w.healthy("neighbour")
			w.orphan("first")
			w.orphan("second")
			w.change("first", body{"age": "9h"})
			w.fault("destroy-hangs")
			session := start(w, "reap", "--yes", "--json", "--max-in-flight=1")
			Eventually(func() int { return w.holding("destroy-hangs") }).Should(Equal(1))
			set()
			w.mend("destroy-hangs")

			Eventually(session).Should(gexec.Exit(1))
			Expect(w.destroyed()).To(ConsistOf("first"))
			Expect(stderr(session)).To(ContainSubstring("error: " + name + " came on"))
			result := parseOutcome(session)
			Expect(result.Destroyed).To(ConsistOf("first"))
			Expect(result.heldBy("second")).To(Equal([]string{"interlock"}))
			Expect(result.Interlocks).To(ConsistOf(HaveField("Name", name)))
		},
		Entry("volumes-dir-changed: another directory is in the place of live", "volumes-dir-changed", func() {
			live := filepath.Join(w.Volumes, "live")
			Expect(os.Rename(live, filepath.Join(w.Volumes, "before"))).To(Succeed())
			Expect(os.CopyFS(live, os.DirFS(filepath.Join(w.Volumes, "before")))).To(Succeed())
		}),
		Entry("volumes-dir-unusable: live is gone", "volumes-dir-unusable", func() {
			Expect(os.Rename(filepath.Join(w.Volumes, "live"), filepath.Join(w.Volumes, "before"))).To(Succeed())
		}),
		Entry("volumes-dir-unusable: a file is in the place of live", "volumes-dir-unusable", func() {
			live := filepath.Join(w.Volumes, "live")
			Expect(os.Rename(live, filepath.Join(w.Volumes, "before"))).To(Succeed())
			writeFile("", live)
		}),
		Entry("baggageclaim-unreachable: it fails", "baggageclaim-unreachable", func() {
			w.fault("baggageclaim-fails")
		}),
		Entry("witnesses-disagree: baggageclaim knows a volume after all", "witnesses-disagree", func() {
			w.fault("baggageclaim-remembers", "second-root")
		}),
	)

	It("that comes on stops those, too, that were being looked at", func() {
		w.healthy("neighbour")
		for handle, age := range map[string]string{"first": "9h", "second": "8h", "third": "7h", "fourth": "6h"} {
			w.orphan(handle)
			w.change(handle, body{"age": age})
		}
		w.fault("destroy-hangs")
		t := onTerminal(w, "reap", "--yes", "--json", "--max-in-flight=2")
		Eventually(func() int { return w.holding("destroy-hangs") }).Should(Equal(2))
		w.fault("bulk-info-hangs", "third")
		w.fault("baggageclaim-hangs", "fourth-root")
		w.fault("baggageclaim-remembers", "third-root")
		w.mend("destroy-hangs")
		Eventually(func() int { return w.holding("bulk-info-hangs") }).Should(Equal(1), "it looks at the third")
		Eventually(func() int { return w.holding("baggageclaim-hangs") }).Should(Equal(1), "it looks at the fourth")
		w.mend("bulk-info-hangs")
		Eventually(t.Screen).Should(gbytes.Say("3 of 4"), "it is done with the third")
		w.mend("baggageclaim-hangs")

		Eventually(t.exited).Should(Receive(Equal(1)))
		Expect(w.destroyed()).To(ConsistOf("first", "second"))
		var result outcome
		Expect(json.Unmarshal(t.Out.Contents(), &result)).To(Succeed())
		Expect(result.Interlocks).To(ConsistOf(HaveField("Name", "witnesses-disagree")))
		Expect(result.heldBy("third")).To(Equal([]string{"interlock"}))
		Expect(result.heldBy("fourth")).To(Equal([]string{"interlock"}))
	})

	Context("overridden", func() {
		const override = "--override=baggageclaim-unreachable"

		It("no-volume-found lets reap destroy, for that one run", func() {
			w.create(body{"handle": leak, "root_volume": "leak-root", "age": "6h"})
			w.create(body{"handle": "held", "root_volume": "held-root", "age": "5m"})
			expect("no-volume-found")

			session := weeder(w, "reap", "--yes", "--json", "--override=no-volume-found")
			Expect(session).To(gexec.Exit(0))
			Expect(stderr(session)).To(HavePrefix("warning: no-volume-found, overridden: "))
			result := parseOutcome(session)
			Expect(result.Interlocks).To(BeEmpty())
			Expect(result.Destroyed).To(ConsistOf(leak))
			Expect(result.heldBy("held")).To(Equal([]string{"grace"}), "no hold is overridden")
			Expect(w.destroyed()).To(ConsistOf(leak))

			again, status := reap(w)
			Expect(status).To(Equal(1))
			Expect(again.Interlocks).To(ConsistOf(HaveField("Name", "no-volume-found")))
		})

		DescribeTable("baggageclaim-unreachable lets reap destroy, but for expiry alone",
			func(set func() []string) {
				around()
				w.orphan("expired")
				w.volume("expired-root", "live", expired())
				args := set()

				session := weeder(w, append([]string{"reap", "--yes", "--json", override}, args...)...)
				Expect(session).To(gexec.Exit(0))
				Expect(stderr(session)).To(HavePrefix("warning: baggageclaim-unreachable, overridden: "))
				result := parseOutcome(session)
				Expect(result.Interlocks).To(BeEmpty())
				Expect(result.Destroyed).To(ConsistOf(leak))
				Expect(result.heldBy("expired")).To(Equal([]string{"expiry-wait"}))
				Expect(w.destroyed()).To(ConsistOf(leak))

				_, status := reap(w, args...)
				Expect(status).To(Equal(1))
			},
			Entry("it fails", func() []string {
				w.fault("baggageclaim-fails")
				return nil
			}),
			Entry("nothing listens", func() []string { return []string{"--baggageclaim", deadAddress()} }),
		)

		It("both of them at once", func() {
			w.create(body{"handle": leak, "root_volume": "leak-root", "age": "6h"})
			w.fault("baggageclaim-fails")
			result, status := reap(w, override)
			Expect(status).To(Equal(1))
			Expect(result.Interlocks).To(ConsistOf(HaveField("Name", "no-volume-found")))

			result, status = reap(w, override, "--override=no-volume-found")
			Expect(status).To(BeZero())
			Expect(result.Destroyed).To(ConsistOf(leak))
		})

		DescribeTable("leaves another on",
			func(name string, set func() []string) {
				around()
				args := set()
				expect(name, append([]string{override, "--override=no-volume-found"}, args...)...)
			},
			Entry("witnesses-disagree", "witnesses-disagree", func() []string {
				w.fault("baggageclaim-remembers", "leak-root")
				return nil
			}),
			Entry("garden-unreachable", "garden-unreachable", func() []string {
				w.fault("list-fails")
				return nil
			}),
			Entry("volumes-dir-unusable", "volumes-dir-unusable", func() []string {
				return []string{"--volumes", filepath.Join(GinkgoT().TempDir(), "none")}
			}),
		)

		It("does not keep baggageclaim from being believed where it answers", func() {
			around()
			w.orphan("another")
			w.fault("baggageclaim-fails", "another-root")
			w.fault("baggageclaim-remembers", "leak-root")
			result, status := reap(w, override)
			Expect(status).To(Equal(1))
			Expect(result.Interlocks).To(ConsistOf(HaveField("Name", "witnesses-disagree")))
			Expect(w.destroyed()).To(BeEmpty(), "an interlock stops every destroy")
		})

		It("does not keep baggageclaim from being believed about another volume of the same container", func() {
			around()
			w.removeVolume("leak-get")
			w.fault("baggageclaim-fails", "leak-root")
			w.fault("baggageclaim-remembers", "leak-get")
			result, status := reap(w, override)
			Expect(status).To(Equal(1))
			Expect(result.Interlocks).To(ConsistOf(HaveField("Name", "witnesses-disagree")))
			Expect(w.destroyed()).To(BeEmpty())
		})

		DescribeTable("can't be",
			func(name string) {
				around()
				session := weeder(w, "reap", "--yes", "--override="+name)
				Expect(session).To(gexec.Exit(2))
				Expect(stderr(session)).To(HavePrefix("error: "))
				Expect(stderr(session)).To(ContainSubstring(name))
				Expect(w.calls()).To(BeEmpty())
			},
			Entry(nil, "garden-unreachable"),
			Entry(nil, "volumes-dir-unusable"),
			Entry(nil, "volumes-dir-changed"),
			Entry(nil, "witnesses-disagree"),
			Entry(nil, "starting"),
			Entry(nil, "clock-stepped"),
			Entry(nil, "all"),
		)

		It("can't be by scan", func() {
			Expect(weeder(w, "scan", override)).To(gexec.Exit(2))
		})
	})
})

// deadAddress is one at which nothing listens.
func deadAddress() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer listener.Close()
	return listener.Addr().String()
}

// serving is the address of a server that answers everything so.
func serving(status int, answer string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
	}))
	DeferCleanup(server.Close)
	return server.Listener.Addr().String()
}

// letRead has another user read all of the worker.
func (w *worker) letRead() {
	GinkgoHelper()
	Expect(filepath.WalkDir(w.Dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return os.Chmod(path, 0o644)
	})).To(Succeed())
}
