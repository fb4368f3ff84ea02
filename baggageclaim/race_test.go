package baggageclaim_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/baggageclaim"
	"weeder/reaper"
)

var _ = Describe("A volume that moves", func() {
	// moves is how many volumes are made, go live and are torn down in a spec.
	const moves = 500

	var (
		dir     *baggageclaim.Dir
		current atomic.Pointer[string]
		moving  sync.WaitGroup
		stop    context.CancelFunc
		done    atomic.Bool
	)

	BeforeEach(func() {
		volumes := newVolumes()
		dir = baggageclaim.NewDir(volumes)
		done.Store(false)

		var ctx context.Context
		ctx, stop = context.WithCancel(context.Background())
		started := make(chan struct{})
		moving.Go(func() {
			defer GinkgoRecover()
			defer done.Store(true)
			for i := 0; i < moves && ctx.Err() == nil; i++ {
				handle := fmt.Sprintf("v-%d", i)
				inInit := mkdir(volumes, "init", handle)
				write(`{"ttl":300,"expires_at":1795211917}`, inInit, "ttl.json")
				current.Store(&handle)
				if i == 0 {
					close(started)
				}
				rename(inInit, filepath.Join(volumes, "live", handle))
				rename(filepath.Join(volumes, "live", handle), filepath.Join(volumes, "dead", handle))
			}
		})
		DeferCleanup(func() {
			stop()
			moving.Wait()
		})
		<-started
	})

	// whileMoving repeats a look at the volume that moves, and fails if there
	// was never one in time.
	whileMoving := func(look func(handle string)) {
		GinkgoHelper()
		looks := 0
		for !done.Load() {
			look(*current.Load())
			looks++
		}
		Expect(looks).To(BeNumerically(">", 0))
	}

	somewhere := Or(
		HaveField("State", reaper.VolumeInit),
		HaveField("State", reaper.VolumeDead),
		And(HaveField("State", reaper.VolumeLive), HaveField("HasTTL", true)),
	)

	It("is never missing from a snapshot", func() {
		whileMoving(func(handle string) {
			snapshot, err := dir.Snapshot(context.Background())
			Expect(err).NotTo(HaveOccurred())
			Expect(snapshot.Volume(handle)).To(somewhere)
		})
	})

	It("is never missing from a fresh look", func() {
		whileMoving(func(handle string) {
			snapshot, err := dir.Fresh(context.Background())
			Expect(err).NotTo(HaveOccurred())
			Expect(snapshot.Volume(handle)).To(somewhere)
		})
	})

	It("is never missing from a list", func() {
		whileMoving(func(handle string) {
			snapshot, err := dir.Read(context.Background())
			Expect(err).NotTo(HaveOccurred())
			counts, expected := snapshot.Counts(), 0
			_, err = fmt.Sscanf(handle, "v-%d", &expected)
			Expect(err).NotTo(HaveOccurred())
			Expect(counts[reaper.VolumeInit] + counts[reaper.VolumeLive] + counts[reaper.VolumeDead]).
				To(BeNumerically(">", expected))
		})
	})

	It("is never missing from a snapshot that is read while it goes on", func() {
		snapshot, err := dir.Snapshot(context.Background())
		Expect(err).NotTo(HaveOccurred())
		whileMoving(func(handle string) {
			Expect(snapshot.Volume(handle)).To(somewhere)
		})
	})
})
