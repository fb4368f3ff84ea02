package spec

import (
	"net/http"
	"os"
	"path/filepath"
	"syscall"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

var _ = Describe("what baggageclaim itself makes doubtful", func() {
	for _, of := range []release{withTTLs, withoutTTLs} {
		Context("with "+of.String(), func() {
			var w *worker
			var b *baggageclaim

			BeforeEach(func() {
				w, b = workerOf(of)
				b.empty("kept-root", 0)
				w.rooted("kept", "kept-root")
			})

			// spared shows that an interlock keeps all there is.
			spared := func(interlock string, args ...string) {
				GinkgoHelper()
				session := weeder(w, append([]string{"reap", "--yes", "--grace=0s"}, args...)...)
				Expect(session).To(gexec.Exit(1))
				Expect(stderr(session)).To(ContainSubstring("warning: " + interlock + ": "))
				Expect(w.destroyed()).To(BeEmpty())
				Expect(w.calls()).NotTo(HaveKey("destroy"))
			}

			Context("when it does not answer", func() {
				BeforeEach(func() { w.rooted("leaked", "never-there") })

				It("for it has stopped: baggageclaim-unreachable", func() {
					Expect(scan(w).interlocks()).To(BeEmpty())
					b.stop()

					found := scan(w)
					Expect(found.interlocks()).To(ConsistOf("baggageclaim-unreachable"))
					Expect(found.of("leaked").HeldBy).To(ConsistOf("interlock"))
					spared("baggageclaim-unreachable")

					result, status := reap(w, "--override", "baggageclaim-unreachable")
					Expect(status).To(BeZero())
					Expect(result.Destroyed).To(ConsistOf("leaked"))
				})

				It("for it hangs: baggageclaim-unreachable", func() {
					b.session.Signal(syscall.SIGSTOP)
					Expect(scan(w, "--timeout=300ms").interlocks()).To(ConsistOf("baggageclaim-unreachable"))
					spared("baggageclaim-unreachable", "--timeout=300ms")

					b.session.Signal(syscall.SIGCONT)
					Expect(scan(w).interlocks()).To(BeEmpty())
				})

				It("about a volume whose properties.json is damaged: about that one alone", func() {
					b.empty("damaged-root", 0)
					w.rooted("damaged", "damaged-root")
					Expect(os.WriteFile(b.file("damaged-root", "properties.json"), []byte(`{"`), 0o644)).To(Succeed())
					response, err := http.Get("http://" + w.Baggageclaim + "/volumes/damaged-root")
					Expect(err).NotTo(HaveOccurred())
					Expect(response.Body.Close()).To(Succeed())
					Expect(response.StatusCode).To(Equal(500), "of baggageclaim's own")

					d := startDaemon(w, "--dry-run")
					d.passed(2)
					Expect(d.interlocks()).To(ConsistOf("starting"))
					Expect(d.metrics()).To(HaveKeyWithValue("baggageclaim_up", 1.0))
					result, status := reap(w, "--grace=0s")
					Expect(status).To(BeZero())
					Expect(result.Destroyed).To(ConsistOf("leaked"))
				})

				It("for another server is there: baggageclaim-unreachable", func() {
					w.Baggageclaim = w.Control
					spared("baggageclaim-unreachable")
				})
			})

			Context("when weeder looks at another volumes directory", func() {
				BeforeEach(func() {
					w.Volumes = GinkgoT().TempDir()
					for _, state := range []string{"init", "live", "dead"} {
						Expect(os.Mkdir(filepath.Join(w.Volumes, state), 0o755)).To(Succeed())
					}
				})

				// told makes a container of Concourse 2.x without a bundle.
				told := func(handle string) {
					GinkgoHelper()
					w.create(body{
						"handle": handle, "no_bundle": true, "age": "6h",
						"properties": map[string]string{"concourse:volumes": `["kept-root"]`},
					})
				}

				It("which a bundle's paths are not in: other-volumes-dir", func() {
					Expect(os.MkdirAll(filepath.Join(w.Volumes, "live", "another", "volume"), 0o755)).To(Succeed())
					c := scan(w).of("kept")
					Expect(c.Verdict).To(Equal("unknown"))
					Expect(c.codes()).To(ConsistOf("other-volumes-dir"))
					Expect(c.Reasons[0].Detail).To(ContainSubstring(b.file("kept-root", "volume")))

					result, status := reap(w, "--grace=0s")
					Expect(status).To(BeZero())
					Expect(result.Destroyed).To(BeEmpty())
					Expect(w.calls()).NotTo(HaveKey("destroy"))
				})

				It("which is empty: no-volume-found", func() {
					told("told")
					Expect(scan(w).interlocks()).To(ContainElement("no-volume-found"))
					Expect(scan(w, "--baggageclaim", "").interlocks()).To(ConsistOf("no-volume-found"))
					spared("no-volume-found")
					spared("no-volume-found", "--baggageclaim", "")
				})

				It("which lacks a volume that baggageclaim knows: witnesses-disagree", func() {
					Expect(os.MkdirAll(filepath.Join(w.Volumes, "live", "another", "volume"), 0o755)).To(Succeed())
					told("told")
					Expect(scan(w, "--baggageclaim", "").of("told").codes()).To(ConsistOf("volume-missing"))

					found := scan(w)
					Expect(found.interlocks()).To(ConsistOf("witnesses-disagree"))
					Expect(found.of("told").Verdict).To(Equal("unknown"))
					Expect(found.of("told").codes()).To(ConsistOf("witnesses-disagree"))
					Expect(found.of("told").Eligible).To(BeFalse())
					spared("witnesses-disagree")
					spared("witnesses-disagree", "told")
				})
			})

			Context("when a symlink leads to the volumes directory", func() {
				var link string

				BeforeEach(func() {
					link = filepath.Join(GinkgoT().TempDir(), "link")
					Expect(os.Symlink(b.volumes, link)).To(Succeed())
					w.rooted("leaked", "never-there")
				})

				judged := func() {
					GinkgoHelper()
					found := scan(w)
					Expect(found.interlocks()).To(BeEmpty())
					Expect(found.of("kept").Verdict).To(Equal("live"))
					Expect(found.of("leaked").codes()).To(ConsistOf("volume-missing"))
				}

				It("by which weeder is given it", func() {
					w.Volumes = link
					judged()
				})

				It("by which the bundles name it", func() {
					for handle, volume := range map[string]string{"kept": "kept-root", "leaked": "never-there"} {
						w.change(handle, body{"root_path": filepath.Join(link, "live", volume, "volume")})
					}
					judged()
				})

				It("by which baggageclaim was given it", func() {
					b.destroy("kept-root")
					b.stop()
					b = startBaggageclaim(of, link)
					w.Baggageclaim = b.address
					b.empty("listed", 0)
					Expect(string(b.call(http.MethodGet, "/volumes", nil))).To(ContainSubstring(link))
					w.rooted("third", "never-there")

					Expect(scan(w).interlocks()).To(BeEmpty())
					Expect(scan(w, "--baggageclaim", "").interlocks()).To(ConsistOf("no-volume-found"))
				})
			})
		})
	}
})
