package spec

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// Trap 1 of the design: Garden restarts a container's grace countdown at each
// call about it. The countdowns here are the real ones of garden/server.
var _ = Describe("trap 1: looking", func() {
	const grace = 2 * time.Second

	It("keeps no container alive: Garden reaps it on time", func() {
		w := emptyWorker()
		w.healthy("beside")
		w.volume("watched-root", "live", nil)
		mortal := func(handle string) {
			w.create(body{"handle": handle, "root_volume": "watched-root", "grace_time": grace.String()})
		}

		// What Garden is asked about one by one lives on: the spec can fail.
		mortal("asked")
		pace := time.NewTicker(grace / 20)
		DeferCleanup(pace.Stop)
		stopAsking := over(func(ctx context.Context) {
			properties(ctx, w, "asked")
			<-pace.C
		})
		born := time.Now()
		mortal("watched")
		looks := 0
		stopLooking := over(func(context.Context) {
			for _, args := range [][]string{
				{"scan", "--json"}, {"explain", "watched"}, {"properties", "watched"},
				{"list"}, {"volumes"}, {"reap", "--dry-run"},
			} {
				// The exit status is no matter: it may be gone meanwhile.
				Eventually(start(w, args...).Exited).Should(BeClosed())
			}
			looks++
		})

		Expect(scan(w).of("watched").Verdict).To(Equal("live"))
		Eventually(w.destroyed).WithTimeout(2 * grace).Should(ContainElement("watched"))
		Expect(time.Since(born)).To(BeNumerically(">=", grace), "it had its grace")
		stopLooking()
		Expect(looks).To(BeNumerically(">=", 2), "it was looked at more often than once in its grace")
		for _, kind := range []string{"info", "metrics", "property", "limits"} {
			Expect(w.asked(kind)).To(BeEmpty(), kind)
		}
		Expect(w.asked("properties")).To(HaveLen(1), "of the one that the spec asks about")

		Consistently(w.destroyed).WithTimeout(grace / 2).Should(ConsistOf("watched"))
		stopAsking()
		Eventually(w.destroyed).WithTimeout(2 * grace).Should(ConsistOf("watched", "asked"))
	})
})

// over does something over and over until it is told to stop, and then waits
// for the last time to end.
func over(do func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var worker sync.WaitGroup
	worker.Go(func() {
		defer GinkgoRecover()
		for ctx.Err() == nil {
			do(ctx)
		}
	})
	stop = func() {
		cancel()
		worker.Wait()
	}
	DeferCleanup(stop)
	return stop
}

// properties asks Garden for the properties of one container, as its own
// client does.
func properties(ctx context.Context, w *worker, handle string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.Target+"/containers/"+handle+"/properties", nil)
	Expect(err).NotTo(HaveOccurred())
	reply, err := http.DefaultClient.Do(request)
	if ctx.Err() != nil {
		return
	}
	Expect(err).NotTo(HaveOccurred())
	defer reply.Body.Close()
	_, _ = io.Copy(io.Discard, reply.Body)
}
