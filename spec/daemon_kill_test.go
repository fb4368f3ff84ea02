package spec

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/journal"
	"weeder/reaper"
)

var _ = Describe("daemon, killed", func() {
	const leak = "leak"
	var w *worker

	BeforeEach(func() {
		w = emptyWorker()
		w.healthy("neighbour")
		w.orphan(leak)
		w.remember(leak)
	})

	looks := func(r *http.Request) bool {
		return strings.HasSuffix(r.URL.Path, "/bulk_info") && r.URL.Query().Get("handles") == leak
	}
	destroys := func(r *http.Request) bool { return r.Method == http.MethodDelete }

	DescribeTable("at a moment of a reap, tells after a restart how that ended",
		func(moment func(*http.Request) bool, answered bool, before, after []string) {
			gate := w.gate(moment, answered)
			killed := startDaemon(gate.worker)
			Eventually(gate.held).Should(Receive())
			killed.kill()
			Expect(w.told(leak)()).To(Equal(before))

			startDaemon(w)
			Eventually(w.told(leak)).Should(Equal(after))
			Expect(w.destroyed()).To(ConsistOf(leak))
			Expect(w.calls()).To(HaveKeyWithValue("destroy", 1))
		},
		Entry("while it looks again", looks, false,
			nil, []string{"destroying", "destroyed"}),
		Entry("before Garden hears of the destroy", destroys, false,
			[]string{"destroying"}, []string{"destroying", "destroy-failed", "destroying", "destroyed"}),
		Entry("when Garden is done and has not answered", destroys, true,
			[]string{"destroying"}, []string{"destroying", "destroyed"}),
	)

	// killedAtIt kills a daemon while Garden destroys the leak.
	killedAtIt := func() {
		GinkgoHelper()
		w.fault("destroy-hangs", leak)
		killed := startDaemon(w)
		Eventually(func() int { return w.holding("destroy-hangs") }).Should(Equal(1))
		killed.kill()
		Expect(w.told(leak)()).To(Equal([]string{"destroying"}))
	}

	It("while Garden destroys, leaves that to Garden after a restart and tells how it ended", func() {
		killedAtIt()
		d := startDaemon(w)
		Eventually(w.told(leak)).Should(Equal([]string{"destroying", "destroy-failed", "destroying", "destroy-failed"}))
		Expect(journalled(w)).To(ContainElements(
			HaveField("Error", ContainSubstring("weeder ended while Garden was at it")),
			HaveField("Error", ContainSubstring("being destroyed already"))))
		d.passed(1)
		Expect(w.destroyed()).To(BeEmpty())
		d.end()

		w.mend("destroy-hangs")
		Eventually(w.destroyed).Should(ConsistOf(leak))
		passTwice(w)
		Expect(w.told(leak)()[4:]).To(Equal([]string{"destroyed"}))
		Expect(w.calls()).To(HaveKeyWithValue("destroy", 1))
	})

	It("does not destroy what has come in the place of the container since", func() {
		killedAtIt()
		w.hook("on-bulk-info", body{"handle": leak, "action": "recreate", "patch": body{
			"root_volume": "neighbour-root", "age": "1m"}})
		weeder(w, "scan")
		d := startDaemon(w)
		d.passed(1)
		Expect(d.scanned().of(leak).Verdict).To(Equal("live"))
		Eventually(w.told(leak)).Should(Equal([]string{"destroying", "destroy-failed", "cleared"}))
		Expect(w.calls()).To(HaveKeyWithValue("destroy", 1), "that of before")
		w.control(http.MethodDelete, "/hooks/on-bulk-info", nil)
	})

	It("waits out a whole grace for another leak of the same handle", func() {
		Expect(os.RemoveAll(w.Journal)).To(Succeed())
		w.watchedLong(leak)
		Expect(os.Remove(filepath.Join(w.Journal, journal.FileName))).To(Succeed())
		killedAtIt()

		w.hook("on-bulk-info", body{"handle": leak, "action": "recreate", "patch": body{
			"root_volume": "another-root", "age": "3h"}})
		weeder(w, "scan")
		d := startDaemon(w)
		d.passed(1)
		Expect(d.scanned().of(leak).HeldBy).To(ConsistOf("grace", "confirm"))
		Eventually(w.told(leak)).Should(Equal([]string{"destroying", "destroy-failed", "flagged"}))
		Expect(w.calls()).To(HaveKeyWithValue("destroy", 1), "that of before")
	})

	It("right after a destroy, tells nothing else of it after a restart", func() {
		killed := startDaemon(w)
		Eventually(w.told(leak)).Should(Equal([]string{"destroying", "destroyed"}))
		Eventually(w.kept).ShouldNot(HaveKey(leak))
		killed.kill()

		passTwice(w)
		Expect(w.told(leak)()).To(Equal([]string{"destroying", "destroyed"}))
	})

	It("right after a failed destroy, remembers that it failed", func() {
		w.fault("destroy-fails", leak)
		killed := startDaemon(w)
		Eventually(w.told(leak)).Should(Equal([]string{"destroying", "destroy-failed"}))
		Eventually(w.kept).Should(HaveKeyWithValue(leak, HaveField("Failures", 1)))
		killed.kill()

		d := startDaemon(w)
		d.passed(1)
		Expect(d.scanned().of(leak).HeldBy).To(ConsistOf("backoff"))
		Expect(w.told(leak)()).To(HaveLen(2))
	})

	It("again and again, still counts one grace, and reaps", func() {
		w.orphan("young")
		young := remembered()
		young.First += 59*time.Minute + 2*time.Second
		w.rememberAs(map[string]reaper.PastOrphan{"young": young})
		start := time.Now()
		Eventually(func() []string {
			d := startDaemon(w)
			d.passed(1)
			d.kill()
			return w.destroyed()
		}).Should(ConsistOf("young"))
		Expect(time.Since(start)).To(BeNumerically(">", 1500*time.Millisecond), "its grace is over then")
		Expect(w.told(leak)()).To(Equal([]string{"flagged"}))
	})
})

// passTwice has two daemons pass once, one after the other: that is enough for
// what is gone.
func passTwice(w *worker) {
	GinkgoHelper()
	for range 2 {
		d := startDaemon(w)
		d.passed(1)
		d.end()
	}
}

// gate stands between a daemon and Garden, and holds one call.
type gate struct {
	// worker is the one as seen through the gate.
	worker *worker
	// held gets a value when the call is held.
	held chan struct{}
}

// gate lets every call through but those that are to be held: these until who
// calls is gone, before Garden hears of them or, answered, after it is done.
func (w *worker) gate(holds func(*http.Request) bool, answered bool) *gate {
	GinkgoHelper()
	g := &gate{held: make(chan struct{}, 10)}
	through := *w
	g.worker = &through
	garden := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: w.Target})
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		if !holds(r) {
			garden.ServeHTTP(answer, r)
			return
		}
		if answered {
			garden.ServeHTTP(httptest.NewRecorder(), r.Clone(context.WithoutCancel(r.Context())))
		}
		g.held <- struct{}{}
		<-r.Context().Done()
	}))
	DeferCleanup(server.Close)
	through.Target = server.Listener.Addr().String()
	return g
}
