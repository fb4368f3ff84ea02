package spec

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// The traps of the design that lie in the volumes directory, by its numbers.
// Each container "c" uses the volume "v"; "leaked" is an orphan beside it.
var _ = Describe("volume trap", func() {
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
		w.healthy("healthy")
		w.orphan("leaked")
	})

	// use makes a container hours old, of which its properties alone tell.
	use := func(volumes string) {
		GinkgoHelper()
		w.create(body{
			"handle": "c", "no_bundle": true, "age": "6h",
			"properties": map[string]string{"concourse:volumes": volumes},
		})
	}

	// ttlJSON makes the live volume with these bytes for a ttl.json.
	ttlJSON := func(content string) {
		GinkgoHelper()
		w.volume("v", "live", nil)
		writeFile(content, w.Volumes, "live", "v", "ttl.json")
	}

	judged := func(args ...string) container {
		GinkgoHelper()
		return scan(w, args...).of("c")
	}

	// keeps tells that reap destroys the orphan and not the container.
	keeps := func() {
		GinkgoHelper()
		result, status := reap(w, "--grace=0s", "--busy-grace=0s")
		Expect(status).To(BeZero())
		Expect(result.Destroyed).To(ConsistOf("leaked"))
		Expect(w.destroyed()).To(ConsistOf("leaked"))
	}

	Describe("2: a ttl of 0 means never", func() {
		BeforeEach(func() {
			w.volume("v", "live", &ttl{seconds: 0, expiresAt: time.Now().Add(-1000 * time.Hour)})
			use(`["v"]`)
		})

		It("is live, however long ago expires_at was", func() {
			c := judged()
			Expect(c.Verdict).To(Equal("live"))
			Expect(*c.volume("v").TTLSeconds).To(BeZero())
			keeps()
		})

		It("is an expiry for who asks for that, and never for reap", func() {
			Expect(judged("--zero-ttl=expires-at").codes()).To(ConsistOf("volume-expired"))
			session := weeder(w, "explain", "--zero-ttl=expires-at", "c")
			Expect(stdout(session)).To(SatisfyAll(
				HavePrefix("verdict orphan, its root volume v expired "),
				ContainSubstring("\nwhy\n  volume-expired v: "),
				ContainSubstring(": only --zero-ttl=expires-at makes it an orphan: to reap and the daemon a ttl of 0 never expires\n"),
				Not(ContainSubstring("weeder reap"))))

			Expect(weeder(w, "reap", "--yes", "--zero-ttl=expires-at")).To(gexec.Exit(2))
			Expect(w.destroyed()).To(BeEmpty())
		})
	})

	DescribeTable("3: bytes behind the value, and a file caught empty", func(content, verdict string, codes ...string) {
		ttlJSON(content)
		use(`["v"]`)
		c := judged()
		Expect(c.Verdict).To(Equal(verdict))
		Expect(c.codes()).To(ConsistOf(codes))
		if verdict != "orphan" {
			keeps()
		}
	},
		Entry("a brace behind a ttl of 0", "{\"ttl\":0,\"expires_at\":1477060154}\n}\n", "live"),
		Entry("another value behind a ttl of 0", `{"ttl":0,"expires_at":1477060154}{"ttl":300,"expires_at":1477060154}`, "live"),
		Entry("the end of a longer value behind an expiry", "{\"ttl\":30,\"expires_at\":1477060154}\n}\n", "orphan", "volume-expired"),
		Entry("nothing", "", "unknown", "ttl-unreadable"),
		Entry("half a value", `{"ttl":300,"expires_at":147`, "unknown", "ttl-unreadable"),
		Entry("the bytes behind alone", "}\n", "unknown", "ttl-unreadable"),
	)

	It("4: no ttl.json is normal, and no expiry", func() {
		w.volume("v", "live", nil)
		use(`["v"]`)
		for _, c := range []container{judged(), judged("--zero-ttl=expires-at")} {
			Expect(c.Verdict).To(Equal("live"))
			Expect(c.Reasons).To(BeEmpty())
			Expect(c.volume("v").State).To(Equal("live"))
			Expect(c.volume("v").TTLSeconds).To(BeNil())
			Expect(c.volume("v").ExpiresAt).To(BeNil())
		}
		keeps()
	})

	Describe("5: only ENOENT is missing", func() {
		DescribeTable("is unknown", func(put func(at string)) {
			put(filepath.Join(w.Volumes, "live", "v"))
			use(`["v"]`)
			c := judged()
			Expect(c.Verdict).To(Equal("unknown"))
			Expect(c.codes()).To(ConsistOf("volume-unreadable"))
			Expect(c.volume("v").State).To(Equal("unknown"))
			keeps()
		},
			Entry("where a file is in its place (ENOTDIR)", func(at string) { writeFile("", at) }),
			Entry("where a symlink leads to itself (ELOOP)", func(at string) {
				Expect(os.Symlink(at, at)).To(Succeed())
			}),
			Entry("where a symlink leads to nothing", func(at string) {
				Expect(os.Symlink(at+"-gone", at)).To(Succeed())
			}),
		)

		It("is unknown where the volume can't be read (EACCES), and an interlock", func() {
			ttlJSON(`{"ttl":300,"expires_at":1477060154}`)
			use(`["v"]`)
			Expect(judged().codes()).To(ConsistOf("volume-expired"), "root may read it")

			w.letRead()
			forbid(filepath.Join(w.Volumes, "live", "v"))
			session := unprivileged(w, "scan", "--json")
			Expect(session).To(gexec.Exit(0))
			found := parse(session)
			Expect(found.of("c").Verdict).To(Equal("unknown"))
			Expect(found.of("c").codes()).To(ConsistOf("ttl-unreadable"))
			Expect(found.interlocks()).To(ConsistOf("volumes-dir-unusable"))

			Expect(unprivileged(w, "reap", "--yes")).To(gexec.Exit(1))
			Expect(w.destroyed()).To(BeEmpty())
		})

		DescribeTable("is no verdict where the directory above can't be read (EACCES)", func(state string) {
			use(`["v"]`)
			w.letRead()
			Expect(parse(unprivileged(w, "scan", "--json")).of("c").codes()).To(ConsistOf("volume-missing"))

			forbid(filepath.Join(w.Volumes, state))
			session := unprivileged(w, "scan", "--json")
			Expect(session).To(gexec.Exit(1))
			Expect(parse(session).interlocks()).To(ConsistOf("volumes-dir-unusable"))
			Expect(parse(session).Containers).To(BeEmpty())
			Expect(parse(session).Summary).To(HaveKeyWithValue("orphan", BeNil()))

			Expect(unprivileged(w, "reap", "--yes")).To(gexec.Exit(1))
			Expect(w.destroyed()).To(BeEmpty())
		},
			Entry("init", "init"), Entry("live", "live"), Entry("dead", "dead"),
		)
	})

	Describe("6: the order of looking", func() {
		It("reads containers first: a volume that is made meanwhile is not missing", func() {
			use(`["v"]`)
			w.hook("on-bulk-info", body{
				"handle": "c", "action": "volume", "volume": body{"handle": "v", "state": "live"},
			})
			// baggageclaim would have the disk looked at again.
			Expect(judged("--baggageclaim=").Verdict).To(Equal("live"))
		})

		DescribeTable("takes a volume that is in two places for the one it comes from", func(states []string, verdict, shown string) {
			use(`["v"]`)
			for _, state := range states {
				Expect(os.MkdirAll(filepath.Join(w.Volumes, state, "v", "volume"), 0o755)).To(Succeed())
			}
			c := judged()
			Expect(c.Verdict).To(Equal(verdict))
			Expect(c.volume("v").State).To(Equal(shown))
		},
			Entry("init", []string{"init"}, "live", "init"),
			Entry("live, and dead of an earlier one", []string{"live", "dead"}, "live", "live"),
			Entry("init, and dead of an earlier one", []string{"init", "dead"}, "live", "init"),
			Entry("dead alone", []string{"dead"}, "orphan", "dead"),
		)
	})

	Describe("7: a volumes directory that shows nothing is not all volumes gone", func() {
		DescribeTable("destroys nothing", func(interlock string, scanned int, prepare func()) {
			Expect(os.Rename(w.Volumes, w.Volumes+"-away")).To(Succeed())
			prepare()
			session := weeder(w, "scan", "--json")
			Expect(session).To(gexec.Exit(scanned))
			Expect(parse(session).interlocks()).To(ContainElement(interlock))
			Expect(stderr(session)).To(ContainSubstring(interlock))

			result, status := reap(w)
			Expect(status).To(Equal(1))
			Expect(result.Destroyed).To(BeEmpty())
			Expect(w.destroyed()).To(BeEmpty())

			Expect(os.RemoveAll(w.Volumes)).To(Succeed())
			Expect(os.Rename(w.Volumes+"-away", w.Volumes)).To(Succeed())
			keeps()
		},
			Entry("when it is empty", "no-volume-found", 0, func() {
				for _, state := range []string{"init", "live", "dead"} {
					Expect(os.MkdirAll(filepath.Join(w.Volumes, state), 0o755)).To(Succeed())
				}
			}),
			Entry("when it is missing", "volumes-dir-unusable", 1, func() {}),
			Entry("when its disk is not mounted", "volumes-dir-unusable", 1, func() {
				Expect(os.Mkdir(w.Volumes, 0o755)).To(Succeed())
			}),
		)
	})

	DescribeTable("13: a volume handle is never joined to a path", func(handle, joined string) {
		// Were it joined, it would be there, and no volume of that path missing.
		if joined != "" {
			Expect(os.MkdirAll(filepath.Join(w.Volumes, "live", joined), 0o755)).To(Succeed())
		}
		list, err := json.Marshal([]string{handle})
		Expect(err).NotTo(HaveOccurred())
		use(string(list))

		c := judged()
		Expect(c.Verdict).To(Equal("unknown"))
		Expect(c.Reasons).To(ConsistOf(SatisfyAll(
			HaveField("Code", "volume-handle-unsafe"), HaveField("Volume", handle))))
		Expect(c.Volumes).To(BeEmpty())
		keeps()
	},
		Entry("with a / to what is there", "v/inner", "v/inner"),
		Entry("with a / to what is missing", "v/inner", ""),
		Entry("with .. to what is there", "../there", "../there"),
		Entry("with .. to what is missing", "../../missing", ""),
		Entry("..", "..", ""),
		Entry("with .. in a name", "v..w", "v..w"),
		Entry("with NUL", "v\x00w", "v"),
		Entry("with nothing in it", "", ""),
	)

	It("13: a volume handle in a bundle's path is one element of it, or unsafe", func() {
		w.create(body{"handle": "c", "age": "6h", "root_path": w.Volumes + "/live/v..w/volume"})
		Expect(judged().codes()).To(ConsistOf("volume-handle-unsafe"))
		w.change("c", body{"root_path": w.Volumes + "/live/v/../healthy-root/volume"})
		Expect(judged().volume("healthy-root").State).To(Equal("live"))
		w.change("c", body{"root_path": w.Volumes + "/live/../../../etc/volume"})
		Expect(judged().Verdict).To(Equal("foreign"))
		keeps()
	})
})
